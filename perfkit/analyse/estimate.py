"""The result types of the analysis."""

from __future__ import annotations

from dataclasses import dataclass

from perfkit.caveat import Caveat
from perfkit.settings import Metric


@dataclass(frozen=True, slots=True, kw_only=True)
class Estimate:
    """A number with its interval.

    Attributes:
        value: Point estimate.
        low: Lower end of the interval.
        high: Upper end of the interval.
        confidence: Coverage the interval was built for, corrections for looks included.
        n: Number of blocks it rests on.
    """

    value: float
    low: float
    high: float
    confidence: float
    n: int

    @property
    def half_width(self) -> float:
        """Half the interval's length, in the unit of the value."""
        return (self.high - self.low) / 2


@dataclass(frozen=True, slots=True, kw_only=True)
class MemoryComparison:
    """What one benchmark's blocks say of one measure of memory.

    Attributes:
        metric: Which measure.
        ratio: Candidate / baseline; above 1 the candidate needs more.
        baseline: Bytes under the baseline.
        candidate: Bytes under the candidate.
        detectable: Smallest relative change this many blocks would have found with 80 % power.
        p_value: Two-sided p-value of "no difference", corrected for looks.
    """

    metric: Metric
    ratio: Estimate
    baseline: Estimate
    candidate: Estimate
    detectable: float
    p_value: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """What one benchmark's blocks say.

    Attributes:
        benchmark: ``Benchmark.id``.
        series: The series of blocks it was computed from.
        ratio: Candidate / baseline; above 1 the candidate is slower.
        baseline: Seconds of one iteration under the baseline.
        candidate: Seconds of one iteration under the candidate.
        memory: One for each measure of memory that is known.
        detectable: Smallest relative change this many blocks would have found with 80 % power.
        p_value: Two-sided p-value of "no difference", corrected for looks.
        effects: Log ratio of each block, in block order.
        between_share: Share (0..1) of the ratio's variance that lies between blocks, or None.
        stopped: Why measuring ended: ``"precision"``, ``"decided"``, ``"budget"``,
            ``"interrupted"``.
        caveats: What to know before trusting it.
    """

    benchmark: str
    series: str
    ratio: Estimate
    baseline: Estimate
    candidate: Estimate
    memory: tuple[MemoryComparison, ...]
    detectable: float
    p_value: float
    effects: tuple[float, ...]
    between_share: float | None
    stopped: str
    caveats: tuple[Caveat, ...]

    def memory_of(self, metric: Metric) -> MemoryComparison | None:
        """What is known of one measure of memory."""
        return next((one for one in self.memory if one.metric is metric), None)
