"""What a ``load`` run records, beside the raw events and samples in their own files."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

from perfkit.profile.value import Profile
from perfkit.recording.compare import Finish, SideFacts
from perfkit.recording.journal import Format, Journal, check_possible, read_journal
from perfkit.recording.segment import (
    BackingReady,
    LoadFailure,
    SegmentEnd,
    SegmentOrigin,
    SegmentStart,
    TrialEnd,
    Window,
    WorkerHealth,
    WorkerReport,
)
from perfkit.service import Service
from perfkit.variant import Side, Variant

__all__ = [
    "EVENTS",
    "FORMAT",
    "KINDS",
    "SAMPLES",
    "SCHEMA",
    "BackingReady",
    "LoadFailure",
    "LoadLine",
    "LoadMethod",
    "LoadRecorder",
    "LoadRecording",
    "LoadRun",
    "Resumed",
    "SearchMethod",
    "SegmentEnd",
    "SegmentOrigin",
    "SegmentStart",
    "SideReady",
    "TrialEnd",
    "Window",
    "WorkerHealth",
    "WorkerReport",
    "read_load",
]

SCHEMA = 1
EVENTS = "events"
SAMPLES = "service"


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadMethod:
    """How load is generated and looked at.

    Attributes:
        engine: ``"locust"`` or ``"k6"``; runs of different engines are never compared.
        engine_version: Its version.
        generator: What runs the engine: ``"CPython 3.13.0"``; of k6 ``"go1.24.4, linux/amd64"``.
        workers: Generator processes on this machine (1: no master).
        remote_workers: Workers awaited from other machines.
        window_seconds: Length of a window while two services take turns.
        cut_seconds: Beginning of each window that is left out.
        sample_seconds: Pause between two looks at the service's processes.
        pin: Generator and service are kept on CPUs of their own where the system can.
    """

    engine: str
    engine_version: str
    generator: str
    workers: int
    remote_workers: int
    window_seconds: float
    cut_seconds: float
    sample_seconds: float
    pin: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class SearchMethod:
    """How a breaking point is searched for.

    Attributes:
        start: First level: users or requests per second.
        limit: Highest level tried; a service that holds there has "not reached" its breaking point.
        resolution: Relative width of the interval that is enough.
        settle_seconds: Beginning of a probe that is left out.
        hold_seconds: Length of the steady window that is judged.
    """

    start: float
    limit: float
    resolution: float
    settle_seconds: float
    hold_seconds: float


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadRun:
    """The first line: what was asked for, of whom, where.

    Attributes:
        schema: Version of this format.
        id: Name of the run, also of its folder.
        mode: ``"single"``, ``"compare"`` or ``"breakpoint"`` (of one side or two).
        created: Local time with offset, ISO 8601.
        perfkit: perfkit's version.
        seed: Root of every random choice of the run.
        profile: The profile as scaled.
        service: The service.
        method: How load is generated.
        search: How a breaking point is searched for; None in the other modes.
        baseline: The baseline; the only side of a run of one. None for a URL.
        candidate: The candidate, or None.
        trials: Trials wanted (1 for a run of one); of a search, how often each side is searched.
        margin: Practical significance, as a fraction.
        confidence: Coverage of every interval.
        ceiling: Requests/s the generator can do at most (``perfkit load calibrate``), or None.
        floor: Seconds a request to a null server takes (median), or None.
        gate: A candidate that is worse beyond the margin makes the run fail.
        allow_hosts: Hosts beside this machine that may be sent load to.
        host: Facts of the machine.
        cwd: Folder the run was started in.
        policy: Text (YAML) of the user's policy, or None for perfkit's own.
        redacted: Credentials were removed, so it cannot be resumed.
        sources: Digest of each source of the program that is known, by name
            (`perfkit.plan.load_program`); None in older recordings.
    """

    schema: int
    id: str
    mode: str
    created: str
    perfkit: str
    seed: int
    profile: Profile
    service: Service
    method: LoadMethod
    search: SearchMethod | None
    baseline: Variant | None
    candidate: Variant | None
    trials: int
    margin: float
    confidence: float
    ceiling: float | None
    floor: float | None
    gate: bool
    allow_hosts: tuple[str, ...]
    host: dict[str, str | int | float | None]
    cwd: str
    policy: str | None
    redacted: bool
    sources: tuple[tuple[str, str], ...] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SideReady:
    """What one side really runs with; recorded before its first segment.

    Attributes:
        side: Which side.
        facts: Interpreter and packages.
    """

    side: Side
    facts: SideFacts


@dataclass(frozen=True, slots=True, kw_only=True)
class Resumed:
    """The run is gone on with; recorded once the program is known to be the same, or unknown.

    Attributes:
        unchecked: What of the program could not be compared with what it was, in words.
    """

    unchecked: tuple[str, ...]


LoadLine: TypeAlias = (
    LoadRun
    | Resumed
    | SideReady
    | BackingReady
    | SegmentStart
    | SegmentOrigin
    | SegmentEnd
    | LoadFailure
    | TrialEnd
    | Finish
)

KINDS: dict[str, type[LoadLine]] = {
    "load": LoadRun,
    "resumed": Resumed,
    "side": SideReady,
    "backing": BackingReady,
    "segment-start": SegmentStart,
    "segment-origin": SegmentOrigin,
    "segment-end": SegmentEnd,
    "load-failure": LoadFailure,
    "trial-end": TrialEnd,
    "finish": Finish,
}
FORMAT = Format(first="load", schema=SCHEMA, kinds=KINDS)


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadRecording:
    """A recorded load run, read back; raw events stay on disk until `events` reads them.

    Attributes:
        folder: The run directory.
        run: The first line.
        sides: What each side ran with.
        backing: Backing services of the last sitting, or None.
        starts: Segments by id, in the order begun; of a trial begun twice the last attempt.
        origins: Beginning of their load, by id; one that never began has none.
        ends: Their ends by id; one that was killed has none, though its events may be there.
        failures: In order.
        trials: Complete trials by number.
        finishes: One for each sitting that ended in order.
        cut: The last line was incomplete and has been left out.
        resumed: One for each sitting that went on with it.
    """

    folder: Path
    run: LoadRun
    sides: dict[Side, SideFacts]
    backing: BackingReady | None
    starts: dict[str, SegmentStart]
    origins: dict[str, SegmentOrigin]
    ends: dict[str, SegmentEnd]
    failures: tuple[LoadFailure, ...]
    trials: dict[int, TrialEnd]
    finishes: tuple[Finish, ...]
    cut: bool
    resumed: tuple[Resumed, ...] = ()


class LoadRecorder(Journal):
    """Appends the lines of a ``load`` run; raises as `Journal` does."""

    def __init__(self, folder: Path) -> None:
        """Open ``folder``'s recording for appending; a cut last line is removed first."""
        super().__init__(folder, FORMAT)


def read_load(folder: Path) -> LoadRecording:
    """Read a load run's directory back.

    Args:
        folder: A run directory, or the path of its recording.jsonl.

    Raises:
        RecordingError: There is none, it is no load run, of a schema this perfkit cannot read, or
            it wants something impossible.
    """
    found = read_journal(folder, FORMAT)
    run, *rest = found.lines
    if not isinstance(run, LoadRun):  # the format insists on it
        raise TypeError(run)
    check_possible(
        found.path.parent,
        shares={"confidence": run.confidence},
        amounts={"margin": run.margin, "number of trials": run.trials},
    )
    starts: dict[str, SegmentStart] = {}
    origins: dict[str, SegmentOrigin] = {}
    ends: dict[str, SegmentEnd] = {}
    for line in rest:
        match line:
            case SegmentStart():  # what an attempt before came to is not its
                for known in (starts, origins, ends):
                    known.pop(line.id, None)
                starts[line.id] = line
            case SegmentOrigin():
                origins[line.id] = line
            case SegmentEnd():
                ends[line.id] = line
    return LoadRecording(
        folder=found.path.parent,
        run=run,
        sides={x.side: x.facts for x in rest if isinstance(x, SideReady)},
        backing=next((x for x in reversed(rest) if isinstance(x, BackingReady)), None),
        starts=starts,
        origins=origins,
        ends=ends,
        failures=tuple(x for x in rest if isinstance(x, LoadFailure)),
        trials={x.trial: x for x in rest if isinstance(x, TrialEnd)},
        finishes=tuple(x for x in rest if isinstance(x, Finish)),
        cut=found.cut,
        resumed=tuple(x for x in rest if isinstance(x, Resumed)),
    )
