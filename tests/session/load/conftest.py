"""Small real load runs: a service of the tests' own, profiles of two or three seconds."""

from __future__ import annotations

import shlex
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

import perfkit
from perfkit.cli.finish import code_of_load
from perfkit.machine._sweeper import strays
from perfkit.machine.environ import MARKER
from perfkit.plan.load import make_load_plan
from perfkit.recording.events import ANSWERED, CUT_OFF, FAILED, Events
from perfkit.session.load import run as session
from perfkit.session.progress import Event

if TYPE_CHECKING:
    from perfkit.plan.load_value import LoadPlan
    from perfkit.recording.load import LoadRecording
    from perfkit.session.load.outcome import LoadOutcome
SERVER = Path(__file__).with_name("_server.py")
NULL = Path(perfkit.__file__).parent / "loadtest" / "_null_server.py"
PROFILE = {
    "model": "model: open",
    "start": "start: 40",
    "stages": "stages: [{name: hold, duration: 2s, rate: 40}]",
    "users": "users: 20",
    "scenario": "scenario: {timeout: 1s, requests: [{name: read, get: /}]}",
}


@dataclass
class Told:
    """A listener that remembers, and raises KeyboardInterrupt at the event asked for."""

    interrupt_at: Callable[[Event], bool] = field(default=lambda _event: False)
    events: list[Event] = field(default_factory=list)

    def __call__(self, event: Event) -> None:
        self.events.append(event)
        if self.interrupt_at(event):
            raise KeyboardInterrupt

    def of(self, kind: type[Event]) -> list[Any]:
        return [event for event in self.events if isinstance(event, kind)]


class Stand:
    """A folder with a profile, and runs of it against a service of known behaviour."""

    told = Told

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.output = folder / "reports"

    @staticmethod
    def command(*words: object) -> str:
        """The command line of the tests' own service."""
        return shlex.join(["{python}", "-I", str(SERVER), "{port}", *map(str, words)])

    @staticmethod
    def slots(count: int, seconds: float) -> str:
        """The same of a server of known capacity: ``count / seconds`` requests a second."""
        options = ["--slots", str(count), "--service-ms", str(seconds * 1000)]
        return shlex.join(["{python}", "-I", str(NULL), "--port", "{port}", *options])

    def profile(self, **lines: str) -> Path:
        """Write the profile with some of its lines replaced."""
        path = self.folder / "mine.yaml"
        path.write_text("\n".join({**PROFILE, **lines}.values()))
        return path

    def plan(self, mode: str | None = None, /, **options: Any) -> LoadPlan:
        path = self.folder / "mine.yaml"
        if not path.exists():
            self.profile()
        said = {
            "profile": str(path),
            "health": "/health",
            "seed": 1,
            "download": False,
            "output": str(self.output),
            **options,
        }
        if not {"url", "app", "command"} & options.keys():
            said["command"] = self.command()
        return make_load_plan(said, mode=mode, cwd=self.folder)

    def run(
        self, mode: str | None = None, /, *, listener: Told | None = None, **options: Any
    ) -> LoadOutcome:
        outcome = session.run(self.plan(mode, **options), listener=listener or Told())
        self.check(outcome)
        return outcome

    def resume(self, folder: Path, *, listener: Told | None = None) -> LoadOutcome:
        outcome = session.resume(folder, listener=listener or Told())
        self.check(outcome)
        return outcome

    @staticmethod
    def code(outcome: LoadOutcome) -> int:
        """What the command would exit with."""
        return code_of_load(outcome)

    def check(self, outcome: LoadOutcome) -> None:
        """What must hold of every run, however it went."""
        folder = outcome.folder
        assert strays(MARKER, folder.name) == []
        assert {"recording.jsonl", "report.yaml", "report.html"} <= {
            path.name for path in folder.iterdir()
        }
        assert not (folder / "data").exists()
        check_counts(outcome.recording)
        assert perfkit.load(folder).folder == folder  # it can be read and judged again


def check_counts(recording: LoadRecording) -> None:
    """Every request that was sent is in one of the counts, and in the files."""
    for name, end in recording.ends.items():
        for worker in end.workers:
            parts = (worker.answered, worker.failed, worker.cut_off, worker.in_flight)
            assert worker.sent == sum(parts)
        events = events_of(recording, name)
        load = events.where(events.phase >= 0)
        told = {kind: sum(getattr(x, kind) for x in end.workers) for kind in _KINDS}
        counts = {kind: int((load.outcome == code).sum()) for kind, code in _KINDS.items()}
        assert counts == told


_KINDS = {"answered": ANSWERED, "failed": FAILED, "cut_off": CUT_OFF}


def events_of(recording: LoadRecording, name: str) -> Events:
    from perfkit.recording.events import read_events

    return read_events([recording.folder / file for file in recording.starts[name].events])


@pytest.fixture
def busy_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    """Others work on this machine meanwhile: a generator may be late, or busy, more than usual."""
    monkeypatch.setattr("perfkit.decide.load.validity.SLIP_AT_LEAST", 0.05)
    monkeypatch.setattr("perfkit.decide.load.validity.BUSY_SECONDS", 0.5)


@pytest.fixture
def stand(tmp_path: Path, cache: Path, monkeypatch: pytest.MonkeyPatch) -> Stand:
    monkeypatch.setenv("PERFKIT_CACHE", str(cache))
    return Stand(tmp_path)
