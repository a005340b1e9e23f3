"""What the first pass of a gate saw, and whom it suspects."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

from perfkit.analyse.gate import is_suspect, screened
from perfkit.analyse.location import Location
from perfkit.analyse.metric import TRACED_FLOOR, compare_memory, metric_effects
from perfkit.analyse.stopping import minimum_blocks
from perfkit.decide.gate.rules import margin_of, names_of
from perfkit.decide.judge import COMPARE
from perfkit.recording import Measured
from perfkit.settings import Metric
from perfkit.units import format_bytes

if TYPE_CHECKING:
    from collections.abc import Sequence

    from perfkit.block import Block
    from perfkit.recording import Recording
    from perfkit.settings import GatePolicy


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """What the first pass saw of one benchmark under one metric.

    Attributes:
        measured: The benchmark.
        metric: What is compared.
        margin: Change that is allowed, as a fraction.
        effects: Log ratios of the blocks, shape (n,), n > 0.
        found: Their location, corrected for looks.
        suspected: It is to be measured again.
    """

    measured: Measured
    metric: Metric
    margin: float
    effects: NDArray[np.float64]
    found: Location
    suspected: bool

    @property
    def id(self) -> str:
        """``Benchmark.id``."""
        return self.measured.benchmark.id


def seen_in(recording: Recording, policy: GatePolicy) -> list[Seen]:
    """Everything the first pass can be judged by: time first, in the order measured.

    A benchmark that failed meanwhile is left out; so is memory that no block has, or that is too
    little to be judged (`unseen_in`).
    """
    found = []
    for metric in sorted(policy.metrics, key=list(Metric).index):
        for name, measured in recording.measured.items():
            blocks = recording.series(name, COMPARE)
            if not blocks or name in recording.failures:
                continue
            if metric is Metric.TIME or compare_memory(blocks, metric, recording.run.goal):
                effects = metric_effects(blocks, metric)
                found.append(_seen(recording, policy, measured, metric, effects))
    return found


class Unseen(NamedTuple):
    """What a policy asks for and the blocks of a benchmark do not hold.

    Attributes:
        measured: The benchmark.
        metric: A measure of its memory.
        reason: Why, in words.
        never: Another run would not hold it either.
    """

    measured: Measured
    metric: Metric
    reason: str
    never: bool


def unseen_in(recording: Recording, policy: GatePolicy) -> list[Unseen]:
    """Everything of that kind."""
    of_the_run = recording.run.gate
    traced = of_the_run is None or Metric.TRACED_MEMORY in of_the_run.metrics
    return [
        Unseen(measured, metric, *_why_unseen(blocks, metric, traced=traced))
        for metric in policy.metrics
        if metric is not Metric.TIME
        for name, measured in recording.measured.items()
        if name not in recording.failures
        if (blocks := recording.series(name, COMPARE))
        and compare_memory(blocks, metric, recording.run.goal) is None
    ]


def _why_unseen(blocks: Sequence[Block], metric: Metric, *, traced: bool) -> tuple[str, bool]:
    if len(metric_effects(blocks, metric)):
        least = format_bytes(TRACED_FLOOR)
        return f"both sides need less than {least}, too little to be judged", True
    reasons = [side.untraced for block in blocks for side in (block.baseline, block.candidate)]
    told = next((reason for reason in reasons if reason and metric is Metric.TRACED_MEMORY), "")
    if not (told or traced) and metric is Metric.TRACED_MEMORY:
        return f"the run was made without --metrics {metric}", False
    return told or "it is not known (a command's memory is another process's)", True


def _seen(
    recording: Recording,
    policy: GatePolicy,
    measured: Measured,
    metric: Metric,
    effects: NDArray[np.float64],
) -> Seen:
    goal = recording.run.goal
    place = screened(effects, goal)
    margin = margin_of(policy, metric, names_of(measured.benchmark))
    enough = len(effects) >= minimum_blocks(goal)
    return Seen(
        measured=measured,
        metric=metric,
        margin=margin,
        effects=effects,
        found=place,
        suspected=enough and is_suspect(place, margin),
    )
