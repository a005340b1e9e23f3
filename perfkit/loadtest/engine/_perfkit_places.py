"""What the master knows of each worker, and the seconds of all of them as one."""

from __future__ import annotations

import enum
import subprocess
from collections import deque
from dataclasses import dataclass, field
from time import monotonic
from typing import TYPE_CHECKING, Any

from _perfkit_messages import NonsenseError, Reader, Sense
from _perfkit_store import Meter, Store

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    import numpy as np
    from numpy.typing import NDArray

    from perfkit.profile.value import Profile
    from perfkit.recording.events import Name


class State(enum.IntEnum):
    """How far a worker is; each goes on to the next, or is lost."""

    AWAITED = 0
    CALLED = 1
    ACCEPTED = 2
    READY = 3
    DONE = 4
    LOST = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """Figures of one worker's second; ``second`` is its end."""

    second: float
    sent: int
    in_flight: int
    unsent: int
    lag: float
    cpu: float
    waited: float | None


def read_report(content: object) -> Report:
    """The figures that came with a chunk.

    Raises:
        NonsenseError: They are none.
    """
    told = Reader(content)
    return Report(
        second=told.number("second"),
        sent=told.whole("sent"),
        in_flight=told.whole("in_flight"),
        unsent=told.whole("unsent"),
        lag=told.number("lag"),
        cpu=told.number("cpu"),
        waited=None if told.content.get("waited") is None else told.number("waited"),
    )


@dataclass(slots=True, kw_only=True, eq=False)
class Place:
    """A place for a worker.

    Attributes:
        number: From 0.
        store: Its file of events.
        sense: Looks at its rows.
        local: The process that perfkit started for it, or None.
        token: What that process was told, or what a worker from elsewhere must know.
        client: Identity of the worker's line, once it has one.
        host: Machine it runs on; empty for this one.
        state: How far it is.
        heard: When something came from it.
        ready: Its users that are ready.
        users: Its users.
        offset: Seconds to add to its clock.
        error: Of the offset.
        arrived: Chunks that came.
        written: Chunks that are on the disk, or could not be written.
        stored: Chunks that are on the disk.
        sent: Requests it has begun, as far as it has said.
        unsent: Arrivals it could not send.
        meter: Counts its rows on the disk.
        reports: Seconds that are in none of the merged ones yet.
        done: What it said at its end.
        complete: All that it sent is on the disk.
        gone: It has said its last word, or has ended.
        lost: Why it was lost.
    """

    number: int
    store: Store
    sense: Sense
    local: subprocess.Popen[bytes] | None = None
    token: str = ""
    client: str | None = None
    host: str = ""
    state: State = State.AWAITED
    heard: float = 0.0
    ready: int = 0
    users: int = 0
    offset: float = 0.0
    error: float = 0.0
    arrived: int = 0
    written: int = 0
    stored: int = 0
    sent: int = 0
    unsent: int = 0
    meter: Meter = field(default_factory=Meter)
    reports: deque[Report] = field(default_factory=deque)
    done: dict[str, Any] | None = None
    complete: bool = False
    gone: bool = False
    lost: str = ""

    @property
    def over(self) -> bool:
        """Nothing more is expected of it."""
        return self.state >= State.DONE

    @property
    def settled(self) -> bool:
        """Nor of its file."""
        return self.over and self.written == self.arrived

    def label(self) -> str:
        """What a user knows it by."""
        return f"worker {self.number + 1}" + (f" ({self.host})" if self.host else "")

    def counts(self) -> dict[str, Any]:
        """What became of its requests; those of a lost worker are not all known."""
        meter = self.meter
        known = meter.answered + meter.failed + meter.cut_off
        sent = max(self.sent, known)
        return {
            "worker": self.number,
            "host": self.host,
            "clock_offset": self.offset,
            "clock_error": self.error,
            "sent": sent,
            "answered": meter.answered,
            "failed": meter.failed,
            "cut_off": meter.cut_off,
            "in_flight": sent - known,
            "unsent": self.unsent,
            "complete": self.complete,
        }


def make_places(files: Sequence[Path], profile: Profile, targets: int, step: int) -> list[Place]:
    """One place for each file of events.

    Raises:
        WritingError: A file cannot be made.
    """
    return [
        Place(
            number=number,
            store=Store(file),
            sense=Sense(targets, len(profile.stages)),
            users=len(range(number, profile.users, step)) if number < step else 0,
        )
        for number, file in enumerate(files)
    ]


def take_chunk(
    place: Place,
    told: Reader,
    rows: NDArray[np.void],
    names: list[Name],
    then: Callable[[Report | None], None],
) -> None:
    """Have a chunk written; what it says counts from then on.

    Args:
        place: Whose it is; the chunk is the next of its chunks.
        told: The message.
        rows: Its rows.
        names: New names.
        then: Is called as soon as it is written, or cannot be, with its figures of a second.

    Raises:
        NonsenseError: It is none.
    """
    place.sense.check(rows, names)
    content = told.content.get("told")
    report = None if content is None else read_report(content)
    if report is not None and place.reports and report.second < place.reports[-1].second:
        raise NonsenseError("its seconds go back")
    place.arrived += 1

    def written() -> None:
        place.written += 1
        if place.store.error is None:
            place.stored += 1
            place.meter.add(rows)
        if report is not None:
            place.sent += report.sent
            place.unsent = report.unsent
            place.reports.append(report)
        then(report)

    place.store.put(rows, names, written)


class Merger:
    """The seconds of all workers as one, each as soon as all are there.

    Args:
        places: The workers.
        meter: Was given the rows of all of them.
    """

    def __init__(self, places: Sequence[Place], meter: Meter) -> None:
        self._places = places
        self._meter = meter
        self._second = 0
        self._latest = {place.number: 0 for place in places}
        self._finished = False

    def due(self) -> Iterator[dict[str, Any]]:
        """Whole seconds that every worker has told of; the last, shorter one when all are over."""
        while not self._finished:
            second = float(self._second + 1)
            over = [place.settled and not self._beyond(place, second) for place in self._places]
            if all(over):
                self._finished = True
                rest = [place.reports[-1].second for place in self._places if place.reports]
                if rest:
                    yield self._merged(max(rest))
                return
            if not all(
                done or self._beyond(place, second)
                for place, done in zip(self._places, over, strict=True)
            ):
                return
            self._second += 1
            yield self._merged(second)

    @staticmethod
    def _beyond(place: Place, second: float) -> bool:
        return bool(place.reports) and place.reports[-1].second >= second

    def _merged(self, second: float) -> dict[str, Any]:
        found = {"sent": 0, "in_flight": 0, "unsent": 0, "lag": 0.0, "cpu": 0.0}
        for place in self._places:
            while place.reports and place.reports[0].second <= second:
                one = place.reports.popleft()
                found["sent"] += one.sent
                found["lag"] = max(found["lag"], one.lag)
                found["cpu"] = max(found["cpu"], one.cpu)
                self._latest[place.number] = one.in_flight
            found["in_flight"] += 0 if place.state is State.LOST else self._latest[place.number]
            found["unsent"] += place.unsent
        return {"second": second, **self._meter.figures(second), **found}


def silent(place: Place, seconds: float) -> bool:
    """Whether nothing has come from a worker that was heard of before."""
    return place.client is not None and monotonic() - place.heard > seconds
