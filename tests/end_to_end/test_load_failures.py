"""Services that fail under load, in every way: an outcome, an exit code, what was recorded kept.

The command line runs in this process: its own start would take longer than the load.
"""

from __future__ import annotations

import io
import shlex
import socket
import subprocess
import threading
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import psutil
import pytest

import perfkit as package
from perfkit.cli import main
from perfkit.machine._sweeper import strays
from perfkit.machine.environ import MARKER
from perfkit.recording.events import ANSWERED, FAILED, Events, read_events
from perfkit.recording.load import LoadRecording, read_load

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

pytestmark = pytest.mark.slow
SERVER = Path(__file__).parents[1] / "session" / "load" / "_server.py"
PROFILE = {
    "model": "model: open",
    "start": "start: 40",
    "stages": "stages: [{name: hold, duration: 1500ms, rate: 40}]",
    "users": "users: 20",
    "scenario": "scenario: {timeout: 500ms, requests: [{name: read, get: /}]}",
    "thresholds": 'thresholds: ["rate(errors)<5%"]',
    "grace": "graceful-stop: 1s",
}


@dataclass(frozen=True)
class Answer:
    """What a command came to."""

    code: int
    out: str
    err: str
    folder: Path

    @property
    def known(self) -> LoadRecording:
        return read_load(self.folder)

    @property
    def events(self) -> Events:
        return read_events([self.folder / file for file in self.known.starts["t00"].events])


class Stand:
    """Runs ``perfkit load`` in a folder; nothing may be left running, and the run be readable."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.output = folder / "reports"

    def server(self, *words: object, port: object = "{port}") -> str:
        return shlex.join(["{python}", "-I", str(SERVER), str(port), *map(str, words)])

    def __call__(self, command: str, *argv: str, **lines: str) -> Answer:
        (self.folder / "mine.yaml").write_text("\n".join({**PROFILE, **lines}.values()))
        before = set(self.output.glob("*"))
        out, err = io.StringIO(), io.StringIO()
        profile = str(self.folder / "mine.yaml")
        code = main(
            [
                *("load", profile, "--command", command, "--health", "/health"),
                *("--no-download", "--output", str(self.output), *argv),
            ],
            stdout=out,
            stderr=err,
        )
        assert "Traceback" not in err.getvalue()
        assert code != 2, err.getvalue()
        (folder,) = set(self.output.glob("*")) - before
        assert strays(MARKER, folder.name) == []
        return Answer(code, out.getvalue(), err.getvalue(), folder)


@pytest.fixture
def load(tmp_path: Path, cache: Path, monkeypatch: pytest.MonkeyPatch) -> Stand:
    monkeypatch.setenv("PERFKIT_CACHE", str(cache))
    monkeypatch.chdir(tmp_path)
    return Stand(tmp_path)


@pytest.mark.parametrize(
    ("mode", "how", "words"),
    [
        (
            "die",
            "killed by SIGKILL (perhaps the system was out of memory)",
            "about to go",
        ),
        (
            "exit",
            "exited with code 3: RuntimeError: no more connections",
            "the pool is empty\nRuntimeError: no more connections",
        ),
    ],
)
def test_a_service_that_ends_under_load(load: Stand, mode: str, how: str, words: str) -> None:
    answer = load(load.server(mode, 0.8), stages="stages: [{name: hold, duration: 60s, rate: 40}]")
    assert answer.code == 4
    known = answer.known
    end = known.ends["t00"]
    assert end.reason == "service"
    assert end.seconds < 20
    first, _, rest = end.detail.partition("\n")
    assert first == f"the service has ended ({how})"
    assert rest == words
    (failure,) = known.failures
    assert (failure.stage, failure.side, failure.reason) == ("run", "baseline", first)
    assert known.finishes[-1].status == "failed"
    assert known.finishes[-1].seconds["measure"] > end.seconds  # what it took, however it ended
    assert known.trials == {}
    assert how in answer.err
    assert " ".join(answer.out.split()).count(how) == 1
    assert int((answer.events.outcome == ANSWERED).sum()) >= 15
    assert {"report.yaml", "report.html"} <= {path.name for path in answer.folder.iterdir()}
    assert package.load(answer.folder).result.failures


@pytest.mark.parametrize(
    ("command", "words"),
    [
        ("{python} -c 'import time; time.sleep(60)' {port}", "connections were refused"),
        ("{python} -c 'raise SystemExit(\"no database\")' {port}", "no database"),
    ],
)
def test_a_service_that_never_answers(load: Stand, command: str, words: str) -> None:
    answer = load(command, "--ready", "1s")
    assert answer.code == 4
    (failure,) = answer.known.failures
    assert (failure.stage, failure.side) == ("start", "baseline")
    assert words in failure.reason
    assert words in answer.err
    assert answer.known.origins == {}
    assert "Nothing can be said" in answer.out
    assert "generator" not in answer.out  # which was never started, and is not to be blamed
    assert "baseline" not in answer.out


@pytest.mark.parametrize(
    ("mode", "error"),
    [
        (("status", 500), "500"),
        (("close",), "clos"),
        (("hang",), "no answer within 0.5 s"),
        (("slow", 0.1), "no answer within 0.5 s"),
    ],
    ids=["500s", "closing sockets", "hanging", "slow headers"],
)
def test_a_service_that_answers_badly(load: Stand, mode: tuple[object, ...], error: str) -> None:
    answer = load(load.server(*mode))
    known = answer.known
    # on a busy machine the generator may have been late; errors the service answered count even so
    invalid = answer.out.startswith("INVALID")
    assert answer.code == 1 or (answer.code == 3 and invalid), answer.out
    assert known.ends["t00"].reason == "finished"
    assert known.failures == ()
    (worker,) = known.ends["t00"].workers
    assert worker.failed > 20
    assert worker.answered == 0
    assert worker.sent == worker.failed + worker.cut_off + worker.in_flight
    events = answer.events
    assert any(error in text.lower() for text in events.errors), events.errors
    assert int((events.outcome == FAILED).sum()) == worker.failed
    assert "rate(errors)<5%" in answer.out


def test_large_answers(load: Stand) -> None:
    before = psutil.Process().memory_info().rss
    answer = load(
        load.server("big", 100_000_000),
        model="model: closed",
        start="start: 1",
        stages="stages: [{name: hold, duration: 60s, users: 1}]",
        users="requests: 3",
        scenario="scenario: {timeout: 30s, requests: [{name: read, get: /}]}",
        thresholds="",
    )
    (worker,) = answer.known.ends["t00"].workers
    assert (worker.sent, worker.answered) == (3, 3)
    assert answer.events.size.tolist() == [100_000_000] * 3
    assert answer.known.ends["t00"].reason == "requests"
    assert answer.code in {0, 3}  # such answers keep a generator busy, which it says
    assert psutil.Process().memory_info().rss - before < 100_000_000


def test_a_port_that_is_taken(load: Stand) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        answer = load(load.server(port=port) + " ok 0 {port}", "--ready", "5s")
    assert answer.code == 4
    (failure,) = answer.known.failures
    assert "address already in use" in f"{failure.reason} {failure.detail}".lower()


def test_a_backing_service_that_dies(load: Stand) -> None:
    def kill() -> None:
        until = time.monotonic() + 60
        while time.monotonic() < until:
            for folder in load.output.glob("*/events"):
                time.sleep(1.0)
                for process in strays(MARKER, folder.parent.name):
                    if "valkey" in process.name() or "redis" in process.name():
                        process.kill()
                        return
            time.sleep(0.05)

    thread = threading.Thread(target=kill)
    thread.start()
    answer = load(
        load.server(),
        *("--services", "valkey"),
        stages="stages: [{name: hold, duration: 60s, rate: 40}]",
    )
    thread.join()
    assert answer.code == 4
    end = answer.known.ends["t00"]
    assert end.reason == "backing"
    assert end.detail.startswith("valkey has died: ")
    assert answer.known.failures[-1].stage == "backing"
    assert len(answer.events) > 10


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Callable[[int], Path]]:
    """Make a file system of so many KiB; needs root, as in a container."""
    folder = tmp_path / "small"

    def make(size: int) -> Path:
        folder.mkdir()
        mount = ["/bin/mount", "-t", "tmpfs", "-o", f"size={size}k", "tmpfs", str(folder)]
        if subprocess.run(mount, capture_output=True, check=False).returncode:
            pytest.skip("mounting is not allowed here")
        return folder

    yield make
    if folder.is_mount():
        subprocess.run(["/bin/umount", folder], check=True)


@pytest.mark.parametrize(
    ("size", "rate", "what"),
    # at 300 a second what comes in two seconds, if one is slow, still finds room for a part
    [(28, 300, "the recording cannot be written"), (48, 600, "a report cannot be written")],
    ids=["under load", "as reports are written"],
)
def test_a_full_disk(
    load: Stand, small_disk: Callable[[int], Path], size: int, rate: int, what: str
) -> None:
    load.output = small_disk(size)
    answer = load(
        load.server(),
        start=f"start: {rate}",
        stages=f"stages: [{{name: hold, duration: {1800 / rate:g}s, rate: {rate}}}]",
        users="users: 40",
    )
    assert answer.code == 4
    assert f"perfkit: error: {what}" in answer.err
    assert "No space left on device" in answer.err
    known = answer.known
    assert known.run.id == answer.folder.name
    assert list(known.starts) == ["t00"]
    assert len(answer.events) > 100
    if size >= 48:
        assert known.finishes[-1].status == "finished"
