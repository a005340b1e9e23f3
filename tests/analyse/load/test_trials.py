"""Effects of trials: what is compared, how sure it is, and what a decision would need."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
from made_load_runs import make_profile
from scipy import stats

from perfkit.analyse.load.trials import (
    TrialSide,
    compare_trials,
    replay_signs,
    throughput_metric,
)
from perfkit.analyse.load.value import LoadComparison, LoadMetric
from perfkit.analyse.location import detectable_shift, locate
from perfkit.errors import PerfkitError
from perfkit.profile.value import Model
from perfkit.variant import Side


def compare(
    baseline: np.ndarray,
    candidate: np.ndarray,
    metric: LoadMetric = LoadMetric.P95,
    margin: float = 0.05,
) -> LoadComparison:
    sides = [
        [TrialSide(trial, side, {metric: value}) for trial, value in enumerate(values.tolist())]
        for side, values in zip(Side, (baseline, candidate), strict=True)
    ]
    (found,) = compare_trials(*sides, confidence=0.95, margin=margin)
    return found


def pairs(count: int, change: float, spread: float, seed: int = 0) -> tuple[np.ndarray, ...]:
    rng = np.random.default_rng(seed)
    mood = rng.normal(0, 0.3, count)  # of the machine, shared by a trial's two services
    one = np.exp(-3 + mood + rng.normal(0, spread / math.sqrt(2), count))
    other = np.exp(-3 + mood + math.log1p(change) + rng.normal(0, spread / math.sqrt(2), count))
    return one, other


def test_a_slowdown_is_found_though_the_machine_moves_more() -> None:
    found = compare(*pairs(12, 0.10, 0.03))
    assert found.ratio.low > 1.0
    assert found.ratio.low <= 1.10 <= found.ratio.high
    assert found.p_value < 0.05
    assert found.ratio.n == 12
    assert len(found.effects) == 12
    level = found.baseline
    assert level.half_width / level.value > 5 * found.ratio.half_width


@pytest.mark.parametrize("seed", range(20))
def test_levels_are_as_far_apart_as_the_change_says(seed: int) -> None:
    """Not those of each side alone, whose ratio may even point the other way."""
    found = compare(*pairs(9, 0.01, 0.4, seed))
    assert found.candidate.value / found.baseline.value == pytest.approx(found.ratio.value)
    for level in (found.baseline, found.candidate):
        assert level.low <= level.value <= level.high


def test_no_level_of_errors_is_below_none() -> None:
    one, other = np.zeros(8), np.array([0.0, 0.0, 0.0, 0.4, 0.0, 0.5, 0.0, 0.9])
    found = compare(one, other, LoadMetric.ERROR_RATE)
    assert found.baseline.value >= 0
    assert found.candidate.value >= 0


def test_five_trials_have_no_interval() -> None:
    found = compare(*pairs(5, 0.10, 0.03))
    assert (found.ratio.low, found.ratio.high) == (0.0, math.inf)
    assert math.isinf(found.detectable)
    assert found.trials_needed is None


def test_trials_of_one_side_only_are_left_out() -> None:
    one = [TrialSide(k, Side.BASELINE, {LoadMetric.P50: 0.1}) for k in range(8)]
    other = [TrialSide(k, Side.CANDIDATE, {LoadMetric.P50: 0.1}) for k in range(2, 10)]
    (found,) = compare_trials(one, other, confidence=0.95, margin=0.05)
    assert found.ratio.n == 6
    assert found.ratio.value == 1.0


def test_a_trial_without_answers_says_nothing() -> None:
    one, other = pairs(8, 0.0, 0.05)
    other[3] = math.nan
    assert compare(one, other).ratio.n == 7
    assert compare_trials([], [], confidence=0.95, margin=0.05) == ()


def test_error_rates_are_subtracted() -> None:
    rng = np.random.default_rng(0)
    found = compare(rng.uniform(0, 0.002, 10), rng.uniform(0.02, 0.03, 10), LoadMetric.ERROR_RATE)
    assert found.difference
    assert 0.015 < found.ratio.low < found.ratio.high < 0.03


@pytest.mark.parametrize("spread", [0.03, 0.10])
def test_the_trials_that_are_said_to_be_needed_are_needed(spread: float) -> None:
    needed = [compare(*pairs(20, 0.0, spread, seed)).trials_needed for seed in range(30)]
    middle = int(np.median([one for one in needed if one is not None]))
    widths = [compare(*pairs(middle, 0.0, spread, 1000 + seed)).ratio for seed in range(60)]
    half = np.median([math.log(one.high / one.low) / 2 for one in widths])
    assert half <= math.log1p(0.05) * 1.1
    if middle > 8:
        assert half >= math.log1p(0.05) * 0.8


@pytest.mark.slow
@pytest.mark.parametrize("count", [6, 10, 20])
def test_false_alarms_are_nominal(count: int) -> None:
    repeats = 1500
    rng = np.random.default_rng(count)
    alarms = sum(
        not (found.low <= 1 <= found.high)
        for found in (
            compare(*pairs(count, 0.0, 0.05, int(rng.integers(2**31)))).ratio
            for _ in range(repeats)
        )
    )
    assert stats.binomtest(alarms, repeats, 0.05, alternative="greater").pvalue > 0.01


def test_replayed_with_random_signs_false_alarms_are_nominal() -> None:
    rng = np.random.default_rng(0)
    recorded = [rng.normal(0.0, 0.02, 12), rng.standard_t(2, 12) * 0.05]
    found = replay_signs(recorded, trials=10, confidence=0.95, repeats=4000, rng=rng)
    assert found.n == 4000
    assert found.low <= 0.05
    assert found.value > 0.03
    with pytest.raises(PerfkitError, match="no trial effects"):
        replay_signs([[]], trials=10, confidence=0.95, repeats=10, rng=rng)


def test_what_could_have_been_detected_is_detected_four_times_in_five() -> None:
    rng = np.random.default_rng(1)
    samples = rng.normal(0, 1, (400, 12))
    shifts = [detectable_shift(locate(one, 0.95), 12, 0.95) for one in samples[:100]]
    moved = locate(samples + np.median(shifts), 0.95)
    assert np.mean(moved.low > 0) == pytest.approx(0.8, abs=0.08)


def test_whose_the_throughput_is() -> None:
    closed = make_profile(model=Model.CLOSED)
    thinking = replace(closed, scenario=replace(closed.scenario, think=(1.0, 1.0)))
    assert throughput_metric(closed) is LoadMetric.MAX_THROUGHPUT
    assert throughput_metric(thinking) is LoadMetric.THROUGHPUT
    assert throughput_metric(make_profile()) is LoadMetric.THROUGHPUT
