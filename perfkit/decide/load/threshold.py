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

Limits of it: d is more than 2.5 % where trials differ, as the interval over all requests is too
narrow there; and six trials that differ much may all keep a limit that many would not. Whoever
needs the rare bad trial needs more trials.

A short run's percentile often has no upper end, since ordinary times come in waves. Where *none of
the requests* exceeded the limit (a failure would have), the share above it is tested directly: the
blocks of time are the sample (`perfkit.analyse.load.longrun.witnesses`), and the exact bound of the
share of blocks with such a request, ``1 - (alpha / 2) ** (1 / n)`` when none of n has one, must lie
below the share that the percentile leaves. At 95 % this takes 72 blocks for p95, 36 for p90, 6 for
the median; p99 would need 368 and never has them. It takes for granted that blocks know nothing of
each other, so that slow spells are short: no longer than a block, a hundredth of the run.

A service of which 5 % of all requests are slow, in ten seconds; the limit is its p95. Per cent of
4000 runs that PASS (by the interval alone; ``python tests/decide/load/simulate_short_runs.py``):

| slow requests, in a run of | 300 requests | 600 | 3000 |
|---|---|---|---|
| each by itself | 0.2 (0.2) | 0.2 (0.2) | 0.2 (0.2) |
| in spells of half a block | 2.2 (2.2) | 1.8 (1.8) | 1.8 (1.8) |
| of a block | 5.0 (4.2) | 3.6 (3.6) | 3.8 (3.6) |
| of 2 blocks | 13 (7.5) | 7.3 (5.1) | 8.2 (6.6) |
| of 4 blocks | 28 (15) | 18 (7.6) | 18 (7.6) |
| of 16 blocks | 60 (31) | 64 (26) | 62 (27) |
| none is ever slow | 80 (40) | 100 (42) | 100 (43) |

Limits of it: with spells of up to a block, it adds less than the 2.5 % that it may to what the
interval lets pass; with longer ones it passes more often, as the interval does by itself: a service
that is slow seldom, but then for long, is not seen to be so in a run that is too short.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from perfkit.analyse.estimate import Estimate
from perfkit.analyse.load.summary import LEAST
from perfkit.decide.load.reasons import (
    span,
    why_few,
    why_longest,
    why_none,
    why_open,
    why_together,
    why_trials_open,
)
from perfkit.decide.load.result import Holds, ThresholdVerdict
from perfkit.decide.load.sustained import judge_sustained
from perfkit.profile.threshold import Metric

if TYPE_CHECKING:
    from collections.abc import Sequence

    from perfkit.analyse.load.value import SideLoad, Summary, TrialPercentile
    from perfkit.profile.threshold import Threshold
    from perfkit.profile.value import Profile

_MEDIAN = 0.5
_PERCENTILES = frozenset({Metric.PERCENTILE, Metric.MEDIAN})


def by_trials(threshold: Threshold, sides: Sequence[SideLoad]) -> bool:
    """Whether all sides can be judged by trial: two sides are held against a limit in one way.

    Sides without a figure are not asked, as nothing is held against them.
    """
    known = [_summary(threshold.phase, side) for side in sides]
    return all(
        _trials_of(threshold, one) is not None
        for one in known
        if one is not None and figure_of(threshold, one) is not None
    )


def judge_threshold(
    threshold: Threshold,
    side: SideLoad,
    profile: Profile,
    phase: str | None = None,
    *,
    by_trial: bool = True,
) -> ThresholdVerdict:
    """Hold a threshold against one side.

    Args:
        threshold: What must hold.
        side: What was measured.
        profile: Where its stages lie.
        phase: Stage to look at where the threshold names none.
        by_trial: A percentile may be that of a typical trial: see `by_trials`.

    Returns:
        PASS when it holds at both ends of the figure's interval, FAIL when at neither, else
        INCONCLUSIVE. Percentiles are a typical trial's where trials suffice; then all requests
        together must say the same. Over all requests a percentile without an upper end lies below
        a limit that none of enough requests exceeded. A sustained one fails when the timeline shows
        it broken without a break for as long as it says.
    """
    if threshold.sustained is not None:
        return _verdict(threshold, side, *judge_sustained(threshold, side.timeline, profile))
    name = threshold.phase or phase
    summary = _summary(name, side)
    if summary is None:
        return _verdict(threshold, side, Holds.NO_DATA, f"stage {name!r} was not reached")
    figure = figure_of(threshold, summary)
    if figure is None or math.isnan(figure.value):
        return _verdict(threshold, side, Holds.NO_DATA, why_none(threshold, summary))
    found = _trials_of(threshold, summary)
    if found is not None and by_trial:
        return _by_trial(threshold, side, found, figure)
    holds, reason, also = decided(threshold, figure), "", ""
    if threshold.metric in _PERCENTILES:
        also = why_together(summary, figure, own=found is not None)
        if holds is None:
            holds = _none_beyond(threshold, summary, figure)
            reason = f"none of {figure.n} requests took longer" if holds else ""
    elif threshold.metric is Metric.MAXIMUM:
        also = why_longest(summary)
    if holds is None:
        holds = Holds.INCONCLUSIVE
        reason = (
            why_few(figure, threshold.quantile or _MEDIAN)
            if _is_clear(threshold, summary, figure)
            else why_open(figure, summary, threshold.quantile)
        )
    return _verdict(threshold, side, holds, "; ".join(filter(None, (reason, also))), figure)


def _none_beyond(threshold: Threshold, summary: Summary, figure: Estimate) -> Holds | None:
    """What the longest response time says of a percentile without an upper end; None for nothing.

    Blocks of time are the sample: the exact bound of the share of those with a request beyond the
    limit, when none of them had one, must lie below the share that the percentile leaves.
    """
    if not _is_clear(threshold, summary, figure):
        return None
    spared = (threshold.quantile or _MEDIAN) ** summary.blocks
    if spared > (1 - figure.confidence) / 2:
        return None
    return _all_say(threshold, (figure.low, summary.slowest))


def _is_clear(threshold: Threshold, summary: Summary, figure: Estimate) -> bool:
    """Whether a percentile has no upper end, and no request at all was beyond its limit."""
    if threshold.metric not in _PERCENTILES or math.isfinite(figure.high):
        return False
    ends = (figure.low, summary.slowest)
    return math.isfinite(summary.slowest) and _all_say(threshold, ends) is not None


def _by_trial(
    threshold: Threshold, side: SideLoad, found: TrialPercentile, together: Estimate
) -> ThresholdVerdict:
    """What a typical trial says; what all requests say where it says nothing."""
    one, every = decided(threshold, found.typical), decided(threshold, together)
    if one is None and every is not None:
        reason = "over all requests: the limit lies within a typical trial's interval"
        return _verdict(threshold, side, every, reason, together)
    count = len(found.each)
    kept = sum(threshold.is_true(each) for each in found.each)
    others = f"{count - kept} of {count} trials did not keep it" if kept < count else ""
    if one is Holds.FAIL:
        others = f"{kept} of {count} trials kept it" if kept else ""
    holds, reason = one or Holds.INCONCLUSIVE, others
    if one is None:
        reason = why_trials_open(found)
    elif one is not _all_say(threshold, _known(together)):
        holds = Holds.INCONCLUSIVE
        said = "keeps it" if one is Holds.PASS else "does not keep it"
        reason = f"a typical trial {said}, but all requests: {span(_known(together))}"
    elif every is None and others:
        holds = Holds.INCONCLUSIVE
        reason = f"{others}, and all requests together have no bound"
    return _verdict(threshold, side, holds, reason, found.typical, together=together)


def decided(threshold: Threshold, figure: Estimate) -> Holds | None:
    """What both ends of a figure's interval say; None when they disagree."""
    return _all_say(threshold, (figure.low, figure.high))


def _all_say(threshold: Threshold, ends: tuple[float, ...]) -> Holds | None:
    states = {threshold.is_true(end) for end in ends}
    if len(states) > 1:
        return None
    return Holds.PASS if True in states else Holds.FAIL


def _known(figure: Estimate) -> tuple[float, ...]:
    """The figure and the ends its interval has; 0 and inf stand for none."""
    ends = (end for end in (figure.low, figure.high) if 0 < end < math.inf)
    return (figure.value, *ends)


def _trials_of(threshold: Threshold, summary: Summary) -> TrialPercentile | None:
    if threshold.metric not in _PERCENTILES:
        return None
    quantile = threshold.quantile or _MEDIAN
    return next((one for one in summary.by_trial if one.quantile == quantile), None)


def figure_of(threshold: Threshold, summary: Summary) -> Estimate | None:
    """The figure that a threshold looks at; None when there is none.

    Percentiles and the longest count every failure as slower than any answer; the mean and the
    shortest are those of right answers. Memory is the peak, CPU the mean.
    """
    slow = dict(summary.with_failures)
    right, used = summary.response, summary.resources
    known = bool(summary.sent or summary.throughput.value)
    return {
        Metric.PERCENTILE: slow.get(threshold.quantile or _MEDIAN),
        Metric.MEDIAN: slow.get(_MEDIAN),
        Metric.MINIMUM: slow.get(LEAST),
        Metric.MEAN: right.mean if right else None,
        Metric.MAXIMUM: _longest(summary),
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


def _longest(summary: Summary) -> Estimate | None:
    if math.isnan(summary.slowest) or summary.error_rate is None:
        return None
    return _point(summary.slowest, summary.error_rate)


def _point(value: float, like: Estimate) -> Estimate:
    """What was seen, and not an estimate of anything."""
    return Estimate(value=value, low=value, high=value, confidence=like.confidence, n=like.n)


def _summary(phase: str | None, side: SideLoad) -> Summary | None:
    if phase is None:
        return side.overall
    return next((one for one in side.phases if one.phase == phase), None)


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
