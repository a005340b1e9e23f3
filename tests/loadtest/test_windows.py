"""Turns of two services."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from perfkit.loadtest.windows import take_turns


@given(
    seconds=st.floats(0.5, 10_000),
    window=st.floats(0.05, 100),
    seed=st.integers(0, 2**32),
)
def test_they_cover_the_load_and_are_balanced(seconds: float, window: float, seed: int) -> None:
    if seconds / window > 20_000:
        return
    turns = take_turns(seconds, window, seed=seed)
    assert len(turns) % 2 == 0
    assert turns[0].begin == 0
    assert turns[-1].end == pytest.approx(seconds)
    for one, other in itertools.pairwise(turns):
        assert one.end == other.begin
    width = seconds / len(turns)
    assert all(turn.end - turn.begin == pytest.approx(width) for turn in turns)
    for one, other in zip(turns[::2], turns[1::2], strict=True):
        assert {one.target, other.target} == {0, 1}
    first = [turn.target for turn in turns[::2]]
    assert abs(sum(first) - len(first) / 2) <= 0.5  # half of the pairs each way
    if seconds >= 2 * window:
        assert width == pytest.approx(window, rel=0.5)


def test_the_seed_decides_the_order() -> None:
    orders = {tuple(turn.target for turn in take_turns(20, 1, seed=seed)) for seed in range(20)}
    assert len(orders) > 10
    assert take_turns(20, 1, seed=3) == take_turns(20, 1, seed=3)


def test_a_load_shorter_than_a_pair_has_one_pair() -> None:
    assert [(turn.begin, turn.end) for turn in take_turns(1, 60, seed=0)] == [(0, 0.5), (0.5, 1)]
