"""What the timeline of a load run shows, panel by panel: numbers only."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from perfkit.profile.threshold import Metric, Threshold
from perfkit.profile.value import Profile
from perfkit.units import time_unit

if TYPE_CHECKING:
    from perfkit.analyse.load.value import Timeline
    from perfkit.report.load.view import LoadView

POINTS = 300
"""Points of a line; longer timelines are joined, keeping the worst of each group."""

_MIB = 2.0**20
_NAMES = {0.5: "p50", 0.95: "p95", 0.99: "p99"}

Numbers = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One line of a panel.

    Attributes:
        name: What it is; empty when the panel's title says it.
        values: One a point.
        ink: Its colour, a name of `INK`.
        dashed: Drawn in dashes.
    """

    name: str
    values: Numbers
    ink: str
    dashed: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Limit:
    """A threshold's line.

    Attributes:
        value: In the panel's unit.
        text: The threshold as written.
        begin: Seconds at which the phase it is about begins.
        end: The same, its end.
        broken: ``(begin, end)`` of the stretches in which the line it is about was beyond it.
    """

    value: float
    text: str
    begin: float
    end: float
    broken: tuple[tuple[float, float], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Panel:
    """One panel over the common time axis.

    Attributes:
        title: With its unit: ``"response time, ms"``.
        seconds: Where the points lie.
        lines: At least one.
        limits: Thresholds on them.
        weight: Its height relative to the others.
    """

    title: str
    seconds: Numbers
    lines: tuple[Line, ...]
    limits: tuple[Limit, ...]
    weight: float


def phases_of(profile: Profile) -> tuple[tuple[str, float, float], ...]:
    """``(name, begin, end)`` of each stage that takes time."""
    found, at = [], 0.0
    for stage in profile.stages:
        found.append((stage.name, at, at + stage.seconds))
        at += stage.seconds
    return tuple(one for one in found if one[2] > one[1])


def panels_of(view: LoadView, index: int) -> tuple[Panel, ...]:
    """The panels of one side; what was not looked at has none."""
    side = view.sides[index]
    thin = _thinned(side.load.timeline)
    limits = [one.verdict.threshold for one in view.thresholds if one.key == side.key]
    scale, unit = time_unit(_typical([one.load.timeline for one in view.sides]))
    make = _Maker(thin=thin, limits=limits, profile=view.profile)
    found = [
        make.panel(view.unit, 0.6, [("", thin["level"], "muted", False, None)]),
        make.panel(
            f"response time, {unit}",
            2.0,
            [
                ("p50", thin["p50"] / scale, "muted", False, (Metric.PERCENTILE, 0.5)),
                ("p95", thin["p95"] / scale, "accent", False, (Metric.PERCENTILE, 0.95)),
                ("p99", thin["p99"] / scale, "text", False, (Metric.PERCENTILE, 0.99)),
                ("service p95", thin["service_p95"] / scale, "accent", True, None),
            ],
            scale=scale,
        ),
        make.panel(
            "answers/s",
            0.9,
            [
                ("answered", thin["throughput"], "accent", False, (Metric.THROUGHPUT, None)),
                ("sent", thin["sent"], "muted", True, None),
            ],
        ),
        make.panel(
            "errors, %",
            0.7,
            [("", thin["errors"] * 100, "slower", False, (Metric.ERRORS, None))],
            scale=0.01,
        ),
        make.panel(
            "memory, MiB",
            0.7,
            [("", thin["rss"] / _MIB, "accent", False, (Metric.RSS, None))],
            scale=_MIB,
        ),
        make.panel(
            "CPU, %",
            0.7,
            [("", thin["cpu"] * 100, "accent", False, (Metric.CPU, None))],
            scale=0.01,
        ),
    ]
    return tuple(one for one in found if any(np.isfinite(x.values).any() for x in one.lines))


_Drawn = tuple[str, Numbers, str, bool, tuple[Metric, float | None] | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Maker:
    """Makes panels of one side."""

    thin: dict[str, Numbers]
    limits: Sequence[Threshold]
    profile: Profile

    def panel(
        self, title: str, weight: float, lines: Sequence[_Drawn], *, scale: float = 1.0
    ) -> Panel:
        """A panel with the thresholds on its lines; ``scale``: base units of one of its units."""
        limits = [
            self._limit(one, values, scale)
            for _, values, _, _, about in lines
            if about is not None
            for one in self.limits
            if (one.metric, one.quantile) == about
            or (one.metric is Metric.MEDIAN and about == (Metric.PERCENTILE, 0.5))
            or (one.metric is Metric.GOODPUT and about == (Metric.THROUGHPUT, None))
        ]
        return Panel(
            title=title,
            seconds=self.thin["seconds"],
            lines=tuple(
                Line(name=name, values=values, ink=ink, dashed=dashed)
                for name, values, ink, dashed, _ in lines
            ),
            limits=tuple(limits),
            weight=weight,
        )

    def _limit(self, one: Threshold, values: Numbers, scale: float) -> Limit:
        seconds, value = self.thin["seconds"], one.limit / scale
        begin, end = 0.0, self.profile.seconds
        roles = {stage.name: stage.role for stage in self.profile.stages}
        phases = phases_of(self.profile)
        if one.phase is not None:
            begin, end = next((x[1:] for x in phases if x[0] == one.phase), (begin, end))
            judged = (seconds >= begin) & (seconds <= end)
        else:  # the whole load is judged without its ramps
            judged = np.ones(len(seconds), dtype=bool)
            for name, start, stop in phases:
                if roles[name] == "ramp":
                    judged &= ~((seconds >= start) & (seconds < stop))
        beyond = values > value if one.operator.startswith("<") else values < value
        half = float(np.diff(seconds).mean()) / 2 if len(seconds) > 1 else 0.5
        return Limit(
            value=value,
            text=one.text,
            begin=begin,
            end=end,
            broken=_runs(beyond & judged, seconds, half),
        )


def _runs(
    marks: NDArray[np.bool_], seconds: Numbers, half: float
) -> tuple[tuple[float, float], ...]:
    """Stretches of time in which the marks are set."""
    edges = np.flatnonzero(np.diff(np.concatenate([[0], marks.astype(np.int8), [0]])))
    pairs = zip(edges[::2], edges[1::2] - 1, strict=True)
    return tuple((float(seconds[a] - half), float(seconds[b] + half)) for a, b in pairs)


def _typical(lines: Sequence[Timeline]) -> float:
    """A response time that stands for all, so that both sides have one unit."""
    values = np.concatenate([one.p95 for one in lines])
    values = values[np.isfinite(values)]
    return float(np.median(values)) if len(values) else 1.0


def _thinned(found: Timeline) -> dict[str, Numbers]:
    """The timeline in at most `POINTS` points: levels averaged, of times and errors the worst."""
    step = max(math.ceil(len(found.seconds) / POINTS), 1)
    worst = ("p50", "p95", "p99", "service_p95", "errors", "rss")
    mean = ("seconds", "level", "sent", "throughput", "cpu")
    thin = {
        **{name: _joined(getattr(found, name), step, np.max) for name in worst},
        **{name: _joined(getattr(found, name), step, np.mean) for name in mean},
    }
    # Processes are looked at less often than windows are short.
    return thin | {name: _bridged(thin["seconds"], thin[name]) for name in ("rss", "cpu")}


def _bridged(seconds: Numbers, values: Numbers) -> Numbers:
    """Values between two known ones on a straight line; none before the first, after the last."""
    known = np.isfinite(values)
    if not known.any():
        return values
    between = np.interp(seconds, seconds[known], values[known], left=np.nan, right=np.nan)
    return np.asarray(between, dtype=np.float64)


def _joined(values: Numbers, step: int, how: object) -> Numbers:
    if step == 1:
        return np.asarray(values, dtype=np.float64)
    assert callable(how)  # noqa: S101 - typing
    groups = (values[at : at + step] for at in range(0, len(values), step))
    known = (group[np.isfinite(group)] for group in groups)
    return np.array([how(one) if len(one) else np.nan for one in known], dtype=np.float64)
