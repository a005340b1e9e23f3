from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from perfkit.analyse.estimate import Comparison, Estimate
from perfkit.analyse.family import benjamini_hochberg, count_p, geometric_mean, holm
from perfkit.analyse.proportion import proportion
from perfkit.analyse.replay import apply_rule
from perfkit.errors import PerfkitError

if TYPE_CHECKING:
    from collections.abc import Callable

    from perfkit.settings import Goal

P_VALUES = st.lists(st.floats(0, 1), max_size=30)


def comparison(low: float, value: float, high: float, n: int = 20) -> Comparison:
    ratio = Estimate(value=value, low=low, high=high, confidence=0.95, n=n)
    return Comparison(
        benchmark="x", series="compare", ratio=ratio, baseline=ratio, candidate=ratio,
        memory=(), detectable=0.0, p_value=1.0,
        effects=(), between_share=None, stopped="precision", caveats=(),
    )  # fmt: skip


def test_holm_and_benjamini_hochberg_by_hand() -> None:
    # Sorted 0.005, 0.01, 0.03, 0.04, 0.8. Holm: times 5, 4, 3, 2, 1 and never falling;
    # Benjamini–Hochberg: times 5/1, 5/2, 5/3, 5/4, 5/5 and never rising from the end.
    p_values = [0.01, 0.04, 0.03, 0.005, 0.8]
    assert holm(p_values) == pytest.approx([0.04, 0.09, 0.09, 0.025, 0.8])
    assert benjamini_hochberg(p_values) == pytest.approx([0.025, 0.05, 0.05, 0.025, 0.8])


def test_many_small_p_values_are_improbable() -> None:
    assert count_p([0.04], 0.05) == pytest.approx(0.05)
    assert count_p([0.04, 0.9], 0.05) == pytest.approx(1 - 0.95**2)
    assert count_p([0.04] * 4 + [0.5] * 16, 0.05) == pytest.approx(0.0159, abs=1e-4)
    assert count_p([0.9] * 20, 0.05) == count_p([], 0.05) == 1.0


@given(P_VALUES)
def test_adjusted_p_values_keep_order_and_bounds(p_values: list[float]) -> None:
    given_p = np.array(p_values)
    for adjusted in (holm(p_values), benjamini_hochberg(p_values)):
        assert (adjusted >= given_p * (1 - 1e-12)).all()
        assert (adjusted <= 1).all()
        assert (np.diff(adjusted[np.argsort(given_p)]) >= -1e-12).all()
    assert (benjamini_hochberg(p_values) <= holm(p_values) * (1 + 1e-12)).all()


def test_one_p_value_stays_as_it_is_and_none_gives_none() -> None:
    assert holm([0.03]) == pytest.approx([0.03])
    assert len(holm([])) == len(benjamini_hochberg([])) == 0


@pytest.mark.parametrize("bad", [-0.1, 1.1, math.nan])
def test_p_values_must_be_such(bad: float) -> None:
    for adjust in (holm, benjamini_hochberg):
        with pytest.raises(PerfkitError, match="out of range"):
            adjust([0.5, bad])


def test_geometric_mean_by_hand() -> None:
    # Two equal half-widths h on the log scale with 19 degrees of freedom each: the mean's
    # standard error is (h / t19) / sqrt(2), with 38 degrees of freedom.
    half_width = 0.02
    suite = [
        comparison(math.exp(-half_width), 1.0, math.exp(half_width)),
        comparison(1.21 * math.exp(-half_width), 1.21, 1.21 * math.exp(half_width)),
    ]
    got = geometric_mean(suite, 0.95)
    expected = half_width / stats.t.ppf(0.975, 19) / math.sqrt(2) * stats.t.ppf(0.975, 38)
    assert got.value == pytest.approx(1.1)
    assert (got.low, got.high) == pytest.approx(
        (1.1 * math.exp(-expected), 1.1 * math.exp(expected))
    )
    assert (got.confidence, got.n) == (0.95, 40)


def test_geometric_mean_of_one_is_its_ratio() -> None:
    alone = comparison(0.99, 1.0, 1 / 0.99)
    got = geometric_mean([alone], 0.95)
    assert (got.value, got.low, got.high) == pytest.approx((1.0, 0.99, 1 / 0.99))


def test_geometric_mean_of_exact_ratios_is_exact() -> None:
    got = geometric_mean([comparison(1.1, 1.1, 1.1), comparison(1.1, 1.1, 1.1)], 0.95)
    assert (got.value, got.low, got.high) == pytest.approx((1.1, 1.1, 1.1))


def test_a_member_without_interval_leaves_the_mean_without() -> None:
    got = geometric_mean([comparison(0.99, 1.0, 1.01), comparison(0.0, 1.0, math.inf, 3)], 0.95)
    assert (got.low, got.high) == (0, math.inf)


def test_geometric_mean_of_nothing_is_an_error() -> None:
    with pytest.raises(PerfkitError, match="no ratios"):
        geometric_mean([], 0.95)


@pytest.mark.slow
@pytest.mark.parametrize("size", [2, 18])
@pytest.mark.parametrize("decided", [False, True])
def test_interval_of_the_geometric_mean_keeps_its_coverage(
    goal_of: Callable[..., Goal], size: int, *, decided: bool
) -> None:
    rng, suites = np.random.default_rng(size), 1500
    spreads = np.tile(rng.uniform(0.008, 0.03, size), suites)[:, None]
    truths = np.tile(np.resize([0.0, 0.05, -0.1], size), suites)
    effects = spreads * rng.normal(size=(suites * size, 30)) + truths[:, None]
    ends = apply_rule(effects, goal_of(decided=decided))
    members = [
        comparison(low, value, high, int(n))
        for n, value, low, high in zip(
            ends.blocks, np.exp(ends.value), np.exp(ends.low), np.exp(ends.high), strict=True
        )
    ]
    truth = math.exp(truths[:size].mean())
    hits = 0
    for start in range(0, len(members), size):
        got = geometric_mean(members[start : start + size], 0.95)
        hits += got.low <= truth <= got.high
    assert stats.binomtest(hits, suites, 0.95, alternative="less").pvalue > 0.01, hits / suites


@given(st.lists(st.one_of(st.floats(0, 1), st.sampled_from([0.0, 0.01, 1.0])), max_size=40))
def test_what_scipy_says_too(p_values: list[float]) -> None:
    """Its own functions are not used, since they take a second to import."""
    np.testing.assert_allclose(
        benjamini_hochberg(p_values), stats.false_discovery_control(p_values), rtol=1e-12
    )
    small = int(np.count_nonzero(np.array(p_values) <= 0.05))
    wanted = stats.binom.sf(small - 1, len(p_values), 0.05)
    assert count_p(p_values, 0.05) == pytest.approx(wanted, rel=1e-9)


@pytest.mark.parametrize("trials", [1, 2, 60, 100_000])
def test_intervals_of_shares_are_those_of_scipy(trials: int) -> None:
    for hits in (0, 1, trials // 2, trials):
        found = proportion(hits, trials, 0.99)
        wanted = stats.binomtest(hits, trials).proportion_ci(0.99, method="exact")
        assert (found.low, found.high) == pytest.approx((wanted.low, wanted.high), rel=1e-9)
