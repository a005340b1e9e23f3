"""What an interval says against a practical margin."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from perfkit.analyse.estimate import Estimate


class Verdict(StrEnum):
    """The words a benchmark's row can end in."""

    FASTER = "faster"
    SLOWER = "slower"
    LARGER = "larger"
    SMALLER = "smaller"
    EQUIVALENT = "equivalent"
    INCONCLUSIVE = "inconclusive"
    FAILED = "failed"
    NOT_MEASURED = "not measured"
    NOT_COMPARABLE = "not comparable"


_OF_MEMORY = {Verdict.SLOWER: Verdict.LARGER, Verdict.FASTER: Verdict.SMALLER}


def judge_memory(ratio: Estimate, margin: float) -> Verdict:
    """Read a ratio of two sizes by the rule of `judge`: larger where a time would be slower."""
    verdict = judge(ratio, margin)
    return _OF_MEMORY.get(verdict, verdict)


def judge(ratio: Estimate, margin: float) -> Verdict:
    """Read a ratio's interval against a practical margin.

    Args:
        ratio: Candidate / baseline of a time: above 1 is slower.
        margin: Practical significance m > 0; the band of equivalence is 1/(1+m) … 1+m.

    Returns:
        Equivalent when the interval lies inside the band; else slower when it lies above 1,
        faster when it lies below 1; else inconclusive.
    """
    if 1 / (1 + margin) <= ratio.low and ratio.high <= 1 + margin:
        return Verdict.EQUIVALENT
    if ratio.low > 1:
        return Verdict.SLOWER
    if ratio.high < 1:
        return Verdict.FASTER
    return Verdict.INCONCLUSIVE
