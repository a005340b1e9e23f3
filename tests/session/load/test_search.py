"""Breaking points of servers whose capacity is known by construction."""

from __future__ import annotations

import math
from typing import Any

import pytest

from perfkit.session.load.calibration import Calibration
from perfkit.session.progress import LoadDone

pytestmark = pytest.mark.slow
SLOTS, SECONDS = 10, 0.1
CAPACITY = SLOTS / SECONDS
"""Requests a second: 100."""


@pytest.mark.usefixtures("busy_machine")
def test_a_known_capacity_is_found_within_ten_percent(stand: Any) -> None:
    """Above it a queue grows by the excess: 4 % too much is 80 ms after two seconds.

    A request takes long enough that a busy machine's late timers change the capacity little.
    """
    stand.profile(
        users="users: 60",
        scenario="scenario: {timeout: 5s, requests: [{name: read, get: /}]}",
        broken='break: ["p(95)>=170ms", "rate(errors)>=5%"]',
    )
    told = stand.told()
    outcome = stand.run(
        "breakpoint",
        command=stand.slots(SLOTS, SECONDS),
        health="/",
        from_=80,
        probe="2s",
        listener=told,
    )
    (point,) = outcome.result.breakpoints
    shown = [(one.level, one.good, one.reason) for one in point.probes]
    assert point.valid, shown
    assert 0.9 * CAPACITY <= math.sqrt(point.low * point.high) <= 1.1 * CAPACITY, shown
    assert point.low <= 1.1 * CAPACITY, shown
    assert point.high >= 0.9 * CAPACITY, shown
    assert point.max_throughput == pytest.approx(point.low, rel=0.1)
    assert point.reason.startswith("p(95)>=170ms")
    assert stand.code(outcome) == 0
    known = outcome.recording
    assert list(known.starts) == [f"p{number:02d}-baseline" for number in range(len(known.starts))]
    assert [end.good for end in known.trials.values()] == [one.good for one in point.probes]
    assert all(start.level for start in known.starts.values())
    assert len(told.of(LoadDone)) == len(known.trials)
    repeated = [one.level for one in point.probes]
    assert repeated.count(point.low) >= 2
    assert repeated.count(point.high) >= 2


def test_a_generator_that_is_the_bottleneck_claims_nothing(stand: Any) -> None:
    """A server that does nothing is faster than any generator; no ceiling is known here."""
    stand.profile(
        model="model: closed",
        start="start: 64",
        stages="stages: [{name: hold, duration: 2s, users: 64}]",
        users="",
        broken='break: ["p(95)>=5s"]',
    )
    outcome = stand.run("breakpoint", command=stand.slots(0, 0), health="/", from_=64, probe="2s")
    assert outcome.recording.run.ceiling is None
    (point,) = outcome.result.breakpoints
    shown = [(one.level, one.good, one.reason) for one in point.probes]
    assert not point.valid, shown
    assert stand.code(outcome) == 3
    assert point.probes[-1].good is None, shown
    assert point.probes[-1].reason, shown


def test_a_claim_near_the_ceiling_is_refused(stand: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    ceiling = Calibration(
        ceiling=60.0,
        floor=0.001,
        floor_p99=0.002,
        created="2026-01-31T12:00:00+00:00",
        engine="locust",
        workers=1,
        pinned=True,
    )
    monkeypatch.setattr("perfkit.session.load.run.stored_calibration", lambda _method: ceiling)
    stand.profile(broken='break: ["p(95)>=5s"]')
    outcome = stand.run("breakpoint", from_=55, to=55, probe="1s")
    (point,) = outcome.result.breakpoints
    assert not point.valid
    assert stand.code(outcome) == 3
    assert "60/s the generator can do at most" in point.probes[0].reason


@pytest.mark.usefixtures("busy_machine")
def test_not_reached_is_a_result(stand: Any) -> None:
    stand.profile(broken='break: ["p(95)>=5s"]')
    outcome = stand.run("breakpoint", from_=20, to=20, probe="1s")
    (point,) = outcome.result.breakpoints
    assert (point.low, point.high) == (20.0, math.inf)
    assert [one.level for one in point.probes] == [20.0, 20.0]
    assert stand.code(outcome) == 0


@pytest.mark.usefixtures("busy_machine")
def test_a_service_that_dies_is_a_result(stand: Any) -> None:
    stand.profile(
        model="model: closed",
        start="start: 1",
        stages="stages: [{name: hold, duration: 2s, users: 1}]",
        users="think: 50ms",
        broken='break: ["p(95)>=5s"]',
    )
    outcome = stand.run("breakpoint", from_=1, to=1, probe="2s", command=stand.command("die", 0.5))
    (point,) = outcome.result.breakpoints
    assert (point.low, point.high, point.valid) == (0.0, 1.0, True)
    assert [(one.level, one.good) for one in point.probes] == [(1.0, False)] * 2
    assert point.reason.startswith("the service has ended (killed by SIGKILL")
    assert outcome.recording.failures == ()
    assert outcome.recording.finishes[-1].status == "finished"
    assert stand.code(outcome) == 0
