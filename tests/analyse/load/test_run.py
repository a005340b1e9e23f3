"""From recorded events and samples to figures; every request is known."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pytest
from made_load_runs import Requests, arrivals, conditions

from perfkit.analyse.load.run import analyse_load, analyse_probe, counting_starts
from perfkit.analyse.load.timeline import window_width
from perfkit.analyse.load.value import LoadMetric
from perfkit.profile.value import Stage
from perfkit.recording.load import SearchMethod, Window
from perfkit.variant import Side

if TYPE_CHECKING:
    from collections.abc import Callable

    from made_load_runs import Maker

RAMPED = (
    Stage(name="up", seconds=5.0, target=100.0, role="ramp"),
    Stage(name="hold", seconds=20.0, target=100.0, role="hold"),
    Stage(name="down", seconds=5.0, target=100.0, role="ramp"),
)
BOTH = (Side.BASELINE, Side.CANDIDATE)
TURNS = tuple(Window(begin=float(k), end=k + 1.0, target=k % 2) for k in range(30))


def times(count: int, seed: int = 0, median: float = 0.02) -> np.ndarray:
    return np.random.default_rng(seed).lognormal(math.log(median), 0.3, count)


def test_the_load_without_its_ramps(maker: Callable[..., Maker]) -> None:
    made = maker(RAMPED, start=100.0)
    due = arrivals(100, 30)
    response = times(len(due))
    made.add(0, Requests(due, response, late=0.001))
    (side,) = analyse_load(made.recording()).sides
    hold = response[(due >= 5) & (due < 25)]
    assert side.overall.sent == side.overall.answered == 2000
    assert side.overall.seconds == pytest.approx(20.0)
    assert side.overall.response is not None
    assert side.overall.service is not None
    rounded = np.round(hold, 6)
    assert side.overall.response.p95.value == pytest.approx(
        np.quantile(rounded, 0.95, method="inverted_cdf"), abs=2e-6
    )
    assert side.overall.response.mean.value == pytest.approx(hold.mean(), abs=2e-6)
    assert side.overall.service.p50.value == pytest.approx(
        side.overall.response.p50.value - 0.001, abs=2e-6
    )
    assert side.overall.lateness == pytest.approx(0.001, abs=2e-6)
    assert [one.phase for one in side.phases] == ["up", "hold", "down"]
    assert [one.sent for one in side.phases] == [500, 2000, 500]
    assert [one.request for one in side.requests] == ["read"]
    assert side.overall.throughput.value == pytest.approx(100, rel=0.01)
    assert side.curve.response[49] == side.overall.response.p50.value
    assert [one.side for one in analyse_load(made.recording()).sides] == [Side.BASELINE]


def test_the_warm_up_is_left_out_and_a_later_stall_is_not(maker: Callable[..., Maker]) -> None:
    made = maker(RAMPED, start=100.0)
    due = arrivals(100, 30)
    response = times(len(due)) * (1 + 4 * np.exp(-np.maximum(due - 5, 0) / 0.5))
    stalled = (due > 12) & (due < 13)
    response[stalled] = 13.5 - due[stalled]
    made.add(0, Requests(due, response))
    analysis = analyse_load(made.recording())
    assert 1.0 <= analysis.warm_up <= 3.0
    (side,) = analysis.sides
    assert side.overall.seconds == pytest.approx(20 - analysis.warm_up)
    assert side.overall.response is not None
    assert side.overall.response.maximum > 1.4
    assert side.timeline.p50[10] > 3 * side.timeline.p50[-10]  # shown all the same


def test_a_steady_service_loses_little(maker: Callable[..., Maker]) -> None:
    due = arrivals(60, 30)
    cut = 0
    made = maker()
    for trial in range(60):
        made.add(trial, Requests(due, times(len(due), trial)))
    recording = made.recording()
    for trial in range(60):
        one = {name: start for name, start in recording.starts.items() if start.trial == trial}
        found = analyse_load(replace(recording, starts=one))
        assert found.warm_up <= 3 * 30 / 40
        cut += found.warm_up > 0
    assert cut <= 9  # less than one in twenty is expected: the highest of 21 ranks


def test_what_differs_little_or_is_quicker_at_first_is_no_warm_up(
    maker: Callable[..., Maker],
) -> None:
    """Nor is a queue that grows from the first second on."""
    made = maker()
    due = arrivals(60, 30)
    steady = np.full(len(due), 0.0200)
    steady[due < 12] = 0.0204
    made.add(0, Requests(due, steady))
    made.add(1, Requests(due, 0.02 + due / 10))
    assert analyse_load(made.recording()).warm_up == 0.0


def test_a_refused_connection_is_no_answer(maker: Callable[..., Maker]) -> None:
    """Throughput counts answers of any kind: wrong ones, too, but not what never came."""
    made = maker()
    due = arrivals(100, 30)
    kind = np.arange(len(due)) % 4
    made.add(
        0,
        Requests(
            due,
            np.full(len(due), 0.02),
            outcome=(kind > 1).astype(int),
            error=np.where(kind > 1, 0, -1),
            status=np.choose(kind, [200, 200, 500, 0]),
        ),
    )
    (side,) = analyse_load(made.recording()).sides
    assert side.overall.goodput.value == pytest.approx(50, rel=0.01)
    assert side.overall.throughput.value == pytest.approx(75, rel=0.01)
    assert np.nanmedian(side.timeline.throughput) == pytest.approx(75, rel=0.05)


def test_failures_are_no_quick_answers(maker: Callable[..., Maker]) -> None:
    made = maker(thresholds=conditions("p(90)<1s", "min<1s"))
    due = arrivals(100, 30)
    failed = np.arange(len(due)) % 10 == 0
    response = np.where(failed, 0.0001, times(len(due), 2))
    made.add(
        0,
        Requests(
            due,
            response,
            outcome=failed.astype(int),
            error=np.where(failed, np.arange(len(due)) // 10 % 2, -1),
            errors=("status 500", "timed out"),
        ),
    )
    overall = analyse_load(made.recording()).sides[0].overall
    assert (overall.answered, overall.failed) == (2700, 300)
    assert overall.response is not None
    assert overall.response.count == 2700
    assert overall.response.p50.value > 0.015
    assert overall.p95_with_failures is not None
    assert math.isinf(overall.p95_with_failures.value)
    strict = dict(overall.with_failures)
    assert strict[0.9].value == pytest.approx(overall.response.maximum, rel=0.01)
    assert strict[0.0].value == pytest.approx(response[~failed].min(), abs=1e-6)
    assert overall.error_rate is not None
    assert overall.error_rate.value == pytest.approx(0.1)
    assert overall.errors == (("status 500", 150), ("timed out", 150))
    assert overall.goodput.value == pytest.approx(0.9 * overall.throughput.value, rel=0.01)


def test_requests_cut_off_or_of_the_setup_count_in_no_time(maker: Callable[..., Maker]) -> None:
    made = maker()
    due = np.concatenate([[-3.0, -2.0], arrivals(100, 30)])
    outcome = np.zeros(len(due), dtype=int)
    outcome[-5:] = 2
    phase = np.where(due < 0, -1, 0)
    made.add(0, Requests(due, np.full(len(due), 0.01), outcome=outcome, phase=phase))
    analysis = analyse_load(made.recording())
    overall = analysis.sides[0].overall
    assert (overall.sent, overall.answered, overall.cut_off) == (3000, 2995, 5)
    assert analysis.health is not None
    assert analysis.health.counts_match
    assert analysis.health.sent == analysis.health.accounted == 3000


def test_names_of_several_trials_are_one(maker: Callable[..., Maker]) -> None:
    made = maker()
    due = arrivals(100, 30)
    number = np.arange(len(due)) % 2
    made.add(0, Requests(due, times(len(due)), request=number, requests=("a", "b")))
    made.add(1, Requests(due, times(len(due)), request=number, requests=("b", "c")))
    (side,) = analyse_load(made.recording()).sides
    assert [(one.request, one.sent) for one in side.requests] == [
        ("a", 1500),
        ("b", 3000),
        ("c", 1500),
    ]
    assert side.overall.sent == 6000


def test_two_services_that_take_turns(maker: Callable[..., Maker]) -> None:
    made = maker(sides=BOTH)
    due = arrivals(100, 30)
    target = np.floor(due).astype(int) % 2
    rng = np.random.default_rng(0)
    at = np.arange(-1.0, 31.0, 0.1)
    for trial in range(8):
        response = times(len(due), trial) * np.where(target == 1, 1.1, 1.0)
        response *= np.exp(rng.normal(0, 0.1))  # the machine's mood, which both sides share
        busy = np.clip(at, 0, 30) / 2 + np.where(np.floor(at) % 2 == 0, at % 1, 1) / 2 - 0.25
        one = {"at": at, "cpu": np.clip(busy, 0, None) * 0.6, "rss": np.full(len(at), 60_000_000)}
        other = {**one, "rss": np.full(len(at), 66_000_000)}
        made.add(
            trial,
            Requests(due, response, target=target),
            windows=TURNS,
            samples={Side.BASELINE: one, Side.CANDIDATE: other},
        )
    analysis = analyse_load(made.recording())
    rows = {one.metric: one for one in analysis.comparisons}
    assert rows[LoadMetric.P50].ratio.value == pytest.approx(1.1, rel=0.02)
    assert rows[LoadMetric.P50].ratio.low > 1.05
    assert rows[LoadMetric.P50].ratio.n == 8
    assert rows[LoadMetric.THROUGHPUT].ratio.value == pytest.approx(1.0, abs=0.02)
    assert rows[LoadMetric.RSS].ratio.value == pytest.approx(1.1)
    assert rows[LoadMetric.CPU_PER_REQUEST].ratio.value == pytest.approx(1.0, abs=0.02)
    assert rows[LoadMetric.ERROR_RATE].difference
    assert rows[LoadMetric.ERROR_RATE].ratio.value == 0.0
    baseline, candidate = analysis.sides
    assert baseline.overall.seconds == pytest.approx(8 * 15 * 0.9, abs=20)
    assert baseline.overall.throughput.value == pytest.approx(100, rel=0.02)
    assert baseline.overall.resources is not None
    assert baseline.overall.resources.cpu.value == pytest.approx(0.6, rel=0.1)
    assert candidate.timeline.width == pytest.approx(2.0)
    assert np.nanmedian(candidate.timeline.throughput) == pytest.approx(100, rel=0.1)


def test_only_complete_trials_count_but_for_a_run_without_any(maker: Callable[..., Maker]) -> None:
    made = maker()
    due = arrivals(100, 30)
    for trial in (0, 1):
        made.add(trial, Requests(due, times(len(due))))
    del made.trials[1]
    assert [one.trial for one in counting_starts(made.recording())] == [0]
    del made.trials[0]
    assert [one.trial for one in counting_starts(made.recording())] == [0]
    del made.ends["t00"]  # killed
    analysis = analyse_load(made.recording())
    assert analysis.sides[0].overall.sent > 2900
    assert analysis.health is None
    made.origins.clear()
    assert analyse_load(made.recording()).sides == ()


def test_a_run_without_requests_says_nothing(maker: Callable[..., Maker]) -> None:
    made = maker()
    made.add(0, Requests(np.empty(0), np.empty(0)))
    (side,) = analyse_load(made.recording()).sides
    assert side.overall.sent == 0
    assert side.overall.response is None
    assert side.overall.error_rate is None
    assert side.overall.throughput.value == 0.0
    assert np.isnan(side.timeline.p95).all()
    assert side.curve.quantiles == ()


def test_a_probe_is_judged_by_its_hold(maker: Callable[..., Maker]) -> None:
    search = SearchMethod(start=10, limit=100, resolution=0.1, settle_seconds=2.0, hold_seconds=8.0)
    made = maker(run={"mode": "breakpoint", "search": search})
    due = arrivals(50, 10)
    response = np.where(due < 2, 1.0, 0.01)
    name = made.add(0, Requests(due, response), level=50.0, seconds=10.0)
    recording = made.recording()
    found = analyse_probe(recording, recording.starts[name])
    assert found is not None
    side, health = found
    assert side.overall.sent == 400
    assert side.overall.response is not None
    assert side.overall.response.maximum == pytest.approx(0.01)
    assert health is not None
    assert health.sent == 500


def test_a_timeline_has_at_most_600_windows() -> None:
    for seconds in (0.3, 7, 59, 60, 599, 601, 86_400):
        assert seconds / window_width(seconds) <= 601
    assert window_width(60.0, turn=1.0) == 2.0
    assert window_width(3600.0, turn=1.0) == 6.0


def test_the_timeline_counts_every_request(maker: Callable[..., Maker]) -> None:
    made = maker(RAMPED, start=0.0)
    due = arrivals(100, 30)
    made.add(0, Requests(due, np.full(len(due), 0.02), outcome=(due > 20).astype(int)))
    line = analyse_load(made.recording()).sides[0].timeline
    assert line.sent.sum() * line.width == pytest.approx(3000)
    assert line.throughput.sum() * line.width == pytest.approx(2998, abs=2)
    assert np.nanmax(line.errors[line.seconds < 20]) == 0.0
    assert line.errors[-1] == 1.0
    assert np.isnan(line.p95[-1])
    assert line.level[0] < 10
    assert line.level[30] == pytest.approx(100)
