from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from perfkit.analyse import location
from perfkit.analyse.location import critical_rank, locate, signed_rank_p, spread, standard_error

NUMBERS = st.lists(st.floats(-1, 1, width=32), min_size=1, max_size=40)


def walsh(values: list[float]) -> np.ndarray:
    x = np.asarray(values)
    first, second = np.triu_indices(len(x))
    return np.sort((x[first] + x[second]) / 2)


def test_hollander_and_wolfe_example() -> None:
    # Depression scale factor IV, Hollander & Wolfe examples 3.1, 3.3 and 3.4; the p-value is
    # P(W <= 5) = 10 / 512 on each side, counted by hand.
    x = [1.83, 0.50, 1.62, 2.48, 1.68, 1.88, 1.55, 3.06, 1.30]
    y = [0.878, 0.647, 0.598, 2.05, 1.06, 1.29, 1.06, 3.14, 1.29]
    difference = np.subtract(y, x)
    found = locate(difference, 0.95)
    assert found.value == pytest.approx(-0.46)
    assert (found.low, found.high) == pytest.approx((-0.786, -0.010))
    assert signed_rank_p(difference) == pytest.approx(2 * 10 / 512)


@pytest.mark.parametrize(
    ("count", "alpha", "expected"),
    # Published tables of the signed-rank test, two-sided.
    [(5, 0.05, None), (6, 0.05, 0), (10, 0.05, 8), (20, 0.05, 52), (25, 0.05, 89), (10, 0.01, 3),
     (20, 0.01, 37), (8, 0.01, 0), (7, 0.01, None)],
)  # fmt: skip
def test_critical_values_are_those_of_the_tables(
    count: int, alpha: float, expected: int | None
) -> None:
    assert critical_rank(count, alpha) == expected


def test_normal_approximation_takes_over_smoothly() -> None:
    exact = int(np.searchsorted(location._cumulative(100), 0.025, side="right")) - 1
    mean, deviation = location._moments(100)
    approximate = int(np.floor(mean - 0.5 + stats.norm.ppf(0.025) * deviation))
    assert abs(exact - approximate) <= 2
    assert critical_rank(101, 0.05) > exact


@pytest.mark.parametrize("count", [1, 2, 6, 10, 25, 50])
@pytest.mark.parametrize("shift", [0.0, 0.7])
def test_p_value_is_scipys_exact_one_without_ties(count: int, shift: float) -> None:
    values = np.random.default_rng(count).normal(shift, 1, count)
    assert signed_rank_p(values) == pytest.approx(stats.wilcoxon(values, method="exact").pvalue)


def test_p_value_of_many_values_is_scipys_approximate_one() -> None:
    values = np.random.default_rng(3).normal(0.1, 1, 400)
    expected = stats.wilcoxon(values, method="approx", correction=True).pvalue
    assert signed_rank_p(values) == pytest.approx(expected, rel=1e-6)


@given(NUMBERS, st.sampled_from([0.8, 0.95, 0.99]))
def test_interval_and_p_value_are_duals(values: list[float], level: float) -> None:
    found = locate(values, level)
    excluded = found.low > 0 or found.high < 0
    assert excluded == (signed_rank_p(values) <= (1 - level) * (1 + 1e-9))


@given(NUMBERS)
def test_estimate_is_the_median_of_walsh_averages(values: list[float]) -> None:
    found = locate(values, 0.95)
    assert found.value == pytest.approx(np.median(walsh(values)), abs=1e-12)
    assert found.low <= found.value <= found.high


@given(NUMBERS, st.floats(0, 1))
def test_selection_agrees_with_sorting(values: list[float], where: float) -> None:
    averages = walsh(values)
    position = round(where * (len(averages) - 1))
    selected = location._select(np.sort(values), position)
    assert selected == pytest.approx(averages[position], abs=1e-12)


@pytest.mark.parametrize("kind", ["normal", "tied", "constant"])
def test_many_values_are_located_without_all_averages(
    kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    rng = np.random.default_rng(5)
    values = {
        "normal": rng.normal(size=(2, 280)),
        "tied": rng.integers(0, 4, (2, 280)) * 0.1,
        "constant": np.full((2, 280), 0.3),
    }[kind]
    expected = locate(values, 0.95)
    monkeypatch.setattr(location, "_WALSH_UP_TO", 0)
    for got, wanted in zip(locate(values, 0.95), expected, strict=True):
        assert got.shape == (2,)
        assert got == pytest.approx(wanted, abs=1e-14)


@given(st.lists(st.floats(-1, 1, width=32), min_size=10, max_size=40))
def test_wider_at_higher_confidence(values: list[float]) -> None:
    narrow, wide = locate(values, 0.9), locate(values, 0.99)
    assert wide.low <= narrow.low <= narrow.high <= wide.high


def test_too_few_values_have_no_interval() -> None:
    found = locate([0.1, 0.2, 0.3], 0.95)
    assert (found.value, found.low, found.high) == (pytest.approx(0.2), -np.inf, np.inf)
    assert standard_error(found, 3, 0.95) == np.inf


def test_standard_error_and_spread_are_those_of_normal_values() -> None:
    values = np.random.default_rng(1).normal(0, 0.02, (4000, 20))
    found = locate(values, 0.95)
    true = found.value.std()
    assert np.sqrt(np.mean(standard_error(found, 20, 0.95) ** 2)) == pytest.approx(true, rel=0.05)
    assert np.median(spread(found, 20, 0.95)) == pytest.approx(0.02, rel=0.05)
