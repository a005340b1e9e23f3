"""The engine's process: however it, its disk or perfkit ends, that is clear and nothing stays."""

from __future__ import annotations

import os
import resource
import signal
import subprocess
import sys
import threading
import time
from typing import TYPE_CHECKING

import psutil
import pytest

from perfkit.loadtest import generator
from perfkit.loadtest.engine_process import ENGINE
from perfkit.loadtest.generator import EngineError, Generator
from perfkit.loadtest.spec import spec_from_json, spec_to_json
from perfkit.machine._sweeper import strays
from perfkit.machine.environ import MARKER
from perfkit.recording.events import read_events
from perfkit.recording.load import Window

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.loadtest.engine.conftest import Tools


@pytest.fixture(autouse=True)
def nothing_stays(tools: Tools) -> Iterator[None]:
    yield
    assert strays(MARKER, tools.mark) == []


def process_of(running: Generator) -> psutil.Process:
    return psutil.Process(running._running.pid)


def test_a_spec_survives_the_way_to_the_engine(tools: Tools) -> None:
    profile = tools.profile((1, 1), setup=(tools.request(),), variables=(("a", ("1", "2")),))
    spec = tools.spec(
        profile,
        "http://127.0.0.1:1",
        windows=(Window(begin=0.0, end=0.1, target=0),),
        cpus=frozenset({0, 1}),
    )
    text = spec_to_json(spec)
    assert "\n" not in text
    assert spec_from_json(text) == spec


def test_an_engine_that_is_killed(tools: Tools) -> None:
    server = tools.server("fixed", 0.01)
    spec = tools.spec(tools.profile((60, 4), users=4), server.url)
    with Generator(spec) as running:
        running.ready()
        seconds = []
        for second in running.seconds():
            seconds.append(second)
            if len(seconds) == 2:
                process_of(running).kill()
        end = running.finish()
    (worker,) = end.workers
    assert end.reason == "generator"
    assert end.detail.startswith("the engine killed by SIGKILL")
    assert not worker.complete
    assert worker.sent == worker.answered + worker.in_flight
    assert worker.answered == len(read_events(spec.events)) > 100
    assert worker.sent == sum(second.sent for second in seconds)
    assert 0 <= worker.in_flight <= 4


def test_an_engine_that_hangs(tools: Tools, monkeypatch: pytest.MonkeyPatch) -> None:
    server = tools.server("fixed", 0.01)
    spec = tools.spec(tools.profile((60, 2), users=2), server.url)
    with Generator(spec) as running:
        running.ready()
        monkeypatch.setattr(generator, "SILENCE_SECONDS", 1.5)
        process_of(running).send_signal(signal.SIGSTOP)
        end = running.finish()
    assert end.reason == "generator"
    assert end.detail.startswith("the engine said nothing for 1.5 s and was killed")


def test_an_engine_whose_perfkit_is_gone_stops_itself(tools: Tools) -> None:
    server = tools.server("fixed", 0.01)
    spec = tools.spec(tools.profile((60, 2), users=2), server.url)
    with Generator(spec) as running:
        running.ready()
        process = process_of(running)
        assert running._running.stdin is not None
        running._running.stdin.close()
        began = time.monotonic()
        while process.status() != psutil.STATUS_ZOMBIE:
            assert time.monotonic() - began < 10
            time.sleep(0.01)


def test_an_interruption_leaves_nothing(tools: Tools) -> None:
    server = tools.server("fixed", 0.01)
    spec = tools.spec(tools.profile((60, 2), users=2), server.url)
    with pytest.raises(KeyboardInterrupt), Generator(spec) as running:  # noqa: PT012
        running.ready()
        threading.Timer(0.3, os.kill, (os.getpid(), signal.SIGINT)).start()
        for _ in running.seconds():
            pass
    assert not psutil.pid_exists(running._running.pid)


@pytest.mark.skipif(sys.platform != "linux", reason="prlimit is Linux's")
def test_a_full_disk_ends_the_load_in_order(tools: Tools) -> None:
    server = tools.server()
    spec = tools.spec(tools.profile((60, 4), users=4), server.url)
    with Generator(spec) as running:
        running.ready()
        process_of(running).rlimit(resource.RLIMIT_FSIZE, (40_000, 40_000))
        end = running.finish()
    assert end.reason == "generator"
    assert "measurements cannot be written: File too large" in end.detail
    (worker,) = end.workers
    assert not worker.complete
    assert worker.sent == worker.answered + worker.failed + worker.cut_off
    kept = read_events(spec.events)
    assert 0 < len(kept) < worker.sent


def test_files_that_exist_are_left_alone(tools: Tools) -> None:
    server = tools.server()
    spec = tools.spec(tools.profile((1, 1)), server.url)
    spec.events[0].write_text("precious")
    with Generator(spec) as running, pytest.raises(EngineError, match="cannot be written"):
        running.ready()
    assert spec.events[0].read_text() == "precious"


def test_it_is_pinned_and_its_environment_is_clean(
    tools: Tools, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PYTHONPATH", "/nowhere")
    monkeypatch.setenv("LOCUST_HOST", "http://example.org")
    server = tools.server("fixed", 0.01)
    cpu = max(os.sched_getaffinity(0))
    spec = tools.spec(tools.profile((60, 2), users=2), server.url, cpus=frozenset({cpu}))
    with Generator(spec) as running:
        running.ready()
        process = process_of(running)
        assert process.cpu_affinity() == [cpu]
        environ = process.environ()
        assert "PYTHONPATH" not in environ
        assert environ[MARKER].startswith(f"{tools.mark}.")
    assert os.sched_getaffinity(0) != {cpu} or len(os.sched_getaffinity(0)) == 1


def test_two_at_once(tools: Tools) -> None:
    server = tools.server("fixed", 0.01)
    specs = [tools.spec(tools.profile((1, 2), users=2), server.url) for _ in range(2)]
    with Generator(specs[0]) as one, Generator(specs[1]) as two:
        one.ready()
        two.ready()
        ends = [one.finish(), two.finish()]
    assert [end.reason for end in ends] == ["finished", "finished"]
    assert len(server.stop()) == sum(end.workers[0].sent for end in ends)


def test_the_engine_needs_no_installed_perfkit() -> None:
    """It finds the perfkit it lies in, from any folder."""
    done = subprocess.run(
        [sys.executable, "-I", str(ENGINE)],
        input=b"{}\n",
        capture_output=True,
        cwd="/",
        check=False,
    )
    assert done.returncode == 1
    assert b'"kind": "error"' in done.stdout
    assert b"EngineSpec" in done.stdout
