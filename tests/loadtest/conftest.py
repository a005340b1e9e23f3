"""A stand for services, of which nothing may be left; and what both engines' tests share."""

from __future__ import annotations

import contextlib
import http.client
import os
import subprocess
import sys
import time
import uuid
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import pytest

from perfkit.benchmark import Script
from perfkit.loadtest.generator import EngineEnd, Origin, Second
from perfkit.loadtest.service import RunningService, ServiceError, ServiceLaunch, start_service
from perfkit.loadtest.spec import EngineSpec
from perfkit.machine._sweeper import strays
from perfkit.machine.environ import MARKER
from perfkit.recording.events import Events, read_events
from perfkit.service import Service, ServiceKind
from perfkit.variant import Side

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from perfkit.loadtest.engines import Engine
    from perfkit.profile.value import Profile

APP = """
import asyncio, json, os, sys, threading
from pathlib import Path

async def app(scope, receive, send):
    if scope["type"] == "lifespan":
        while True:
            message = await receive()
            if message["type"] == "lifespan.shutdown":
                Path(LOG).write_text("left in order")
            await send({"type": message["type"] + ".complete"})
            if message["type"] == "lifespan.shutdown":
                return
    path, status = scope["path"], 200
    if path == "/slow":
        await asyncio.sleep(60)
    if path == "/bad":
        status = 500
    body = json.dumps({
        "pid": os.getpid(), "cwd": os.getcwd(), "environ": dict(os.environ), "argv": sys.argv,
        "safe": sys.flags.safe_path, "python": sys.executable,
        "cpus": sorted(os.sched_getaffinity(0)),
    }).encode()
    await send({"type": "http.response.start", "status": status,
                "headers": [(b"content-length", str(len(body)).encode())]})
    await send({"type": "http.response.body", "body": body})
"""

SERVER = """
import http.server, os, signal, subprocess, sys, time
port = int(sys.argv[1])
class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(500 if self.path == "/bad" else 200)
        self.send_header("Content-Length", "0")
        self.end_headers()
    def log_message(self, *arguments):
        pass
def serve():
    http.server.ThreadingHTTPServer(("127.0.0.1", port), Handler).serve_forever()
"""


class Stand:
    """Starts services; each must leave nothing behind."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.mark = uuid.uuid4().hex
        self.log = folder / "logs" / "service.log"
        self.left = folder / "left"

    def launch(self, kind: ServiceKind, target: str, **changes: Any) -> ServiceLaunch:
        service = {
            "kind": kind,
            "target": target,
            "label": "service",
            "script": None,
            "health": "/",
            "ready_seconds": 20.0,
            "stop_seconds": 5.0,
            "pid": None,
            "backing": (),
        }
        launch = {
            "side": Side.BASELINE,
            "python": Path(sys.executable),
            "flags": (),
            "environ": (),
            "cwd": self.folder,
            "without": (),
        }
        for name, value in changes.items():
            (service if name in service else launch)[name] = value
        return ServiceLaunch(service=Service(**service), **launch)

    def app(self, body: str = APP, **changes: Any) -> ServiceLaunch:
        """An ASGI app in the working folder, started with uvicorn."""
        (self.folder / "shop.py").write_text(body.replace("LOG", repr(str(self.left))))
        return self.launch(ServiceKind.APP, "shop:app", **changes)

    def server(self, body: str, **changes: Any) -> ServiceLaunch:
        """A script that does as it likes; ``serve()`` serves."""
        path = self.folder / "server.py"
        path.write_text(SERVER + body)
        return self.launch(ServiceKind.COMMAND, f"{{python}} '{path}' {{port}}", **changes)

    def script(self, path: Path) -> Script:
        return Script(
            path=path,
            label="s",
            arguments=(),
            requirements=(),
            pins=(),
            requires_python=None,
            digest="",
        )

    def start(self, launch: ServiceLaunch, **changes: Any) -> RunningService:
        arguments = {"hash_seed": 7, "mark": self.mark, "cpus": frozenset(), "log": self.log}
        return start_service(launch, **{**arguments, **changes})

    @contextlib.contextmanager
    def running(self, launch: ServiceLaunch, **changes: Any) -> Iterator[RunningService]:
        with self.start(launch, **changes) as service:
            yield service
        assert self.strays() == []

    def failure(self, launch: ServiceLaunch) -> ServiceError:
        with pytest.raises(ServiceError) as caught:
            self.start(launch)
        assert self.strays() == []
        assert caught.value.stage == "start"
        assert caught.value.side is launch.side
        return caught.value

    def strays(self) -> list[Any]:
        return strays(MARKER, self.mark)


@pytest.fixture
def stand(tmp_path: Path) -> Iterator[Stand]:
    stand = Stand(tmp_path)
    yield stand
    left = stand.strays()
    for stray in left:
        stray.kill()
    assert left == []


def get(url: str, path: str = "/", seconds: float = 10.0) -> tuple[int, bytes]:
    """One request on a connection of its own."""
    parts = urlsplit(url)
    connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=seconds)
    with contextlib.closing(connection):
        connection.request("GET", path)
        answer = connection.getresponse()
        return answer.status, answer.read()


@pytest.fixture(name="get")
def the_get() -> Callable[..., tuple[int, bytes]]:
    return get


def until(holds: Callable[[], bool], seconds: float = 10.0) -> bool:
    """Wait for something, not for long."""
    deadline = time.monotonic() + seconds
    while not holds():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.02)
    return True


@pytest.fixture(name="until")
def the_until() -> Callable[..., bool]:
    return until


TRUTHFUL = Path(__file__).parent / "engine" / "_server.py"


@dataclass(frozen=True, kw_only=True)
class Run:
    """All that a run of an engine told and wrote."""

    end: EngineEnd
    origin: Origin
    seconds: list[Second]
    events: Events
    files: tuple[Events, ...]

    @property
    def load(self) -> Events:
        return self.events.where(self.events.phase >= 0)


class Server:
    """A server that tells the truth: its log says what it was asked, and when."""

    def __init__(self, log: Path, *mode: str | float) -> None:
        self.log = log
        self._process = subprocess.Popen(
            [sys.executable, str(TRUTHFUL), str(log), *map(str, mode)],
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


class Ground:
    """Servers and whole runs, whichever engine it is."""

    mark = f"test-engine-{os.getpid()}"

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._servers: list[Server] = []
        self._specs = 0

    def server(self, *mode: str | float) -> Server:
        found = Server(self.folder / f"server{len(self._servers)}.log", *mode)
        self._servers.append(found)
        return found

    def close(self) -> None:
        for server in self._servers:
            server.stop()

    def spec(self, engine: str, profile: Profile, *targets: str, **changes: Any) -> EngineSpec:
        self._specs += 1
        count = changes.get("workers", 1) + changes.get("remote_workers", 0)
        content: dict[str, Any] = {
            "engine": engine,
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
            "mark": self.mark,
        }
        return EngineSpec(**{**content, **changes})

    @staticmethod
    def run(
        spec: EngineSpec, made: Engine, each: Callable[[Any, Second], None] | None = None
    ) -> Run:
        """A whole run; every request is in one of the counts, and in the files."""
        with made as generator:
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
        return Run(end=end, origin=origin, seconds=seconds, events=events, files=files)


@pytest.fixture
def ground(tmp_path: Path) -> Iterator[Ground]:
    found = Ground(tmp_path)
    yield found
    found.close()
