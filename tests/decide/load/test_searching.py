"""Breaking points of two sides: when a verdict rests on them, and what is said when none does."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from made_load_runs import make_profile, make_run

from perfkit.analyse.load.searches import Searched
from perfkit.analyse.load.value import Breakpoint, LoadMetric
from perfkit.decide.load.result import LoadResult
from perfkit.decide.load.rows import fewest_trials
from perfkit.decide.load.searching import points_of, search_rows
from perfkit.decide.load.standing import load_standing
from perfkit.decide.verdict import Verdict
from perfkit.report.load.words import verdict_sentence
from perfkit.variant import Side

if TYPE_CHECKING:
    from collections.abc import Sequence

    from perfkit.decide.load.result import LoadRow

NOISE = (1.01, 0.99, 1.02, 0.98, 1.0, 1.03, 0.97, 1.015)


def point(side: Side, level: float, *, valid: bool = True) -> Breakpoint:
    return Breakpoint(
        side=side,
        low=level,
        high=level * 1.09,
        reason="p(95)>=200ms",
        max_throughput=level,
        valid=valid,
        probes=(),
    )


def searches(ratio: float, count: int = 8, **last: Any) -> list[Searched]:
    found = [
        Searched(
            points=(point(Side.BASELINE, 1000.0), point(Side.CANDIDATE, 1000 * ratio * noise)),
            finished=True,
        )
        for noise in NOISE[:count]
    ]
    if last:
        one, other = found[-1].points
        found[-1] = replace(found[-1], points=(one, replace(other, **last)))
    return found


def rows(some: Sequence[Searched], **changes: Any) -> dict[LoadMetric, LoadRow]:
    found = search_rows(some, make_run(make_profile(), tuple(Side), **changes))
    return {row.comparison.metric: row for row in found}


@pytest.mark.parametrize(
    ("ratio", "verdict"),
    [(1.0, Verdict.EQUIVALENT), (0.8, Verdict.SLOWER), (1.25, Verdict.FASTER)],
)
def test_a_verdict_from_several_searches(ratio: float, verdict: Verdict) -> None:
    found = rows(searches(ratio))
    assert {row.verdict for row in found.values()} == {verdict}
    assert set(found) == {LoadMetric.BREAKPOINT, LoadMetric.MAX_THROUGHPUT}
    interval = found[LoadMetric.BREAKPOINT].comparison.ratio
    assert interval.n == 8
    assert interval.low < ratio < interval.high


@pytest.mark.parametrize("count", [1, 2, 5])
def test_too_few_decide_nothing(count: int) -> None:
    found = rows(searches(0.5, count))
    assert {row.verdict for row in found.values()} == {Verdict.INCONCLUSIVE}
    assert fewest_trials(0.95) == 6


def test_one_search_of_each_side_has_the_interval_of_what_was_found() -> None:
    ratio = rows(searches(0.8, 1))[LoadMetric.BREAKPOINT].comparison.ratio
    assert (ratio.low, ratio.high) == pytest.approx((808 / 1090, 808 * 1.09 / 1000))


@pytest.mark.parametrize("last", [{"high": math.inf}, {"valid": False}, {"low": 0.0}])
def test_nothing_is_decided_where_pairs_had_to_be_left_out(last: dict[str, Any]) -> None:
    """Were the best searches of a side left out, the rest would speak against it."""
    found = rows(searches(0.8, **last))
    assert found[LoadMetric.BREAKPOINT].comparison.ratio.n == 7
    assert found[LoadMetric.BREAKPOINT].verdict is Verdict.INCONCLUSIVE


def test_a_search_that_was_interrupted_does_not_count() -> None:
    some = searches(0.8, 7)
    some[-1] = replace(some[-1], finished=False)
    assert rows(some)[LoadMetric.BREAKPOINT].comparison.ratio.n == 6
    assert [one.searches for one in points_of(some)] == [6, 6]
    assert [one.searches for one in points_of(some[-1:])] == [1, 1]


def result_of(some: Sequence[Searched], run: Any) -> LoadResult:
    return LoadResult(
        sides=(),
        health=None,
        thresholds=(),
        rows=search_rows(some, run),
        breakpoints=points_of(some),
        failures=(),
        trials=len(some),
        caveats=(),
        seconds={},
    )


@pytest.mark.parametrize(
    ("count", "words"),
    [
        (1, "One search of each side cannot tell 3.13 from 3.12 (breaking point -"),
        (3, "3 searches of each side cannot tell 3.13 from 3.12"),
    ],
)
def test_what_would_decide_is_said(count: int, words: str) -> None:
    run = make_run(make_profile(), tuple(Side), mode="breakpoint")
    told = verdict_sentence(
        run, result_of(searches(0.8, count), run), names=("3.12", "3.13"), state="finished"
    )
    assert told.startswith(words)
    assert "at least 6 are needed (--trials 6)" in told
    decided = verdict_sentence(
        run, result_of(searches(0.8), run), names=("3.12", "3.13"), state="finished"
    )
    assert decided.startswith("3.13 is worse than 3.12 in maximum throughput -")
    assert "medians of 8 searches" in decided


def test_a_gate_without_a_comparison_is_undecided() -> None:
    """Neither side broke: nothing says that the candidate is no worse."""
    run = make_run(make_profile(), tuple(Side), mode="breakpoint", gate=True)
    held = [
        replace(
            one, points=tuple(replace(x, high=math.inf, max_throughput=None) for x in one.points)
        )
        for one in searches(1.0, 1)
    ]
    recording: Any = type("Recording", (), {"run": run, "ends": {}})
    assert load_standing(recording, result_of(held, run)).undecided
    assert not load_standing(recording, result_of(searches(1.0), run)).undecided
    assert load_standing(recording, result_of(searches(0.5), run)).broken
