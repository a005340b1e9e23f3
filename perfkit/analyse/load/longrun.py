"""How uncertain a sum over time is when neighbours resemble each other.

Time is cut into short blocks; what each block adds to a sum, less what it should add on average, is
a series whose variance at frequency zero is wanted. It is the mean square of the series' first
twelve cosine coefficients, and Student's t with as many degrees of freedom says how well that is
known (E. Lazarus, D. Lewis, J. Stock, M. Watson, "HAR inference: recommendations for practice",
Journal of Business & Economic Statistics 36, 2018: the equal-weighted cosine estimator). It needs
no length of block to be chosen: any correlation shorter than a fiftieth of the time is caught.

Where the four slowest coefficients are larger than the other eight by more than chance allows (one
time in five), the correlation is longer than that, and they alone are used: intervals get wider.

The level moves from stage to stage because the profile says so: that is no chance, and each stage
has blocks and a variance of its own.

With six trials or more, each with a service of its own, a block is a trial and trials are
independent: a fresh service may be faster or slower as a whole (Treadmill's "hysteresis").
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy import special

COSINES = 12
"""Coefficients that are looked at; 14 % more width than a variance that is known."""

SLOWEST = 4
"""Coefficients that are used when they stand out."""

BLOCKS = 128
"""Blocks that time is cut into."""

FEWEST_TRIALS = 6
"""Trials from which the trial is the block."""

_STAND_OUT = {8: 1.923, 7: 1.994, 6: 2.092, 5: 2.240, 4: 2.483, 3: 2.956, 2: 4.236}
# 80 % points of F(4, n), where n cosines are left
_SMALLEST = 8
REQUESTS_A_BLOCK = 4
"""At least, as far as there are enough of them."""
_HAIR = 1e-9  # 3 × 7 / 3 is 7, whatever floating point says


class Spread(NamedTuple):
    """How uncertain a sum is.

    Attributes:
        variance: Variance of the sum; nan when there are too few blocks to tell.
        freedom: Degrees of freedom with which it is known.
    """

    variance: float
    freedom: float


def blocks_for(count: int) -> int:
    """Blocks for so many requests: fewer when they are few.

    >>> blocks_for(40), blocks_for(100), blocks_for(100_000)
    (10, 25, 128)
    """
    return min(BLOCKS, max(_SMALLEST, count // REQUESTS_A_BLOCK))


def sums_of(
    block: NDArray[np.integer], values: NDArray[np.float64], blocks: int = 0
) -> NDArray[np.float64]:
    """The sum of the values in each block; 0 of a block without any.

    >>> sums_of(np.array([0, 2, 2]), np.array([1.0, 2.0, 3.0])).tolist()
    [1.0, 0.0, 5.0]
    """
    return np.bincount(block, weights=values, minlength=blocks).astype(np.float64, copy=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Blocks:
    """Blocks of time, in order.

    Attributes:
        lengths: Seconds of each, shape (blocks,).
        bounds: Where each stage's blocks begin, and where the last one's end.
        independent: Blocks are trials, each with a service of its own.
    """

    lengths: NDArray[np.float64]
    bounds: tuple[int, ...]
    independent: bool

    def __len__(self) -> int:
        return len(self.lengths)

    def counts(self, block: NDArray[np.int32]) -> NDArray[np.int64]:
        """How many lie in each block."""
        return np.bincount(block, minlength=len(self))


def even_blocks(seconds: float, count: int) -> Blocks:
    """Blocks of equal length for so many requests of one stage."""
    number = blocks_for(count)
    return Blocks(lengths=np.full(number, seconds / number), bounds=(0, number), independent=False)


def witnesses(totals: NDArray[np.int64], blocks: Blocks) -> int:
    """How many blocks bear witness that something never happened to any request.

    Let a share ``p`` of requests have it in the long run. Those of one block may all have it
    together, so that a block is spared by a chance of up to ``1 - p``, and n blocks that know
    nothing of each other by up to ``(1 - p) ** n``: the exact binomial bound of C. J. Clopper,
    E. S. Pearson (Biometrika 26, 1934) at no hits, with blocks as the sample.

    Blocks of a stage are taken to have as many requests with it as without; where users wait for
    slow answers, those with it have fewer, and the bound is on the safe side. Blocks without a
    request saw nothing. Where stages of unlike load are summed up, a busy stage may have few blocks
    for its share of requests, and it may happen in that one alone: as many count as the least
    covered stage would give all together (the bound then follows from the concavity of the
    logarithm).

    Args:
        totals: Requests in each block, shape (blocks,).
        blocks: The blocks.

    Returns:
        n; 0 without requests.
    """
    whole = int(totals.sum())
    bounds = (0, len(totals)) if blocks.independent else blocks.bounds
    stages = [totals[low:high] for low, high in pairwise(bounds)]
    found = [
        int(np.count_nonzero(one)) * whole / total for one in stages if (total := int(one.sum()))
    ]
    return int(min(found, default=0.0) + _HAIR)


def spread_of_sum(deviations: NDArray[np.float64], blocks: Blocks) -> Spread:
    """The variance of the sum of what each block adds, less its share of the estimate."""
    if blocks.independent:
        count = len(deviations)
        return Spread(float(deviations @ deviations) * count / (count - 1), count - 1)
    found = [_spread(deviations[low:high]) for low, high in pairwise(blocks.bounds)]
    variance = sum(one.variance for one in found)
    # The degrees of freedom of a sum: F. E. Satterthwaite, Biometrics Bulletin 2, 1946.
    below = sum(one.variance**2 / one.freedom for one in found)
    freedom = variance**2 / below if below > 0 else float(sum(one.freedom for one in found))
    return Spread(variance, freedom)


def _spread(deviations: NDArray[np.float64]) -> Spread:
    count = len(deviations)
    cosines = min(COSINES, count // 2)
    if cosines < 2:  # noqa: PLR2004 - one coefficient knows no spread
        return Spread(float("nan"), 1.0)
    angles = np.pi * np.outer(np.arange(1, cosines + 1), np.arange(count) + 0.5) / count
    power = 2 / count * (np.cos(angles) @ deviations) ** 2
    slow, rest = power[:SLOWEST], power[SLOWEST:]
    if len(rest) in _STAND_OUT and slow.mean() > _STAND_OUT[len(rest)] * rest.mean():
        return Spread(float(slow.mean()) * count, SLOWEST)
    return Spread(float(power.mean()) * count, cosines)


def t_factor(freedom: float, confidence: float) -> float:
    """Student's t: half-width over standard error."""
    return -float(special.stdtrit(freedom, (1 - confidence) / 2))


def z_factor(confidence: float) -> float:
    """The same for a variance that is known."""
    return -float(special.ndtri((1 - confidence) / 2))
