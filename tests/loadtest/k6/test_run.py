"""Runs of a real k6."""

from __future__ import annotations

import os
import re
import signal
import socket
import threading
import time
from collections import Counter
from typing import TYPE_CHECKING, Any

import numpy as np
import psutil
import pytest

from perfkit.loadtest.generator import EngineError
from perfkit.loadtest.null_server import start_null
from perfkit.machine._sweeper import strays
from perfkit.machine.environ import MARKER
from perfkit.recording.events import ANSWERED, CUT_OFF, FAILED, read_events

if TYPE_CHECKING:
    from pathlib import Path

    from perfkit.loadtest.engines import Engine
    from perfkit.loadtest.generator import Second

pytestmark = [pytest.mark.usefixtures("k6"), pytest.mark.timeout(60)]

CLOSED = """
model: closed
stages: [{name: up, duration: 1s, users: 4}, {name: hold, duration: 1s, users: 4}]
think: 20ms
graceful-stop: 1s
scenario: {timeout: 5s, requests: [{name: a, get: /a}, {name: b, weight: 3, get: /b}]}
"""
OPEN = """
model: open
start: 40
stages: [{name: hold, duration: 2s, rate: 40}]
users: 8
graceful-stop: 1s
scenario: {timeout: 5s, requests: [{name: a, get: /}]}
"""


@pytest.fixture(autouse=True)
def nothing_stays_behind(tools: Any) -> Any:
    yield
    assert strays(MARKER, tools.mark) == []


def test_closed(tools: Any) -> None:
    server = start_null(tools.mark, frozenset())
    try:
        run = tools.run(CLOSED, server.url)
    finally:
        server.stop()
    (worker,) = run.end.workers
    assert (run.end.reason, run.end.seconds) == ("finished", 2.0)
    assert worker.complete
    assert worker.answered == worker.sent > 50
    load = run.load
    assert set(load.phase.tolist()) == {0, 1}
    assert set(load.size.tolist()) == {2}
    assert (load.due == load.start).all()
    assert (load.slip == 0).all()
    assert (load.end >= load.start).all()
    assert (load.start >= 0).all()
    assert (load.start < 2.1).all()  # k6 looks at its clock when it likes
    share = Counter(run.events.requests[number] for number in load.request.tolist())
    assert 0.5 < share["b"] / worker.sent < 0.95
    assert [one.second for one in run.seconds[:2]] == [1.0, 2.0]
    assert all(0 <= one.cpu <= 1.1 for one in run.seconds)


def test_open(tools: Any) -> None:
    server = start_null(tools.mark, frozenset())
    try:
        run = tools.run(OPEN, server.url)
    finally:
        server.stop()
    (worker,) = run.end.workers
    assert run.end.reason == "finished"
    assert worker.unsent == 0
    assert 78 <= worker.answered == worker.sent <= 81  # 80, give or take k6's edges
    gaps = np.diff(np.sort(run.load.start))
    assert np.median(gaps) == pytest.approx(1 / 40, rel=0.1)
    assert run.end.notes == ()


def test_its_times_are_those_of_the_server(tools: Any) -> None:
    server = tools.server("latency", 7)
    run = tools.run(OPEN.replace("40", "100").replace("8", "30"), server.url)
    log = np.array(server.stop(), dtype=float) * 1e-6
    load = run.load
    assert len(log) == len(load)
    log = log[np.argsort(log[:, 0])] - run.origin.clock * 1e-6
    order = np.argsort(load.start)  # ten milliseconds apart, so that they arrive as they left
    start, end = load.start[order], load.end[order]
    more = (end - start) - (log[:, 1] - log[:, 0])
    assert 0 <= np.median(more) < 1e-3
    # on one clock: a request arrives after it has left, and soon; so does its answer
    assert 0 <= np.median(log[:, 0] - start) < 1e-3
    assert 0 <= np.median(end - log[:, 1]) < 1e-3


def test_a_new_connection_is_counted_once(tools: Any) -> None:
    """k6's "blocked" holds "connecting" already."""
    server = tools.server("close")
    run = tools.run(OPEN, server.url)
    log = np.array(server.stop(), dtype=float)
    assert (run.load.outcome == FAILED).all()
    took = np.median(run.load.end - run.load.start)
    assert took < 0.01
    assert len(log) == len(run.load)  # nothing was tried twice


def test_a_dead_server(tools: Any) -> None:
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))  # bound, but nobody listens
        run = tools.run(OPEN, f"http://127.0.0.1:{held.getsockname()[1]}")
    (worker,) = run.end.workers
    assert run.end.reason == "finished"
    assert worker.failed == worker.sent > 70
    assert run.events.errors == ("dial: connection refused",)
    assert (run.load.status == 0).all()


def test_a_server_that_hangs(tools: Any) -> None:
    server = tools.server("hang")
    run = tools.run(OPEN, server.url)
    (worker,) = run.end.workers
    assert run.end.reason == "finished"
    assert (worker.sent, worker.cut_off) == (8, 8)
    assert worker.complete
    assert 70 <= worker.unsent <= 73
    assert (run.load.end > 2.5).all()
    assert run.seconds[0].in_flight == 8
    assert run.seconds[-1].in_flight == 0


def test_timeouts_are_failures(tools: Any) -> None:
    server = tools.server("hang")
    run = tools.run(OPEN.replace("timeout: 5s", "timeout: 300ms"), server.url)
    took = (run.load.end - run.load.start)[run.load.outcome == FAILED]
    assert run.events.errors == ("request timeout",)
    assert np.median(took) == pytest.approx(0.3, abs=0.05)


def test_bad_statuses_and_bodies(tools: Any) -> None:
    server = tools.server("status", 503)
    run = tools.run(OPEN, server.url)
    assert run.events.errors == ("status 503",)
    assert set(run.load.status.tolist()) == {503}
    assert set(run.load.size.tolist()) == {len(b"no \xff text")}
    server = tools.server("half")
    run = tools.run(OPEN, server.url)
    assert run.events.errors == ("unexpected EOF",)


def test_redirects_are_not_followed(tools: Any) -> None:
    server = tools.server("status", 302)
    run = tools.run(OPEN, server.url)
    assert set(run.load.status.tolist()) == {302}
    assert len(server.stop()) == len(run.load)


def test_setup_captures_variables_checks_and_cookies(tools: Any) -> None:
    server = tools.server("echo")
    run = tools.run(
        """
model: closed
start: 3
stages: [{name: hold, duration: 1s, users: 3}]
think: 50ms
scenario:
  timeout: 2s
  variables: {page: [p1, p2]}
  setup:
    - {name: login, post: /login, body: "user=${user}", capture: {t: user.tokens.0}}
  requests:
    - name: private
      post: "/private?c=${count}&p=${page}"
      headers: {Authorization: "Bearer ${t}", X-Mine: "a${user}b"}
      body: '{"r": "${random}", "plain": "$x {y}"}'
      checks:
        - {name: ok, status: [200, 201]}
        - {name: mine, body: "/private"}
        - {name: fast, time: 0.1ms}
    - name: public
      get: /public
      checks: [{name: no, body: nowhere}]
""",
        server.url,
    )
    asked = [line for line in server.stop() if line[0] == "echo"]
    setup = run.events.where(run.events.phase < 0)
    assert len(setup) == 3
    assert (setup.outcome == ANSWERED).all()
    assert (setup.end <= 0).all()
    text = [" ".join(line) for line in asked]
    assert [line.split("b'")[1] for line in text if "/login" in line] == [
        "user=0'",
        "user=1'",
        "user=2'",
    ]
    private = [line for line in text if "/private" in line]
    assert {line.split("p=")[1][:2] for line in private} == {"p1", "p2"}
    assert {line.split('"x-mine": "')[1][:3] for line in private} == {"a0b", "a1b", "a2b"}
    assert {line.split('"authorization": "')[1][:9] for line in private} == {"Bearer t-"}
    assert all('"plain": "$x {y}"}' in line for line in private)
    assert all('"cookie": "port=' in line for line in text if "/login" not in line)
    counts = [int(line.split("c=")[1].split("&")[0]) for line in private]
    assert min(counts) >= 2  # the setup was the user's first
    load = run.load
    names = np.array(run.events.requests)[load.request]
    mine, public = load.where(names == "private"), load.where(names == "public")
    assert (mine.outcome == ANSWERED).all()
    assert set(mine.checks.tolist()) == {4}  # a slow answer is no failed one
    assert (public.outcome == FAILED).all()
    assert set(public.checks.tolist()) == {1}
    assert "check 'no': text not in the body" in run.events.errors
    assert (load.size > 20).all()


def test_a_setup_that_fails_says_why(tools: Any) -> None:
    server = tools.server("status", 500)
    profile = OPEN.replace("requests:", "setup: [{name: login, get: /login}], requests:")
    with pytest.raises(EngineError, match="setup request 'login': status 500") as caught:
        tools.run(profile, server.url)
    assert caught.value.stage == "engine"


@pytest.mark.parametrize("profile", [CLOSED, OPEN])
def test_so_many_requests_and_no_more(tools: Any, profile: str) -> None:
    server = tools.server("fixed", 0.03)
    long = re.sub(r"hold, duration: \ds", "hold, duration: 30s", profile)
    run = tools.run(f"{long}requests: 30\n", server.url)
    (worker,) = run.end.workers
    assert run.end.detail == ""
    assert (run.end.reason, worker.sent, worker.answered) == ("requests", 30, 30)
    assert run.end.seconds == pytest.approx(run.load.end.max())
    assert run.end.seconds < 15
    assert worker.complete


def test_stop(tools: Any) -> None:
    server = tools.server("fixed", 0.1)

    def stop(generator: Engine, second: Second) -> None:
        if second.second == 1.0:
            generator.stop("aborted", "p(95)>1ms")
            generator.stop("interrupted", "too late")

    run = tools.run(OPEN.replace("2s", "30s"), server.url, each=stop)
    (worker,) = run.end.workers
    assert (run.end.reason, run.end.detail) == ("aborted", "p(95)>1ms")
    assert 1 <= run.end.seconds < 5
    assert worker.complete
    assert worker.cut_off == (run.load.outcome == CUT_OFF).sum()
    assert worker.in_flight == 0


def test_a_k6_that_is_killed(tools: Any) -> None:
    server = tools.server("fixed", 0.1)

    def kill(generator: Any, second: Second) -> None:
        if second.second == 1.0:
            os.kill(generator._process.pid, signal.SIGKILL)

    run = tools.run(OPEN.replace("2s", "30s"), server.url, each=kill)
    (worker,) = run.end.workers
    assert run.end.reason == "generator"
    assert "killed by SIGKILL" in run.end.detail
    assert not worker.complete
    assert worker.answered > 20  # what came is kept
    assert worker.cut_off == 0  # nobody knows what became of the rest


def test_a_k6_that_stands_still_is_killed(tools: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("perfkit.loadtest.k6.generator.SILENCE_SECONDS", 2.0)
    server = tools.server("fixed")

    def freeze(generator: Any, second: Second) -> None:
        if second.second == 1.0:
            os.kill(generator._process.pid, signal.SIGSTOP)

    began = time.monotonic()
    run = tools.run(OPEN.replace("2s", "30s"), server.url, each=freeze)
    assert time.monotonic() - began < 20
    assert run.end.reason == "generator"
    assert "said nothing for 2 s" in run.end.detail


def test_leaving_early_leaves_nothing(tools: Any) -> None:
    server = tools.server("hang")
    spec = tools.spec(OPEN.replace("2s", "30s"), server.url)
    with pytest.raises(KeyboardInterrupt), tools_generator(spec) as generator:  # noqa: PT012
        generator.ready()
        raise KeyboardInterrupt
    assert not psutil.pid_exists(generator._process.pid)
    assert len(read_events(spec.events)) == 0


def test_two_at_once(tools: Any) -> None:
    server = tools.server("fixed")
    found: list[Any] = []
    threads = [
        threading.Thread(target=lambda: found.append(tools.run(OPEN, server.url))) for _ in range(2)
    ]
    for thread in threads:
        thread.start()
        time.sleep(0.05)
    for thread in threads:
        thread.join(30)
    assert [run.end.reason for run in found] == ["finished", "finished"]


def test_a_file_that_is_there_already(tools: Any, tmp_path: Path) -> None:
    path = tmp_path / "mine.arrow"
    path.write_text("precious")
    with pytest.raises(EngineError, match="cannot be started"):
        tools.run(OPEN, "http://127.0.0.1:9", events=(path,))
    assert path.read_text() == "precious"


def test_the_users_own_k6_settings_do_not_count(
    tools: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("K6_VUS", "3")
    monkeypatch.setenv("K6_ITERATIONS", "1")
    monkeypatch.setenv("K6_OUT", "csv=/nowhere/at/all.csv")
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    server = tools.server("fixed")
    assert tools.run(OPEN, server.url).end.workers[0].answered > 70


def tools_generator(spec: Any) -> Any:
    from perfkit.loadtest.engines import make_generator

    return make_generator(spec)
