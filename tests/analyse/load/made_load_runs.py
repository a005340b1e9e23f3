"""Recorded load runs whose every request is known."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from perfkit.profile.threshold import Threshold, parse_threshold
from perfkit.profile.value import Arrivals, Model, Profile, Request, Scenario, Stage
from perfkit.recording.arrow import ColumnWriter
from perfkit.recording.compare import Finish
from perfkit.recording.events import ERROR, REQUEST, ROW_TYPE, EventWriter, Name
from perfkit.recording.load import (
    LoadMethod,
    LoadRecording,
    LoadRun,
    SegmentEnd,
    SegmentOrigin,
    SegmentStart,
    TrialEnd,
    Window,
    WorkerHealth,
    WorkerReport,
)
from perfkit.recording.samples import COLUMNS
from perfkit.service import Service, ServiceKind
from perfkit.variant import Interpreter, Side, Variant

if TYPE_CHECKING:
    from collections.abc import Sequence

CLOCK = 5_000_000_000
HOLD = (Stage(name="hold", seconds=30.0, target=100.0, role="hold"),)


def conditions(*texts: str) -> tuple[Threshold, ...]:
    return tuple(map(parse_threshold, texts))


def make_profile(stages: Sequence[Stage] = HOLD, **changes: Any) -> Profile:
    values: dict[str, Any] = {
        "name": "made",
        "description": "",
        "source": Path("made.yaml"),
        "model": Model.OPEN,
        "start": stages[0].target,
        "stages": tuple(stages),
        "requests": None,
        "users": 100,
        "arrivals": Arrivals.UNIFORM,
        "scenario": Scenario(
            requests=(
                Request(
                    name="read",
                    weight=1.0,
                    method="GET",
                    path="/",
                    headers=(),
                    body=None,
                    checks=(),
                    capture=(),
                ),
            ),
            setup=(),
            variables=(),
            think=(0.0, 0.0),
            locustfile=None,
            timeout=10.0,
        ),
        "thresholds": (),
        "aborts": (),
        "breaks": (),
        "sliced": True,
        "trials": 10,
        "recovery": (0.1, 5.0),
        "graceful_stop": 5.0,
        "time_scale": 1.0,
        "user_scale": 1.0,
    }
    return Profile(**(values | changes))


def make_variant(side: Side) -> Variant:
    interpreter = Interpreter(
        executable="/opt/python",
        implementation="cpython",
        version="3.12.1",
        free_threaded=False,
        build="3.12.1",
        config_args="",
        platform="linux-x86_64",
        found_by="path",
    )
    return Variant(side=side, interpreter=interpreter, requirements=(), environ=(), flags=())


def make_run(profile: Profile, sides: Sequence[Side], **changes: Any) -> LoadRun:
    values: dict[str, Any] = {
        "schema": 1,
        "id": "made",
        "mode": "compare" if len(sides) > 1 else "single",
        "created": "2026-01-31T12:00:00+00:00",
        "perfkit": "0",
        "seed": 0,
        "profile": profile,
        "service": Service(
            kind=ServiceKind.APP,
            target="app:app",
            label="app",
            script=None,
            health="/health",
            ready_seconds=10.0,
            stop_seconds=5.0,
            pid=None,
            backing=(),
        ),
        "method": LoadMethod(
            engine="locust",
            engine_version="2",
            generator="CPython 3.13.0",
            workers=1,
            remote_workers=0,
            window_seconds=1.0,
            cut_seconds=0.1,
            sample_seconds=0.2,
            pin=True,
        ),
        "search": None,
        "baseline": make_variant(Side.BASELINE),
        "candidate": make_variant(Side.CANDIDATE) if len(sides) > 1 else None,
        "trials": 1,
        "margin": 0.05,
        "confidence": 0.95,
        "ceiling": None,
        "floor": None,
        "gate": False,
        "allow_hosts": (),
        "host": {},
        "cwd": "/",
        "policy": None,
        "redacted": False,
    }
    return LoadRun(**(values | changes))


@dataclass
class Requests:
    """Requests of one segment by column; times in seconds from the origin."""

    due: np.ndarray
    response: np.ndarray
    late: Any = 0.0
    slip: Any = 0.0
    outcome: Any = 0
    checks: Any = 0
    request: Any = 0
    error: Any = -1
    phase: Any = 0
    target: Any = 0
    status: Any = 200
    requests: tuple[str, ...] = ("read",)
    errors: tuple[str, ...] = ("status 500",)

    def rows(self) -> np.ndarray:
        rows = np.zeros(len(self.due), ROW_TYPE)
        micro = {
            "due": self.due,
            "start": self.due + self.late,
            "end": self.due + self.response,
            "slip": self.slip,
        }
        for name, values in micro.items():
            rows[name] = np.round(np.asarray(values) * 1e6).astype(np.int64)
        for name in ("outcome", "checks", "request", "error", "phase", "target", "status"):
            rows[name] = getattr(self, name)
        return rows


@dataclass
class Maker:
    """Writes segments of a run into a folder, as a session would."""

    folder: Path
    profile: Profile
    sides: tuple[Side, ...] = (Side.BASELINE,)
    changes: dict[str, Any] = field(default_factory=dict)
    starts: dict[str, SegmentStart] = field(default_factory=dict)
    origins: dict[str, SegmentOrigin] = field(default_factory=dict)
    ends: dict[str, SegmentEnd] = field(default_factory=dict)
    trials: dict[int, TrialEnd] = field(default_factory=dict)

    def add(
        self,
        trial: int,
        requests: Requests,
        *,
        sides: tuple[Side, ...] | None = None,
        windows: tuple[Window, ...] = (),
        level: float | None = None,
        samples: dict[Side, dict[str, Any]] | None = None,
        reason: str = "finished",
        seconds: float | None = None,
        pins: dict[str, tuple[int, ...]] | None = None,
        **report: Any,
    ) -> str:
        sides = self.sides if sides is None else sides
        name = f"t{trial:02d}" + (f"-{sides[0]}" if len(sides) < len(self.sides) else "")
        file = f"events/{name}-w0.arrow"
        (self.folder / "events").mkdir(exist_ok=True)
        writer = EventWriter(self.folder / file)
        names = [
            Name(kind=kind, number=number, text=text)
            for kind, texts in ((REQUEST, requests.requests), (ERROR, requests.errors))
            for number, text in enumerate(texts)
        ]
        rows = requests.rows()
        writer.write(rows, names)
        writer.close()
        files = tuple(
            (side, self._samples(name, side, columns)) for side, columns in (samples or {}).items()
        )
        self.starts[name] = SegmentStart(
            id=name,
            trial=trial,
            attempt=0,
            sides=sides,
            windows=windows,
            level=level,
            events=(file,),
            samples=files,
            pins=pins or {"generator": (0,), "service": (1,)},
        )
        self.origins[name] = SegmentOrigin(id=name, clock=CLOCK, wall="")
        length = self.profile.seconds if seconds is None else seconds
        load = rows[rows["phase"] >= 0]
        counts = np.bincount(load["outcome"], minlength=3).tolist()
        values: dict[str, Any] = {
            "worker": 0,
            "host": "",
            "clock_offset": 0.0,
            "clock_error": 0.0,
            "sent": len(load),
            "answered": counts[0],
            "failed": counts[1],
            "cut_off": counts[2],
            "in_flight": 0,
            "unsent": 0,
            "complete": True,
            "health": tuple(
                WorkerHealth(second=k + 1.0, cpu=0.3, lag=0.001) for k in range(max(int(length), 1))
            ),
        }
        self.ends[name] = SegmentEnd(
            id=name,
            reason=reason,
            detail="",
            seconds=length,
            workers=(WorkerReport(**(values | report)),),
        )
        self.trials[trial] = TrialEnd(trial=trial, good=None, reason="")
        return name

    def _samples(self, name: str, side: Side, columns: dict[str, Any]) -> str:
        file = f"service/{name}-{side}.arrow"
        writer = ColumnWriter(self.folder / file, COLUMNS)
        count = len(columns["at"])
        full = {
            "rss": np.full(count, 50_000_000),
            "cpu": np.zeros(count),
            "threads": np.full(count, 3),
            "files": np.full(count, 10),
            "switches": np.zeros(count),
            "processes": np.full(count, 1),
            **columns,
        }
        full["at"] = np.round(np.asarray(full["at"]) * 1e6) + CLOCK
        full["cpu"] = np.round(np.asarray(full["cpu"]) * 1e6)
        writer.write(full)
        writer.close()
        return file

    def recording(self, **changes: Any) -> LoadRecording:
        recording = LoadRecording(
            folder=self.folder,
            run=make_run(self.profile, self.sides, **self.changes),
            sides={},
            starts=self.starts,
            origins=self.origins,
            ends=self.ends,
            failures=(),
            backing=(),
            trials=self.trials,
            finishes=(Finish(status="finished", seconds={"total": 60.0, "measure": 55.0}),),
            cut=False,
        )
        return replace(recording, **changes)


def arrivals(rate: float, seconds: float) -> np.ndarray:
    return (np.arange(round(rate * seconds)) + 0.5) / rate
