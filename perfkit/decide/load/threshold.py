"""A limit held against what was measured: the whole interval counts, and no data is no pass.

With six trials or more a percentile is that of a typical trial, its interval from the spread
between trials (`perfkit.analyse.load.typical`). Over all requests together it is higher where
trials differ, and that is what users feel; so all requests have a say as well:

* Their interval, as far as it has ends, must lie on the same side of the limit.
* Where it has no end, as one bad trial can hold all of the slowest requests, each trial must keep
  the limit by itself.
* Where the limit lies within the typical trial's interval, they decide alone.

Simulated services with known percentiles: 20 s at 50/s a trial, whose times are multiplied by a
factor with that SD of its logarithm; "stalls": a tenth of one trial in six takes ten times as long.
Per cent of 1000 runs (``python tests/decide/load/simulate_thresholds.py``, p95 as well):

a. the typical trial's interval holds the true p99 of such trials,
b. the interval over all requests has no bound,
c. PASS when the limit is the true p99 of a typical trial,
d. PASS when it is that of all requests (in brackets: by their interval alone),
e. FAIL then,
f. PASS when the limit lies 50 % above both (by the interval over all requests alone),
g. FAIL when it lies 50 % below both.

| p99, trials | a | b | c | d | e | f | g |
|---|---|---|---|---|---|---|---|
| alike, 6 | 97 | 0 | 0.4 | 0.4 (0.4) | 0.4 | 100 (100) | 100 (100) |
| alike, 12 | 97 | 0 | 1.4 | 1.0 (1.0) | 0.8 | 100 (100) | 100 (100) |
| ± 30 %, 6 | 97 | 73 | 1.4 | 13.2 (8.7) | 2.6 | 83 (26) | 99 (99) |
| ± 30 %, 12 | 96 | 32 | 0.2 | 8.5 (8.5) | 3.7 | 79 (67) | 100 (100) |
| ± 50 %, 6 | 97 | 93 | 1.5 | 32.0 (5.5) | 6.3 | 77 (7) | 97 (97) |
| ± 50 %, 12 | 96 | 76 | 0.1 | 13.3 (11.1) | 4.7 | 62 (23) | 100 (100) |
| drifting over 1 s, alike, 6 | 97 | 19 | 1.6 | 5.1 (5.1) | 1.3 | 98 (81) | 100 (100) |
| drifting over 1 s, alike, 12 | 96 | 0 | 1.0 | 5.8 (5.8) | 1.6 | 100 (100) | 100 (100) |
| drifting over 1 s, ± 30 %, 6 | 96 | 80 | 2.0 | 17.2 (8.0) | 2.9 | 82 (19) | 99 (99) |
| drifting over 1 s, ± 30 %, 12 | 96 | 48 | 0.1 | 10.0 (10.0) | 2.5 | 74 (51) | 100 (100) |
| one in 6 stalls, 6 | 96 | 65 | 1.1 | 34.7 (34.7) | 5.4 | 35 (35) | 100 (100) |
| one in 6 stalls, 12 | 95 | 76 | 2.3 | 12.1 (12.1) | 3.8 | 12 (12) | 100 (100) |

Limits: d is more than 2.5 % where trials differ, as the interval over all requests is too narrow
there; and six trials that differ much may all keep a limit that many would not. Whoever needs the
rare bad trial needs more trials.
"""

from __future__ import annotations

import math
import operator
from typing import TYPE_CHECKING

import numpy as np

from perfkit.analyse.estimate import Estimate
from perfkit.analyse.load.longrun import FEWEST_TRIALS
from perfkit.analyse.load.summary import LEAST
from perfkit.analyse.location import critical_rank
from perfkit.decide.load.result import Holds, ThresholdVerdict
from perfkit.profile.schedule import stage_bounds
from perfkit.profile.threshold import Metric
from perfkit.units import format_seconds

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from perfkit.analyse.load.value import SideLoad, Summary, Timeline, TrialPercentile
    from perfkit.profile.threshold import Threshold
    from perfkit.profile.value import Profile

_MEDIAN = 0.5
_PERCENTILES = frozenset({Metric.PERCENTILE, Metric.MEDIAN})

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
        INCONCLUSIVE. Percentiles are a typical trial's where trials suffice; then all requests
        together must say the same. A sustained one fails when the timeline shows it broken without
        a break for as long as it says.
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
    found = _trials_of(threshold, summary)
    if found is not None:
        return _by_trial(threshold, side, found, figure)
    also = _why_together(threshold, summary, figure)
    holds = decided(threshold, figure)
    if holds is None:
        reason = "; ".join(filter(None, (_why_open(figure), also)))
        return _verdict(threshold, side, Holds.INCONCLUSIVE, reason, figure)
    return _verdict(threshold, side, holds, also, figure)


def _by_trial(
    threshold: Threshold, side: SideLoad, found: TrialPercentile, together: Estimate
) -> ThresholdVerdict:
    """What a typical trial says; what all requests say where it says nothing."""
    one, every = decided(threshold, found.typical), decided(threshold, together)
    if one is None and every is not None:
        reason = "over all requests: the limit lies within a typical trial's interval"
        return _verdict(threshold, side, every, reason, together)
    count = len(found.each)
    kept = sum(is_true(threshold, each) for each in found.each)
    others = f"{count - kept} of {count} trials did not keep it" if kept < count else ""
    if one is Holds.FAIL:
        others = f"{kept} of {count} trials kept it" if kept else ""
    holds, reason = one or Holds.INCONCLUSIVE, others
    if one is None:
        reason = _why_open(found.typical)
    elif one is not _all_say(threshold, _known(together)):
        holds = Holds.INCONCLUSIVE
        said = "keeps it" if one is Holds.PASS else "does not keep it"
        reason = f"a typical trial {said}, but all requests: {_span(_known(together))}"
    elif every is None and others:
        holds = Holds.INCONCLUSIVE
        reason = f"{others}, and all requests together have no bound"
    return _verdict(threshold, side, holds, reason, found.typical, together=together)


def decided(threshold: Threshold, figure: Estimate) -> Holds | None:
    """What both ends of a figure's interval say; None when they disagree."""
    return _all_say(threshold, (figure.low, figure.high))


def _all_say(threshold: Threshold, ends: tuple[float, ...]) -> Holds | None:
    states = {is_true(threshold, end) for end in ends}
    if len(states) > 1:
        return None
    return Holds.PASS if True in states else Holds.FAIL


def _known(figure: Estimate) -> tuple[float, ...]:
    """The figure and the ends its interval has; 0 and inf stand for none."""
    ends = (end for end in (figure.low, figure.high) if 0 < end < math.inf)
    return (figure.value, *ends)


def _span(ends: tuple[float, ...]) -> str:
    if math.isinf(max(ends)):
        return "too many failed"
    return " to ".join(dict.fromkeys(format_seconds(end) for end in (min(ends), max(ends))))


def _trials_of(threshold: Threshold, summary: Summary) -> TrialPercentile | None:
    if threshold.metric not in _PERCENTILES:
        return None
    quantile = threshold.quantile or _MEDIAN
    return next((one for one in summary.by_trial if one.quantile == quantile), None)


def _why_together(threshold: Threshold, summary: Summary, figure: Estimate) -> str:
    """Why a percentile of several trials is one over all requests; empty where nothing is odd."""
    if threshold.metric not in _PERCENTILES or summary.trials == 1:
        return ""
    enough = critical_rank(summary.trials, 1 - figure.confidence) is not None
    if not enough or summary.trials < FEWEST_TRIALS:
        return f"over all requests: {summary.trials} trials are too few for one figure each"
    return "over all requests: some trials have too few for a figure of their own"


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
        Metric.PERCENTILE: slow.get(threshold.quantile or _MEDIAN),
        Metric.MEDIAN: slow.get(_MEDIAN),
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


def error_answers_of(threshold: Threshold, side: SideLoad) -> Estimate | None:
    """The part of an error rate that is the service's own word; None for any other threshold."""
    if threshold.metric is not Metric.ERRORS or threshold.sustained is not None:
        return None
    summary = _summary(threshold.phase, side)
    return None if summary is None else summary.error_answers


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
    *,
    together: Estimate | None = None,
) -> ThresholdVerdict:
    return ThresholdVerdict(
        threshold=threshold,
        side=side.side,
        holds=holds,
        value=value,
        together=together,
        reason=reason,
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
