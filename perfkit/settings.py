"""What is wanted of a comparison, how its turns are cut, and what a gate allows."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


@dataclass(frozen=True, slots=True, kw_only=True)
class Goal:
    """What a comparison is to reach.

    Attributes:
        confidence: Wanted coverage of every interval, such as 0.95.
        precision: Wanted half-width of the ratio's interval, as a fraction (0.01 is 1 %).
        margin: Practical significance m, as a fraction; the band is 1/(1+m) … 1+m.
        budget: Seconds of measuring for each benchmark; ten blocks are measured in any case.
        decided: Also stop as soon as the verdict cannot be read two ways (``--quick``).
    """

    confidence: float
    precision: float
    margin: float
    budget: float
    decided: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Method:
    """How blocks are measured.

    Attributes:
        turn_seconds: Wanted length of a turn.
        pairs: Pairs of turns in a block.
        run_in_seconds: Untimed work before each timed turn, so that caches are the turn's own.
        warm_up_pairs: Pairs of turns thrown away at the start of a block.
        timeout: Seconds without an answer after which a process counts as hung.
        pin: Pin both processes of a block to one CPU where the system can.
        overlap: Start the next block's processes while this one is measured.
    """

    turn_seconds: float
    pairs: int
    run_in_seconds: float
    warm_up_pairs: int
    timeout: float
    pin: bool
    overlap: bool


class Metric(StrEnum):
    """What of a benchmark is compared."""

    TIME = "time"
    PEAK_MEMORY = "peak-memory"
    TRACED_MEMORY = "traced-memory"


class OnOpen(StrEnum):
    """What a gate does with what it cannot tell."""

    PASS = "pass"  # noqa: S105 - the policy's own word
    FAIL = "fail"


@dataclass(frozen=True, slots=True, kw_only=True)
class GatePolicy:
    """What a gate (``perfkit check``) allows.

    Attributes:
        margin: Slowdown that is allowed, as a fraction.
        margins: Name patterns with margins of their own; the first that fits counts.
        memory_margin: Growth of memory that is allowed, as a fraction.
        metrics: What is judged.
        required: Name patterns of benchmarks that must be there and must not fail; None when
            nothing was said: then none that both sides have may fail.
        error_rate: Allowed chance of any false red in a build whose slowdowns stay within their
            margins, as a fraction.
        on_inconclusive: What happens when a slowdown beyond the margin can be neither shown nor
            excluded.
        on_noise: What happens when the null control found a difference.
        budget: Seconds of measuring for the whole suite, or None: then each benchmark has its own.
    """

    margin: float
    margins: tuple[tuple[str, float], ...]
    memory_margin: float
    metrics: tuple[Metric, ...]
    required: tuple[str, ...] | None
    error_rate: float
    on_inconclusive: OnOpen
    on_noise: OnOpen
    budget: float | None
