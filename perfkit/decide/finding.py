"""What was found for one heading of the policy."""

from __future__ import annotations

from dataclasses import dataclass

from perfkit.analyse.estimate import Estimate
from perfkit.decide.policy import Measure, Status, status


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """One figure of a finding.

    Attributes:
        label: The benchmark, or what several were pooled into.
        baseline: Seconds of one iteration or of a response, bytes, or requests per second.
        candidate: The same of the candidate.
        improvement: 1 − ratio (throughput: ratio − 1), with its interval.
        status: What it says to the target.
    """

    label: str
    baseline: Estimate
    candidate: Estimate
    improvement: Estimate
    status: Status


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """What was found for one heading of the policy.

    Attributes:
        title: The heading.
        measure: What it looks at; None for the two rules over all benchmarks.
        goal: What is wanted, in words.
        praise: Words added to a met target; may be empty.
        required: The recommendation waits for it.
        parts: The figures it rests on; empty when nothing was measured.
        status: Of all parts together.
        reason: Why there is no figure, or which benchmarks decided; may be empty.
        source: The load run its figures come from; empty when they are benchmarks'.
    """

    title: str
    measure: Measure | None
    goal: str
    praise: str
    required: bool
    parts: tuple[Part, ...]
    status: Status
    reason: str
    source: str


def make_part(
    label: str, baseline: Estimate, candidate: Estimate, gain: Estimate, target: float
) -> Part:
    """A figure held against its target; ``gain`` is the improvement."""
    return Part(
        label=label,
        baseline=baseline,
        candidate=candidate,
        improvement=gain,
        status=status(gain, target),
    )


def reduction(ratio: Estimate) -> Estimate:
    """1 − ratio: what a time or a size that went down has gained."""
    return Estimate(
        value=1 - ratio.value,
        low=1 - ratio.high,
        high=1 - ratio.low,
        confidence=ratio.confidence,
        n=ratio.n,
    )


def rise(ratio: Estimate) -> Estimate:
    """Ratio − 1: what a throughput that went up has gained."""
    return Estimate(
        value=ratio.value - 1,
        low=ratio.low - 1,
        high=ratio.high - 1,
        confidence=ratio.confidence,
        n=ratio.n,
    )
