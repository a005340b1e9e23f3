"""The forest plot: every ratio with its interval, as inline SVG by matplotlib."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from perfkit.analyse.estimate import Estimate
from perfkit.report.drawing import INK, NARROW, WIDE, drawing, drawn
from perfkit.report.rows import change
from perfkit.report.wording import printable

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from perfkit.report.view import View

MARKERS = {"slower": "^", "faster": "v", "equivalent": "s", "open": "D", "failed": "x"}
_LABEL_WIDTH = 7.3  # SVG units a character of 13, so that the longest name fits
_RIGHT = 190  # SVG units for the numbers at the right, at least
_ROW = {False: 27, True: 44}  # SVG units a row, by narrowness
_HEAD, _FOOT = 8, 50
_EDGE = 4  # SVG units beside the axes of a narrow plot
_TICK_LETTER = 7.2  # SVG units a character of 12
_APART = 8.0  # SVG units between the labels of two ticks
_FAR = math.log(2)  # from which even steps of the change crowd at one end of the axis
_ROUND = (
    *(-99.9, -99.5, -99, -98, -95, -90, -80, -70, -50, -30, -20, -10, 0),
    *(10, 20, 50, 100, 200, 400, 900, 1900, 4900, 9900, 99_900),
)
_NOTHING_LEFT = -100  # per cent: a time cannot fall by more
_MEAN = "geometric mean"


@dataclass(frozen=True, slots=True, kw_only=True)
class ForestRow:
    """One line of the plot.

    Attributes:
        label: Its name.
        words: What stands beside it: the change, or why there is none.
        ratio: Candidate / baseline, or None.
        tone: Its colour, a name of `INK`.
        marker: Shape of the estimate, as matplotlib names it.
    """

    label: str
    words: str
    ratio: Estimate | None
    tone: str
    marker: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Forest:
    """The whole plot.

    Attributes:
        rows: From the top.
        mean: Geometric mean below them, or None.
        margin: Half the band within which a change counts as none.
        axis: Words below the axis: left, middle, middle on a telephone, right.
        title: What it shows.
        summary: The same in words.
    """

    rows: tuple[ForestRow, ...]
    mean: Estimate | None
    margin: float
    axis: tuple[str, str, str, str]
    title: str
    summary: str

    @property
    def lines(self) -> int:
        """Number of lines, the mean's included."""
        return len(self.rows) + (self.mean is not None)


def forest_svg(view: View, *, narrow: bool) -> str:
    """Draw a comparison's ratios; an empty text when there are none.

    Args:
        view: The run.
        narrow: For a telephone: names and numbers above the intervals instead of beside them.

    Returns:
        An ``<svg>`` element with ``<title>`` and ``<desc>``, the same for the same view.
    """
    plot = Forest(
        rows=tuple(
            ForestRow(
                label=row.id,
                words=row.change if row.comparison else row.word,
                ratio=row.comparison.ratio if row.comparison else None,
                tone=row.tone,
                marker=MARKERS[row.tone],
            )
            for row in view.rows
        ),
        mean=view.geometric_mean,
        margin=view.margin,
        axis=("← faster", "change of the time of one iteration", "change of time", "slower →"),
        title="Change of each benchmark with its interval",
        summary=f"{view.verdict} The table below holds the same numbers.",
    )
    return draw_forest(plot, narrow=narrow, prefix="n" if narrow else "w")


def draw_forest(plot: Forest, *, narrow: bool, prefix: str) -> str:
    """Draw ratios; an empty text when there are none.

    Args:
        plot: What to draw.
        narrow: For a telephone.
        prefix: Begins every id.
    """
    if not any(row.ratio for row in plot.rows):
        return ""
    width, row = (NARROW if narrow else WIDE), _ROW[narrow]
    height = _HEAD + plot.lines * row + _FOOT
    left, right = (_EDGE, _EDGE) if narrow else (_label_width(plot), _words_width(plot))
    with drawing(width, height) as figure:
        axes = figure.add_axes(
            (
                left / width,
                _FOOT / height,
                (width - left - right) / width,
                plot.lines * row / height,
            )
        )
        _draw(axes, plot, width=width - left - right, narrow=narrow)
        return drawn(figure, prefix=prefix, title=plot.title, summary=plot.summary)


def _label_width(plot: Forest) -> float:
    longest = max(len(row.label) for row in plot.rows)
    return min(max(longest, len(_MEAN)) * _LABEL_WIDTH + 22, WIDE * 0.45)


def _words_width(plot: Forest) -> float:
    longest = max(len(row.words) for row in plot.rows)
    return max(longest * _LABEL_WIDTH + 22, _RIGHT)


def _draw(axes: Axes, plot: Forest, *, width: float, narrow: bool) -> None:
    low, high = _limits(plot)
    axes.set_xlim(low, high)
    axes.set_ylim(plot.lines - 0.5, -0.5)
    axes.spines[["left", "right", "top"]].set_visible(False)
    axes.set_yticks([])
    band = math.log1p(plot.margin)
    axes.axvspan(-band, band, color=INK["band"], linewidth=0, zorder=0)
    axes.axvline(0, color=INK["line"], linewidth=1, zorder=1)
    _ticks(axes, low, high, width=width, narrow=narrow)
    _axis_words(axes, plot, narrow=narrow)
    for place, row in enumerate(plot.rows):
        _row(axes, row, place, narrow=narrow)
    if plot.mean is not None:
        axes.axhline(len(plot.rows) - 0.5, color=INK["line"], linewidth=0.7)
        _mean(axes, plot.mean, len(plot.rows), narrow=narrow)


def _limits(plot: Forest) -> tuple[float, float]:
    """Log ratios that leave room for every interval and for the margin's band."""
    ratios = [row.ratio for row in plot.rows if row.ratio]
    ends = [math.log(end) for one in ratios for end in (one.value, *_ends(one)) if end > 0]
    room = math.log1p(plot.margin) * 1.5
    reach = max([room, *(abs(end) for end in ends)])
    low, high = min([-room, *ends]), max([room, *ends])
    return low - reach * 0.06, high + reach * 0.06


def _ends(ratio: Estimate) -> tuple[float, ...]:
    return (ratio.low, ratio.high) if _has_interval(ratio) else ()


def _has_interval(ratio: Estimate) -> bool:
    return ratio.low > 0 and math.isfinite(ratio.high)


def _ticks(axes: Axes, low: float, high: float, *, width: float, narrow: bool) -> None:
    """Ticks at round changes, as many as an axis of ``width`` SVG units has room to name."""
    hem = (high - low) * (0.05 if narrow else 0.02)  # so that no label is cut off at the edge
    shown: dict[float, tuple[float, float, str]] = {}
    for tick in sorted(_round_changes(low, high, narrow=narrow), key=abs):
        place = math.log1p(tick / 100)
        label = f"{tick:+,g} %".replace("-", "−") if tick else "0"
        middle = (place - low) / (high - low) * width
        half = len(label) * _TICK_LETTER / 2
        begin, end = middle - half, middle + half
        fits = low + hem <= place <= high - hem
        if narrow:
            fits = fits and begin >= -_EDGE and end <= width + _EDGE
        if fits and all(end < left or right < begin for left, right, _ in shown.values()):
            shown[place] = (begin - _APART, end + _APART, label)
    places = sorted(shown)
    axes.set_xticks(places, [shown[place][2] for place in places])


def _round_changes(low: float, high: float, *, narrow: bool) -> list[float]:
    """Changes in per cent to choose from: evenly spaced, or evenly in their ratios."""
    from matplotlib.ticker import MaxNLocator

    if high - low > _FAR:
        return [*_ROUND]
    locator = MaxNLocator(nbins=5 if narrow else 8)
    wanted = locator.tick_values(math.expm1(low) * 100, math.expm1(high) * 100)
    return [float(tick) for tick in wanted if tick > _NOTHING_LEFT]


def _axis_words(axes: Axes, plot: Forest, *, narrow: bool) -> None:
    left, middle, brief, right = plot.axis
    words = (left, brief if narrow else middle, right)
    for x, text, side in zip((0, 0.5, 1), words, ("left", "center", "right"), strict=True):
        axes.annotate(
            text,
            (x, 0),
            xycoords="axes fraction",
            xytext=(0, -36),
            textcoords="offset points",
            ha=side,
            color=INK["muted"],
            fontsize=12,
        )


def _row(axes: Axes, row: ForestRow, place: int, *, narrow: bool) -> None:
    _label(axes, printable(row.label), row.words, place, narrow=narrow, ink=INK[row.tone])
    if row.ratio is None or row.ratio.value <= 0:
        return
    ratio, ink = row.ratio, INK[row.tone]
    y = place + (0.25 if narrow else 0)
    if _has_interval(ratio):
        axes.plot([math.log(ratio.low), math.log(ratio.high)], [y, y], color=ink, linewidth=2)
    else:
        axes.axhline(y, color=ink, linewidth=1, linestyle=(0, (1, 3)))
    axes.plot(
        [math.log(ratio.value)],
        [y],
        marker=row.marker,
        markersize=7,
        color=ink,
        markerfacecolor=INK["page"] if row.tone == "open" else ink,
        markeredgewidth=1.5,
    )


def _mean(axes: Axes, mean: Estimate, place: int, *, narrow: bool) -> None:
    _label(axes, _MEAN, change(mean), place, narrow=narrow, ink=INK["text"])
    y = place + (0.25 if narrow else 0)
    low, high = (mean.low, mean.high) if _has_interval(mean) else (mean.value, mean.value)
    x = [math.log(end) for end in (low, mean.value, high, mean.value)]
    tall = 0.16 if narrow else 0.26
    axes.fill(x, [y, y - tall, y, y + tall], color=INK["text"], linewidth=1)


def _label(axes: Axes, name: str, words: str, place: int, *, narrow: bool, ink: str) -> None:
    """The name at the left (narrow: above), the numbers at the right."""
    words = words.replace("-", "−")
    across = axes.get_yaxis_transform()
    y = place - 0.18 if narrow else place
    # Wide: the name begins at the page's edge, the numbers beyond the axes.
    left = 0.0 if narrow else -axes.get_position().x0 * WIDE
    marks = [(0, name, left, "left", INK["text"])]
    marks.append((1, words, 0.0, "right", ink) if narrow else (1, words, 16.0, "left", ink))
    for x, text, shift, side, color in marks:
        axes.annotate(
            text,
            (x, y),
            xycoords=across,
            xytext=(shift, 0),
            textcoords="offset points",
            ha=side,
            va="center",
            color=color,
            fontsize=12 if narrow else 13,
            annotation_clip=False,
        )
