"""The percentile curve and the latency–throughput curve, as inline SVG by matplotlib."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from perfkit.report import figures
from perfkit.report.drawing import INK, NARROW, WIDE, drawing, drawn
from perfkit.report.wording import printable
from perfkit.units import time_unit
from perfkit.variant import Side

if TYPE_CHECKING:
    from collections.abc import Sequence

    from matplotlib.axes import Axes

    from perfkit.analyse.load.value import Breakpoint, ProbeResult
    from perfkit.report.load.view import LoadView

_LEFT, _RIGHT, _TOP, _FOOT = 52.0, 24.0, 30.0, 50.0
_SIDES = {"baseline": "muted", "candidate": "accent"}
_TICKS = (0.5, 0.9, 0.99, 0.999)
_FAR = 25.0  # highest to lowest value, from which an axis has to be logarithmic
_LETTER = 6.6  # SVG units a character of 12
_LONGEST = 13  # letters of a name in a legend


def percentiles_svg(view: LoadView, *, narrow: bool, prefix: str) -> str:
    """Response and service times of both sides by percentile; empty when nothing was answered."""
    sides = [side for side in view.sides if side.load.curve.quantiles]
    if not sides:
        return ""
    values = [x for side in sides for x in (*side.load.curve.response, *side.load.curve.service)]
    scale, unit = time_unit(sorted(values)[len(values) // 2])
    width, height = (NARROW, 300.0) if narrow else (WIDE, 340.0)
    with drawing(width, height) as figure:
        axes = _axes(figure, width, height, 0.0, height)
        for side in sides:
            curve, ink = side.load.curve, INK[_ink(side.key, view)]
            x = [_tail(quantile) for quantile in curve.quantiles]
            axes.plot(x, [one / scale for one in curve.response], color=ink, linewidth=1.8)
            dashes = (0, (3, 2))
            service = [one / scale for one in curve.service]
            axes.plot(x, service, color=ink, linewidth=1.3, linestyle=dashes)
        _vertical(axes, [value / scale for value in values])
        last = max(side.load.curve.quantiles[-1] for side in sides)
        axes.set_xlim(0, _tail(last) * 1.01)
        ticks = [q for q in _TICKS if (q > _TICKS[0] or not narrow) and q <= last]
        axes.set_xticks([_tail(q) for q in ticks], [f"{q * 100:g} %" for q in ticks])
        for quantile in ticks:
            axes.axvline(_tail(quantile), color=INK["rule"], linewidth=1, zorder=0)
        words = [(f"{unit},", INK["text"])]
        words += [(_called(side.key, view), INK[_ink(side.key, view)]) for side in sides]
        words += [("┄ service", INK["muted"])]
        _legend(axes, words)
        _below(axes, "share of right answers that took no longer")
        return drawn(
            figure,
            prefix=prefix,
            title="Response and service time by percentile",
            summary="The table of response and service times holds the same numbers.",
        )


def latency_svg(view: LoadView, *, narrow: bool, prefix: str) -> str:
    """Probes of all sides: p95 over throughput, and throughput over level with the interval."""
    points = [found for _, _, found in view.breakpoints if _shown(found)]
    if not points:
        return ""
    times = [one.p95 for found in points for one in _shown(found)]
    scale, unit = time_unit(sorted(times)[len(times) // 2])
    width = NARROW if narrow else WIDE
    half = 270.0 if narrow else 330.0
    height = half * 2 if narrow else half
    with drawing(width, height) as figure:
        if narrow:
            first = _axes(figure, width, height, half, half)
            second = _axes(figure, width, height, 0.0, half)
        else:
            first = _axes(figure, width, height, 0.0, half, part=(0.0, 0.5))
            second = _axes(figure, width, height, 0.0, half, part=(0.5, 1.0))
        for found in points:
            probes = sorted(_shown(found), key=lambda one: one.level)
            ink = INK[_ink(found.side.value, view)]
            times_over = [(x.throughput, x.p95 / scale) for x in probes]
            _path(first, times_over, probes, ink, below=found.side is Side.CANDIDATE)
            _path(second, [(x.level, x.throughput) for x in probes], probes, ink, below=None)
            if found.valid and math.isfinite(found.high):
                second.axvspan(found.low, found.high, color=INK["tint"], linewidth=0, zorder=0)
        _vertical(first, [one / scale for one in times])
        second.set_ylim(bottom=0)
        second.yaxis.set_major_formatter(lambda value, _: f"{value:,.6g}")
        first.xaxis.set_major_formatter(lambda value, _: f"{value:,.6g}")
        for axes in (first, second):
            axes.set_xlim(left=0)
        several = len(points) > 1
        keys = [found.side.value for _, _, found in view.breakpoints]
        sides = [(_called(key, view), INK[_ink(key, view)]) for key in keys]
        what = "p95" if narrow and several else "p95 response"
        _legend(first, [(f"{what}, {unit}", INK["text"]), *(sides if several else [])])
        _legend(second, [("answers/s", INK["text"])])
        _below(first, f"answers/s, labelled with {view.unit}" if not narrow else "answers/s")
        _below(second, f"{view.unit}; tinted: it breaks here")
        return drawn(
            figure,
            prefix=prefix,
            title="Latency and throughput of the probes",
            summary="; ".join(f"{view.name(one.side)} {text}" for _, text, one in view.breakpoints),
        )


def _ink(key: str, view: LoadView) -> str:
    return _SIDES[key] if view.compared else "accent"


def _called(key: str, view: LoadView) -> str:
    """A side's name, or what it is where that would not fit beside the other's."""
    name = view.name(key)
    return key if view.compared and len(name) > _LONGEST else name


def _shown(found: Breakpoint) -> list[ProbeResult]:
    return [one for one in found.probes if math.isfinite(one.p95) and math.isfinite(one.throughput)]


def _tail(quantile: float) -> float:
    """Nines: 0.9 is 1, 0.99 is 2, so that the tail has room."""
    return -math.log10(1 - quantile)


def _axes(
    figure: object,
    width: float,
    height: float,
    bottom: float,
    tall: float,
    *,
    part: tuple[float, float] = (0.0, 1.0),
) -> Axes:
    left = part[0] * width + _LEFT
    wide = (part[1] - part[0]) * width - _LEFT - _RIGHT
    box = (left / width, (bottom + _FOOT) / height, wide / width, (tall - _TOP - _FOOT) / height)
    axes: Axes = figure.add_axes(box)  # type: ignore[attr-defined]
    axes.spines[["right", "top"]].set_visible(False)
    return axes


def _path(
    axes: Axes,
    points: Sequence[tuple[float, float]],
    probes: Sequence[ProbeResult],
    ink: str,
    *,
    below: bool | None,
) -> None:
    """Draw probes in the order of their level; ``below``: where levels stand, None for nowhere."""
    axes.plot(*zip(*points, strict=True), color=ink, linewidth=1.2)
    for (x, y), probe in zip(points, probes, strict=True):
        marker = "o" if probe.valid and probe.good is not None else "x"
        axes.plot(
            [x],
            [y],
            marker=marker,
            markersize=6,
            color=ink,
            markerfacecolor=ink if probe.good else INK["page"],
            markeredgewidth=1.4,
        )
    if below is None:
        return
    last = (-1e9, -1e9)
    reach = [max(values) or 1.0 for values in zip(*points, strict=True)]
    for (x, y), probe in zip(points, probes, strict=True):
        if abs(x - last[0]) / reach[0] + abs(y - last[1]) / reach[1] < 0.08:  # noqa: PLR2004 - too near to be read
            continue
        last = (x, y)
        axes.annotate(
            figures.number(probe.level),
            (x, y),
            xytext=(6, -13) if below else (-5, 7),
            textcoords="offset points",
            ha="left" if below else "right",
            color=ink,
            fontsize=11,
        )


def _vertical(axes: Axes, values: Sequence[float]) -> None:
    from matplotlib.ticker import LogLocator, MaxNLocator

    known = [value for value in values if value > 0]
    if known and max(known) / min(known) > _FAR:
        axes.set_yscale("log")
        axes.yaxis.set_major_locator(LogLocator(subs=(1.0, 2.0, 5.0), numticks=12))
        axes.minorticks_off()
    else:
        axes.set_ylim(0, max(known, default=1.0) * 1.08)
        axes.yaxis.set_major_locator(MaxNLocator(nbins=5))
    axes.yaxis.set_major_formatter(lambda value, _: f"{value:,.6g}")


def _legend(axes: Axes, words: Sequence[tuple[str, str]]) -> None:
    shift = 0.0
    for text, ink in words:
        axes.annotate(
            printable(text),
            (0, 1),
            xycoords="axes fraction",
            xytext=(shift, 9),
            textcoords="offset points",
            color=ink,
            fontsize=12,
            annotation_clip=False,
        )
        shift += (len(text) + 1.5) * _LETTER


def _below(axes: Axes, text: str) -> None:
    axes.annotate(
        text,
        (0.5, 0),
        xycoords="axes fraction",
        xytext=(0, -36),
        textcoords="offset points",
        ha="center",
        color=INK["muted"],
        fontsize=12,
    )
