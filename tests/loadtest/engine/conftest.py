"""Profiles in a line, servers of known behaviour, and whole runs of the engine."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from perfkit.loadtest.generator import EngineEnd, Generator, Origin, Second
from perfkit.loadtest.spec import EngineSpec
from perfkit.profile.value import Arrivals, Check, Model, Profile, Request, Scenario, Stage
from perfkit.recording.events import Events, read_events

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

SERVER = Path(__file__).with_name("_server.py")
MARK = f"test-engine-{os.getpid()}"


@dataclass(frozen=True, kw_only=True)
class Run:
    end: EngineEnd
    origin: Origin
    seconds: list[Second]
    events: Events
    files: tuple[Events, ...]


class Server:
    def __init__(self, log: Path, *mode: str | float) -> None:
        self.log = log
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
        return [line.split() for line in self.log.read_text().splitlines()]


class Tools:
    """What a test of the engine needs."""

    mark = MARK

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._servers: list[Server] = []
        self.runs: list[Run] = []
        self._specs = 0

    def server(self, *mode: str | float) -> Server:
        found = Server(self.folder / f"server{len(self._servers)}.log", *mode)
        self._servers.append(found)
        return found

    def close(self) -> None:
        for server in self._servers:
            server.stop()

    @staticmethod
    def request(path: str = "/", **changes: Any) -> Request:
        content: dict[str, Any] = {
            "name": f"get {path}",
            "weight": 1.0,
            "method": "GET",
            "path": path,
            "headers": (),
            "body": None,
            "checks": (),
            "capture": (),
        }
        return Request(**{**content, **changes})

    @staticmethod
    def check(name: str = "c", **changes: Any) -> Check:
        return Check(**{"name": name, "status": None, "body": None, "seconds": None, **changes})

    def profile(self, *stages: tuple[float, float], **changes: Any) -> Profile:
        scenario = Scenario(
            requests=changes.pop("requests_of", (self.request(),)),
            setup=changes.pop("setup", ()),
            variables=changes.pop("variables", ()),
            think=changes.pop("think", (0.0, 0.0)),
            locustfile=changes.pop("locustfile", None),
            timeout=changes.pop("timeout", 5.0),
        )
        content: dict[str, Any] = {
            "name": "test",
            "description": "",
            "source": Path("test.yaml"),
            "model": Model.CLOSED,
            "start": stages[0][1],
            "stages": tuple(
                Stage(name=f"s{index}", seconds=seconds, target=target, role="hold")
                for index, (seconds, target) in enumerate(stages)
            ),
            "requests": None,
            "users": 1,
            "arrivals": Arrivals.UNIFORM,
            "scenario": scenario,
            "thresholds": (),
            "aborts": (),
            "breaks": (),
            "sliced": True,
            "trials": 1,
            "recovery": (0.1, 1.0),
            "graceful_stop": 2.0,
            "time_scale": 1.0,
            "user_scale": 1.0,
        }
        return Profile(**{**content, **changes})

    def spec(self, profile: Profile, *targets: str, **changes: Any) -> EngineSpec:
        self._specs += 1
        count = changes.get("workers", 1) + changes.get("remote_workers", 0)
        content: dict[str, Any] = {
            "engine": "locust",
            "profile": profile,
            "targets": targets,
            "windows": (),
            "seed": 1,
            "events": tuple(
                self.folder / f"run{self._specs}-{number}.arrow" for number in range(count)
            ),
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
        profile: Profile,
        *targets: str,
        each: Callable[[Generator, Second], None] | None = None,
        tell: Callable[[str], None] = lambda _: None,
        **changes: Any,
    ) -> Run:
        """A whole run; every request is in one of the counts, and in the files."""
        spec = self.spec(profile, *targets, **changes)
        with Generator(spec, tell) as generator:
            origin = generator.ready()
            seconds = []
            for second in generator.seconds():
                seconds.append(second)
                if each is not None:
                    each(generator, second)
            end = generator.finish()
        files = tuple(read_events([file]) for file in spec.events)
        for one, file in zip(end.workers, files, strict=True):
            assert one.sent == one.answered + one.failed + one.cut_off + one.in_flight
            load = file.phase >= 0
            told = (one.answered, one.failed, one.cut_off)
            assert tuple(int((load & (file.outcome == kind)).sum()) for kind in range(3)) == told
        assert sum(one.sent for one in seconds) == sum(one.sent for one in end.workers)
        events = read_events(spec.events)
        self.runs.append(Run(end=end, origin=origin, seconds=seconds, events=events, files=files))
        return self.runs[-1]


@pytest.fixture
def tools(tmp_path: Path) -> Iterator[Tools]:
    found = Tools(tmp_path)
    yield found
    found.close()
