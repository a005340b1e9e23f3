"""Where the author of a profile may have meant steps, and the level moves in a slope, as in k6."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

from perfkit.profile.stages import LEVEL_KEY
from perfkit.profile.value import RAMP, Model

if TYPE_CHECKING:
    from collections.abc import Sequence

    from perfkit.profile.value import Stage

Note = tuple[str, str]


def stage_notes(
    stages: Sequence[Stage], roles: Sequence[object], *, start: object, model: Model
) -> tuple[Note, ...]:
    """What to tell of stages that are left out as ramps, or whose users come one by one.

    A ramp is plain where it begins or ends at 0 or leads to a level that is then held.

    Args:
        stages: Stages of a profile, nothing being wrong with them.
        roles: The role of each as written, None where nothing is.
        start: Level at time 0 as written, or None.
        model: Users or a rate.

    Returns:
        ``(what, remedy)`` pairs.
    """
    if not stages:
        return ()
    found = []
    first = stages[0]
    if start is None and first.seconds and first.target and roles[0] not in {None, RAMP}:
        found.append(_climbs(first, model))
    later = [*stages[2:], None]
    for (before, stage), role, after in zip(pairwise(stages), roles[1:], later, strict=False):
        moves = stage.seconds > 0 and before.target != stage.target
        held = after is not None and after.target == stage.target
        if role is None and moves and before.target and stage.target and not held:
            found.append(_moves(before.target, stage, model))
    return tuple(found)


def _climbs(stage: Stage, model: Model) -> Note:
    level = f"{stage.target:g}"
    what = f"has the role {stage.role} and climbs from 0 to {level}{_unit(model)}"
    return (
        f"stage {stage.name!r} {what} in a straight line over its whole length",
        f"write 'start: {level}' to begin at its level, or 'start: 0' where it is to climb",
    )


def _moves(before: float, stage: Stage, model: Model) -> Note:
    what = f"moves from {before:g} to {stage.target:g}{_unit(model)} in a straight line"
    jump = f"{{duration: 0s, {LEVEL_KEY[model]}: {stage.target:g}}}"
    left_out = f"figures of the whole load, thresholds without @{stage.name} and comparisons"
    roles = "give it 'role: hold' to count the slope, or 'role: ramp' where it is one"
    return (
        f"stage {stage.name!r} {what} and counts as a ramp: {left_out} leave it out",
        f"put the jump {jump!r} before it, or {roles}",
    )


def _unit(model: Model) -> str:
    return "/s" if model is Model.OPEN else " users"
