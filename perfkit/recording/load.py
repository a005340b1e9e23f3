"""What a ``load`` run records, beside the raw events and samples in their own files.

A *segment* is one start of the engine against one service, or against two that take turns. A trial
of a comparison is one segment (sliced) or two (one after the other); a probe of a breaking-point
search is one.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

from perfkit.profile.value import Profile
from perfkit.recording.compare import Finish, SideFacts
from perfkit.recording.journal import Format, Journal, read_journal
from perfkit.service import Service
from perfkit.variant import Side, Variant

SCHEMA = 1
EVENTS = "events"
SAMPLES = "service"


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadMethod:
    """How load is generated and looked at.

    Attributes:
        engine: ``"locust"`` or ``"k6"``; runs of different engines are never compared.
        engine_version: Its version.
        generator: Python that runs the engine: ``"CPython 3.13.0"``.
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
        trials: Trials wanted (1 for a run of one).
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
class BackingReady:
    """Backing services answer; recorded once a sitting, before its first segment.

    Attributes:
        labels: What each is: ``"PostgreSQL 15.18 (/usr/lib/…)"``.
        shared: Services that run already, on which a service may not tell the sides apart.
    """

    labels: tuple[str, ...]
    shared: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """A stretch of time in which one of the services has the load.

    Attributes:
        begin: Seconds from the segment's origin.
        end: The same.
        target: 0 or 1: index into `SegmentStart.sides`.
    """

    begin: float
    end: float
    target: int


@dataclass(frozen=True, slots=True, kw_only=True)
class SegmentStart:
    """The load of a segment is about to begin.

    Attributes:
        id: ``"t03"`` (trial 3, sliced), ``"t03-candidate"``, ``"p05-baseline"`` (probe 5).
        trial: Number of the trial or probe, from 0.
        attempt: 0, or how often the trial was begun before (a resumed run).
        sides: Which side each target is.
        windows: Turns of the services; empty when there is one.
        level: Users or rate of a probe; None outside a breaking-point search.
        events: Files of raw events, one a worker, relative to the run folder.
        samples: ``(side, file)``: samples of the services' processes.
        pins: CPUs: ``{"generator": [0], "service": [1]}``; empty lists when nothing is pinned.
    """

    id: str
    trial: int
    attempt: int
    sides: tuple[Side, ...]
    windows: tuple[Window, ...]
    level: float | None
    events: tuple[str, ...]
    samples: tuple[tuple[Side, str], ...]
    pins: dict[str, tuple[int, ...]]


@dataclass(frozen=True, slots=True, kw_only=True)
class SegmentOrigin:
    """The load of a segment begins now.

    Attributes:
        id: The segment's.
        clock: Microseconds on this machine's CLOCK_MONOTONIC; events count from it.
        wall: Local time with offset, ISO 8601.
    """

    id: str
    clock: int
    wall: str


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkerHealth:
    """One second of one generator process.

    Attributes:
        second: Seconds from the origin at its end.
        cpu: CPU time over wall time of the process.
        lag: Longest delay of a timer of its event loop in that second, in seconds.
    """

    second: float
    cpu: float
    lag: float


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkerReport:
    """What a generator process says of itself at the end.

    Attributes:
        worker: Its number.
        host: Machine it ran on; empty for this one.
        clock_offset: Seconds added to its clock to get ours.
        clock_error: Half the shortest round trip the offset was measured with; 0.0 for this
            machine, whose clock is ours.
        sent: Requests begun after the origin.
        answered: Of these, answered rightly.
        failed: Of these, failed.
        cut_off: Of these, still in flight when their users were stopped after the grace.
        in_flight: Of these, of unknown fate (the worker was lost, or did not stop).
        unsent: Arrivals of the plan that no user was free to send before the end (open model).
        complete: It said that it was done, and every chunk of events arrived.
        health: Second by second.
    """

    worker: int
    host: str
    clock_offset: float
    clock_error: float
    sent: int
    answered: int
    failed: int
    cut_off: int
    in_flight: int
    unsent: int
    complete: bool
    health: tuple[WorkerHealth, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class SegmentEnd:
    """A segment came to its end.

    Attributes:
        id: The segment's.
        reason: ``"finished"``, ``"requests"`` (the wanted number was sent), ``"aborted"`` (a
            threshold with ``for``), ``"service"`` (it died), ``"backing"`` (a backing service died),
            ``"generator"`` (the engine failed or lost a worker), ``"disk"`` or ``"interrupted"``.
        detail: More of it: the threshold, the service's last words; may be empty.
        seconds: From the origin to the end of the load.
        workers: What the generator processes say.
    """

    id: str
    reason: str
    detail: str
    seconds: float
    workers: tuple[WorkerReport, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadFailure:
    """Something that kept a trial from being measured.

    Attributes:
        trial: Number of the trial or probe.
        side: Whose fault, or None.
        stage: ``"provision"``, ``"backing"``, ``"start"``, ``"engine"`` or ``"run"``.
        reason: In one line.
        detail: The process's own words, shortened.
    """

    trial: int
    side: Side | None
    stage: str
    reason: str
    detail: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TrialEnd:
    """All segments of a trial or probe are complete.

    Attributes:
        trial: Its number.
        good: Of a probe: it held; None outside a search.
        reason: Of a probe that did not hold: which threshold broke; else empty.
    """

    trial: int
    good: bool | None
    reason: str


LoadLine: TypeAlias = (
    LoadRun
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
        RecordingError: There is none, it is no load run, or of a schema this perfkit cannot read.
    """
    found = read_journal(folder, FORMAT)
    run, *rest = found.lines
    if not isinstance(run, LoadRun):  # the format insists on it
        raise TypeError(run)
    return LoadRecording(
        folder=found.path.parent,
        run=run,
        sides={x.side: x.facts for x in rest if isinstance(x, SideReady)},
        backing=next((x for x in reversed(rest) if isinstance(x, BackingReady)), None),
        starts={x.id: x for x in rest if isinstance(x, SegmentStart)},
        origins={x.id: x for x in rest if isinstance(x, SegmentOrigin)},
        ends={x.id: x for x in rest if isinstance(x, SegmentEnd)},
        failures=tuple(x for x in rest if isinstance(x, LoadFailure)),
        trials={x.trial: x for x in rest if isinstance(x, TrialEnd)},
        finishes=tuple(x for x in rest if isinstance(x, Finish)),
        cut=found.cut,
    )
