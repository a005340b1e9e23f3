"""What the fresh blocks of suspected rows say, as one family."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from perfkit.analyse.estimate import Estimate
from perfkit.analyse.gate import Tested, confirm, detectable_with, null_trips
from perfkit.analyse.location import signed_rank_p
from perfkit.analyse.metric import metric_effects
from perfkit.analyse.scale import uncorrected
from perfkit.decide.gate.result import Confirmation
from perfkit.decide.gate.rules import CONFIRM, CONFIRM_CONTROL, NULL_RATE

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from perfkit.decide.gate.screening import Seen
    from perfkit.recording import Recording
    from perfkit.settings import GatePolicy, Metric


@dataclass(frozen=True, slots=True, kw_only=True)
class Confirmed:
    """A suspected row's fresh blocks, tested.

    Attributes:
        said: What is shown of them.
        tested: The test.
        complete: All the planned blocks were measured.
        tripped: The null control between them found a difference.
        detectable: The smallest true change they would have found with 80 % power, a fraction.
    """

    said: Confirmation
    tested: Tested
    complete: bool
    tripped: bool
    detectable: float


def confirmed_in(
    recording: Recording, policy: GatePolicy, suspects: Sequence[Seen]
) -> dict[tuple[str, Metric], Confirmed]:
    """What the fresh blocks say of each suspected row, as one family."""
    fresh = [effects_of(recording, one, CONFIRM) for one in suspects]
    nulls = [effects_of(recording, one, CONFIRM_CONTROL) for one in suspects]
    tested = confirm(fresh, [one.margin for one in suspects], error_rate=policy.error_rate)
    null_p_values = [signed_rank_p(x) if len(x) else 1.0 for x in nulls]
    tripped = null_trips(null_p_values, [one.id for one in suspects], NULL_RATE)
    planned = dict(recording.confirming.blocks) if recording.confirming else {}
    found = {}
    for one, effects, null, test, trips in zip(
        suspects, fresh, nulls, tested, tripped, strict=True
    ):
        blocks = len(recording.series(one.id, CONFIRM))
        so_far = (
            block.seconds
            for series in (CONFIRM, CONFIRM_CONTROL)
            for block in recording.series(one.id, series)
        )
        wanted = planned.get(one.id, blocks)
        end = recording.ends.get((one.id, CONFIRM))
        said = Confirmation(
            ratio=_estimate(effects, recording.run.goal.confidence),
            bound=math.exp(test.bound),
            level=test.level,
            p_value=test.p_value,
            planned=wanted,
            blocks=blocks,
            seconds=end.seconds if end else sum(so_far),
            control=_estimate(null, recording.run.goal.confidence) if len(null) else None,
        )
        found[one.id, one.metric] = Confirmed(
            said=said,
            tested=test,
            complete=blocks >= wanted,
            tripped=trips,
            detectable=detectable_with(effects, margin=one.margin, allowed=1 - test.level),
        )
    return found


def effects_of(recording: Recording, one: Seen, series: str) -> NDArray[np.float64]:
    """Log ratios of a row's blocks in one series, shape (n,), n ≥ 0."""
    blocks = recording.series(one.id, series)
    return metric_effects(blocks, one.metric) if blocks else np.empty(0)


def _estimate(effects: NDArray[np.float64], confidence: float) -> Estimate:
    """Blocks whose number was fixed beforehand: nothing to correct for."""
    if not len(effects):
        return Estimate(value=math.nan, low=0.0, high=math.inf, confidence=confidence, n=0)
    return uncorrected(effects, confidence)
