"""Intervals over time, on requests whose distribution is known.

``python tests/analyse/load/test_percentiles.py`` prints the table of `percentiles`' docstring.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import signal, stats

from perfkit.analyse.load.longrun import Blocks, blocks_for, even_blocks, spread_of_sum
from perfkit.analyse.load.percentiles import mean, percentiles, place, ratio_of_sums, share

if TYPE_CHECKING:
    from collections.abc import Callable

QUANTILES = (0.5, 0.95, 0.99)
DOUBT = 0.01  # a binomial p-value below it is a significant shortfall
EVEN = even_blocks(128.0, 128 * 4)
Rng = np.random.Generator
Load = tuple[np.ndarray, np.ndarray]  # moments and response times


def correlated(rng: Rng, count: int, gap: float, lasting: float) -> np.ndarray:
    """Normal, with correlation exp(-t / lasting)."""
    keep = math.exp(-gap / lasting)
    noise = rng.normal(size=count) * math.sqrt(1 - keep**2)
    noise[0] = rng.normal()
    return signal.lfilter([1], [1, -keep], noise)


def independent(rng: Rng, rate: float, seconds: float) -> Load:
    due = np.arange(round(rate * seconds)) / rate
    return due, rng.lognormal(0, 0.5, len(due))


def drifting(lasting: float) -> Callable[[Rng, float, float], Load]:
    """Half of the variance of the logarithm is shared by neighbours."""

    def build(rng: Rng, rate: float, seconds: float) -> Load:
        due = np.arange(round(rate * seconds)) / rate
        shared = correlated(rng, len(due), 1 / rate, lasting)
        own = rng.normal(size=len(due))
        return due, np.exp(0.5 * math.sqrt(0.5) * (shared + own))

    return build


def switching(slow: float, quick: float) -> Callable[[Rng, float, float], Load]:
    """Periods in which everything takes three times as long."""

    def build(rng: Rng, rate: float, seconds: float) -> Load:
        due = np.arange(round(rate * seconds)) / rate
        state, moment, changes = rng.random() < slow / (slow + quick), 0.0, []
        first = state
        while moment < seconds:
            moment += rng.exponential(slow if state else quick)
            changes.append(moment)
            state = not state
        flips = np.searchsorted(changes, due)
        slow_now = (flips % 2 == 1) != first
        return due, rng.lognormal(0, 0.3, len(due)) * np.where(slow_now, 3.0, 1.0)

    return build


def waiting(users: int) -> Callable[[Rng, float, float], Load]:
    """A closed loop without pauses whose service drifts over a second: slow times send less."""

    def build(rng: Rng, rate: float, seconds: float) -> Load:
        base = users / rate
        state = correlated(rng, int(seconds * 20) + 2, 0.05, 1.0)
        clock = rng.random(users) * base
        due, took = [], []
        while (clock < seconds).any():
            now = np.minimum(clock / 0.05, len(state) - 1).astype(int)
            own = rng.normal(size=users)
            response = base * np.exp(0.5 * math.sqrt(0.5) * (state[now] + own))
            due.append(clock[clock < seconds])
            took.append(response[clock < seconds])
            clock = clock + response
        return np.concatenate(due), np.concatenate(took)

    return build


CASES: dict[str, Callable[[Rng, float, float], Load]] = {
    "independent": independent,
    "correlated, 0.1 s": drifting(0.1),
    "correlated, 1 s": drifting(1.0),
    "correlated, 5 s": drifting(5.0),
    "slow 0.5 s of 3.5 s": switching(0.5, 3.0),
    "slow 2 s of 22 s": switching(2.0, 20.0),
    "10 users, 1 s": waiting(10),
}


def truth(case: str, rate: float) -> list[float]:
    rng = np.random.default_rng(99)
    seconds = 40_000 if case != "10 users, 1 s" else 4_000
    _, response = CASES[case](rng, rate, seconds)
    return [float(np.quantile(response, q)) for q in QUANTILES]


def coverage(case: str, rate: float, seconds: float, repeats: int) -> tuple[np.ndarray, float]:
    """How often each percentile's interval held the truth; p95's median half-width over p95."""
    true = truth(case, rate)
    rng = np.random.default_rng(7)
    hits = np.zeros(len(QUANTILES))
    widths = []
    for _ in range(repeats):
        due, response = CASES[case](rng, rate, seconds)
        blocks = blocks_for(len(due))
        block = np.minimum(due / seconds * blocks, blocks - 1).astype(np.int32)
        placed = place(response, block, even_blocks(seconds, len(due)))
        found = percentiles(placed, QUANTILES, 0.95)
        hits += [one.low <= value <= one.high for one, value in zip(found, true, strict=True)]
        widths.append(found[1].half_width / found[1].value)
    return hits, float(np.median(widths))


@pytest.mark.slow
@pytest.mark.parametrize(
    ("case", "seconds"),
    [
        ("independent", 30),
        ("correlated, 0.1 s", 30),
        ("correlated, 1 s", 120),
        ("slow 0.5 s of 3.5 s", 120),
        ("10 users, 1 s", 90),
    ],
)
def test_intervals_cover_where_correlation_is_short(case: str, seconds: float) -> None:
    repeats = 200
    hits, _ = coverage(case, 60.0, seconds, repeats)
    for count in hits:
        assert stats.binomtest(int(count), repeats, 0.95, alternative="less").pvalue > DOUBT, hits


@pytest.mark.slow
def test_long_correlation_is_met_better_than_by_calling_requests_independent() -> None:
    repeats = 200
    hits, _ = coverage("correlated, 5 s", 50.0, 30.0, repeats)
    assert hits.min() / repeats > 0.7  # as the table says; independent requests: 0.2 to 0.35


@given(
    st.lists(st.floats(0.125, 8, width=32), min_size=1, max_size=300),
    st.integers(0, 30),
    st.sampled_from(QUANTILES),
)
def test_estimate_is_the_order_statistic_and_lies_within(
    values: list[float], failed: int, quantile: float
) -> None:
    times = np.array(values)
    blocks = blocks_for(len(times))
    block = np.arange(len(times), dtype=np.int32) * blocks // len(times)
    failures = np.bincount(np.arange(failed) % blocks, minlength=blocks)
    (found,) = percentiles(
        place(times, block, even_blocks(1.0, len(times))), [quantile], 0.95, failures
    )
    everything = np.concatenate([times, np.full(failed, np.inf)])
    expected = np.quantile(everything, quantile, method="inverted_cdf")
    assert found.value == expected
    assert found.low <= found.value <= found.high
    assert found.n == len(everything)


def test_more_failures_than_the_percentile_allows_make_it_infinite() -> None:
    times = np.full(940, 0.01)
    block = (np.arange(940) * 128 // 940).astype(np.int32)
    placed = place(times, block, EVEN)
    failures = np.zeros(128, dtype=np.int64)
    failures[::2] = 1  # 64 of 1004
    p50, p95 = percentiles(placed, (0.5, 0.95), 0.95, failures)
    assert p50.value == 0.01
    assert math.isinf(p95.value)


@pytest.mark.parametrize(("count", "quantile"), [(5, 0.5), (40, 0.95), (300, 0.99)])
def test_few_requests_have_no_upper_end(count: int, quantile: float) -> None:
    rng = np.random.default_rng(0)
    blocks = blocks_for(count)
    block = (np.arange(count) * blocks // count).astype(np.int32)
    placed = place(rng.lognormal(size=count), block, even_blocks(1.0, count))
    (found,) = percentiles(placed, [quantile], 0.95)
    assert math.isinf(found.high)


def test_nothing_is_nothing() -> None:
    placed = place(np.empty(0), np.empty(0, dtype=np.int32), even_blocks(1.0, 0))
    (found,) = percentiles(placed, [0.5], 0.95)
    assert math.isnan(found.value)
    assert found.n == 0
    nothing = np.zeros(8, dtype=int)
    assert share(nothing, nothing, 0.95, even_blocks(1.0, 0)) is None


def test_with_trials_as_blocks_the_spread_is_that_between_trials() -> None:
    rng = np.random.default_rng(3)
    trials, each = 10, 1000
    level = np.exp(rng.normal(0, 0.2, trials))
    times = (level[:, None] * rng.lognormal(0, 0.1, (trials, each))).ravel()
    block = np.repeat(np.arange(trials, dtype=np.int32), each)
    blocks = Blocks(lengths=np.ones(trials), bounds=(), independent=True)
    (found,) = percentiles(place(times, block, blocks), [0.5], 0.95)
    assert found.half_width > 0.2 / math.sqrt(trials)


def test_no_failure_has_the_exact_upper_end() -> None:
    totals = np.full(100, 30)
    found = share(np.zeros(100, dtype=int), totals, 0.95, even_blocks(1.0, 400))
    assert found is not None
    exact = stats.binomtest(0, 3000).proportion_ci(0.95, method="exact")
    assert (found.low, found.high) == pytest.approx((0.0, exact.high))


def test_failures_that_come_in_bursts_are_known_less_well() -> None:
    totals = np.full(128, 100)
    rng = np.random.default_rng(1)
    spread = share(rng.binomial(100, 0.05, 128), totals, 0.95, EVEN)
    burst = np.zeros(128, dtype=int)
    burst[[10, 11, 12, 70, 71, 100, 101]] = 91
    together = share(burst, totals, 0.95, EVEN)
    assert spread is not None
    assert together is not None
    assert together.half_width > 3 * spread.half_width
    assert together.low < together.value < together.high


@pytest.mark.slow
def test_means_and_rates_cover() -> None:
    rng = np.random.default_rng(11)
    repeats, hits, rates = 400, 0, 0
    for _ in range(repeats):
        due, response = drifting(0.5)(rng, 50.0, 60.0)
        block = np.minimum(due / 60 * 128, 127).astype(np.int32)
        found = mean(place(response, block, EVEN), 0.95)
        hits += found.low <= math.exp(0.125) <= found.high
        counts = rng.poisson(20.0, 128).astype(float)
        rate = ratio_of_sums(counts, np.full(128, 2.0), 0.95, EVEN, count=128)
        rates += rate.low <= 10.0 <= rate.high
    for count in (hits, rates):
        assert stats.binomtest(count, repeats, 0.95, alternative="less").pvalue > DOUBT


def test_variance_of_a_sum_respects_correlation() -> None:
    rng = np.random.default_rng(5)
    keep, count = 0.5, 128
    found = []
    for _ in range(400):
        series = signal.lfilter([1], [1, -keep], rng.normal(size=500))[-count:]
        found.append(spread_of_sum(series - series.mean(), EVEN).variance)
    assert np.mean(found) == pytest.approx(count / (1 - keep) ** 2, rel=0.15)


def test_too_few_blocks_know_nothing() -> None:
    blocks = Blocks(lengths=np.ones(3), bounds=(0, 3), independent=False)
    assert math.isnan(spread_of_sum(np.array([1.0, -1.0, 0.0]), blocks).variance)


def test_a_change_of_level_between_stages_is_no_chance() -> None:
    rng = np.random.default_rng(0)
    block = np.repeat(np.arange(128, dtype=np.int32), 50)
    times = rng.lognormal(0, 0.3, len(block)) * np.where(block < 64, 1.0, 4.0)
    staged = Blocks(lengths=np.ones(128), bounds=(0, 64, 128), independent=False)
    (alike,) = percentiles(place(times, block, EVEN), [0.95], 0.95)
    (known,) = percentiles(place(times, block, staged), [0.95], 0.95)
    assert known.value == alike.value
    assert known.half_width < 0.05 * known.value
    assert alike.half_width > 2 * known.half_width


def table(repeats: int = 1000) -> None:
    for case in CASES:
        cells = []
        for seconds, rate in ((30, 50), (30, 300), (120, 100), (300, 100)):
            hits, width = coverage(case, rate, seconds, repeats)
            figures = " / ".join(f"{100 * hit / repeats:.0f}" for hit in hits)
            cells.append(f"{figures} (± {100 * width:.0f} %)")
        print(f"| {case} | {' | '.join(cells)} |", flush=True)  # noqa: T201 - figures to read


if __name__ == "__main__":
    table()
