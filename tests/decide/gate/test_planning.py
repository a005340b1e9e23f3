"""What a budget for the whole suite is spent on once the first suspects have their fresh blocks."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from perfkit.analyse.gate import LEAST_CONFIRMING, MOST_CONFIRMING
from perfkit.analyse.stopping import next_look
from perfkit.decide.gate.planning import (
    affordable,
    confirming,
    late_confirming,
    may_go_on,
    seconds_of_fresh,
    spent,
    still_open,
    unplanned,
    wall_seconds,
)
from perfkit.decide.gate.rules import CONFIRM_CONTROL
from perfkit.decide.judge import COMPARE

if TYPE_CHECKING:
    from perfkit.recording import Recording
    from perfkit.settings import GatePolicy

WIDE = 0.2  # spread of a row whose interval tells nothing


@pytest.fixture
def known(made: Any) -> Recording:
    """One clear suspect with its fresh blocks, one row that is open, one that is decided."""
    recording: Recording = made.recording(
        [
            *made.blocks("slow", 1.1),
            *made.blocks("open", 1.0, spread=WIDE),
            *made.blocks("same", 1.0),
            *(replace(b, started=b.started + 1e3) for b in made.fresh("slow", 1.1)),
        ],
    )
    ends = {
        key: replace(end, reason="decided" if key[0] == "same" else "budget")
        for key, end in recording.ends.items()
    }
    run = replace(recording.run, goal=replace(recording.run.goal, budget=1e6))
    return replace(recording, ends=ends, run=run)


def policy_of(made: Any, budget: float | None) -> GatePolicy:
    policy: GatePolicy = replace(made.policy, budget=budget)
    return policy


def test_only_rows_that_are_open_and_no_suspects_go_on(made: Any, known: Recording) -> None:
    assert still_open(known, policy_of(made, 1e6)) == ("open",)
    assert still_open(known, policy_of(made, None)) == ()
    assert still_open(known, policy_of(made, spent(known.blocks))) == ()
    own = replace(known, run=replace(known.run, goal=replace(known.run.goal, budget=1.0)))
    assert still_open(own, policy_of(made, 1e6)) == ()  # --time has been used up


def test_a_row_that_becomes_a_suspect_gets_fresh_blocks_once(made: Any, known: Recording) -> None:
    later = [b for b in known.blocks if b.benchmark != "open"] + made.blocks("open", 1.1)
    grown = replace(known, blocks=tuple(later))
    policy = policy_of(made, 1e6)
    assert unplanned(grown, policy) == may_go_on(grown, policy) == ("open",)
    found = late_confirming(grown, policy)
    assert found is not None
    assert [name for name, _ in found.blocks] == [name for name, _ in found.suspected] == ["open"]
    assert found.blocks[0][1] >= LEAST_CONFIRMING
    assert late_confirming(known, policy) is None
    planned = replace(grown, confirming=confirming(grown, policy))
    assert unplanned(planned, policy) == ()


def test_late_fresh_blocks_never_exceed_the_budget(made: Any, known: Recording) -> None:
    """Unlike the first suspects', of which red may rest on twenty blocks in any case."""
    later = [b for b in known.blocks if b.benchmark != "open"] + made.blocks("open", 1.1)
    grown = replace(known, blocks=tuple(later))
    each = 2 * spent(grown.series("open", COMPARE)) / len(grown.series("open", COMPARE))
    enough = spent(grown.blocks) + LEAST_CONFIRMING * each
    assert late_confirming(grown, policy_of(made, 0.99 * enough)) is None
    found = late_confirming(grown, policy_of(made, 1.01 * enough))
    assert found is not None
    assert dict(found.blocks) == {"open": LEAST_CONFIRMING}


@pytest.mark.parametrize("part", [0.0, 0.1, 0.5, 0.9, 1.0, 2.0])
def test_the_least_of_some_is_paid_by_what_others_want_beyond(made: Any, part: float) -> None:
    """One suspect wants many blocks, three want the fewest: all together stay within the budget."""
    noisy = made.blocks("noisy", 1.05, spread=0.06)
    clear = [block for name in "abc" for block in made.blocks(name, 1.3)]
    known = replace(made.recording([*noisy, *clear]), confirming=None)
    free = dict(confirming(known, policy_of(made, None)).blocks)
    assert free["noisy"] > LEAST_CONFIRMING
    assert {free[name] for name in "abc"} == {LEAST_CONFIRMING}
    least, whole = (
        seconds_of_fresh(counts, known) for counts in (dict.fromkeys(free, LEAST_CONFIRMING), free)
    )
    left = least + part * (whole - least)
    budget = spent(known.blocks) + left + 1e-6
    planned = dict(confirming(known, policy_of(made, budget)).blocks)
    assert seconds_of_fresh(planned, known) <= max(left + 1e-6, least)
    assert (planned == free) == (part >= 1)
    assert (planned["noisy"] == LEAST_CONFIRMING) == (part == 0)


def test_a_suspect_the_budget_cannot_pay_for_does_not_go_on(made: Any, known: Recording) -> None:
    """Nothing of it would be measured, so that nothing of it need be unchanged."""
    later = [b for b in known.blocks if b.benchmark != "open"] + made.blocks("open", 1.1)
    grown = replace(known, blocks=tuple(later))
    policy = policy_of(made, spent(grown.blocks) + 1.0)
    assert unplanned(grown, policy) == ("open",)
    assert may_go_on(grown, policy) == ()


def test_an_interrupted_row_first_goes_on_to_its_next_look(made: Any, known: Recording) -> None:
    """Whether it is a suspect is asked at looks only, as in a run in one go."""
    look = next_look(10, known.run.goal)
    for count, suspects, going_on in ((look - 1, (), ("open",)), (look, ("open",), ())):
        some = made.blocks("open", 1.1, count=count)
        later = [b for b in known.blocks if b.benchmark != "open"] + some
        grown = replace(known, blocks=tuple(later))
        assert unplanned(grown, policy_of(made, 1e6)) == suspects
        assert still_open(grown, policy_of(made, 1e6)) == going_on


def test_what_it_takes_is_told_by_the_wall_and_paid_without_what_overlaps(known: Recording) -> None:
    """Seconds of each series, fresh blocks with the null control's between them counted once."""
    took = {key: end.seconds for key, end in known.ends.items() if key[1] != CONFIRM_CONTROL}
    assert wall_seconds(known, {}) == pytest.approx(sum(took.values()))
    each = took["open", COMPARE] / len(known.series("open", COMPARE))
    more = wall_seconds(known, {"open": 20}) - wall_seconds(known, {})
    assert more == pytest.approx(40 * each)


def test_what_was_affordable_does_not_know_of_what_came_later(made: Any, known: Recording) -> None:
    policy = policy_of(made, spent(known.blocks) + 10.1)
    before = affordable(known, policy, "open")
    assert 0 < before < MOST_CONFIRMING
    late = [
        replace(block, started=block.started + 1e4, index=block.index + 14)
        for block in known.series("open", COMPARE)
    ]
    assert affordable(replace(known, blocks=(*known.blocks, *late)), policy, "open") == before
    assert affordable(known, policy_of(made, None), "open") == MOST_CONFIRMING
