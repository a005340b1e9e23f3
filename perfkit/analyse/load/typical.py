"""The percentile of a typical trial: each trial gives one, and the trial is the unit.

A fresh service may be slower as a whole, or have a bad moment that lasts. Over all requests
together one such trial then holds most of the slowest requests, and no percentile near them has an
upper bound. Trial by trial it is one observation of many: the figures of all trials are put through
the estimate and interval of `perfkit.analyse.location`, on a logarithmic scale.

Within a trial the percentile is interpolated so that it lies above and below the true one equally
often, whatever the distribution (type 8 of R. J. Hyndman, Y. Fan, "Sample quantiles in statistical
packages", The American Statistician 50, 1996). The order statistic that percentiles over all
requests are is too low, by little, in every trial: over twenty trials of 300 requests the interval
of p99 would then cover 70 % instead of 94 %.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from perfkit.analyse.estimate import Estimate
from perfkit.analyse.load.value import TrialPercentile
from perfkit.analyse.location import critical_rank, locate

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from perfkit.analyse.load.percentiles import Placed

FEWEST_OUTSIDE = 3
"""Requests of each trial that must lie on either side of a percentile, for trials to be heard."""

_ENDLESS = 1e6  # stands for the logarithm of a failure's time; as inf it could not be averaged


def typical_percentiles(
    placed: Placed, failures: NDArray[np.int64], quantiles: Sequence[float], confidence: float
) -> tuple[TrialPercentile, ...]:
    """Percentiles of a typical trial, every failure slower than any answer.

    Args:
        placed: Times of right answers; its blocks are trials.
        failures: Failures in each trial.
        quantiles: Which.
        confidence: Coverage.

    Returns:
        One for each quantile on either side of which every trial has `FEWEST_OUTSIDE` requests;
        none where trials are too few for an interval: below 6 at 95 %.
    """
    totals = placed.counts() + failures
    wanted = [q for q in quantiles if min(q, 1 - q) * int(np.min(totals)) >= FEWEST_OUTSIDE]
    if not wanted or critical_rank(len(totals), 1 - confidence) is None:
        return ()
    each = np.array(
        [
            [_unbiased(one, int(total), q) for q in wanted]
            for one, total in zip(_by_trial(placed), totals, strict=True)
        ]
    ).T
    if (each <= 0).any():  # clocks of two machines may disagree; there is no logarithm
        return ()
    scaled = np.minimum(np.log(each), _ENDLESS)
    return tuple(
        TrialPercentile(
            quantile=quantile,
            typical=Estimate(
                value=_time(value),
                low=_time(low),
                high=_time(high),
                confidence=confidence,
                n=len(totals),
            ),
            each=tuple(times.tolist()),
        )
        for quantile, times, value, low, high in zip(
            wanted, each, *locate(scaled, confidence), strict=True
        )
    )


def _by_trial(placed: Placed) -> list[NDArray[np.float64]]:
    """The times of each trial, sorted."""
    return [np.sort(placed.values[placed.block == trial]) for trial in range(len(placed.blocks))]


def _unbiased(ordered: NDArray[np.float64], count: int, quantile: float) -> float:
    """A percentile of ``count`` requests, of which those that are not in ``ordered`` failed."""
    place = quantile * (count + 1 / 3) + 1 / 3
    rank = math.floor(place)
    ends = [float(ordered[k - 1]) if k <= len(ordered) else math.inf for k in (rank, rank + 1)]
    if math.isinf(ends[1]):
        return ends[1] if place > rank else ends[0]
    return ends[0] + (place - rank) * (ends[1] - ends[0])


def _time(scaled: float) -> float:
    return math.exp(scaled) if scaled < _ENDLESS / 4 else math.inf
