"""One row's verdict: what its first pass and its fresh blocks come to."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from perfkit.analyse.gate import is_excluded
from perfkit.decide.gate.result import GateVerdict
from perfkit.settings import Metric
from perfkit.units import format_change

if TYPE_CHECKING:
    from perfkit.decide.gate.confirming import Confirmed
    from perfkit.decide.gate.screening import Seen


def verdict_of(
    one: Seen, fresh: Confirmed | None, *, noisy: bool, least: int
) -> tuple[GateVerdict, str]:
    """What the gate says of a row, and why when that is no plain answer.

    Args:
        one: What the first pass saw.
        fresh: What its fresh blocks say, or None when it has none.
        noisy: The null control of some benchmark tripped.
        least: Blocks below which nothing is said.
    """
    if len(one.effects) < least:
        return GateVerdict.UNDECIDED, f"{len(one.effects)} blocks, at least {least} are needed"
    if one.suspected:
        return _of_suspect(one, fresh, noisy=noisy)
    if is_excluded(one.found, one.margin):
        return GateVerdict.WITHIN, ""
    return GateVerdict.UNDECIDED, _open(math.exp(one.found.high), one.margin)


def _of_suspect(one: Seen, fresh: Confirmed | None, *, noisy: bool) -> tuple[GateVerdict, str]:
    if fresh is None:
        return GateVerdict.UNDECIDED, "suspected, but not measured again"
    if not fresh.complete:
        reason = (
            f"suspected; {fresh.said.blocks} of {fresh.said.planned} fresh blocks were measured"
        )
        return GateVerdict.UNDECIDED, reason
    if fresh.tripped or (noisy and fresh.tested.red):
        return GateVerdict.TOO_NOISY, "the baseline measured against itself differed as well"
    if fresh.tested.red:
        return (GateVerdict.SLOWER if one.metric is Metric.TIME else GateVerdict.LARGER), ""
    if fresh.said.ratio.high <= 1 + one.margin:
        return GateVerdict.WITHIN, "suspected, and cleared by fresh blocks"
    return GateVerdict.UNDECIDED, _open(fresh.said.ratio.high, one.margin)


def _open(high: float, margin: float) -> str:
    if not math.isfinite(high):
        return "too few blocks for an interval"
    return (
        f"up to {format_change(high)} is possible, {margin * 100:g} % is allowed, and neither is "
        "shown"
    )
