"""Counts to shares with exact intervals."""

from __future__ import annotations

from perfkit.analyse.estimate import Estimate


def proportion(hits: int, trials: int, confidence: float) -> Estimate:
    """A share with its exact (Clopper–Pearson) interval.

    Args:
        hits: How often it happened.
        trials: How often it could have; with 0 the share is NaN and its interval 0 … 1.
        confidence: Coverage of the interval.

    Returns:
        The share; its ``n`` is the number of trials.
    """
    if trials == 0:
        return Estimate(value=float("nan"), low=0.0, high=1.0, confidence=confidence, n=0)
    from scipy import stats

    interval = stats.binomtest(hits, trials).proportion_ci(confidence, method="exact")
    return Estimate(
        value=hits / trials,
        low=float(interval.low),
        high=float(interval.high),
        confidence=confidence,
        n=trials,
    )
