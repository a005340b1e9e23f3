"""What a gate measures again, what that costs, and what a budget for the whole suite is spent on.

A budget first pays for the first pass, then for the fresh blocks of whom it suspects. What these
leave goes on with the first pass of rows that are still open:

* Never with suspects. The number of their fresh blocks was fixed beforehand; more of them after a
  look at the first would be a second chance to be red.
* Rows that are no suspects may always go on: their interval is corrected for every look it takes.
* Such a row may become a suspect, and then gets fresh blocks of its own, their number fixed before
  the first of them, if the budget still pays for `LEAST_CONFIRMING`. Holm is over all suspects,
  early and late. Whether a row becomes one rests on the first pass and on seconds, never on what
  fresh blocks said, so that these remain a test that knows nothing of the choice.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from perfkit.analyse.gate import (
    LEAST_CONFIRMING,
    MOST_CONFIRMING,
    blocks_to_confirm,
    is_excluded,
)
from perfkit.analyse.stopping import next_look
from perfkit.decide.gate.rules import CONFIRM, CONFIRM_CONTROL
from perfkit.decide.gate.screening import seen_in
from perfkit.decide.judge import COMPARE
from perfkit.recording import Confirming

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from perfkit.block import Block
    from perfkit.recording import Recording
    from perfkit.settings import GatePolicy

OVER = 1.1
"""Times a budget from which it is said that it did not do."""


def spent(blocks: Iterable[Block]) -> float:
    """Seconds of measuring, of which a budget is paid."""
    return sum(block.seconds for block in blocks)


def confirming(known: Recording, policy: GatePolicy) -> Confirming:
    """Whom the first pass suspects, and how many fresh blocks each gets.

    Within what is left of a budget for the whole suite, `LEAST_CONFIRMING` in any case.
    """
    wanted = _wanted(known, policy)
    left = math.inf if policy.budget is None else policy.budget - spent(known.blocks)
    return _planned(known, policy, wanted, left)


def late_confirming(known: Recording, policy: GatePolicy) -> Confirming | None:
    """The same for those that became suspects since, where the budget pays for it; else None."""
    left = (policy.budget or 0.0) - spent(known.blocks)
    wanted = _wanted(known, policy)
    new: dict[str, int] = {}
    least = 0.0
    for name in unplanned(known, policy):
        cost = seconds_of_fresh({name: LEAST_CONFIRMING}, known)
        if least + cost <= left:
            least += cost
            new[name] = wanted[name]
    return _planned(known, policy, new, left) if new else None


def unplanned(known: Recording, policy: GatePolicy) -> tuple[str, ...]:
    """Suspects that no fresh blocks were planned for, in the order measured."""
    planned = {name for name, _ in known.confirming.blocks} if known.confirming else set()
    suspects = dict.fromkeys(one.id for one in seen_in(known, policy) if one.suspected)
    return tuple(x for x in suspects if x not in planned and not _between_looks(known, x))


def wanted_seconds(known: Recording, policy: GatePolicy) -> float:
    """What all the fresh blocks that are wanted would take; a null block goes with each."""
    return seconds_of_fresh(_wanted(known, policy), known)


def seconds_of_fresh(fresh: Mapping[str, int], known: Recording) -> float:
    """What so many fresh blocks of each benchmark take, at the first pass's pace."""
    return sum(count * _seconds_each(known, name) for name, count in fresh.items())


def wall_seconds(known: Recording, fresh: Mapping[str, int]) -> float:
    """What measuring takes in all on the wall's clock, with so many fresh blocks more.

    Unlike `seconds_of_fresh`, which a budget is paid by, with what lies between the blocks: ending
    processes, judging, the start of each series.
    """
    took = {key: end.seconds for key, end in known.ends.items() if key[1] != CONFIRM_CONTROL}
    more = sum(
        2 * count * took.get((name, COMPARE), 0.0) / len(known.series(name, COMPARE))
        for name, count in fresh.items()
    )
    return sum(took.values()) + more


def affordable(known: Recording, policy: GatePolicy, name: str) -> int:
    """Fresh blocks of a benchmark that a budget would have paid for, had it been a suspect.

    What the first pass went on with after the fresh blocks would have come after these as well.
    """
    if policy.budget is None:
        return MOST_CONFIRMING
    first = min((x.started for x in known.blocks if x.series == CONFIRM), default=float("inf"))
    before = [x for x in known.blocks if x.series != COMPARE or x.started < first]
    left = policy.budget - spent(before)
    return min(MOST_CONFIRMING, int(left / _seconds_each(known, name)))


def still_open(known: Recording, policy: GatePolicy) -> tuple[str, ...]:
    """Benchmarks whose first pass may go on with what the fresh blocks left of the budget.

    Those that ended for want of time, with a change beyond the margin not excluded, and that are
    no suspects under any metric; in the order measured.
    """
    if policy.budget is None or spent(known.blocks) >= policy.budget:
        return ()
    seen = seen_in(known, policy)
    closed = {name for name, _ in known.confirming.blocks} if known.confirming else set()
    between = {one.id for one in seen if _between_looks(known, one.id)}
    closed |= {one.id for one in seen if one.suspected} - between
    return tuple(
        dict.fromkeys(
            one.id
            for one in seen
            if one.id not in closed
            and (one.id in between or not is_excluded(one.found, one.margin))
            and _ended_for_want_of_time(known, one.id)
        )
    )


def may_go_on(known: Recording, policy: GatePolicy) -> tuple[str, ...]:
    """Benchmarks that may get more blocks although all their series have ended."""
    if policy.budget is None:
        return ()
    late = late_confirming(known, policy)
    names = (name for name, _ in late.blocks) if late is not None else ()
    return (*names, *still_open(known, policy))


def _ended_for_want_of_time(known: Recording, name: str) -> bool:
    """Its first pass would have gone on, had the budget for everything been larger."""
    end = known.ends.get((name, COMPARE))
    paid = spent(known.series(name, COMPARE))
    return end is not None and end.reason == "budget" and paid < known.run.goal.budget


def _between_looks(known: Recording, name: str) -> bool:
    """Was interrupted while it went on: only what it comes to at its next look counts."""
    goal, count = known.run.goal, len(known.series(name, COMPARE))
    return _ended_for_want_of_time(known, name) and next_look(count - 1, goal) != count


def _planned(
    known: Recording, policy: GatePolicy, wanted: Mapping[str, int], left: float
) -> Confirming:
    """`LEAST_CONFIRMING` each; what these leave of the seconds pays for what is wanted beyond."""
    least = seconds_of_fresh(dict.fromkeys(wanted, LEAST_CONFIRMING), known)
    beyond = seconds_of_fresh(wanted, known) - least
    share = min(1.0, max(0.0, (left - least) / beyond)) if beyond else 0.0
    return Confirming(
        blocks=tuple(
            (name, LEAST_CONFIRMING + int((count - LEAST_CONFIRMING) * share))
            for name, count in wanted.items()
        ),
        suspected=tuple(
            (x.id, x.metric) for x in seen_in(known, policy) if x.suspected and x.id in wanted
        ),
    )


def _seconds_each(known: Recording, name: str) -> float:
    """A fresh block and the null block that goes with it."""
    blocks = known.series(name, COMPARE)
    return 2 * spent(blocks) / len(blocks)


def _wanted(known: Recording, policy: GatePolicy) -> dict[str, int]:
    """Fresh blocks of each suspected benchmark, were there no budget."""
    suspects = [one for one in seen_in(known, policy) if one.suspected]
    wanted: dict[str, int] = {}
    for one in suspects:
        blocks = blocks_to_confirm(
            one.found,
            len(one.effects),
            goal=known.run.goal,
            margin=one.margin,
            allowed=policy.error_rate / len(suspects),
        )
        wanted[one.id] = max(blocks, wanted.get(one.id, 0))
    return wanted
