"""Counts to shares with exact intervals."""

from __future__ import annotations

from scipy import special  # not stats: its import takes longer than most runs take to judge

from perfkit.analyse.estimate import Estimate


def proportion(hits: int, trials: int, confidence: float) -> Estimate:
    """A share with its exact interval.

    Source: C. J. Clopper, E. S. Pearson, "The use of confidence or fiducial limits illustrated in
    the case of the binomial", Biometrika 26, 1934; its ends are quantiles of beta distributions.

    Args:
        hits: How often it happened.
        trials: How often it could have; with 0 the share is NaN and its interval 0 … 1.
        confidence: Coverage of the interval.

    Returns:
        The share; its ``n`` is the number of trials.
    """
    if trials == 0:
        return Estimate(value=float("nan"), low=0.0, high=1.0, confidence=confidence, n=0)
    tail, misses = (1 - confidence) / 2, trials - hits
    low = float(special.betaincinv(hits, misses + 1, tail)) if hits else 0.0
    high = float(special.betaincinv(hits + 1, misses, 1 - tail)) if misses else 1.0
    return Estimate(value=hits / trials, low=low, high=high, confidence=confidence, n=trials)
