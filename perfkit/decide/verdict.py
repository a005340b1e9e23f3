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
    EQUIVALENT = "equivalent"
    INCONCLUSIVE = "inconclusive"
    FAILED = "failed"
    NOT_MEASURED = "not measured"
    NOT_COMPARABLE = "not comparable"


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
