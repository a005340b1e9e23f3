"""The verdict on one figure of two sides, whether trials of a load or searches are its sample."""

from __future__ import annotations

from typing import TYPE_CHECKING

from perfkit.analyse.load.value import MORE_IS_BETTER
from perfkit.analyse.location import fewest_values
from perfkit.decide.load.result import LoadRow
from perfkit.decide.verdict import Verdict, judge

if TYPE_CHECKING:
    from perfkit.analyse.estimate import Estimate
    from perfkit.analyse.load.value import LoadComparison

ERROR_MARGIN = 0.01
"""Difference of two error rates that is of no practical significance, unless the margin is less."""

_TURNED = {Verdict.SLOWER: Verdict.FASTER, Verdict.FASTER: Verdict.SLOWER}


def fewest_trials(confidence: float) -> int:
    """Trials from which an interval has two ends, and something can be decided.

    >>> fewest_trials(0.95)
    6
    """
    return fewest_values(1 - confidence)


def judge_row(one: LoadComparison, *, trials: int, margin: float) -> LoadRow:
    """A figure's verdict; none by too few trials, nor where it lacks some.

    What a figure lacks are a side's worst trials, so that the others do not speak for all
    (`perfkit.decide.load.missing`).

    Args:
        one: The figure of both sides.
        trials: Trials that it should be of.
        margin: Practical significance.
    """
    ratio = one.ratio
    if ratio.n < max(trials, fewest_trials(ratio.confidence)):
        verdict = Verdict.INCONCLUSIVE
    elif one.difference:
        verdict = _difference(ratio, min(margin, ERROR_MARGIN))
    else:
        verdict = judge(ratio, margin)
        if one.metric in MORE_IS_BETTER:
            verdict = _TURNED.get(verdict, verdict)
    return LoadRow(comparison=one, verdict=verdict)


def _difference(found: Estimate, margin: float) -> Verdict:
    """As `perfkit.decide.verdict.judge`, around 0."""
    if -margin <= found.low and found.high <= margin:
        return Verdict.EQUIVALENT
    if found.low > 0:
        return Verdict.SLOWER
    return Verdict.FASTER if found.high < 0 else Verdict.INCONCLUSIVE
