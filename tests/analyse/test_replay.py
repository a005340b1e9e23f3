from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
from scipy import stats

from perfkit.analyse.location import locate
from perfkit.analyse.proportion import proportion
from perfkit.analyse.replay import apply_rule, replay
from perfkit.analyse.stopping import look_confidence, should_stop
from perfkit.errors import PerfkitError

if TYPE_CHECKING:
    from collections.abc import Callable

    from perfkit.settings import Goal


@pytest.mark.parametrize("decided", [False, True])
@pytest.mark.parametrize("most", [10, 15, 20, 43])
def test_many_at_once_do_what_the_rule_does_one_by_one(
    goal_of: Callable[..., Goal], most: int, *, decided: bool
) -> None:
    goal = goal_of(decided=decided)
    rng = np.random.default_rng(most)
    spreads = np.repeat([0.013, 0.02, 0.03], 20)[:, None]
    effects = spreads * rng.normal(size=(60, most)) + np.resize([0.0, 0.03, 0.2], 60)[:, None]
    ends = apply_rule(effects, goal)
    for row, series in enumerate(effects):
        count, why = 0, None
        while why is None:
            count += 1
            why = should_stop(series[:count], goal.budget * (count == most), goal)
        found = locate(series[:count], look_confidence(goal))
        assert (ends.blocks[row], ends.precise[row]) == (count, why == "precision")
        assert (ends.value[row], ends.low[row], ends.high[row]) == pytest.approx(np.array(found))


def test_replay_of_clean_effects_alarms_as_rarely_as_promised(
    goal_of: Callable[..., Goal],
) -> None:
    rng = np.random.default_rng(2)
    series = [rng.normal(0, spread, 20) for spread in (0.01, 0.015, 0.02, 0.02)]
    got = replay(series, goal_of(), repeats=3000, rng=rng, seconds_a_block=0.3)
    assert got.false_alarms.n == 3000
    assert got.false_alarms.low <= 0.05
    assert got.half_width <= 0.01
    assert got.precise > 0.9
    assert 10 <= got.blocks <= 25


def test_signs_take_a_shift_away_but_keep_its_size(goal_of: Callable[..., Goal]) -> None:
    rng = np.random.default_rng(2)
    shifted = rng.normal(0.03, 0.003, 20)  # would be called a difference every time
    got = replay([shifted], goal_of(), repeats=2000, rng=rng, seconds_a_block=0.3)
    assert got.false_alarms.low <= 0.05
    assert got.blocks > 20


def test_budget_ends_a_replay(goal_of: Callable[..., Goal]) -> None:
    noisy = [np.random.default_rng(1).normal(0, 0.2, 20)]
    ends = [
        replay(
            noisy,
            goal_of(),
            repeats=20,
            rng=np.random.default_rng(0),
            seconds_a_block=seconds,
        ).blocks
        for seconds in (0.5, 100.0)
    ]
    assert ends == [24, 10]


def test_replay_is_repeatable(goal_of: Callable[..., Goal]) -> None:
    series = [np.random.default_rng(1).normal(0, 0.02, 20)]
    one, other = (
        replay(series, goal_of(), repeats=100, rng=np.random.default_rng(9), seconds_a_block=0.4)
        for _ in range(2)
    )
    assert one == other


@pytest.mark.parametrize("series", [[], [[]], [[0.1], []]])
def test_nothing_to_replay_is_an_error(
    goal_of: Callable[..., Goal], series: list[list[float]]
) -> None:
    with pytest.raises(PerfkitError, match="no block effects"):
        replay(series, goal_of(), repeats=5, rng=np.random.default_rng(0), seconds_a_block=1.0)


@pytest.mark.parametrize(
    ("hits", "trials", "low", "high"),
    # Clopper and Pearson: beta quantiles, in closed form where none or all hit.
    [
        (3, 60, stats.beta.ppf(0.025, 3, 58), stats.beta.ppf(0.975, 4, 57)),
        (0, 60, 0.0, 1 - 0.025 ** (1 / 60)),
        (60, 60, 0.025 ** (1 / 60), 1.0),
    ],
)
def test_exact_interval_of_a_share(hits: int, trials: int, low: float, high: float) -> None:
    got = proportion(hits, trials, 0.95)
    assert (got.value, got.n) == (hits / trials, trials)
    assert (got.low, got.high) == pytest.approx((low, high), rel=1e-6)


def test_share_of_nothing_is_unknown() -> None:
    got = proportion(0, 0, 0.95)
    assert np.isnan(got.value)
    assert (got.low, got.high, got.n) == (0, 1, 0)
