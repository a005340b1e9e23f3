"""Whole load runs, small and real."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from perfkit.decide.load.result import Holds
from perfkit.decide.load.standing import load_standing
from perfkit.loadtest.target import free_port
from perfkit.recording import FILE_NAME
from perfkit.recording.samples import read_samples
from perfkit.session.load.trials import baseline_first
from perfkit.session.progress import LoadDone, LoadSecond, LoadStarted, Stage
from perfkit.variant import Side

if TYPE_CHECKING:
    from perfkit.session.load.outcome import LoadOutcome

pytestmark = pytest.mark.slow
SERVER = Path(__file__).with_name("_server.py")
TWO = {"baseline": "3.12", "candidate": "3.13"}


def kinds(outcome: LoadOutcome) -> list[str]:
    lines = (outcome.folder / FILE_NAME).read_text().splitlines()
    return [json.loads(line)["kind"] for line in lines]


def test_one_side(stand: Any) -> None:
    stand.profile(thresholds='thresholds: ["p(95)<900ms", "rate(errors)<20%"]')
    told = stand.told()
    outcome = stand.run(listener=told)
    known = outcome.recording
    assert kinds(outcome) == [
        *("load", "side", "segment-start", "segment-origin", "segment-end"),
        *("trial-end", "finish"),
    ]
    assert known.run.mode == "single"
    assert known.finishes[-1].status == "finished"
    start, end = known.starts["t00"], known.ends["t00"]
    assert (start.sides, start.windows) == ((Side.BASELINE,), ())
    assert (start.level, start.attempt) == (None, 0)
    assert (end.reason, end.detail) == ("finished", "")
    assert end.seconds == pytest.approx(2.0, abs=0.5)
    (worker,) = end.workers
    assert worker.complete
    assert worker.sent + worker.unsent == 80
    assert worker.answered > 60
    assert len(worker.health) >= 2
    ((side, file),) = start.samples
    samples = read_samples([known.folder / file])
    assert side is Side.BASELINE
    assert samples.rss.max() > 1e6
    assert known.origins["t00"].clock > 0
    assert [one.what for one in told.of(LoadStarted)] == ["mine"]
    assert [one.name for one in told.of(Stage)] == ["provision", "start"]
    seconds = told.of(LoadSecond)
    assert sum(one.rate for one in seconds) == worker.answered + worker.failed
    assert any(one.rss[0] > 1e6 for one in seconds)
    assert all(one.left is not None for one in seconds)
    (done,) = told.of(LoadDone)
    assert done.good
    assert {one.holds for one in outcome.result.thresholds} <= {
        Holds.PASS,
        Holds.INCONCLUSIVE,
    }
    assert len(outcome.events("t00")) == worker.sent - worker.in_flight
    assert len(outcome.to_frame()) >= 1
    assert yaml.safe_load((outcome.folder / "report.yaml").read_text())
    assert (outcome.folder / "logs" / "t00-baseline.log").exists()


def test_two_that_take_turns(stand: Any) -> None:
    stand.profile(stages="stages: [{name: hold, duration: 3s, rate: 40}]")
    outcome = stand.run(**TWO, trials=2, window="300ms")
    known = outcome.recording
    assert kinds(outcome) == [
        *("load", "side", "side"),
        *("segment-start", "segment-origin", "segment-end", "trial-end") * 2,
        "finish",
    ]
    assert known.sides[Side.BASELINE].version.startswith("3.12.")
    assert known.sides[Side.CANDIDATE].version.startswith("3.13.")
    assert list(known.trials) == [0, 1]
    for name in ("t00", "t01"):
        start = known.starts[name]
        assert start.sides == tuple(Side)
        assert len(start.windows) == 10
        assert [side for side, _ in start.samples] == list(Side)
        events = outcome.events(name)
        assert abs(int((events.target == 0).sum()) - int((events.target == 1).sum())) <= 8
        for window in start.windows:
            within = (events.due > window.begin + 1e-3) & (events.due < window.end - 1e-3)
            assert set(events.target[within].tolist()) <= {window.target}
    assert outcome.result.rows
    assert outcome.result.trials == 2
    assert {row.comparison.ratio.n for row in outcome.result.rows} == {2}


def test_two_one_after_the_other(stand: Any) -> None:
    stand.profile(sliced="sliced: false")
    told = stand.told()
    outcome = stand.run(**TWO, trials=1, listener=told)
    starts = outcome.recording.starts
    assert set(starts) == {"t00-baseline", "t00-candidate"}
    assert all(len(one.sides) == 1 and not one.windows for one in starts.values())
    assert list(outcome.recording.trials) == [0]
    assert outcome.result.rows
    assert {one.what for one in told.of(LoadStarted)} == {"trial 1, baseline", "trial 1, candidate"}
    left = [one.left for one in told.of(LoadSecond)]
    assert left[0] > left[-1]


def test_half_of_the_trials_begin_with_either_side(stand: Any) -> None:
    stand.profile(sliced="sliced: false")
    plan = stand.plan(**TWO, trials=10)
    first = [baseline_first(plan, trial) for trial in range(10)]
    assert sum(first) == 5
    orders = {
        tuple(baseline_first(replace(plan, seed=seed), trial) for trial in range(10))
        for seed in range(5)
    }
    assert len(orders) > 1


def test_a_service_that_runs_already(stand: Any) -> None:
    port = free_port()
    with subprocess.Popen([sys.executable, str(SERVER), str(port)]) as process:
        try:
            outcome = stand.run(url=f"http://127.0.0.1:{port}", pid=process.pid)
            assert process.poll() is None
        finally:
            process.kill()
    known = outcome.recording
    assert "side" not in kinds(outcome)
    assert known.run.baseline is None
    assert known.ends["t00"].reason == "finished"
    assert outcome.result.sides[0].overall.resources is not None
    assert "url" in known.folder.name


def test_a_condition_ends_it(stand: Any) -> None:
    stand.profile(
        stages="stages: [{name: hold, duration: 60s, rate: 40}]",
        abort='abort: ["rate(errors)>50% for 1s"]',
    )
    outcome = stand.run(command=stand.command("status", 500))
    end = outcome.recording.ends["t00"]
    assert end.reason == "aborted"
    assert end.detail == "rate(errors)>50% for 1s"
    assert end.seconds < 30
    assert outcome.recording.failures == ()
    standing = load_standing(outcome.recording, outcome.result)
    assert (standing.broken, standing.failed) == (True, False)


def test_a_condition_on_the_services_memory_ends_it(stand: Any) -> None:
    stand.profile(
        stages="stages: [{name: hold, duration: 60s, rate: 40}]",
        abort='abort: ["rss>1MB for 1s"]',
    )
    end = stand.run().recording.ends["t00"]
    assert (end.reason, end.detail) == ("aborted", "rss>1MB for 1s")


def test_a_wanted_number_of_requests(stand: Any) -> None:
    stand.profile(
        model="model: closed",
        start="start: 4",
        stages="stages: [{name: hold, duration: 60s, users: 4}]",
        users="",
        requests="requests: 150",
    )
    outcome = stand.run()
    end = outcome.recording.ends["t00"]
    assert end.reason == "requests"
    assert sum(worker.sent for worker in end.workers) == 150
    assert end.seconds < 30
    assert outcome.recording.finishes[-1].status == "finished"


def test_users_who_leave_before_the_end_are_no_failure(stand: Any) -> None:
    stand.profile(
        model="model: closed",
        start="start: 2",
        stages="stages: [{name: hold, duration: 1s, users: 2}, "
        "{name: down, duration: 1s, users: 0}]",
        users="",
        think="think: 1s",
    )
    end = stand.run().recording.ends["t00"]
    assert (end.reason, end.seconds) == ("finished", pytest.approx(2.0, abs=0.5))
