from __future__ import annotations

import math
from dataclasses import dataclass, field

import pytest
from hypothesis import given
from hypothesis import strategies as st

from perfkit.measure.calibrate import freeze, pace, spin_rounds
from perfkit.measure.child import Turn
from perfkit.measure.launch import padded
from perfkit.measure.schedule import balanced_order, draw
from perfkit.settings import Method

SECONDS = st.floats(1e-12, 1e3)


def method(turn: float = 0.008, run_in: float = 0.002, pairs: int = 8) -> Method:
    return Method(
        turn_seconds=turn,
        pairs=pairs,
        run_in_seconds=run_in,
        warm_up_pairs=1,
        timeout=60.0,
        pin=True,
        overlap=True,
    )


@dataclass
class FakeChild:
    """Takes a known time a loop, some of it untimed, and more in its first turn."""

    loop: float
    untimed: float = 0.0
    first: float = 0.0
    round_: float = 1e-8
    turns: list[int] = field(default_factory=list)

    def turn(self, *, loops: int, run_in: int, spin: int) -> Turn:
        assert run_in == 0
        self.turns.append(loops)
        wall = loops * self.loop + (self.first if len(self.turns) == 1 else 0.0)
        whole = wall + loops * self.untimed
        return Turn(wall=wall, cpu=wall, queued=0.0, spin=spin * self.round_, whole=whole)


@given(SECONDS, SECONDS, st.integers(4, 40))
def test_frozen_counts(baseline: float, candidate: float, pairs: int) -> None:
    wanted = method(pairs=pairs)
    frozen = freeze([baseline, candidate], wanted)
    assert frozen == freeze([candidate, baseline], wanted)  # neither side is favoured
    one = math.sqrt(baseline * candidate)
    assert 1 <= frozen.loops <= 2**32
    assert frozen.pairs == 1 or 4 <= frozen.pairs <= pairs
    if not 0.99 < one / (10 * wanted.turn_seconds) < 1.01:
        assert (frozen.pairs == 1) == (one > 10 * wanted.turn_seconds)
    if 1 < frozen.loops < 2**32:
        assert frozen.loops * one == pytest.approx(wanted.turn_seconds, rel=0.5)
        assert frozen.run_in >= 1
    if one > 2 * wanted.turn_seconds:
        assert (frozen.loops, frozen.run_in) == (1, 0)
    spent = frozen.pairs * (frozen.loops + frozen.run_in) * one
    if frozen.pairs > 4:
        assert spent <= 2 * pairs * (wanted.turn_seconds + wanted.run_in_seconds)


@given(st.floats(1e-9, 10.0), st.floats(0.0, 1.0))
def test_a_loop_is_timed_however_slow_the_first_call(loop: float, first: float) -> None:
    child = FakeChild(loop=loop, first=first)
    assert pace(child, 0.008).timed == pytest.approx(loop)
    assert child.turns[-1] * loop >= 0.004
    assert child.turns[-1] * loop <= max(0.2, 2 * loop)
    assert len(child.turns) < 40


@pytest.mark.parametrize(("loop", "pairs"), [(0.004, 8), (0.02, 4), (0.045, 4), (0.06, 1), (3, 1)])
def test_slow_loops_get_blocks_of_few_pairs(loop: float, pairs: int) -> None:
    assert freeze([loop, loop], method(turn=0.005, run_in=0.001)).pairs == pairs


@given(SECONDS, SECONDS, st.floats(1.0, 4.0))
def test_counts_are_the_same_though_something_is_not_timed(
    one: float, other: float, more: float
) -> None:
    seconds = [one, other]
    mean = math.sqrt(one * other)
    assert freeze(seconds, method(), whole=[mean * more] * 2) == freeze(seconds, method())


@given(st.floats(1e-7, 1e-2), st.floats(1e-5, 1.0))
def test_turns_end_though_most_of_them_is_not_timed(loop: float, untimed: float) -> None:
    wanted = method(turn=0.005, run_in=0.001)
    child = FakeChild(loop=loop, untimed=untimed)
    timed, whole = pace(child, wanted.turn_seconds)
    assert timed == pytest.approx(loop)
    assert whole == pytest.approx(loop + untimed)
    assert sum(child.turns) * whole <= max(0.2, 4 * whole)
    frozen = freeze([timed, timed], wanted, whole=[whole, whole])
    turn = (frozen.loops + frozen.run_in) * whole
    # loops are whole, one at least of them run-in where a turn has several; pairs are even
    longest = 4.1 * 0.006 + 1.5 * whole
    assert turn <= longest
    assert frozen.pairs * turn <= 8 * 4.1 * 0.006 + 6 * whole


def test_a_slow_loop_is_timed_twice_only() -> None:
    child = FakeChild(loop=3.0)
    assert pace(child, 0.008).timed == 3.0
    assert child.turns == [1, 1]


@given(st.floats(1e-6, 0.1), st.floats(1e-9, 1e-6))
def test_spin_rounds_take_as_long_as_wanted(seconds: float, round_: float) -> None:
    rounds = spin_rounds(FakeChild(loop=1e-3, round_=round_), seconds)
    assert rounds * round_ == pytest.approx(seconds, abs=round_)


@given(st.integers(0, 200), st.integers(0, 2**64 - 1))
def test_orders_are_balanced_and_reproducible(pairs: int, seed: int) -> None:
    order = balanced_order(pairs, seed)
    assert order == balanced_order(pairs, seed)
    assert len(order) == pairs
    assert set(order) <= {"B", "C"}
    assert abs(order.count("B") - order.count("C")) == pairs % 2


def test_orders_are_shuffled() -> None:
    orders = {balanced_order(4, seed) for seed in range(200)}
    assert len(orders) == 6  # all of them
    odd = [balanced_order(1, seed) for seed in range(200)]
    assert {"B", "C"} == set(odd)


@given(st.integers(), st.text(), st.text(), st.integers(0, 10**6))
def test_draws_follow_from_their_arguments(
    seed: int, benchmark: str, series: str, index: int
) -> None:
    drawn = draw(seed, benchmark, series, index)
    assert drawn == draw(seed, benchmark, series, index)
    assert drawn != draw(seed, benchmark, series, index + 1)
    assert 1 <= drawn.hash_seed <= 2**32 - 1
    assert 0 <= drawn.layout < 4096
    assert drawn.layout % 16 == 0


TEXTS = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=30)
ENVIRON = st.dictionaries(TEXTS.filter(lambda name: name and "=" not in name), TEXTS, max_size=5)
START = st.tuples(st.lists(TEXTS, min_size=1, max_size=5), ENVIRON)


@given(START, START, st.integers(0, 4096))
def test_padding_makes_stacks_equal(
    one: tuple[list[str], dict[str, str]], other: tuple[list[str], dict[str, str]], extra: int
) -> None:
    def stack(command: list[str], environ: dict[str, str]) -> int:
        texts = [command[0], *command, *(f"{name}={value}" for name, value in environ.items())]
        return sum(len(text.encode()) + 1 + 8 for text in texts)

    sides = padded((one, other), extra)
    sizes = [stack(start[0], environ) for start, environ in zip((one, other), sides, strict=True)]
    assert sizes[0] == sizes[1]
    plain = padded((one, other), 0)
    assert sizes[0] == stack(one[0], plain[0]) + extra
    for start, environ in zip((one, other), sides, strict=True):
        assert start[1].items() <= environ.items()


def test_what_is_not_timed_leaves_some_run_in() -> None:
    frozen = freeze([1e-4, 1e-4], method(), whole=[8e-3, 8e-3])
    assert frozen.loops > 1
    assert frozen.run_in >= 1
