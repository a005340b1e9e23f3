"""A whole run judged: words, caveats, and what an invalid generator takes away."""

from __future__ import annotations

import math
from dataclasses import replace
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from made_load_runs import Requests, arrivals, conditions, make_profile

from perfkit.analyse.load.value import HealthProblem, LoadMetric
from perfkit.decide.load import caveats
from perfkit.decide.load.judge import judge_load, seconds_by_stage
from perfkit.decide.load.probing import judge_probe, search_of
from perfkit.decide.load.result import Holds, LoadResult, LoadRow, Validity
from perfkit.decide.load.standing import load_standing
from perfkit.decide.verdict import Verdict
from perfkit.profile.value import Model, Stage
from perfkit.recording.compare import Finish
from perfkit.recording.load import SearchMethod, Window, WorkerHealth
from perfkit.report.load.words import verdict_sentence
from perfkit.variant import Side

if TYPE_CHECKING:
    from collections.abc import Callable

    from made_load_runs import Maker

BOTH = (Side.BASELINE, Side.CANDIDATE)
STAGES = (Stage(name="hold", seconds=20.0, target=100.0, role="hold"),)
TURNS = tuple(Window(begin=float(k), end=k + 1.0, target=k % 2) for k in range(20))
STRESS = (
    Stage(name="normal", seconds=20.0, target=100.0, role="before"),
    Stage(name="high", seconds=20.0, target=200.0, role="stress"),
    Stage(name="extreme", seconds=20.0, target=300.0, role="stress"),
    Stage(name="recovery", seconds=20.0, target=100.0, role="recovery"),
)


def times(due: np.ndarray, seed: int) -> np.ndarray:
    return np.random.default_rng(seed).lognormal(math.log(0.02), 0.3, len(due))


def compared(
    maker: Callable[..., Maker],
    change: float,
    trials: int = 10,
    fails: float = 0.0,
    **report: Any,
) -> LoadResult:
    made = maker(STAGES, BOTH, thresholds=conditions("p(95)<150ms"))
    due = arrivals(200, 20)
    target = np.floor(due).astype(int) % 2
    rng = np.random.default_rng(0)
    for trial in range(trials):
        response = times(due, trial) * np.where(target == 1, 1 + change, 1.0)
        outcome = ((target == 1) & (rng.random(len(due)) < fails)).astype(int)
        requests = Requests(due, response, target=target, outcome=outcome)
        made.add(trial, requests, windows=TURNS, **report)
    return judge_load(made.recording())


def verdicts(result: LoadResult) -> dict[LoadMetric, Verdict]:
    return {row.comparison.metric: row.verdict for row in result.rows}


def codes(result: LoadResult) -> set[str]:
    return {caveat.code for caveat in result.caveats}


@pytest.mark.parametrize(
    ("change", "verdict"),
    [(0.0, Verdict.EQUIVALENT), (0.2, Verdict.SLOWER), (-0.2, Verdict.FASTER)],
)
def test_words(maker: Callable[..., Maker], change: float, verdict: Verdict) -> None:
    result = compared(maker, change)
    found = verdicts(result)
    assert found[LoadMetric.P50] is verdict
    assert found[LoadMetric.MEAN] is verdict
    assert found[LoadMetric.THROUGHPUT] is Verdict.EQUIVALENT
    assert found[LoadMetric.ERROR_RATE] is Verdict.EQUIVALENT
    assert [one.holds for one in result.thresholds] == [Holds.PASS] * 2
    assert result.trials == 10
    assert result.health is not None
    assert result.health.validity is Validity.VALID


@pytest.mark.parametrize("failures", [False, True])
def test_a_side_that_answers_nothing_in_some_trials_is_not_equivalent(
    maker: Callable[..., Maker], *, failures: bool
) -> None:
    made = maker(STAGES, BOTH)
    due = arrivals(200, 20)
    target = np.floor(due).astype(int) % 2
    for trial in range(10):
        dead = (target == 1) & (trial in {3, 7})  # else both sides are alike
        outcome = np.where(dead, 1 if failures else 2, 0)
        requests = Requests(due, times(due, trial), target=target, outcome=outcome)
        made.add(trial, requests, windows=TURNS)
    recording = made.recording()
    recording = replace(recording, run=replace(recording.run, gate=True))
    result = judge_load(recording)
    found = verdicts(result)
    for metric in (LoadMetric.P50, LoadMetric.P99, LoadMetric.MEAN, LoadMetric.THROUGHPUT):
        assert found[metric] is Verdict.INCONCLUSIVE
    (caveat,) = (one for one in result.caveats if one.code == "trials-missing")
    assert "p50 response 2 of 10" in caveat.text
    assert "throughput 2 of 10" in caveat.text
    assert ("error rate" in caveat.text) != failures
    assert load_standing(recording, result).undecided


def test_more_failures_are_worse(maker: Callable[..., Maker]) -> None:
    result = compared(maker, 0.0, fails=0.05)
    assert verdicts(result)[LoadMetric.ERROR_RATE] is Verdict.SLOWER


def test_more_throughput_is_better(maker: Callable[..., Maker]) -> None:
    made = maker(STAGES, BOTH, model=Model.CLOSED, sliced=False)
    for trial in range(8):
        for side, rate in zip(BOTH, (100, 130), strict=True):
            due = arrivals(rate + trial, 20)
            made.add(trial, Requests(due, times(due, trial)), sides=(side,))
    found = verdicts(judge_load(made.recording()))
    assert found[LoadMetric.MAX_THROUGHPUT] is Verdict.FASTER
    assert LoadMetric.THROUGHPUT not in found


def test_an_invalid_generator_decides_nothing(maker: Callable[..., Maker]) -> None:
    result = compared(maker, 0.5, complete=False)
    assert set(verdicts(result).values()) == {Verdict.INCONCLUSIVE}
    assert {one.holds for one in result.thresholds} == {Holds.INCONCLUSIVE}
    assert all("generator" in one.reason for one in result.thresholds)
    assert "generator-invalid" in codes(result)


def failing(maker: Callable[..., Maker], status: int, **report: Any) -> LoadResult:
    """A third fails, and the generator's CPU is busy all the time."""
    made = maker(STAGES, thresholds=conditions("rate(errors)<10%", "p(95)<1ms"))
    due = arrivals(100, 20)
    outcome = (np.arange(len(due)) % 3 == 0).astype(int)
    statuses = np.where(outcome == 1, status, 200)
    busy = tuple(WorkerHealth(second=k + 1.0, cpu=0.99, lag=0.001) for k in range(20))
    requests = Requests(due, times(due, 0), outcome=outcome, error=outcome - 1, status=statuses)
    made.add(0, requests, health=busy, **report)
    return judge_load(made.recording())


def test_errors_the_service_answered_fail_though_the_generator_is_invalid(
    maker: Callable[..., Maker],
) -> None:
    result = failing(maker, 503)
    assert result.health is not None
    assert result.health.validity is Validity.INVALID
    errors, slow = result.thresholds
    assert errors.holds is Holds.FAIL
    assert "the service itself answered" in errors.reason
    assert errors.value is not None
    assert errors.value.value == pytest.approx(1 / 3, abs=0.001)
    assert slow.holds is Holds.INCONCLUSIVE


@pytest.mark.parametrize("status", [0, 200, 408])
def test_errors_that_may_be_the_generators_do_not(maker: Callable[..., Maker], status: int) -> None:
    assert {one.holds for one in failing(maker, status).thresholds} == {Holds.INCONCLUSIVE}


def test_nor_do_errors_among_events_that_are_not_complete(maker: Callable[..., Maker]) -> None:
    result = failing(maker, 503, complete=False)
    assert {one.holds for one in result.thresholds} == {Holds.INCONCLUSIVE}


def test_a_generator_that_never_reported_decides_nothing(maker: Callable[..., Maker]) -> None:
    made = maker(STAGES, thresholds=conditions("p(95)<150ms"))
    due = arrivals(100, 20)
    made.add(0, Requests(due, times(due, 0)))
    made.ends.clear()
    result = judge_load(made.recording(finishes=()))
    assert result.health is None
    assert [one.holds for one in result.thresholds] == [Holds.INCONCLUSIVE]
    assert {"generator-silent", "interrupted"} <= codes(result)


def test_five_trials_decide_nothing(maker: Callable[..., Maker]) -> None:
    result = compared(maker, 0.5, trials=5)
    assert set(verdicts(result).values()) == {Verdict.INCONCLUSIVE}
    assert "too-few-trials" in codes(result)


def test_what_is_open_says_how_many_trials_it_needs(maker: Callable[..., Maker]) -> None:
    made = maker(STAGES, BOTH)
    due = arrivals(200, 20)
    target = np.floor(due).astype(int) % 2
    rng = np.random.default_rng(4)
    for trial in range(8):
        one, other = np.exp(rng.normal(0, 0.15, 2))
        response = times(due, trial) * np.where(target == 1, one, other)
        made.add(trial, Requests(due, response, target=target), windows=TURNS)
    result = judge_load(made.recording())
    (caveat,) = [one for one in result.caveats if one.code == "undecided"]
    needed = {row.comparison.metric: row.comparison.trials_needed for row in result.rows}
    assert needed[LoadMetric.P95] is not None
    assert needed[LoadMetric.P95] > 20
    assert f"p95 response {needed[LoadMetric.P95]}" in caveat.text


def test_a_stress_has_breaking_point_and_recovery(maker: Callable[..., Maker]) -> None:
    made = maker(
        STRESS,
        start=100.0,
        breaks=conditions("p(95)>=200ms", "rate(errors)>=5%"),
        recovery=(0.3, 5.0),
    )
    due = np.concatenate([20 * k + arrivals(x, 20) for k, x in enumerate((100, 200, 300, 100))])
    slow = np.where((due >= 40) & (due < 66), 20.0, 1.0)
    made.add(0, Requests(due, times(due, 0) * slow))
    result = judge_load(made.recording())
    (point,) = result.breakpoints
    assert (point.low, point.high, point.reason) == (200, 300, "p(95)>=200ms")
    recovery = result.sides[0].recovery
    assert recovery is not None
    assert recovery.seconds == pytest.approx(6, abs=0.6)


def test_a_stress_that_breaks_nothing_says_so(maker: Callable[..., Maker]) -> None:
    made = maker(STRESS, start=100.0, breaks=conditions("p(95)>=200ms"))
    due = np.concatenate([20 * k + arrivals(x, 20) for k, x in enumerate((100, 200, 300, 100))])
    made.add(0, Requests(due, times(due, 0)))
    result = judge_load(made.recording())
    assert math.isinf(result.breakpoints[0].high)
    assert "breakpoint-not-reached" in codes(result)


def searched(maker: Callable[..., Maker], capacity: float, **report: Any) -> LoadResult:
    search = SearchMethod(start=50, limit=800, resolution=0.1, settle_seconds=1.0, hold_seconds=4.0)
    made = maker(breaks=conditions("p(95)>=200ms"), run={"mode": "breakpoint", "search": search})
    rule = search_of(made.recording().run)
    assert rule is not None
    probes = []
    while (level := rule.next_level(probes)) is not None:
        due = arrivals(level, 5.0)
        response = times(due, len(probes)) * (20 if level > capacity else 1)
        busy = report if level > 300 else {}
        name = made.add(len(probes), Requests(due, response), level=level, seconds=5.0, **busy)
        recording = made.recording()
        probes.append(judge_probe(recording, recording.starts[name]))
    return judge_load(made.recording())


def test_a_search(maker: Callable[..., Maker]) -> None:
    result = searched(maker, 130.0)
    (point,) = result.breakpoints
    assert point.low <= 130 <= point.high <= point.low * 1.1001
    assert point.valid
    assert result.sides == ()
    assert result.health is not None
    assert result.health.validity is Validity.VALID


def test_a_search_that_its_generator_ended(maker: Callable[..., Maker]) -> None:
    result = searched(maker, 10_000.0, complete=False)
    (point,) = result.breakpoints
    assert not point.valid
    assert (point.low, point.high) == (200, math.inf)
    assert "breakpoint-invalid" in codes(result)
    assert "generator-invalid" not in codes(result)
    assert result.health is not None
    assert result.health.validity is Validity.INVALID
    ((problem, text, _),) = result.health.problems
    assert problem is HealthProblem.INCOMPLETE
    assert text.startswith("at 400: ")
    told = verdict_sentence(
        SimpleNamespace(mode="breakpoint", profile=make_profile()),  # type: ignore[arg-type]
        result,
        names=("app", ""),
        state="finished",
    )
    assert told == (
        "app has no breaking point: the generator was the bottleneck (INVALID); "
        "it held up to 200 requests/s."
    )


def test_a_search_that_was_not_finished_does_not_say_not_reached(
    maker: Callable[..., Maker],
) -> None:
    search = SearchMethod(start=50, limit=800, resolution=0.1, settle_seconds=1.0, hold_seconds=4.0)
    made = maker(breaks=conditions("p(95)>=200ms"), run={"mode": "breakpoint", "search": search})
    due = arrivals(50, 5.0)
    made.add(0, Requests(due, times(due, 0)), level=50.0, seconds=5.0)
    result = judge_load(made.recording())
    assert (result.breakpoints[0].low, result.breakpoints[0].high) == (50, math.inf)
    assert "breakpoint-open" in codes(result)
    assert "breakpoint-not-reached" not in codes(result)


def test_caveats_of_the_run(maker: Callable[..., Maker]) -> None:
    made = maker(STAGES, time_scale=0.02, user_scale=0.5, run={"floor": 0.015})
    service = replace(made.recording().run.service, backing=("postgres",))
    made.changes["service"] = service
    due = arrivals(100, 20)
    outcome = np.zeros(len(due), dtype=int)
    outcome[-1] = 2
    made.add(
        0,
        Requests(due, times(due, 0), outcome=outcome),
        reason="aborted",
        unsent=7,
        clock_error=0.01,
        pins={"generator": (0,), "service": (0,)},
    )
    result = judge_load(
        made.recording(finishes=(Finish(status="interrupted", seconds={"total": 30.0}),), cut=True)
    )
    assert {
        "scaled",
        "near-floor",
        "backing-shares-cpu",
        "shared-cpu",
        "cut-off",
        "ended-early",
        "unsent",
        "clock-error",
        "interrupted",
        "recording-cut",
        "no-resources",
    } <= codes(result)
    for caveat in result.caveats:
        assert caveat.remedy
    assert result.seconds["total"] == 30.0
    assert list(result.seconds)[-1] == "total"


def test_what_the_engine_noted_is_said_once(maker: Callable[..., Maker]) -> None:
    made = maker()
    for trial in range(2):
        made.add(trial, Requests(arrivals(100, 20), times(arrivals(100, 20), trial)))
    for name, end in made.ends.items():
        made.ends[name] = replace(end, notes=("LoadTestShape is left out", f"{name}: late"))
    (caveat,) = (one for one in judge_load(made.recording()).caveats if one.code == "engine-notes")
    assert caveat.text == "the engine noted: LoadTestShape is left out; t00: late; t01: late"


def test_a_run_that_recorded_nothing_has_a_result(maker: Callable[..., Maker]) -> None:
    made = maker(STAGES, thresholds=conditions("p(95)<150ms"))
    result = judge_load(made.recording(finishes=()))
    assert result.sides == ()
    assert result.thresholds == ()
    assert result.health is None


def test_seconds_are_those_of_all_sittings(maker: Callable[..., Maker]) -> None:
    made = maker(STAGES)
    due = arrivals(100, 20)
    made.add(0, Requests(due, times(due, 0)))
    finishes = (
        Finish(status="interrupted", seconds={"provision": 5.0, "measure": 25.0, "total": 31.0}),
        Finish(status="finished", seconds={"provision": 1.0, "measure": 10.0, "total": 12.0}),
    )
    found = seconds_by_stage(made.recording(finishes=finishes))
    assert found == {
        "provision": 6.0, "load": 20.0, "start-up": 15.0, "other": 2.0, "total": 43.0,
    }  # fmt: skip


def test_one_difference_among_many_figures_may_be_chance(maker: Callable[..., Maker]) -> None:
    result = compared(maker, 0.0, trials=6)
    recording = SimpleNamespace(run=SimpleNamespace(confidence=0.95))

    def with_p(first: float) -> LoadResult:
        rows = tuple(
            LoadRow(
                comparison=replace(row.comparison, p_value=0.5 if number else first),
                verdict=Verdict.EQUIVALENT if number else Verdict.SLOWER,
            )
            for number, row in enumerate(result.rows)
        )
        return replace(result, rows=rows)

    (caveat,) = caveats._chance(recording, with_p(0.03))
    assert "among 6 figures, p50 response may differ by chance" in caveat.text
    assert list(caveats._chance(recording, with_p(0.001))) == []
    assert list(caveats._chance(recording, replace(result, rows=()))) == []
