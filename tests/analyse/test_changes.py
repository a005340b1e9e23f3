"""Change points: what is found, what is not, and how often each is wrong."""

from __future__ import annotations

import numpy as np
import pytest

from perfkit.analyse.changes import CONFIDENCE, ERROR_RATE, find_changes

STEP = 1.05
NOISE = 0.02


def noise(chance: np.random.Generator, kind: str, count: int) -> np.ndarray:
    """Log noise with a standard deviation of 2 %."""
    made = chance.normal(0, NOISE, count)
    if kind == "outliers":
        off = chance.random(count) < 0.03
        return made + np.where(off, chance.choice([-0.2, 0.3], count), 0)
    if kind == "alike":
        for place in range(1, count):
            made[place] = 0.3 * made[place - 1] + np.sqrt(1 - 0.3**2) * made[place]
    return made


def stepped(logs: np.ndarray, place: int, ratio: float = STEP) -> np.ndarray:
    return np.exp(logs + np.where(np.arange(len(logs)) >= place, np.log(ratio), 0))


def test_a_step_is_found_where_it_began_with_its_size() -> None:
    values = stepped(noise(np.random.default_rng(1), "normal", 100), 80)
    (change,) = find_changes(values)
    assert abs(change.index - 80) <= 1
    assert change.ratio.low < STEP < change.ratio.high
    assert change.ratio.n == 50 + 100 - change.index  # fifty before, all after
    assert 0 <= change.p_value <= ERROR_RATE
    assert find_changes(values) == (change,)


def test_a_bump_has_two_ends_and_a_stair_as_many_steps() -> None:
    logs = noise(np.random.default_rng(2), "normal", 120)
    logs[40:60] += np.log(1.1)
    up, down = find_changes(np.exp(logs))
    assert (abs(up.index - 40) <= 1, abs(down.index - 60) <= 1) == (True, True)
    assert up.ratio.value > 1 > down.ratio.value
    stairs = np.exp(noise(np.random.default_rng(3), "normal", 160)) * np.repeat(
        [1, 1.1, 1.3, 0.9], 40
    )
    found = [change.index for change in find_changes(stairs)]
    assert found == pytest.approx([40, 80, 120], abs=1)


@pytest.mark.parametrize("place", [0, 1, 30, 58, 59])
@pytest.mark.parametrize("off", [1.5, 0.3, 100.0])
def test_a_single_outlier_is_no_change(place: int, off: float) -> None:
    values = np.exp(noise(np.random.default_rng(4), "normal", 60))
    values[place] *= off
    assert find_changes(values) == ()
    if 0 < place < 59:
        values[place + 1] *= off
        assert find_changes(values) == ()


def test_an_outlier_hides_no_step() -> None:
    values = stepped(noise(np.random.default_rng(5), "normal", 100), 70)
    values[72] *= 0.3
    values[40] *= 5
    (change,) = find_changes(values)
    assert abs(change.index - 70) <= 2


def test_what_does_not_vary() -> None:
    """Traced memory is the same to the byte, run after run."""
    assert find_changes([1000.0] * 50) == ()
    (change,) = find_changes([1000.0] * 30 + [1020.0] * 10)
    assert (change.index, change.ratio.value) == (30, pytest.approx(1.02))
    assert change.ratio.low == pytest.approx(change.ratio.high)
    assert find_changes([1000.0] * 30 + [1005.0] * 10) == ()  # half a per cent is not told
    assert find_changes([1000.0] * 30 + [1020.0]) == ()


def test_few_values_say_nothing() -> None:
    assert find_changes([]) == ()
    assert find_changes([1.0] * 3 + [2.0] * 4) == ()
    assert find_changes([1.0, 1.1, 0.9, 1.0, 2.0, 2.1, 1.9, 2.0]) == ()  # 2 of 70 orders
    assert len(find_changes([1.0, 1.1, 0.9, 1.0] * 3 + [2.0, 2.1, 1.9, 2.0] * 2)) == 1


def test_the_unit_does_not_matter() -> None:
    values = stepped(noise(np.random.default_rng(6), "outliers", 100), 60)
    found = [change.index for change in find_changes(values)]
    assert [change.index for change in find_changes(values * 1e-9)] == found
    assert len(found) == 1


def test_thousands_of_values() -> None:
    values = stepped(noise(np.random.default_rng(7), "normal", 5000), 4000)
    (change,) = find_changes(values)
    assert abs(change.index - 4000) <= 2


@pytest.mark.parametrize(("kind", "allowed"), [("normal", 5), ("outliers", 5), ("alike", 15)])
@pytest.mark.parametrize("count", [30, 100])
def test_nothing_is_found_where_nothing_happened(kind: str, allowed: int, count: int) -> None:
    """300 histories: at 0.5 % one has more than five false ones in a thousand tries, at 3 % more
    than fifteen in fifty."""
    chance = np.random.default_rng(8)
    false = sum(bool(find_changes(np.exp(noise(chance, kind, count)))) for _ in range(300))
    assert false <= allowed


@pytest.mark.parametrize(("kind", "least"), [("normal", 0.95), ("outliers", 0.9), ("alike", 0.8)])
def test_a_step_of_five_per_cent_is_found(kind: str, least: float) -> None:
    """Twenty runs after it, at a noise of 2 %; and its interval covers what it should."""
    chance = np.random.default_rng(9)
    found, covered = 0, 0
    for _ in range(150):
        changes = find_changes(stepped(noise(chance, kind, 100), 80))
        near = [change for change in changes if abs(change.index - 80) <= 5]
        found += bool(near)
        covered += any(change.ratio.low <= STEP <= change.ratio.high for change in near)
    assert found >= least * 150
    assert covered >= (CONFIDENCE - 0.08) * found  # the place was chosen for looking large
