"""Breaking points of two sides, each searched several times: the verdict's error rate."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
from simulate_searches import SIDES, Truth, compare, probe_of

from perfkit.analyse.load.search import Search
from perfkit.analyse.load.searches import (
    Searched,
    all_searches,
    compare_searches,
    middle,
    nth_search,
    typical,
)
from perfkit.analyse.load.value import Breakpoint, LoadMetric
from perfkit.variant import Side

FIRST = Search(start=10.0, limit=1000.0, resolution=0.1, users=False)
REPEATS = 40


def point(side: Side, low: float, high: float, **changes: object) -> Breakpoint:
    found = Breakpoint(
        side=side,
        low=low,
        high=high,
        reason="p(95)>=200ms",
        max_throughput=low,
        valid=True,
        probes=(),
    )
    return replace(found, **changes)  # type: ignore[arg-type]


def pair(baseline: float, candidate: float) -> Searched:
    points = (
        point(Side.BASELINE, baseline, baseline * 1.1),
        point(Side.CANDIDATE, candidate, candidate * 1.1),
    )
    return Searched(points=points, finished=True)


@pytest.mark.parametrize("users", [False, True])
def test_a_service_against_itself_differs_no_oftener_than_said(*, users: bool) -> None:
    """Six pairs at 95 %: the signed-rank interval's own level is 2/64. 6 of 40 are 4 sigma off."""
    found = [compare(Truth(ratio=1.0, users=users), seed).ratio for seed in range(REPEATS)]
    assert all(one.n == 6 for one in found)
    assert sum(one.low > 1 or one.high < 1 for one in found) <= 6


@pytest.mark.parametrize("users", [False, True])
def test_the_interval_holds_the_true_ratio_and_the_difference_is_told(*, users: bool) -> None:
    found = [compare(Truth(ratio=0.8, users=users), seed).ratio for seed in range(REPEATS)]
    assert sum(one.low <= 0.8 <= one.high for one in found) >= 34
    assert sum(one.high < 1 for one in found) >= 26


def test_later_searches_begin_at_levels_of_their_own_near_what_was_found() -> None:
    earlier = [pair(100.0, 120.0)]

    def begin(number: int, side: Side) -> float:
        return nth_search(FIRST, number, side, earlier, trials=6, seed=1).start

    about = math.sqrt(100 * 120 * 1.1)
    starts = [begin(number, side) for number in range(1, 6) for side in SIDES]
    assert len(set(starts)) == 10
    assert all(about / 2 <= one < about for one in starts)
    assert 5 <= begin(0, Side.BASELINE) < 10
    # The rule does not tell the sides apart: turned round, they begin where they did.
    turned = [pair(120.0, 100.0)]
    again = nth_search(FIRST, 3, Side.CANDIDATE, turned, trials=6, seed=1).start
    assert again == pytest.approx(begin(3, Side.CANDIDATE))


def test_a_single_search_begins_where_it_was_told_to() -> None:
    assert nth_search(FIRST, 0, Side.BASELINE, [], trials=1, seed=1) is FIRST


def test_a_search_that_was_cut_short_is_not_finished() -> None:
    ask = probe_of(np.random.default_rng(1), 100.0, Truth(ratio=1.0, users=False))
    probes = [ask(10.0, Side.BASELINE, 0)]
    (found,) = all_searches(FIRST, probes, SIDES, trials=1, seed=1)
    assert not found.finished
    assert [one.side for one in found.points] == [Side.BASELINE]


def test_ends_that_are_open_give_no_effect() -> None:
    found = compare_searches(
        [
            pair(100.0, 90.0),
            pair(100.0, math.inf),
            pair(100.0, 91.0),
        ],
        confidence=0.95,
        margin=0.05,
        users=False,
    )
    row = next(one for one in found if one.metric is LoadMetric.BREAKPOINT)
    assert row.ratio.n == 2
    assert math.exp(row.effects[0]) == pytest.approx(0.9)


def test_whole_users_widen_the_interval() -> None:
    searches = [pair(8.0, 8.0)] * 6
    exact, whole = (
        compare_searches(searches, confidence=0.95, margin=0.05, users=users)[-1]
        for users in (False, True)
    )
    assert (exact.metric, whole.metric) == (LoadMetric.BREAKPOINT, LoadMetric.BREAKPOINT)
    assert (exact.ratio.low, exact.ratio.high) == (1.0, 1.0)
    assert whole.ratio.low == pytest.approx(8 / 9)
    assert whole.ratio.high == pytest.approx(9 / 8)


def test_a_typical_search_is_the_median_of_the_valid_ones() -> None:
    points = [
        point(Side.BASELINE, 100, 110),
        point(Side.BASELINE, 90, 99),
        point(Side.BASELINE, 120, math.inf, valid=False),
        point(Side.BASELINE, 104, 115),
    ]
    found = typical(points)
    assert (found.low, found.high, found.max_throughput) == (100, 110, 100)
    assert (found.valid, found.searches) == (False, 4)
    assert typical(points[:1]) == points[0]
    assert math.isnan(middle(points[2]))
