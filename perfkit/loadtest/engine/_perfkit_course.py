"""Who sends when: users follow the profile's schedule, and take turns with their twins.

Each user has a number. In a closed model it is active while the level is above its number; in an
open one it takes the next arrival of the plan as soon as it is free. Where two services take turns,
a user is a pair of twins, one for each service with cookies and tokens of its own, and only one of
them is up: the one whose service has the load at the intended start of the next request.
"""

from __future__ import annotations

import math
from bisect import bisect_right
from collections import deque
from typing import TYPE_CHECKING

import numpy as np
from _perfkit_wire import Lead
from gevent import GreenletExit
from gevent.event import Event
from gevent.queue import Queue

from perfkit.profile import schedule
from perfkit.profile.value import Model

if TYPE_CHECKING:
    from collections.abc import Iterator

    from _perfkit_alarm import Alarm
    from _perfkit_rows import Rows
    from numpy.typing import NDArray

    from perfkit.loadtest.spec import EngineSpec


class Course:
    """The load of this process: when it began, and whether it goes on.

    Args:
        spec: What was asked for.
        alarm: To wake users.
        rows: To know how many requests were sent.
        first: Number of this process's first user and arrival.
        step: Distance to the next; the number of processes that share the load.

    Attributes:
        origin: When the load began, or will.
        open: Users may still take turns.
        broken_off: Not even what was due before may still be sent.
        taken: Arrivals taken by users (open model).
        issued: Arrivals sent.
        left: Users whose part in the schedule is over.
        lead: How early users wake up.
    """

    def __init__(
        self, spec: EngineSpec, alarm: Alarm, rows: Rows, *, first: int, step: int
    ) -> None:
        profile = spec.profile
        self.profile = profile
        self.alarm = alarm
        self.rows = rows
        self.first = first
        self.step = step
        self.seed = spec.seed
        self.origin = math.inf
        self.began = Event()
        self.open = True
        self.broken_off = False
        self.taken = 0
        self.issued = 0
        self.left = 0
        self.lead = Lead()
        self.targets = len(spec.targets)
        self._ends = [window.end for window in spec.windows]
        self._owners = [window.target for window in spec.windows]
        self.arrivals = (
            Arrivals(schedule.arrivals(profile, spec.seed, first=first, step=step))
            if profile.model is Model.OPEN
            else None
        )
        cap = profile.requests
        self._cap: float = math.inf if cap is None else len(range(first, cap, step))

    def begin(self, origin: float) -> None:
        """Let the load begin at a moment that is not far off."""
        self.origin = origin
        self.began.set()

    def spent(self) -> bool:
        """Whether the wanted number of requests has been sent."""
        sent: int = self.rows.sent
        return sent >= self._cap

    def may_send(self) -> bool:
        """Whether one more request of the load may be begun.

        An arrival that a free user held until its time is sent even if the generator came too late
        and the load is over; only its lateness is to be seen.
        """
        late = self.arrivals is not None and not self.broken_off
        return (self.open or late) and not self.spent()

    def held(self) -> bool:
        """Whether users hold arrivals that may still be sent."""
        return self.arrivals is not None and not self.broken_off and self.taken > self.issued

    def target_at(self, moment: float) -> int:
        """The service that has the load."""
        if not self._ends:
            return 0
        index = bisect_right(self._ends, moment - self.origin)
        return self._owners[min(index, len(self._owners) - 1)]

    def unsent(self, now: float) -> int:
        """Arrivals of the plan until now that nobody has sent (open model)."""
        if self.arrivals is None:
            return 0
        until = min(now - self.origin, self.profile.seconds)
        return max(self.arrivals.due_by(until) - self.issued, 0)


class Arrivals:
    """The plan of an open model: taken one by one, and counted beside that."""

    def __init__(self, chunks: Iterator[NDArray[np.float64]]) -> None:
        self._chunks = chunks
        self._to_take: deque[NDArray[np.float64]] = deque()
        self._to_count: deque[NDArray[np.float64]] = deque()
        self._taking: list[float] = []
        self._at = 0
        self._counted = 0

    def take(self) -> float | None:
        """The next intended start, seconds from the origin; None when there is none left."""
        while self._at == len(self._taking):
            if not self._to_take and not self._generate():
                return None
            self._taking = self._to_take.popleft().tolist()
            self._at = 0
        self._at += 1
        return self._taking[self._at - 1]

    def due_by(self, moment: float) -> int:
        """How many there are until a moment; moments asked for must not go back."""
        while self._to_count or self._generate():
            chunk = self._to_count[0]
            within = int(np.searchsorted(chunk, moment, side="right"))
            if within < len(chunk):
                return self._counted + within
            self._counted += within
            self._to_count.popleft()
        return self._counted

    def _generate(self) -> bool:
        chunk = next(self._chunks, None)
        if chunk is None:
            return False
        self._to_take.append(chunk)
        self._to_count.append(chunk)
        return True


class Seat:
    """A user's number and its place in the schedule, shared by its twins.

    Args:
        course: The load.
        number: The user's.
    """

    def __init__(self, course: Course, number: int) -> None:
        self.number = number
        self._course = course
        self._alarm = course.alarm
        self._inboxes: list[Queue[tuple[float, float]]] = (
            [Queue() for _ in range(course.targets)] if course.targets > 1 else []
        )
        closed = course.arrivals is None
        self._active = deque(schedule.active(course.profile, number) if closed else ())

    def wait(self, target: int, free: float, think: float, early: float) -> tuple[float, float]:
        """Wait until it is this twin's turn to send a request.

        Args:
            target: The twin's service.
            free: When the user became free.
            think: Seconds it wants to wait from then (closed model).
            early: Seconds to wake up before the request is due.

        Returns:
            Intended start, and when the user became free.

        Raises:
            GreenletExit: The load is over.
        """
        course = self._course
        due = self._next_due(free, think)
        owner = course.target_at(due)
        if owner != target:
            self._inboxes[owner].put((due, free))
            due, free = self._inboxes[target].get()
        return self._sleep(due, free, early)

    def wait_first(self, target: int, early: float) -> tuple[float, float]:
        """The same for the very first request; the first service's twin begins."""
        self._course.began.wait()
        origin = self._course.origin
        if target == 0:
            return self.wait(target, origin, 0.0, early)
        due, free = self._inboxes[target].get()
        return self._sleep(due, free, early)

    def _sleep(self, due: float, free: float, early: float) -> tuple[float, float]:
        self._alarm.sleep_until(due - early)
        course = self._course
        if not course.may_send():
            raise GreenletExit
        course.issued += 1
        return due, free

    def _next_due(self, free: float, think: float) -> float:
        course = self._course
        origin = course.origin
        if course.arrivals is not None:
            arrival = course.arrivals.take() if course.open else None
            if arrival is None:
                course.left += 1
                raise GreenletExit
            course.taken += 1
            return origin + arrival
        wanted = free + think
        while self._active:
            begin, end = self._active[0]
            if wanted < origin + end:
                return max(wanted, origin + begin)
            self._active.popleft()
        course.left += 1
        raise GreenletExit
