"""The timeline of a load run: small panels over one time axis, as inline SVG by matplotlib."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from perfkit.report.drawing import INK, NARROW, WIDE, drawing, drawn
from perfkit.report.load.panels import panels_of, phases_of
from perfkit.report.wording import printable

if TYPE_CHECKING:
    from collections.abc import Sequence

    from matplotlib.axes import Axes

    from perfkit.report.load.panels import Numbers, Panel
    from perfkit.report.load.view import LoadView

_HEIGHT = 78.0  # SVG units of a panel of weight 1
_GAP, _TOP, _FOOT, _LINE = 30.0, 44.0, 44.0, 15.0
_LEFT = {False: 52.0, True: 40.0}
_RIGHT = 12.0
_LETTER = {False: 7.4, True: 6.6}  # SVG units a character, about
_MINUTE, _HOUR = 60.0, 3600.0
_PAIR = 2
_FAR = 40.0  # times the middle value, from which a panel needs a logarithmic axis


def timeline_svg(view: LoadView, index: int, *, narrow: bool, prefix: str) -> str:
    """Draw one side over time; an empty text when there is nothing to draw.

    Args:
        view: The run.
        index: Which of its sides. All sides share the scales, so that they can be compared.
        narrow: For a telephone.
        prefix: Begins every id.
    """
    all_panels = [panels_of(view, one) for one in range(len(view.sides))]
    panels = all_panels[index]
    if not panels:
        return ""
    side = view.sides[index]
    heights = [_HEIGHT * panel.weight * (0.85 if narrow else 1) for panel in panels]
    width = NARROW if narrow else WIDE
    extra = [_LINE * (len(_legend(panel, narrow=narrow)) - 1) for panel in panels]
    height = _TOP + sum(heights) + sum(extra) + _GAP * (len(panels) - 1) + _FOOT
    end = max(view.profile.seconds, *(float(x[0].seconds[-1]) for x in all_panels if x))
    with drawing(width, height) as figure:
        bottom = height - _TOP
        for place, (panel, tall) in enumerate(zip(panels, heights, strict=True)):
            bottom -= tall + extra[place]
            left = _LEFT[narrow]
            axes = figure.add_axes(
                (left / width, bottom / height, (width - left - _RIGHT) / width, tall / height)
            )
            axes.set_xlim(0, end)
            peers = [x for one in all_panels for x in one if x.title == panel.title]
            _draw(axes, panel, peers, narrow=narrow)
            _phases(axes, view, named=place == 0, narrow=narrow)
            _time(axes, end, shown=place == len(panels) - 1, narrow=narrow)
            bottom -= _GAP
        return drawn(
            figure,
            prefix=prefix,
            title=f"{side.name} over time",
            summary=_summary(view, index, panels),
        )


def phase_key(view: LoadView) -> str:
    """``"1 up, 2 hold, 3 down"``: the numbers that stand where names do not fit."""
    names = [name for name, _, _ in phases_of(view.profile)]
    shown = [f"{place} {name}" for place, name in enumerate(names, 1)]
    return ", ".join(shown)


def _draw(axes: Axes, panel: Panel, peers: Sequence[Panel], *, narrow: bool) -> None:
    for line in panel.lines:
        if line.dashed and narrow and line.name == "sent":
            continue
        axes.plot(
            panel.seconds,
            line.values,
            color=INK[line.ink],
            linewidth=1.1 if line.dashed else 1.4,
            linestyle=(0, (3, 2)) if line.dashed else "-",
            solid_joinstyle="round",
        )
        _lone(axes, panel.seconds, line.values, line.ink)
    _scale(axes, peers)
    for limit in panel.limits:
        axes.plot(
            [limit.begin, limit.end],
            [limit.value, limit.value],
            color=INK["open"],
            linewidth=1.2,
            linestyle=(0, (5, 3)),
        )
        stretches = [x for begin, end in limit.broken for x in (begin, end, math.nan)]
        axes.plot(
            stretches,
            np.ones(len(stretches)),
            transform=axes.get_xaxis_transform(),
            color=INK["slower"],
            linewidth=5,
            solid_capstyle="butt",
            clip_on=False,
        )
    _title(axes, panel, narrow=narrow)
    axes.spines[["right", "top"]].set_visible(False)


def _lone(axes: Axes, seconds: Numbers, values: Numbers, ink: str) -> None:
    """Points without neighbours, which a line does not show."""
    known = np.isfinite(values)
    beside = np.concatenate([[False], known[:-1]]) | np.concatenate([known[1:], [False]])
    alone = known & ~beside
    if alone.any():
        axes.plot(seconds[alone], values[alone], ".", color=INK[ink], markersize=4)


def _scale(axes: Axes, peers: Sequence[Panel]) -> None:
    """One vertical scale for all sides, from zero unless the values are too far apart."""
    from matplotlib.ticker import LogLocator, MaxNLocator

    lines = [line.values for panel in peers for line in panel.lines]
    values = np.concatenate(lines) if lines else np.zeros(1)
    values = values[np.isfinite(values)]
    limits = [limit.value for panel in peers for limit in panel.limits if np.isfinite(limit.value)]
    top = float(np.max(values)) if len(values) else 1.0
    middle = float(np.median(values)) if len(values) else 1.0
    # A limit far above everything would flatten the lines; then it is left outside.
    top = max([top, *(one for one in limits if one <= top * 2.5)])
    axes.yaxis.set_major_formatter(lambda value, _: f"{value:,.6g}")
    several = any(len(panel.lines) > _PAIR for panel in peers)  # percentiles far from each other
    if several and middle > 0 and top / middle > _FAR and float(np.min(values)) > 0:
        axes.set_yscale("log")
        axes.set_ylim(float(np.min(values)) * 0.8, top * 1.3)
        axes.yaxis.set_major_locator(LogLocator(numticks=5))
        axes.yaxis.set_major_formatter(lambda value, _: f"{value:,.6g}")
        axes.minorticks_off()
        return
    axes.set_ylim(0, top * 1.08 if top > 0 else 1.0)
    axes.yaxis.set_major_locator(MaxNLocator(nbins=3, min_n_ticks=2))


def _legend(panel: Panel, *, narrow: bool) -> list[list[tuple[str, str, float]]]:
    """Lines of ``(text, ink, shift)``: the title, then the panel's lines in their colours."""
    words = [(panel.title, INK["text"])]
    words += [
        (f"┄ {line.name}" if line.dashed else line.name, INK[line.ink])
        for line in panel.lines
        if line.name and not (narrow and line.dashed and line.name == "sent")
    ]
    texts = dict.fromkeys(printable(limit.text) for limit in panel.limits)
    words += [(f"┄ {text}", INK["open"]) for text in texts]
    if any(limit.broken for limit in panel.limits):
        words.append(("▬ beyond", INK["slower"]))
    room, letter = (NARROW if narrow else WIDE) - _LEFT[narrow] - _RIGHT, _LETTER[narrow]
    lines: list[list[tuple[str, str, float]]] = [[]]
    shift = 0.0
    for text, ink in words:
        shown = text if len(text) * letter < room else f"{text[: int(room / letter) - 1]}…"
        if lines[-1] and shift + len(shown) * letter > room:
            lines.append([])
            shift = 0.0
        lines[-1].append((shown, ink, shift))
        shift += (len(shown) + 2) * letter
    return lines


def _title(axes: Axes, panel: Panel, *, narrow: bool) -> None:
    """The panel's legend above it."""
    lines = _legend(panel, narrow=narrow)
    for place, line in enumerate(reversed(lines)):
        for text, ink, shift in line:
            axes.annotate(
                text,
                (0, 1),
                xycoords="axes fraction",
                xytext=(shift, 8 + place * _LINE),
                textcoords="offset points",
                color=ink,
                fontsize=11 if narrow else 12,
                annotation_clip=False,
            )


def _phases(axes: Axes, view: LoadView, *, named: bool, narrow: bool) -> None:
    low, high = axes.get_xlim()
    room = (NARROW if narrow else WIDE) - _LEFT[narrow] - _RIGHT
    last = -1e9
    for place, (name, begin, end) in enumerate(phases_of(view.profile), 1):
        if place % 2 == 0:
            axes.axvspan(begin, end, color=INK["band"], linewidth=0, zorder=0)
        if not named:
            continue
        wide = (end - begin) / (high - low) * room
        text = printable(name)
        if (len(text) + 1) * _LETTER[narrow] > wide:
            text = str(place)
        middle = ((begin + end) / 2 - low) / (high - low) * room
        if middle - last < len(text) * _LETTER[narrow]:
            continue
        last = middle + len(text) * _LETTER[narrow] / 2
        axes.annotate(
            text,
            ((begin + end) / 2, 1),
            xycoords=axes.get_xaxis_transform(),
            xytext=(0, 26),
            textcoords="offset points",
            ha="center",
            color=INK["muted"],
            fontsize=11 if narrow else 12,
            annotation_clip=False,
        )


def _time(axes: Axes, end: float, *, shown: bool, narrow: bool) -> None:
    from matplotlib.ticker import MaxNLocator

    unit, name = (_HOUR, "hours") if end >= 3 * _HOUR else (_MINUTE, "minutes")
    unit, name = (unit, name) if end >= 3 * _MINUTE else (1.0, "seconds")
    steps = [1, 2, 3, 5, 6, 10] if unit > 1 else [1, 2, 5, 10]
    locator = MaxNLocator(nbins=4 if narrow else 9, steps=steps)
    ticks = [tick * unit for tick in locator.tick_values(0, end / unit) if 0 <= tick * unit <= end]
    axes.set_xticks(ticks, [f"{tick / unit:g}" for tick in ticks] if shown else [""] * len(ticks))
    if shown:
        axes.annotate(
            name,
            (0.5, 0),
            xycoords="axes fraction",
            xytext=(0, -36),
            textcoords="offset points",
            ha="center",
            color=INK["muted"],
            fontsize=12,
        )


def _summary(view: LoadView, index: int, panels: Sequence[Panel]) -> str:
    """What the panels show, for those who do not see them."""
    broken = [
        f"{limit.text} was broken for {sum(end - begin for begin, end in limit.broken):.0f} s"
        for panel in panels
        for limit in panel.limits
        if limit.broken
    ]
    names = ", ".join(panel.title for panel in panels)
    one = view.sides[index].overall
    whole = f"Altogether p50 {one.p50}, p95 {one.p95}, p99 {one.p99}, errors {one.errors}"
    found = "; ".join(broken) or "no window broke a threshold"
    length = math.ceil(view.profile.seconds)
    return f"Panels over {length} seconds: {names}. {whole}; {found}. The tables hold the numbers."
