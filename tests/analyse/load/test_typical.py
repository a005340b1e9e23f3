"""The percentile of a typical trial, on trials whose distribution is known."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import stats

from perfkit.analyse.load.longrun import Blocks
from perfkit.analyse.load.percentiles import Placed, place
from perfkit.analyse.load.typical import FEWEST_OUTSIDE, typical_percentiles
from perfkit.analyse.location import locate

QUANTILES = (0.5, 0.95, 0.99)
DOUBT = 0.01  # a binomial p-value below it is a significant shortfall


def placed(trials: list[np.ndarray]) -> Placed:
    block = np.repeat(np.arange(len(trials), dtype=np.int32), [len(one) for one in trials])
    blocks = Blocks(lengths=np.ones(len(trials)), bounds=(), independent=True)
    return place(np.concatenate(trials), block, blocks)


def none(trials: list[np.ndarray]) -> np.ndarray:
    return np.zeros(len(trials), dtype=np.int64)


def drawn(rng: np.random.Generator, trials: int, requests: int, spread: float) -> list[np.ndarray]:
    factors = np.exp(spread * rng.normal(size=trials))
    return [factor * rng.lognormal(0, 0.5, requests) for factor in factors]


@pytest.mark.parametrize("spread", [0.0, 0.1, 0.5])
@pytest.mark.parametrize(("trials", "requests"), [(6, 300), (12, 1000)])
def test_the_interval_covers_the_true_percentile(trials: int, requests: int, spread: float) -> None:
    """The median of the factor is 1, so that a typical trial's is the distribution's own."""
    rng = np.random.default_rng(11)
    truth = np.exp(0.5 * stats.norm.ppf(QUANTILES))
    hits = np.zeros(3)
    repeats = 200
    for _ in range(repeats):
        made = drawn(rng, trials, requests, spread)
        found = typical_percentiles(placed(made), none(made), QUANTILES, 0.95)
        hits += [
            one.typical.low <= true <= one.typical.high
            for one, true in zip(found, truth, strict=True)
        ]
    for hit in hits:
        assert stats.binomtest(int(hit), repeats, 0.95, alternative="less").pvalue > DOUBT


def test_each_is_median_unbiased_and_their_location_is_the_estimate() -> None:
    made = drawn(np.random.default_rng(0), 9, 411, 0.2)
    found = typical_percentiles(placed(made), none(made), QUANTILES, 0.9)
    assert [one.quantile for one in found] == [*QUANTILES]
    for one in found:
        each = [np.quantile(x, one.quantile, method="median_unbiased") for x in made]
        assert one.each == pytest.approx(each)
        value, low, high = locate(np.log(each), 0.9)
        assert one.typical.value == pytest.approx(math.exp(float(value)))
        assert one.typical.low == pytest.approx(math.exp(float(low)))
        assert one.typical.high == pytest.approx(math.exp(float(high)))
        assert one.typical.n == 9


def test_trials_need_not_come_in_order() -> None:
    made = drawn(np.random.default_rng(0), 6, 100, 0.2)
    whole = placed(made)
    order = np.random.default_rng(1).permutation(len(whole))
    mixed = place(whole.values[order], whole.block[order], whole.blocks)
    wanted = typical_percentiles(whole, none(made), (0.9,), 0.95)
    assert typical_percentiles(mixed, none(made), (0.9,), 0.95) == wanted


def test_few_trials_or_few_requests_have_none() -> None:
    rng = np.random.default_rng(0)
    five = drawn(rng, 5, 1000, 0.1)
    assert typical_percentiles(placed(five), none(five), QUANTILES, 0.95) == ()
    six = drawn(rng, 6, 1000, 0.1)
    assert typical_percentiles(placed(six), none(six), QUANTILES, 0.99) == ()
    needed = round(FEWEST_OUTSIDE / 0.05)
    for short, wanted in ((needed, [0.5, 0.95]), (needed - 1, [0.5]), (0, [])):
        made = [*six[:5], six[5][:short]]
        found = typical_percentiles(placed(made), none(made), QUANTILES, 0.95)
        assert [one.quantile for one in found] == wanted


def test_failures_are_slower_than_any_answer() -> None:
    made = drawn(np.random.default_rng(0), 12, 900, 0.1)
    failures = none(made)
    failures[3] = 100
    (found,) = typical_percentiles(placed(made), failures, (0.95,), 0.95)
    assert [index for index, one in enumerate(found.each) if math.isinf(one)] == [3]
    assert math.isfinite(found.typical.high)  # one trial of twelve moves it little
    (found,) = typical_percentiles(placed(made), failures + 100, (0.95,), 0.95)
    assert math.isinf(found.typical.low)
    assert math.isinf(found.typical.value)


def test_half_of_many_trials_failed() -> None:
    made = drawn(np.random.default_rng(0), 400, 100, 0.1)
    failures = none(made)
    failures[::2] = 50
    (found,) = typical_percentiles(placed(made), failures, (0.9,), 0.95)
    assert math.isinf(found.typical.value)
    assert math.isinf(found.typical.high)


def test_a_time_that_is_none_has_no_logarithm() -> None:
    made = [np.full(100, -1e-6), *drawn(np.random.default_rng(0), 6, 100, 0.1)]
    assert typical_percentiles(placed(made), none(made), QUANTILES, 0.95) == ()
