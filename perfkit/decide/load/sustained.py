"""A limit that may be broken, but not for long: judged window by window.

As `perfkit.decide.load.abort` does while a load runs: every failure is slower than any answer, and
a window without a figure leaves things as they were.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from perfkit.decide.load.result import Holds
from perfkit.profile.schedule import stage_bounds
from perfkit.profile.threshold import Metric

if TYPE_CHECKING:
    from collections.abc import Iterable

    from numpy.typing import NDArray

    from perfkit.analyse.load.value import Timeline
    from perfkit.profile.threshold import Threshold
    from perfkit.profile.value import Profile

_MEDIAN = 0.5
_KNOWN = 0.5
"""Share of the windows that must have a figure for a limit to hold."""


def judge_sustained(threshold: Threshold, line: Timeline, profile: Profile) -> tuple[Holds, str]:
    """Whether a limit was broken without a break for as long as a threshold says.

    Args:
        threshold: With ``sustained``.
        line: One side over time.
        profile: Where its stages lie.

    Returns:
        The verdict and its reason. NO DATA without any figure; INCONCLUSIVE where it was not broken
        for so long, but fewer than half of the windows have a figure.
    """
    values = _line(threshold, line)
    inside = _inside(threshold, line, profile)
    known = 0 if values is None else int((~np.isnan(values[inside])).sum())
    if values is None or not known:
        return Holds.NO_DATA, "not known window by window"
    longest = _longest(threshold, values[inside].tolist())
    lasted = longest * line.width
    text = f"broken for {lasted:g} s without a break" if longest else ""
    if longest and lasted >= (threshold.sustained or 0.0):
        return Holds.FAIL, text
    windows = int(inside.sum())
    if known < _KNOWN * windows:
        empty = f"{windows - known} of {windows} windows have no figure"
        return Holds.INCONCLUSIVE, "; ".join(filter(None, (text, empty)))
    return Holds.PASS, text


def _longest(threshold: Threshold, values: Iterable[float]) -> int:
    """The most windows in a row in which a limit was broken."""
    longest = run = 0
    for value in values:
        unknown = math.isnan(value)
        broken = run > 0 if unknown else not threshold.is_true(value)
        run = run + 1 if broken else 0
        longest = max(longest, run)
    return longest


def _line(threshold: Threshold, line: Timeline) -> NDArray[np.float64] | None:
    """The figure window by window."""
    if threshold.metric in {Metric.PERCENTILE, Metric.MEDIAN}:
        quantile = threshold.quantile or _MEDIAN
        values = {0.5: line.p50, 0.95: line.p95, 0.99: line.p99}.get(quantile)
        return None if values is None else np.where(line.errors > 1 - quantile, np.inf, values)
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
