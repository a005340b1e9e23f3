"""A limit held against what was measured: the whole interval counts, and no data is no pass."""

from __future__ import annotations

import math
import operator
from typing import TYPE_CHECKING

import numpy as np

from perfkit.analyse.estimate import Estimate
from perfkit.analyse.load.summary import LEAST
from perfkit.decide.load.result import Holds, ThresholdVerdict
from perfkit.profile.schedule import stage_bounds
from perfkit.profile.threshold import Metric

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from perfkit.analyse.load.value import SideLoad, Summary, Timeline
    from perfkit.profile.threshold import Threshold
    from perfkit.profile.value import Profile

_OPERATORS: dict[str, Callable[[float, float], bool]] = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}


def judge_threshold(
    threshold: Threshold, side: SideLoad, profile: Profile, phase: str | None = None
) -> ThresholdVerdict:
    """Hold a threshold against one side.

    Args:
        threshold: What must hold.
        side: What was measured.
        profile: Where its stages lie.
        phase: Stage to look at where the threshold names none.

    Returns:
        PASS when it holds at both ends of the figure's interval, FAIL when at neither, else
        INCONCLUSIVE. A sustained one fails when the timeline shows it broken without a break for as
        long as it says.
    """
    if threshold.sustained is not None:
        return _sustained(threshold, side, profile)
    name = threshold.phase or phase
    summary = _summary(name, side)
    if summary is None:
        return _verdict(threshold, side, Holds.NO_DATA, f"stage {name!r} was not reached")
    figure = figure_of(threshold, summary)
    if figure is None or math.isnan(figure.value):
        return _verdict(threshold, side, Holds.NO_DATA, _why_none(threshold, summary))
    ends = {is_true(threshold, end) for end in (figure.low, figure.high)}
    if len(ends) > 1:
        return _verdict(threshold, side, Holds.INCONCLUSIVE, _why_open(figure), figure)
    return _verdict(threshold, side, Holds.PASS if True in ends else Holds.FAIL, "", figure)


def is_true(threshold: Threshold, value: float) -> bool:
    """Whether a figure fulfils what a threshold says."""
    return _OPERATORS[threshold.operator](value, threshold.limit)


def figure_of(threshold: Threshold, summary: Summary) -> Estimate | None:
    """The figure that a threshold looks at; None when there is none.

    Percentiles count every failure as slower than any answer; means, the longest and the shortest
    are those of right answers. Memory is the peak, CPU the mean.
    """
    slow = dict(summary.with_failures)
    right, used = summary.response, summary.resources
    known = bool(summary.sent or summary.throughput.value)
    return {
        Metric.PERCENTILE: slow.get(threshold.quantile or 0.5),
        Metric.MEDIAN: slow.get(0.5),
        Metric.MINIMUM: slow.get(LEAST),
        Metric.MEAN: right.mean if right else None,
        Metric.MAXIMUM: _point(right.maximum, right.mean) if right else None,
        Metric.ERRORS: summary.error_rate,
        Metric.CHECKS: summary.check_rate,
        Metric.THROUGHPUT: summary.throughput if known else None,
        Metric.GOODPUT: summary.goodput if known else None,
        Metric.RSS: _point(used.rss_peak, used.cpu) if used else None,
        Metric.CPU: used.cpu if used else None,
    }[threshold.metric]


def _point(value: float, like: Estimate) -> Estimate:
    """What was seen, and not an estimate of anything."""
    return Estimate(value=value, low=value, high=value, confidence=like.confidence, n=like.n)


def _summary(phase: str | None, side: SideLoad) -> Summary | None:
    if phase is None:
        return side.overall
    return next((one for one in side.phases if one.phase == phase), None)


def _why_none(threshold: Threshold, summary: Summary) -> str:
    if threshold.metric in {Metric.RSS, Metric.CPU}:
        return "the service's processes were not looked at"
    if threshold.metric is Metric.CHECKS and summary.sent:
        return "the scenario has no checks"
    return "nothing was answered" if summary.sent else "nothing was sent"


def _why_open(figure: Estimate) -> str:
    if math.isfinite(figure.high):
        return "the limit lies within the interval"
    return f"no bound: {figure.n} requests are too few, or slow ones came too close together"


def _verdict(
    threshold: Threshold,
    side: SideLoad,
    holds: Holds,
    reason: str,
    value: Estimate | None = None,
) -> ThresholdVerdict:
    return ThresholdVerdict(
        threshold=threshold, side=side.side, holds=holds, value=value, reason=reason
    )


def _sustained(threshold: Threshold, side: SideLoad, profile: Profile) -> ThresholdVerdict:
    line = side.timeline
    values = _line(threshold, line)
    inside = _inside(threshold, line, profile)
    if values is None or not np.isfinite(values[inside]).any():
        return _verdict(threshold, side, Holds.NO_DATA, "not known window by window")
    broken = [
        within and not math.isnan(value) and not is_true(threshold, value)
        for value, within in zip(values.tolist(), inside.tolist(), strict=True)
    ]
    longest, run = 0, 0
    for one in broken:
        run = run + 1 if one else 0
        longest = max(longest, run)
    lasted = longest * line.width
    too_long = longest > 0 and lasted >= (threshold.sustained or 0.0)
    text = f"broken for {lasted:g} s without a break" if longest else ""
    return _verdict(threshold, side, Holds.FAIL if too_long else Holds.PASS, text)


def _line(threshold: Threshold, line: Timeline) -> NDArray[np.float64] | None:
    """The figure window by window; where all requests failed, none is fast enough."""
    named = {0.5: line.p50, 0.95: line.p95, 0.99: line.p99}
    if threshold.metric in {Metric.PERCENTILE, Metric.MEDIAN}:
        values = named.get(threshold.quantile or 0.5)
        return None if values is None else np.where(line.errors >= 1, np.inf, values)
    return {
        Metric.ERRORS: line.errors,
        Metric.THROUGHPUT: line.throughput,
        Metric.GOODPUT: line.throughput * (1 - line.errors),
        Metric.RSS: line.rss,
        Metric.CPU: line.cpu,
    }.get(threshold.metric)


def _inside(threshold: Threshold, line: Timeline, profile: Profile) -> NDArray[np.bool_]:
    if threshold.phase is None:
        return np.ones(len(line.seconds), dtype=np.bool_)
    for stage, (begin, end) in zip(profile.stages, stage_bounds(profile), strict=True):
        if stage.name == threshold.phase:
            return (line.seconds >= begin) & (line.seconds < end)
    return np.zeros(len(line.seconds), dtype=np.bool_)
