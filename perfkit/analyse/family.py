"""Several benchmarks together: adjusted p-values and the suite's geometric mean.

Intervals of single benchmarks are never changed by their company; only a gate (Holm) and a
report's caveats (Benjamini–Hochberg) are.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
from scipy import special

from perfkit.analyse.estimate import Estimate
from perfkit.errors import PerfkitError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import ArrayLike, NDArray

    from perfkit.analyse.estimate import Comparison


def holm(p_values: ArrayLike) -> NDArray[np.float64]:
    """Holm's step-down adjusted p-values: the chance of any false finding is controlled.

    Source: S. Holm, "A simple sequentially rejective multiple test procedure", Scandinavian
    Journal of Statistics 6, 1979; adjusted as in R's ``p.adjust(p, "holm")``.

    Args:
        p_values: Shape (k,), each in 0 … 1; k may be 0.

    Returns:
        Adjusted p-values in the order given, valid whatever the benchmarks have in common.

    Raises:
        PerfkitError: A p-value is not in 0 … 1.
    """
    given = _checked(p_values)
    order = np.argsort(given, kind="stable")
    steps = given[order] * np.arange(len(given), 0, -1)
    adjusted = np.empty_like(given)
    adjusted[order] = np.minimum(np.maximum.accumulate(steps), 1.0)
    return adjusted


def count_p(p_values: ArrayLike, level: float) -> float:
    """The chance that so many p-values, or more, are at most ``level`` when nothing is there.

    A test of the family as a whole: it sees what is in many members a little, where Holm sees what
    is in one of them clearly. With ten blocks no p-value can be small enough for Holm among
    eighteen; four of twenty at 5 % are telling all the same.

    Source: B. Wilkinson, "A statistical consideration in psychological research", Psychological
    Bulletin 48, 1951: the binomial tail, exact for independent members.

    Args:
        p_values: Shape (k,), each in 0 … 1; k may be 0.
        level: What counts as small, such as 0.05.

    Returns:
        P(X ≥ count) for X binomial with k trials of chance ``level``; 1.0 when none is small.

    Raises:
        PerfkitError: A p-value is not in 0 … 1.
    """
    given = _checked(p_values)
    return float(special.bdtrc(int((given <= level).sum()) - 1, len(given), level))


def null_differs(p_values: ArrayLike, allowed: float) -> NDArray[np.bool_]:
    """Which null comparisons found a difference, the chance of any false alarm kept.

    Two tests share the allowed error: Holm's, which names those that differ clearly, and the number
    of those with a small p-value, which needs no single one to be clear and then names all of
    them. A comparison by itself is either thing at once, so it has the whole.

    Args:
        p_values: Two-sided, shape (k,), each in 0 … 1; k may be 0.
        allowed: Chance of a false alarm in the family, such as 0.05.

    Returns:
        Shape (k,).

    Raises:
        PerfkitError: A p-value is not in 0 … 1.
    """
    given = _checked(p_values)
    share = allowed if len(given) == 1 else allowed / 2
    too_many = len(given) > 0 and count_p(given, allowed) <= share
    return np.asarray((holm(given) <= share) | (too_many & (given <= allowed)))


def benjamini_hochberg(p_values: ArrayLike) -> NDArray[np.float64]:
    """Benjamini–Hochberg adjusted p-values: the share of false among the findings is controlled.

    Source: Y. Benjamini, Y. Hochberg, Journal of the Royal Statistical Society B 57, 1995; as
    ``scipy.stats.false_discovery_control`` has it.

    Args:
        p_values: Shape (k,), each in 0 … 1; k may be 0.

    Returns:
        Adjusted p-values in the order given.

    Raises:
        PerfkitError: A p-value is not in 0 … 1.
    """
    given = _checked(p_values)
    if not len(given):
        return given
    largest_first = np.argsort(given, kind="stable")[::-1]
    ranks = np.arange(len(given), 0, -1)
    adjusted = np.empty_like(given)
    adjusted[largest_first] = np.minimum.accumulate(given[largest_first] * len(given) / ranks)
    return np.minimum(adjusted, 1.0)


def geometric_mean(comparisons: Sequence[Comparison], confidence: float) -> Estimate:
    """The geometric mean of the ratios of a fixed suite, with its own interval.

    The suite is taken as it is, not as a sample of possible benchmarks, and the errors of its
    members as independent; so the variance of the mean log ratio is the sum of the members'
    variances over k² (JCGM 100:2008, "GUM", 5.1.2), each from the length of the member's
    interval, which is corrected for looks; degrees of freedom after Welch–Satterthwaite
    (ibid., G.4.1).

    Args:
        comparisons: One or more.
        confidence: Coverage of the interval, such as 0.95.

    Returns:
        The mean; its ``n`` is the sum of the blocks. Where a member has no interval, nor has it.

    Raises:
        PerfkitError: There are no comparisons.
    """
    if not comparisons:
        raise PerfkitError(
            "no ratios to take the geometric mean of",
            got=0,
            allowed="one comparison or more",
            remedy="Measure a benchmark first.",
        )
    ratios = [comparison.ratio for comparison in comparisons]
    value = float(np.mean([math.log(ratio.value) for ratio in ratios]))
    half_width = _mean_half_width(ratios, confidence)
    return Estimate(
        value=math.exp(value),
        low=math.exp(value - half_width),
        high=math.exp(value + half_width),
        confidence=confidence,
        n=sum(ratio.n for ratio in ratios),
    )


def _mean_half_width(ratios: list[Estimate], confidence: float) -> float:
    """Half-width of the mean log ratio."""
    if any(ratio.low <= 0 or math.isinf(ratio.high) for ratio in ratios):
        return math.inf
    freedom = np.array([ratio.n - 1 for ratio in ratios], dtype=np.float64)
    tails = (1 - np.array([ratio.confidence for ratio in ratios])) / 2
    factors = -special.stdtrit(freedom, tails)
    widths = np.array([math.log(ratio.high / ratio.low) / 2 for ratio in ratios])
    variances = (widths / factors) ** 2
    total = float(variances.sum())
    if total == 0:
        return 0.0
    joint = total**2 / float((variances**2 / freedom).sum())
    return -float(special.stdtrit(joint, (1 - confidence) / 2)) * math.sqrt(total) / len(ratios)


def _checked(p_values: ArrayLike) -> NDArray[np.float64]:
    given = np.asarray(p_values, dtype=np.float64)
    if not ((given >= 0) & (given <= 1)).all():
        raise PerfkitError("a p-value is out of range", got=given.tolist(), allowed="0 to 1")
    return given
