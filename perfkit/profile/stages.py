"""Stages of a profile, as people write them."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import TYPE_CHECKING

from perfkit.grammar import InvalidError
from perfkit.profile.reading import choice, number, seconds, text
from perfkit.profile.threshold import PHASE
from perfkit.profile.value import BEFORE, HOLD, RAMP, RECOVERY, ROLES, STRESS, Model, Stage

if TYPE_CHECKING:
    from perfkit.profile.reading import Table, Value

MOST_LEVEL = {Model.CLOSED: 100_000, Model.OPEN: 1_000_000}
STAGE_KEYS = ("name", "role", "duration")
"""Beside the one of `LEVEL_KEY`."""

LEVEL_KEY = {Model.CLOSED: "users", Model.OPEN: "rate"}
WEEK = 7 * 86_400.0

_MOST_STAGES = 1000
_MOST_NAME = 40
_RATE = re.compile(r"(\d{1,12}(?:\.\d{1,12})?)\s?/\s?(s|min)", re.ASCII)


def read_stages(table: Table, model: Model, start: float, *, judged: bool) -> tuple[Stage, ...]:
    """The stages of a profile; problems that concern several of them are told as well.

    Args:
        table: The profile.
        model: Its model.
        start: Level at time 0.
        judged: One of them at least must be more than a ramp.
    """
    value = table.get("stages")
    if value is None or not value.items(most=_MOST_STAGES):
        if value is None or value.raw == []:
            table.here().wrong("has no stages", allowed="stages: [{duration: 1m, users: 10}]")
        return ()
    before = len(table.problems.found)
    found: list[Stage] = []
    level = start
    for index, one in enumerate(value.items(most=_MOST_STAGES)):
        found.append(_stage(one, index, model, level))
        level = found[-1].target
    if len(table.problems.found) == before:
        check_stages(tuple(found), start, value, judged=judged)
    return tuple(found)


def read_level(value: Value | None, model: Model, *, otherwise: float) -> float:
    """Users or a rate."""
    if value is None:
        return otherwise

    def users(raw: object) -> float:
        found = number(0, MOST_LEVEL[Model.CLOSED])(raw)
        if found != int(found):
            raise InvalidError("is no whole number of users", got=raw)
        return found

    def rate(raw: object) -> float:
        if isinstance(raw, str) and (match := _RATE.fullmatch(raw.strip())):
            raw = float(Decimal(match[1]) / (1 if match[2] == "s" else 60))
        return number(0, MOST_LEVEL[Model.OPEN])(raw)

    return value.read(users if model is Model.CLOSED else rate, otherwise)


def check_stages(
    stages: tuple[Stage, ...], start: float, value: Value, *, judged: bool = True
) -> None:
    """Tell what is wrong with stages together."""
    names = [stage.name for stage in stages]
    for name in sorted({name for name in names if names.count(name) > 1}):
        value.wrong(f"holds several stages called {name!r}", remedy="give each a name of its own")
    length = sum(stage.seconds for stage in stages)
    if not 0 < length <= WEEK:
        value.wrong("are no load", got=f"{length:g} s", allowed="above 0 s and up to 7 days")
    levels = (start, *(stage.target for stage in stages))
    loaded = [
        stage
        for stage, before in zip(stages, levels, strict=False)
        if stage.seconds and (before or stage.target)
    ]
    if length and not loaded:
        value.wrong("send nothing: every level is 0")
    elif judged and length and all(stage.role == RAMP for stage in loaded):
        _all_ramps(loaded[0], start, value)
    _check_recovery([stage.role for stage in stages if stage.seconds], value)


def _all_ramps(first: Stage, start: float, value: Value) -> None:
    """Whoever writes one level means to hold it, and has it begin at 0, as k6 does."""
    what = "are all ramps, so that nothing would be judged"
    if not start and first.target:
        what += f": stage {first.name!r} climbs from 0 to {first.target:g} over its whole length"
        begin = f"write 'start: {first.target:g}' beside the stages to begin at its level"
        value.wrong(what, remedy=f"{begin}, or give it 'role: hold' to judge the slope")
        return
    hold = f"add a stage that stays at its level, {first.target:g} say"
    value.wrong(what, remedy=f"{hold}, or give one 'role: hold' to judge the slope")


def _check_recovery(roles: list[str], value: Value) -> None:
    """Recovery is recovery from something to something."""
    if RECOVERY not in roles:
        return
    first = roles.index(RECOVERY)
    earlier = roles[:first]
    if STRESS not in earlier or BEFORE not in earlier[: earlier.index(STRESS)]:
        what = "have a recovery"
        value.wrong(what, allowed="a stage of role before, then stress, then recovery")


def _stage(value: Value, index: int, model: Model, before: float) -> Stage:
    key = LEVEL_KEY[model]
    other = next(word for word in LEVEL_KEY.values() if word != key)
    raw = value.raw
    if isinstance(raw, dict) and other in raw:
        table = value.table((*STAGE_KEYS, *LEVEL_KEY.values()))
        other_model = next(one for one, word in LEVEL_KEY.items() if word == other)
        table.at(other).wrong(f"belongs to model: {other_model}", remedy=f"write {key}:")
    else:
        table = value.table((*STAGE_KEYS, key))
    for needed in ("duration", *(() if other in table.content else (key,))):
        if table.get(needed) is None:
            table.here().wrong(f"has no {needed}")
    target = read_level(table.get(key), model, otherwise=before)
    length = table.read("duration", seconds(0, WEEK), 0.0)
    role = table.read("role", choice(*ROLES), HOLD if target == before and length else RAMP)
    return Stage(
        name=table.read("name", _name, f"{role}-{index + 1}"),
        seconds=length,
        target=target,
        role=role,
    )


def _name(value: object) -> str:
    name = text(value, most=_MOST_NAME)
    if not re.fullmatch(PHASE, name):
        allowed = "letters, digits, '-', '_' and '.'; thresholds name it after an @"
        raise InvalidError("is no name of a stage", got=value, allowed=allowed)
    return name
