"""What is wanted of a comparison, and how its turns are cut."""

from __future__ import annotations

from dataclasses import dataclass


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
