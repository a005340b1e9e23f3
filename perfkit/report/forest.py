"""The forest plot: every ratio with its interval, as inline SVG by matplotlib.

Colours in the figure are stand-ins that `_themed` turns into CSS custom properties, so that one
drawing serves light and dark; text stays text in the page's own font.
"""

from __future__ import annotations

import io
import math
import re
import warnings
from html import escape
from typing import TYPE_CHECKING, Any

from perfkit.report.rows import change
from perfkit.report.wording import printable

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from perfkit.analyse.estimate import Estimate
    from perfkit.report.rows import RowView
    from perfkit.report.view import View

_PIXELS_AN_INCH = 72  # an SVG unit of matplotlib's is a point
_WIDE, _NARROW = 920, 340
_INK = {
    "slower": "#010001",
    "faster": "#010002",
    "equivalent": "#010003",
    "open": "#010004",
    "failed": "#010005",
    "text": "#010006",
    "muted": "#010007",
    "line": "#010008",
    "band": "#010009",
    "page": "#01000a",
}
_MARKERS = {"slower": "^", "faster": "v", "equivalent": "s", "open": "D", "failed": "x"}
_LABEL_WIDTH = 7.3  # SVG units a character of 13, so that the longest name fits
_RIGHT = 190  # SVG units for the numbers at the right
_ROW = {False: 27, True: 44}  # SVG units a row, by narrowness
_HEAD, _FOOT = 8, 50
_NOTHING_LEFT = -100  # per cent: a time cannot fall by more


def forest_svg(view: View, *, narrow: bool) -> str:
    """Draw the ratios; an empty text when there are none.

    Args:
        view: The run.
        narrow: For a telephone: names and numbers above the intervals instead of beside them.

    Returns:
        An ``<svg>`` element with ``<title>`` and ``<desc>``, the same for the same view.
    """
    if not any(row.comparison for row in view.rows):
        return ""
    import matplotlib as mpl
    from matplotlib.backends.backend_svg import FigureCanvasSVG
    from matplotlib.figure import Figure

    count = len(view.rows) + (view.geometric_mean is not None)
    width, row = (_NARROW if narrow else _WIDE), _ROW[narrow]
    height = _HEAD + count * row + _FOOT
    with mpl.rc_context(_settings()), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # a glyph matplotlib's font lacks is the browser's to find
        figure = Figure(figsize=(width / _PIXELS_AN_INCH, height / _PIXELS_AN_INCH))
        FigureCanvasSVG(figure)
        left, right = (4, 4) if narrow else (_label_width(view), _RIGHT)
        axes = figure.add_axes(
            (
                left / width,
                _FOOT / height,
                (width - left - right) / width,
                count * row / height,
            )
        )
        _draw(axes, view, narrow=narrow)
        file = io.StringIO()
        figure.savefig(file, format="svg", transparent=True, metadata={"Date": None})
    return _themed(file.getvalue(), view, prefix="n" if narrow else "w")


def _settings() -> dict[Any, Any]:
    return {
        "svg.fonttype": "none",
        "svg.hashsalt": "perfkit",
        "text.parse_math": False,
        "text.color": _INK["text"],
        "axes.edgecolor": _INK["line"],
        "axes.labelcolor": _INK["muted"],
        "xtick.color": _INK["line"],
        "xtick.labelcolor": _INK["muted"],
        "font.size": 13,
        "xtick.labelsize": 12,
        "path.simplify": False,
    }


def _label_width(view: View) -> float:
    longest = max(len(row.id) for row in view.rows)
    return min(max(longest, len("geometric mean")) * _LABEL_WIDTH + 22, _WIDE * 0.45)


def _draw(axes: Axes, view: View, *, narrow: bool) -> None:
    count = len(view.rows) + (view.geometric_mean is not None)
    low, high = _limits(view)
    axes.set_xlim(low, high)
    axes.set_ylim(count - 0.5, -0.5)
    axes.spines[["left", "right", "top"]].set_visible(False)
    axes.set_yticks([])
    band = math.log1p(view.margin)
    axes.axvspan(-band, band, color=_INK["band"], linewidth=0, zorder=0)
    axes.axvline(0, color=_INK["line"], linewidth=1, zorder=1)
    _ticks(axes, low, high, narrow=narrow)
    for place, row in enumerate(view.rows):
        _row(axes, row, place, narrow=narrow)
    if view.geometric_mean is not None:
        axes.axhline(len(view.rows) - 0.5, color=_INK["line"], linewidth=0.7)
        _mean(axes, view.geometric_mean, len(view.rows), narrow=narrow)


def _limits(view: View) -> tuple[float, float]:
    """Log ratios that leave room for every interval and for the margin's band."""
    ratios = [row.comparison.ratio for row in view.rows if row.comparison]
    ends = [math.log(end) for one in ratios for end in (one.value, *_ends(one))]
    reach = max(math.log1p(view.margin) * 1.5, *(abs(end) for end in ends))
    low = min(-math.log1p(view.margin) * 1.5, *ends)
    high = max(math.log1p(view.margin) * 1.5, *ends)
    return low - reach * 0.06, high + reach * 0.06


def _ends(ratio: Estimate) -> tuple[float, ...]:
    return (ratio.low, ratio.high) if _has_interval(ratio) else ()


def _has_interval(ratio: Estimate) -> bool:
    return ratio.low > 0 and math.isfinite(ratio.high)


def _ticks(axes: Axes, low: float, high: float, *, narrow: bool) -> None:
    from matplotlib.ticker import MaxNLocator

    locator = MaxNLocator(nbins=5 if narrow else 8)
    wanted = locator.tick_values(math.expm1(low) * 100, math.expm1(high) * 100)
    hem = (high - low) * (0.05 if narrow else 0.02)  # so that no label is cut off at the edge
    shown = [
        tick
        for tick in wanted
        if tick > _NOTHING_LEFT and low + hem <= math.log1p(tick / 100) <= high - hem
    ]
    labels = [f"{tick:+g} %".replace("-", "−") if tick else "0" for tick in shown]
    axes.set_xticks([math.log1p(tick / 100) for tick in shown], labels)
    words = ("← faster", "change of the time of one iteration", "slower →")
    for x, text, side in zip((0, 0.5, 1), words, ("left", "center", "right"), strict=True):
        axes.annotate(
            text if not (narrow and x == 0.5) else "change of time",  # noqa: PLR2004 - the middle
            (x, 0),
            xycoords="axes fraction",
            xytext=(0, -36),
            textcoords="offset points",
            ha=side,
            color=_INK["muted"],
            fontsize=12,
        )


def _row(axes: Axes, row: RowView, place: int, *, narrow: bool) -> None:
    words = row.change if row.comparison else row.word
    _label(axes, printable(row.id), words, place, narrow=narrow, ink=_INK[row.tone])
    if row.comparison is None:
        return
    ratio, ink = row.comparison.ratio, _INK[row.tone]
    y = place + (0.25 if narrow else 0)
    if _has_interval(ratio):
        axes.plot([math.log(ratio.low), math.log(ratio.high)], [y, y], color=ink, linewidth=2)
    else:
        axes.axhline(y, color=ink, linewidth=1, linestyle=(0, (1, 3)))
    axes.plot(
        [math.log(ratio.value)],
        [y],
        marker=_MARKERS[row.tone],
        markersize=7,
        color=ink,
        markerfacecolor=_INK["page"] if row.tone == "open" else ink,
        markeredgewidth=1.5,
    )


def _mean(axes: Axes, mean: Estimate, place: int, *, narrow: bool) -> None:
    _label(axes, "geometric mean", change(mean), place, narrow=narrow, ink=_INK["text"])
    y = place + (0.25 if narrow else 0)
    low, high = (mean.low, mean.high) if _has_interval(mean) else (mean.value, mean.value)
    x = [math.log(end) for end in (low, mean.value, high, mean.value)]
    tall = 0.16 if narrow else 0.26
    axes.fill(x, [y, y - tall, y, y + tall], color=_INK["text"], linewidth=1)


def _label(axes: Axes, name: str, words: str, place: int, *, narrow: bool, ink: str) -> None:
    """The name at the left (narrow: above), the numbers at the right."""
    words = words.replace("-", "−")
    across = axes.get_yaxis_transform()
    y = place - 0.18 if narrow else place
    # Wide: the name begins at the page's edge, the numbers beyond the axes.
    left = 0.0 if narrow else -axes.get_position().x0 * _WIDE
    marks = [(0, name, left, "left", _INK["text"])]
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


def _themed(svg: str, view: View, *, prefix: str) -> str:
    """Make matplotlib's file a part of the page: colours, font, unique ids, a description."""
    svg = svg[svg.index("<svg") :]
    svg = re.sub(r"<metadata>.*?</metadata>|<style.*?</style>", "", svg, flags=re.DOTALL)
    for name, ink in _INK.items():
        svg = svg.replace(ink, f"var(--{name})")
    svg = re.sub(r"font: ([\d.]+)px [^;\"]+", r"font-size: \1px", svg)
    svg = re.sub(r'\bid="', f'id="{prefix}-', svg)
    svg = re.sub(r'(href="#|url\(#)', rf"\g<1>{prefix}-", svg)
    head, _, rest = svg.partition(">")
    box = re.search(r'viewBox="[^"]*"', head)
    summary = f"{view.verdict} The table below holds the same numbers."
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" '
        f'{box.group() if box else ""} role="img" aria-labelledby="{prefix}-title {prefix}-desc">'
        f'<title id="{prefix}-title">Change of each benchmark with its interval</title>'
        f'<desc id="{prefix}-desc">{escape(printable(summary))}</desc>{rest}'
    )
