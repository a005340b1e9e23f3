"""What a gate says of a benchmark while it is measured, in the words its report will use."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from perfkit.analyse.estimate import Estimate
from perfkit.analyse.gate import is_excluded, is_suspect, screened
from perfkit.analyse.location import signed_rank_p_above
from perfkit.analyse.metric import compare_memory, metric_effects
from perfkit.analyse.scale import from_logs
from perfkit.analyse.stopping import minimum_blocks
from perfkit.decide.gate.confirming import confirmed_in, effects_of
from perfkit.decide.gate.result import GateVerdict
from perfkit.decide.gate.rules import CONFIRM, margin_of, names_of
from perfkit.decide.gate.screening import seen_in
from perfkit.settings import Metric

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np
    from numpy.typing import NDArray

    from perfkit.block import Block
    from perfkit.decide.gate.confirming import Confirmed
    from perfkit.decide.gate.screening import Seen
    from perfkit.recording import Measured, Recording
    from perfkit.settings import GatePolicy, Goal

SUSPECTED = "suspected"
OPEN = "open"
CONFIRMED = "confirmed"
NOT_CONFIRMED = "not confirmed"

SAID_FIRST = (SUSPECTED, OPEN, str(GateVerdict.WITHIN))
"""What a first pass comes to, the most telling first."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """A word on a benchmark, of the metric that makes it so.

    Attributes:
        word: ``"within margin"``, ``"suspected"`` or ``"open"`` of a first pass; of fresh blocks
            ``"confirmed"``, ``"not confirmed"``, ``"too noisy"``, or ``"open"`` as long as other
            suspects' blocks have a say in it.
        metric: What it is about.
        ratio: Candidate / baseline with the interval that the report will show.
    """

    word: str
    metric: Metric
    ratio: Estimate


def said_of_first_pass(
    blocks: Sequence[Block], measured: Measured, policy: GatePolicy, goal: Goal
) -> Said | None:
    """What the first pass says of a benchmark; None where no metric that is judged has numbers."""
    names = names_of(measured.benchmark)
    found = []
    for metric in sorted(policy.metrics, key=list(Metric).index):
        if metric is Metric.TIME or compare_memory(blocks, metric, goal):
            effects = metric_effects(blocks, metric)
            ratio = from_logs(screened(effects, goal), len(effects), goal)
            word = _first_word(effects, margin_of(policy, metric, names), goal)
            found.append(Said(word=word, metric=metric, ratio=ratio))
    return min(found, key=lambda one: SAID_FIRST.index(one.word), default=None)


def said_of_fresh_blocks(known: Recording, policy: GatePolicy, name: str) -> Said | None:
    """What a suspect's fresh blocks say, as far as that is certain before the other suspects' do.

    What is red among all that are planned stays so when these have their blocks, unless another's
    null control trips (then nothing is red) or, with a budget, rows become suspects later (Holm is
    over them as well). What would not be red by itself never is.
    """
    planned = {one for one, _ in known.confirming.blocks} if known.confirming else set()
    suspects = [one for one in seen_in(known, policy) if one.suspected and one.id in planned]
    confirmed = confirmed_in(known, policy, suspects)
    last = all((one, CONFIRM) in known.ends or one in known.failures for one in planned)
    mine = [
        Said(
            word=_fresh_word(known, policy, one, fresh, last=last),
            metric=one.metric,
            ratio=fresh.said.ratio,
        )
        for one in suspects
        if one.id == name and (fresh := confirmed[one.id, one.metric]).said.blocks
    ]
    return min(mine, key=lambda one: one.word != CONFIRMED, default=None)


def _first_word(effects: NDArray[np.float64], margin: float, goal: Goal) -> str:
    if len(effects) < minimum_blocks(goal):
        return OPEN
    found = screened(effects, goal)
    if is_suspect(found, margin):
        return SUSPECTED
    return str(GateVerdict.WITHIN) if is_excluded(found, margin) else OPEN


def _fresh_word(
    known: Recording, policy: GatePolicy, one: Seen, fresh: Confirmed, *, last: bool
) -> str:
    if fresh.tripped:
        return str(GateVerdict.TOO_NOISY)
    if fresh.tested.red:
        return CONFIRMED
    alone = signed_rank_p_above(effects_of(known, one, CONFIRM), math.log1p(one.margin))
    return NOT_CONFIRMED if last or alone > policy.error_rate else OPEN
