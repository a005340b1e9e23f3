from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from perfkit.analyse.location import Location, critical_rank
from perfkit.analyse.stopping import (
    is_decided,
    is_precise,
    look_confidence,
    minimum_blocks,
    next_look,
    should_stop,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from perfkit.settings import Goal


def looks(goal: Goal, most: int) -> list[int]:
    found = [next_look(0, goal)]
    while found[-1] < most:
        found.append(next_look(found[-1], goal))
    return found


def alternating(count: int, size: float, shift: float = 0.0) -> np.ndarray:
    return shift + size * np.resize([1.0, -1.0], count) * np.linspace(0.5, 1, count)


def test_looks_at_the_width_come_with_every_block(goal_of: Callable[..., Goal]) -> None:
    found = looks(goal_of(), 63)
    assert found[:31] == list(range(10, 41))
    assert found[31:] == [42, 44, 46, 48, 50, 52, 54, 56, 58, 60, 63]


def test_looks_at_the_verdict_are_rare(goal_of: Callable[..., Goal]) -> None:
    assert looks(goal_of(decided=True), 100) == [10, 14, 20, 28, 40, 57, 81, 115]


@pytest.mark.parametrize("decided", [True, False])
@pytest.mark.parametrize("count", range(130))
def test_next_look_is_the_first_beyond(
    goal_of: Callable[..., Goal], *, decided: bool, count: int
) -> None:
    goal = goal_of(decided=decided)
    assert next_look(count, goal) == min(look for look in looks(goal, 200) if look > count)


def test_share_of_alpha_a_look(goal_of: Callable[..., Goal]) -> None:
    assert 1 - look_confidence(goal_of()) == pytest.approx(0.05 * 2 / 3)
    assert 1 - look_confidence(goal_of(decided=True)) == pytest.approx(0.05 / 6)
    assert 1 - look_confidence(goal_of(confidence=0.99)) == pytest.approx(0.01 * 2 / 3)


@pytest.mark.parametrize(
    ("confidence", "decided", "least"),
    [(0.95, False, 10), (0.95, True, 10), (0.99, True, 11), (0.999, False, 12), (0.5, False, 10)],
)
def test_minimum_is_ten_or_what_the_confidence_takes(
    goal_of: Callable[..., Goal], confidence: float, least: int, *, decided: bool
) -> None:
    goal = goal_of(confidence=confidence, decided=decided)
    assert minimum_blocks(goal) == least
    assert critical_rank(least, 1 - look_confidence(goal)) is not None


def test_minimum_beats_the_budget(goal_of: Callable[..., Goal]) -> None:
    effects = alternating(10, 0.2)
    assert should_stop(effects[:9], 1e9, goal_of()) is None
    assert should_stop(effects, 1e9, goal_of()) == "budget"
    assert should_stop([0.0] * 9, 0.0, goal_of(decided=True)) is None


def test_precision_before_budget(goal_of: Callable[..., Goal]) -> None:
    quiet = alternating(12, 0.001)
    assert should_stop(quiet, 1e9, goal_of()) == "precision"
    assert should_stop(quiet, 0.0, goal_of()) == "precision"


def test_a_noisy_series_goes_on_until_the_budget(goal_of: Callable[..., Goal]) -> None:
    noisy = alternating(30, 0.2)
    assert should_stop(noisy, 11.99, goal_of()) is None
    assert should_stop(noisy, 12.0, goal_of()) == "budget"


def test_decided_only_on_request(goal_of: Callable[..., Goal]) -> None:
    slower = alternating(20, 0.08, shift=0.1)
    assert should_stop(slower, 0.0, goal_of()) is None
    assert should_stop(slower, 0.0, goal_of(decided=True)) == "decided"


def test_between_looks_only_the_budget_counts(goal_of: Callable[..., Goal]) -> None:
    slower = alternating(21, 0.08, shift=0.1)
    assert should_stop(slower, 0.0, goal_of(decided=True)) is None
    assert should_stop(slower, 12.0, goal_of(decided=True)) == "budget"
    quiet = alternating(41, 0.001)
    assert should_stop(quiet, 0.0, goal_of()) is None
    assert should_stop(quiet, 12.0, goal_of()) == "budget"


def location(value: float, low: float, high: float) -> Location:
    return Location(np.array(value), np.array(low), np.array(high))


@pytest.mark.parametrize(
    ("change", "half_width", "expected"),
    [(1.0, 0.0099, True), (1.0, 0.0101, False), (1.2, 0.018, True), (1.2, 0.0185, False),
     (1 / 1.2, 0.018, True), (1.05, 0.0099, True), (1.05, 0.0101, False), (3.0, 0.1, True)],
)  # fmt: skip
def test_large_changes_need_a_tenth_of_themselves(
    goal_of: Callable[..., Goal], change: float, half_width: float, *, expected: bool
) -> None:
    middle = np.log(change)
    found = location(middle, middle - half_width, middle + half_width)
    assert is_precise(found, goal_of()) == expected


@pytest.mark.parametrize(
    ("low", "high", "expected"),
    [(0.99, 1.01, True), (0.97, 1.01, False), (0.99, 1.03, False), (1.001, 1.1, True),
     (0.8, 0.999, True), (1 / 1.0199, 1.0199, True), (0.9, 1.1, False)],
)  # fmt: skip
def test_decided_is_a_verdict_other_than_inconclusive(
    goal_of: Callable[..., Goal], low: float, high: float, *, expected: bool
) -> None:
    found = location(0.0, np.log(low), np.log(high))
    assert is_decided(found, goal_of()) == expected
