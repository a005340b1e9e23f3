"""What the first pass of a gate saw, and whom it suspects."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from perfkit.analyse.gate import is_suspect, screened
from perfkit.analyse.location import Location
from perfkit.analyse.metric import metric_effects
from perfkit.analyse.stopping import minimum_blocks
from perfkit.decide.gate.rules import fits, margin_of, names_of
from perfkit.decide.judge import COMPARE
from perfkit.recording import Measured
from perfkit.settings import Metric

if TYPE_CHECKING:
    from collections.abc import Sequence

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

    A benchmark that failed meanwhile is left out; so is a metric that no block has.
    """
    found = []
    for metric in sorted(policy.metrics, key=list(Metric).index):
        for name, measured in recording.measured.items():
            blocks = recording.series(name, COMPARE)
            if not blocks or name in recording.failures:
                continue
            effects = metric_effects(blocks, metric)
            if len(effects):
                found.append(_seen(recording, policy, measured, metric, effects))
    return found


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


def unknown_patterns(recording: Recording, patterns: Sequence[str]) -> list[str]:
    """Name patterns that fit nothing the run knows of, failed and unpaired scripts included."""
    names = [names_of(one.benchmark) for one in recording.measured.values()]
    names += [(name, name.rpartition("::")[2]) for name in recording.failures]
    names += [(one.label,) for one in recording.unpaired]
    return [pattern for pattern in patterns if not any(fits(pattern, one) for one in names)]
