"""The lines that a load run records segment by segment.

A *segment* is one start of the engine against one service, or against two that take turns. A trial
of a comparison is one segment (sliced) or two (one after the other); a probe of a breaking-point
search is one.
"""

from __future__ import annotations

from dataclasses import dataclass

from perfkit.variant import Side


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
        search: Of a probe: number of the search it belongs to, from 0.
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
    search: int = 0


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
        waited: Share of the second it could run and stood in line for a CPU; None where the system
            does not tell, and in older recordings.
    """

    second: float
    cpu: float
    lag: float
    waited: float | None = None


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


WENT_WELL = frozenset({"finished", "requests"})
"""Reasons for which a load ends that was sent as it was asked for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SegmentEnd:
    """A segment came to its end.

    Attributes:
        id: The segment's.
        reason: ``"finished"``, ``"requests"`` (the wanted number was sent), ``"aborted"`` (a
            threshold with ``for``), ``"service"`` (it died), ``"backing"`` (a backing service
            died), ``"generator"`` (the engine failed or lost a worker), ``"disk"`` or
            ``"interrupted"``.
        detail: More of it: the threshold, the service's last words; may be empty.
        seconds: From the origin to the end of the load.
        workers: What the generator processes say.
        notes: What else the engine found worth knowing.
    """

    id: str
    reason: str
    detail: str
    seconds: float
    workers: tuple[WorkerReport, ...]
    notes: tuple[str, ...] = ()


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
