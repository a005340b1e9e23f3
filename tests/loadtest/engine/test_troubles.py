"""Services that misbehave: a clear outcome each; `Tools.run` sees to it that counts add up."""

from __future__ import annotations

import contextlib
import socket
from typing import TYPE_CHECKING

import numpy as np
import psutil
import pytest

from perfkit.profile.value import Model

if TYPE_CHECKING:
    from tests.loadtest.engine.conftest import Tools

REFUSED = "ConnectionRefusedError: Connection refused"


def test_killed_in_the_middle(tools: Tools) -> None:
    server = tools.server("die", 40)
    profile = tools.profile((1.5, 100), users=10, model=Model.OPEN)
    run = tools.run(profile, server.url)
    (worker,) = run.end.workers
    assert run.end.reason == "finished"  # whose fault it is, the caller finds out
    assert (worker.sent, worker.answered) == (150, 39)
    assert worker.failed == 111
    assert REFUSED in run.events.errors
    failed = run.events.outcome == 1
    assert run.events.due[failed].min() > run.events.due[~failed].max() - 0.1
    assert (run.events.status[failed] == 0).all()


def test_refusing_connections(tools: Tools) -> None:
    with socket.socket() as taken:  # bound, not listening: nobody else gets the port
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
        profile = tools.profile((1, 50), users=5, model=Model.OPEN)
        run = tools.run(profile, f"http://127.0.0.1:{port}")
    assert (run.end.workers[0].failed, run.events.errors) == (50, (REFUSED,))
    assert np.isnan(run.seconds[0].p50)


@pytest.mark.parametrize(("status", "error"), [(500, "status 500"), (404, "status 404")])
def test_bad_answers(tools: Tools, status: int, error: str) -> None:
    server = tools.server("status", status)
    run = tools.run(tools.profile((20, 3), users=3, requests=60), server.url)
    assert (run.events.outcome == 1).all()
    assert (run.events.status == status).all()
    assert (run.events.size == len(b"no \xff text")).all()
    assert run.events.errors == (error,)
    assert run.end.workers[0].failed == 60


def test_redirects_are_answers_and_not_followed(tools: Tools) -> None:
    server = tools.server("status", 302)
    run = tools.run(tools.profile((20, 3), users=3, requests=30), server.url)
    assert run.end.workers[0].answered == 30
    assert (run.events.status == 302).all()
    assert len(server.stop()) == 30


def test_hanging(tools: Tools) -> None:
    """Each request fails when its time is over; none outlives the end and the grace."""
    server = tools.server("hang")
    profile = tools.profile((1, 4), users=4, timeout=0.3, graceful_stop=0.05)
    run = tools.run(profile, server.url)
    failed = run.events.where(run.events.outcome == 1)
    assert run.events.errors == ("no answer within 0.3 s",)
    assert len(failed) >= 8
    took = failed.end - failed.start
    assert (took >= 0.299).all()
    assert np.median(took) < 0.6
    assert run.end.workers[0].cut_off == len(run.events) - len(failed) <= 4


@pytest.mark.parametrize("mode", ["close", "half"])
def test_closing_sockets(tools: Tools, mode: str) -> None:
    server = tools.server(mode)
    run = tools.run(tools.profile((20, 3), users=3, requests=60), server.url)
    assert run.end.workers[0].failed == 60
    (error,) = run.events.errors
    assert error.startswith("HTTP")
    if mode == "close":  # one row is one request on the wire: nothing is repeated in secret
        assert len(server.stop()) == 60


def test_headers_that_trickle(tools: Tools) -> None:
    """Every byte comes in time, the whole does not."""
    server = tools.server("trickle", 0.02)
    profile = tools.profile((0.8, 3), users=3, timeout=0.2, graceful_stop=0.5)
    run = tools.run(profile, server.url)
    assert run.events.errors == ("no answer within 0.2 s",)
    assert run.end.workers[0].failed == run.end.workers[0].sent >= 9


@pytest.mark.slow
def test_huge_bodies_are_not_held_in_memory(tools: Tools) -> None:
    server = tools.server("big", 100_000_000)
    most = 0

    def look(*_: object) -> None:
        nonlocal most
        for child in psutil.Process().children():
            with contextlib.suppress(psutil.Error):  # it is leaving
                if "engine" in " ".join(child.cmdline()):
                    most = max(most, child.memory_info().rss)

    check = tools.check(body="not there", seconds=30.0)
    profile = tools.profile(
        (30, 8), users=8, requests=8, timeout=60.0, requests_of=(tools.request(checks=(check,)),)
    )
    run = tools.run(profile, server.url, each=look)
    assert (run.events.size == 100_000_000).all()
    assert run.events.errors == ("check 'c': text not in the body",)
    assert 0 < most < 300e6
