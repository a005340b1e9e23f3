"""Figures over time with intervals that respect that requests resemble their neighbours.

A percentile is an order statistic, and its interval two others, as for independent requests of a
smaller number: the effective one, with which the share of requests at or below the percentile would
be as uncertain as it is (`longrun`). Sources: R. S. Woodruff, "Confidence intervals for medians and
other position measures", JASA 47, 1952; E. L. Korn, B. I. Graubard, "Confidence intervals for
proportions with small expected number of positive counts", Survey Methodology 24, 1998 (effective
number, adjusted for its degrees of freedom, in the exact binomial interval).

Where the requests do not suffice, the upper end is infinite: a 99th percentile needs about 450.

Coverage of the 95 % intervals of p50/p95/p99 in per cent and, in brackets, the median half-width of
p95 (1000 runs each, the last row 400; ``python tests/analyse/load/test_percentiles.py``):

| requests | 30 s, 50/s | 30 s, 300/s | 120 s, 100/s | 300 s, 100/s |
|---|---|---|---|---|
| independent | 98/98/98 (7 %) | 98/98/98 (3 %) | 97/99/98 (2 %) | 98/99/98 (1 %) |
| correlated over 0.1 s | 96/95/97 (10 %) | 96/96/95 (8 %) | 97/96/96 (4 %) | 96/96/96 (3 %) |
| correlated over 1 s | 93/89/90 (21 %) | 94/89/86 (19 %) | 97/95/93 (12 %) | 96/95/94 (8 %) |
| correlated over 5 s | 84/81/81 (∞) | 82/81/80 (∞) | 94/89/86 (21 %) | 95/92/90 (15 %) |
| 3 × slow 0.5 of 3.5 s | 90/94/97 (33 %) | 91/94/96 (31 %) | 95/96/96 (14 %) | 96/96/96 (9 %) |
| 3 × slow 2 of 22 s | 75/61/72 (∞) | 65/61/72 (∞) | 88/87/95 (∞) | 93/94/96 (31 %) |
| closed, 10 users, 1 s | 93/92/92 (20 %) | 91/94/92 (20 %) | 96/97/96 (11 %) | 96/97/97 (7 %) |

Requests taken for independent are covered by 46 – 57 % when they are correlated over 1 s in 30 s,
and by 20 – 23 % over 5 s.

Tried as well: 10 or 16 batches with Student's t (the same where correlation is short; 10 – 20
points less at 5 s in 30 s), 8 or 16 cosines without a look at the slowest, and always the wider of
4 and 12 (5 points more in the hard cases, a quarter wider in all others). Resampling blocks was
not: it knows no more of the variance than batches do, and takes many passes over the requests.

Limits: correlation over a thirtieth of the measured time and longer, as with a few slow periods in
30 s, is hardly to be seen in the data; there the intervals are too narrow, by the table.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from scipy import special

from perfkit.analyse.estimate import Estimate
from perfkit.analyse.load.longrun import Blocks, spread_of_sum, sums_of, t_factor, z_factor

if TYPE_CHECKING:
    from collections.abc import Sequence

_HAIR = 1e-9  # 0.95 × 20 is 19, whatever floating point says


@dataclass(frozen=True, slots=True, kw_only=True)
class Placed:
    """Values and where they lie in time.

    Attributes:
        ordered: The values, sorted, shape (n,).
        values: The values as they came.
        block: Block of each.
        blocks: The blocks.
    """

    ordered: NDArray[np.float64]
    values: NDArray[np.float64]
    block: NDArray[np.int32]
    blocks: Blocks

    def __len__(self) -> int:
        return len(self.ordered)

    def counts(self) -> NDArray[np.int64]:
        """Values in each block."""
        return self.blocks.counts(self.block)


def place(values: NDArray[np.float64], block: NDArray[np.int32], blocks: Blocks) -> Placed:
    """Sort values, remembering their blocks."""
    return Placed(ordered=np.sort(values), values=values, block=block, blocks=blocks)


def percentiles(
    placed: Placed,
    quantiles: Sequence[float],
    confidence: float,
    failures: NDArray[np.int64] | None = None,
) -> list[Estimate]:
    """Percentiles with their intervals.

    Args:
        placed: Times that took place, all finite.
        quantiles: Which, each above 0 and below 1.
        confidence: Coverage.
        failures: Failures in each block, each slower than any time; None for none.

    Returns:
        One for each quantile: the smallest time that at least such a share does not exceed; inf
        where failures reach down to it, nan where there is nothing. ``n`` counts times and
        failures.
    """
    totals = placed.counts() + (0 if failures is None else failures)
    count = int(totals.sum())
    if not count:
        return [_nothing(confidence) for _ in quantiles]
    ranks = [max(int(np.ceil(q * count - _HAIR)), 1) for q in quantiles]
    values = [_at(placed.ordered, rank) for rank in ranks]
    found = []
    for quantile, value, below in zip(
        quantiles, values, _counts_up_to(placed, values), strict=True
    ):
        deviations = below - float(below.sum()) / count * totals
        number = _effective(deviations, count, quantile, confidence, placed.blocks)
        low, high = _ranks(number, quantile, count, confidence)
        found.append(
            Estimate(
                value=value,
                low=_at(placed.ordered, low) if low >= 1 else 0.0,
                high=_at(placed.ordered, high) if high <= count else float("inf"),
                confidence=confidence,
                n=count,
            )
        )
    return found


def _counts_up_to(placed: Placed, bounds: Sequence[float]) -> list[NDArray[np.int64]]:
    """For each bound, values up to it in each block; one pass over the values."""
    edges, which = np.unique(np.asarray(bounds), return_inverse=True)
    groups = len(edges) + 1
    bins = np.searchsorted(edges, placed.values, side="left").astype(np.int32)
    bins += placed.block * np.int32(groups)
    table = np.bincount(bins, minlength=len(placed.blocks) * groups)
    upto = np.cumsum(table.reshape(len(placed.blocks), groups), axis=1)
    return [upto[:, index] for index in which]


def _effective(
    deviations: NDArray[np.float64],
    count: int,
    share: float,
    confidence: float,
    blocks: Blocks,
) -> float:
    """Number of independent requests that would know the share as well as these do."""
    variance, freedom = spread_of_sum(deviations, blocks)
    if not np.isfinite(variance):
        return 0.0
    loss = (z_factor(confidence) / t_factor(freedom, confidence)) ** 2
    independent = count**2 * share * (1 - share) / variance if variance > 0 else np.inf
    return float(min(count, independent) * loss)


def _ranks(number: float, share: float, count: int, confidence: float) -> tuple[int, int]:
    """Ranks (from 1) of the ends among ``count`` values; outside 1 … count where there is none."""
    tail = (1 - confidence) / 2
    low, high = 0, count + 1
    if number > 0 and (1 - share) ** number <= tail:
        low = int(special.bdtrik(tail, number, share) / number * count) + 1
    if number > 0 and share**number <= tail:
        high = int(np.ceil(special.bdtrik(1 - tail, number, share) / number * count)) + 1
    return low, high


def _at(ordered: NDArray[np.float64], rank: int) -> float:
    """Failures follow behind the last."""
    return float(ordered[rank - 1]) if rank <= len(ordered) else float("inf")


def mean(placed: Placed, confidence: float) -> Estimate:
    """The arithmetic mean."""
    sums = sums_of(placed.block, placed.values, len(placed.blocks))
    counts = placed.counts().astype(np.float64)
    return ratio_of_sums(sums, counts, confidence, placed.blocks, count=len(placed))


def ratio_of_sums(
    above: NDArray[np.float64],
    below: NDArray[np.float64],
    confidence: float,
    blocks: Blocks,
    *,
    count: int,
) -> Estimate:
    """A mean, or a rate: the sum of ``above`` over the sum of ``below``, block by block.

    Source: W. G. Cochran, "Sampling Techniques", 3rd ed., 1977, section 2.11 (ratio estimator).

    Args:
        above: What is added up, in each block; not negative.
        below: What it is divided by, in each block: numbers of requests, or seconds.
        confidence: Coverage.
        blocks: The blocks.
        count: What is said to be ``n``.
    """
    total = float(below.sum())
    if not total:
        return _nothing(confidence)
    value = float(above.sum()) / total
    variance, freedom = spread_of_sum(above - value * below, blocks)
    error = np.sqrt(variance) / total * t_factor(freedom, confidence)
    half = float(error) if np.isfinite(error) else float("inf")
    return Estimate(
        value=value,
        low=max(0.0, value - half),
        high=value + half,
        confidence=confidence,
        n=count,
    )


def share(
    hits: NDArray[np.int64],
    totals: NDArray[np.int64],
    confidence: float,
    blocks: Blocks,
) -> Estimate | None:
    """A share with the exact interval of an effective number of requests.

    Args:
        hits: In each block.
        totals: In each block.
        confidence: Coverage.
        blocks: The blocks.

    Returns:
        The share; None when there was nothing to count.
    """
    count, found = int(totals.sum()), int(hits.sum())
    if not count:
        return None
    value = found / count
    number = float(count)
    if 0 < found < count:
        variance, freedom = spread_of_sum(hits - value * totals, blocks)
        loss = (z_factor(confidence) / t_factor(freedom, confidence)) ** 2
        if np.isfinite(variance) and variance > 0:
            number = min(count, count**2 * value * (1 - value) / variance)
        number *= loss
    tail = (1 - confidence) / 2
    part = value * number
    low = special.betaincinv(part, number - part + 1, tail) if found else 0.0
    high = special.betaincinv(part + 1, number - part, 1 - tail) if found < count else 1.0
    return Estimate(value=value, low=float(low), high=float(high), confidence=confidence, n=count)


def _nothing(confidence: float) -> Estimate:
    nan = float("nan")
    return Estimate(value=nan, low=0.0, high=float("inf"), confidence=confidence, n=0)
