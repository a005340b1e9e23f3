"""Why a threshold's verdict is what it is, in a few words; empty where nothing is odd."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from scipy import special

from perfkit.analyse.load.longrun import BLOCKS, FEWEST_TRIALS, REQUESTS_A_BLOCK
from perfkit.analyse.location import critical_rank
from perfkit.profile.threshold import Metric
from perfkit.units import format_seconds

if TYPE_CHECKING:
    from perfkit.analyse.estimate import Estimate
    from perfkit.analyse.load.value import Summary, TrialPercentile
    from perfkit.profile.threshold import Threshold

WITHIN = "the limit lies within the interval"


def why_none(threshold: Threshold, summary: Summary) -> str:
    """Why there is no figure."""
    if threshold.metric in {Metric.RSS, Metric.CPU}:
        return "the service's processes were not looked at"
    if not summary.sent:
        return "nothing was sent"
    if threshold.metric is Metric.CHECKS:
        return "the scenario has no checks"
    return "no right answer" if summary.failed else "nothing was answered"


def why_open(figure: Estimate, summary: Summary, quantile: float | None) -> str:
    """Why a figure over all requests decides nothing.

    Args:
        figure: With the interval on which the limit lies.
        summary: Whence.
        quantile: Of a percentile; None for any other figure.
    """
    if math.isfinite(figure.high):
        return WITHIN
    count = figure.n
    few = f"{count} requests are too few"
    if quantile is None:
        return f"no bound: {few}"
    tail = (1 - figure.confidence) / 2
    failed, errors = summary.failed, summary.error_rate
    if failed and math.isinf(figure.value):
        # What as many independent requests would say of the share that failed.
        surely = special.betaincinv(failed, count - failed + 1, tail)
        but = "they came too close together" if surely > 1 - quantile else few
        return f"too many failed ({failed} of {count}), but {but} to be sure"
    if failed and errors is not None and errors.high > 1 - quantile:
        return f"no bound: too many failed ({failed} of {count})"
    close = "slow ones came too close together"
    if quantile**count > tail:
        return f"no bound: {few}"
    # What is lost since the spread is estimated is less than half.
    return (
        f"no bound: {close}" if quantile ** (count / 2) <= tail else f"no bound: {few}, or {close}"
    )


def why_few(figure: Estimate, quantile: float) -> str:
    """Why a percentile has no upper end though no request at all was beyond its limit.

    What it takes is said where it is known: requests that fill the blocks of time which
    `perfkit.decide.load.threshold` asks for. A high percentile needs more blocks than there are.
    """
    blocks = math.ceil(math.log((1 - figure.confidence) / 2) / math.log(quantile))
    needed = REQUESTS_A_BLOCK * blocks
    known = blocks <= BLOCKS and figure.n < needed
    but = f"about {needed} are needed" if known else "they are too few"
    return f"no bound: none of {figure.n} requests took longer, but {but} to be sure"


def why_trials_open(found: TrialPercentile) -> str:
    """Why the trials' own percentiles decide nothing."""
    if math.isfinite(found.typical.high):
        return WITHIN
    count = sum(math.isinf(each) for each in found.each)
    return f"no bound: in {count} of {len(found.each)} trials too many failed"


def why_together(summary: Summary, figure: Estimate, *, own: bool) -> str:
    """Why a percentile of several trials is one over all requests.

    Args:
        summary: Whence.
        figure: The percentile.
        own: The trials have figures of their own, but those of the other side have not.
    """
    if summary.trials == 1:
        return ""
    if own:
        return "over all requests: some trials of the other side have too few for a figure each"
    enough = critical_rank(summary.trials, 1 - figure.confidence) is not None
    if not enough or summary.trials < FEWEST_TRIALS:
        return f"over all requests: {summary.trials} trials are too few for one figure each"
    return "over all requests: some trials have too few for a figure of their own"


def why_longest(summary: Summary) -> str:
    """Why the longest response time is longer than that of any answer."""
    if math.isinf(summary.slowest):
        count = summary.failed + summary.answered
        return f"{summary.failed} of {count} failed, slower than any answer"
    right = summary.response
    waited = right is None or summary.slowest > right.maximum
    return "a request that was cut off had waited so long already" if waited else ""


def span(ends: tuple[float, ...]) -> str:
    """From the lowest to the highest of some times."""
    if math.isinf(max(ends)):
        return "too many failed"
    return " to ".join(dict.fromkeys(format_seconds(end) for end in (min(ends), max(ends))))
