"""From points to rows of events: every request is in flight, or in a row.

k6 tells a request's end (the time of its samples) and how long it took: ``http_req_blocked`` (the
wait for a connection, with connecting and TLS where one had to be made) and ``http_req_duration``
(sending, waiting, receiving). ``http_req_connecting`` and ``http_req_tls_handshaking`` are parts of
the first, though k6's documentation reads as if they came on top. A request starts so much before
its end. One that failed is given the moment the script began it, since k6's times leave out what
did not come about, such as a refused connection.

Sources: ``tracer.go`` of k6 1.1 (``GotConn`` ends "blocked" after ``ConnectDone``), and tried.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from perfkit.loadtest.k6 import points
from perfkit.loadtest.k6.script import (
    BEGIN,
    CHECKS_FROM,
    END,
    NOT_CAPTURED,
    READY,
    names_of,
    requests_of,
)
from perfkit.profile.schedule import stage_bounds
from perfkit.profile.value import SETUP_PHASE
from perfkit.recording.events import (
    ANSWERED,
    CUT_OFF,
    ERROR,
    FAILED,
    REQUEST,
    ROW,
    ROW_TYPE,
    Name,
)

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from perfkit.loadtest.k6.points import Point
    from perfkit.profile.value import Profile, Request

_MICRO = 1000  # nanoseconds
_MILLI = 1_000_000
_SECOND = 1_000_000_000
_MOST_ERRORS = 1000
_OTHERS = "(others)"
_BAD = 400


@dataclass(slots=True)
class _Flight:
    """A request between its begin and its end, in nanoseconds since 1970."""

    request: int
    begin: int
    end: int = 0
    took: float = 0.0
    status: int = 0


class Ledger:
    """The account of a run.

    Args:
        profile: What is sent.

    Attributes:
        origin: When the load began, in nanoseconds since 1970; None before.
        sent: Requests of the load begun so far.
        unsent: Arrivals for which no user was free.
        ended: Requests of the load that have ended so far.
    """

    def __init__(self, profile: Profile) -> None:
        self.origin: int | None = None
        self.sent = self.unsent = self.ended = 0
        self._kinds = requests_of(profile)
        names = names_of(profile)
        self._numbers = [names.index(one.name) for one in self._kinds]
        self._fresh = [
            Name(kind=REQUEST, number=number, text=text) for number, text in enumerate(names)
        ]
        self._errors: dict[str, int] = {}
        self._flying: dict[int, _Flight] = {}
        self._rows = bytearray()
        self._begun: dict[int, int] = {}
        stages = [
            (index, end) for index, (begin, end) in enumerate(stage_bounds(profile)) if begin < end
        ]
        self._stages = np.array([index for index, _ in stages], dtype=np.int16)
        self._ends = np.array([end * 1e6 for _, end in stages])

    def add(self, point: Point) -> None:
        """Take note of a point."""
        metric = point.metric
        if metric == BEGIN:
            self._begin(point)
        elif metric == READY:
            self.origin = point.time
        elif metric == points.DROPPED:
            self.unsent += round(point.value)
        elif (flight := self._flying.get(point.vu)) is None:
            return
        elif metric == points.SENT:
            flight.end = point.time
            flight.status = point.status
        elif metric == END:
            del self._flying[point.vu]
            self._end(point, flight)
        else:
            flight.took += point.value

    def in_flight(self) -> int:
        """Requests of the load that have begun and not ended."""
        return sum(vu > 0 for vu in self._flying)

    def cut(self, now: int) -> None:
        """What is in flight is cut off: k6 has interrupted it.

        Args:
            now: Nanoseconds since 1970.
        """
        for vu, flight in self._flying.items():
            end = max(flight.end or now, flight.begin)
            self._row(vu, flight, start=flight.begin, end=end, outcome=CUT_OFF)
        self._flying.clear()

    def begun(self, until: float) -> int:
        """Requests of the load begun before so many seconds of load and not asked for yet."""
        return sum(self._begun.pop(second) for second in sorted(self._begun) if second < until)

    def take(self) -> tuple[NDArray[np.void], list[Name]]:
        """Rows since this was last asked, and the names that are new; none before the origin."""
        if self.origin is None:
            return np.empty(0, dtype=ROW_TYPE), []
        rows = np.frombuffer(bytes(self._rows), dtype=ROW_TYPE).copy()
        names = self._fresh.copy()
        self._rows.clear()
        self._fresh.clear()
        for name in ("due", "start", "end"):
            rows[name] -= self.origin // _MICRO
        at = np.searchsorted(self._ends, rows["due"], side="right")
        stages = self._stages[np.minimum(at, len(self._stages) - 1)]
        rows["phase"] = np.where(rows["phase"] == SETUP_PHASE, SETUP_PHASE, stages)
        return rows, names

    def _begin(self, point: Point) -> None:
        if (lost := self._flying.get(point.vu)) is not None:  # its iteration was broken off
            lost.end = lost.end or point.time
            error = self._error("k6 broke it off")
            self._row(point.vu, lost, start=lost.begin, end=lost.end, outcome=FAILED, error=error)
        self._flying[point.vu] = _Flight(request=point.request, begin=point.time)
        if point.vu > 0 and self.origin is not None:
            self.sent += 1
            second = (point.time - self.origin) // _SECOND
            self._begun[second] = self._begun.get(second, 0) + 1

    def _end(self, point: Point, flight: _Flight) -> None:
        bits, size = divmod(int(point.value), CHECKS_FROM)
        end = flight.end or point.time
        start = end - round(flight.took * _MILLI)
        if point.error:
            error = self._error(point.error)
            start = min(start, flight.begin)
            self._row(point.vu, flight, start=start, end=end, outcome=FAILED, error=error)
            return
        checks, why = judge(
            self._kinds[flight.request], flight.status, bits, (end - start) / _SECOND
        )
        self._row(
            point.vu,
            flight,
            start=start,
            end=end,
            outcome=ANSWERED if why is None else FAILED,
            error=-1 if why is None else self._error(why),
            size=size,
            checks=checks,
        )

    def _row(
        self,
        vu: int,
        flight: _Flight,
        *,
        start: int,
        end: int,
        outcome: int,
        error: int = -1,
        size: int = 0,
        checks: int = 0,
    ) -> None:
        start //= _MICRO
        self._rows += ROW.pack(
            start,  # k6 does not tell when a request was due
            start,
            end // _MICRO,
            0,
            size,
            flight.status,
            outcome,
            checks if checks < 1 << 15 else checks - (1 << 16),
            self._numbers[flight.request],
            error,
            0 if vu > 0 else SETUP_PHASE,
            0,
        )
        self.ended += vu > 0

    def _error(self, text: str) -> int:
        number = self._errors.get(text)
        if number is None and len(self._errors) >= _MOST_ERRORS:
            text = _OTHERS
            number = self._errors.get(text)
        if number is None:
            number = self._errors[text] = len(self._errors)
            self._fresh.append(Name(kind=ERROR, number=number, text=text))
        return number


def judge(request: Request, status: int, bits: int, seconds: float) -> tuple[int, str | None]:
    """Hold an answer against its checks, as the other engine does.

    Args:
        request: What the answer is to.
        status: Its HTTP status.
        bits: Checks of body that failed, and `NOT_CAPTURED`.
        seconds: Its service time.

    Returns:
        Bits of the failed checks, and why the request has failed or None. A check of time that
        fails is no failed request.
    """
    failed = bits % NOT_CAPTURED
    why: str | None = None
    for index, check in enumerate(request.checks):
        if check.status is not None and status not in check.status:
            failed |= 1 << index
            why = why or f"check {check.name!r}: status {status}"
        if check.seconds is not None and seconds > check.seconds:
            failed |= 1 << index
    if status >= _BAD and all(check.status is None for check in request.checks):
        why = f"status {status}"
    for index, check in enumerate(request.checks):
        if bits >> index & 1:
            why = why or f"check {check.name!r}: text not in the body"
    if bits >= NOT_CAPTURED:
        why = why or "cannot capture: nothing there"
    return failed, why
