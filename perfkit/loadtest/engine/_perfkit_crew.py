"""All users of this process: numbered, made ready, begun together, and ended."""

from __future__ import annotations

import contextlib
import logging
from random import Random
from time import monotonic
from typing import TYPE_CHECKING, Any

import gevent
from _perfkit_course import Course, Seat
from _perfkit_room import make_room
from _perfkit_rows import OUTSIDE, Rows, Turn, error_text
from gevent.event import Event
from gevent.lock import Semaphore
from gevent.pool import Group
from locust.stats import RequestStats

from perfkit.recording.events import ANSWERED, FAILED

if TYPE_CHECKING:
    from _perfkit_users import Paced
    from locust.env import Environment

    from perfkit.loadtest.spec import EngineSpec

KEY = "perfkit"
"""Key of a request's turn in the ``context`` that Locust hands from a request to its event."""

_PREPARED_AT_A_TIME = 32
_LEAVE_SECONDS = 3.0


class NotReadyError(Exception):
    """The users cannot be made ready; the text says why."""


class NoStatistics(RequestStats):  # type: ignore[misc] # Locust's types are not read
    """In place of Locust's own statistics, which cost more than the recording does.

    Its tables also grow: with every second, and with every name and error.
    """

    def log_request(self, *_: Any) -> None:  # noqa: ANN401 - whatever Locust gives
        """Take no note."""

    def log_error(self, *_: Any) -> None:  # noqa: ANN401
        """Take no note."""


class Crew:
    """The users and what they share.

    Args:
        spec: What was asked for.
        course: The schedule.
        rows: Where their requests go.
        environment: Locust's, without users; its runner is made by whoever leads the crew.

    Attributes:
        environment: The same.
        twins: Greenlets of the twins for the second service.
        trouble: Errors of users' own code: first text and number.
    """

    def __init__(
        self, spec: EngineSpec, course: Course, rows: Rows, environment: Environment
    ) -> None:
        self.spec = spec
        self.course = course
        self.rows = rows
        self.environment = environment
        environment.host = spec.targets[0]
        environment.perfkit = self
        self.twins = Group()
        self.trouble: tuple[str, int] = ("", 0)
        self._users: list[Paced] = []
        self._numbered = Event()
        self._slots = Semaphore(_PREPARED_AT_A_TIME)
        self._ready = 0
        self._why: str | None = None
        self.environment.events.request.add_listener(self._on_request)
        self.environment.events.user_error.add_listener(self._on_error)

    # -- before the load

    def enlist(self, user: Paced) -> None:
        """A user (not a twin) was made."""
        self._users.append(user)

    def spawn(self, count: int) -> None:
        """Make the users and wait until all are ready.

        Raises:
            NotReadyError: One of them failed, or it takes too long.
        """
        make_room(count * self.course.targets)
        runner = self.environment.runner
        runner.start(count, spawn_rate=count)
        runner.spawning_greenlet.join()
        if len(self._users) != count:
            raise NotReadyError(f"only {len(self._users)} of {count} users could be made")
        for number, user in enumerate(_mixed(self._users)):
            user.take_seat(Seat(self.course, self.course.first + number * self.course.step))
        self._numbered.set()
        wanted = count * self.course.targets
        deadline = monotonic() + self._patience(wanted)
        while self._ready < wanted:
            if self._why is not None:
                raise NotReadyError(self._why)
            if monotonic() > deadline:
                raise NotReadyError(f"only {self._ready} of {wanted} users were ready in time")
            gevent.sleep(0.01)

    def prepare(self, user: Paced) -> None:
        """Let a user log in, say; many at a time, but not all.

        Raises:
            GreenletExit: It failed, and with it the whole crew.
        """
        self._numbered.wait()
        with self._slots:
            try:
                user.prepare()
            except Exception as error:
                logging.getLogger(__name__).exception("a user could not be made ready")
                self._why = self._why or error_text(error)
                raise gevent.GreenletExit from error
        self._ready += 1

    def ready_share(self) -> tuple[int, int]:
        """How many users are ready, and of how many."""
        return self._ready, len(self._users) * self.course.targets

    def _patience(self, users: int) -> float:
        scenario = self.spec.profile.scenario
        rounds = -(-users // _PREPARED_AT_A_TIME)
        steps = len(scenario.setup) or (30 if scenario.locustfile else 0)
        return 30 + rounds * steps * scenario.timeout

    # -- the load

    def begin(self, origin: float) -> None:
        """Let the load begin."""
        self.course.begin(origin)
        gevent.spawn(self._watch)

    def close(self, *, at_once: bool) -> None:
        """Begin no more requests; those in flight go on.

        Args:
            at_once: Not even those that are due by now.
        """
        self.course.open = False
        self.course.broken_off = at_once

    def busy(self) -> bool:
        """Whether something is in flight, or is about to be."""
        return bool(self.rows.in_flight() or self.course.held())

    def cut(self) -> None:
        """Cut off what is in flight, and end all users."""
        self.rows.cut(monotonic())
        with contextlib.suppress(gevent.Timeout), gevent.Timeout(_LEAVE_SECONDS):
            self.twins.kill()
            self.environment.runner.quit()

    def _watch(self) -> None:
        """End requests that take too long, whatever they are waiting for."""
        alarm = self.course.alarm
        flying = self.rows.flying
        while True:
            now = monotonic()
            wake = now + 0.25
            for turn in flying:
                if turn.patience is None:
                    continue
                if turn.start + turn.patience > now:
                    wake = min(wake, turn.start + turn.patience)
                    break  # the others are younger
                self._give_up(turn)
            alarm.sleep_until(wake)

    def _give_up(self, turn: Turn) -> None:
        start = turn.start

        def throw() -> None:
            # It may have ended, and its user may be doing something else by now.
            if turn in self.rows.flying and turn.start == start:
                turn.greenlet.throw(gevent.Timeout(turn.patience))

        gevent.get_hub().loop.run_callback(throw)

    # -- what Locust tells

    def _on_request(
        self,
        *,
        request_type: str,
        name: str,
        response_time: float | None,
        response_length: int | None,
        exception: BaseException | str | None = None,
        context: dict[str, Any] | None = None,
        response: Any = None,  # noqa: ANN401 - of any client
        **_: Any,  # noqa: ANN401
    ) -> None:
        turn = context.get(KEY) if context else None
        if turn is None:
            turn = self._foreign(response_time)
        if turn.receive is not None:
            exception = turn.receive(response)
            end = turn.end or monotonic()
        else:  # Locust took the time
            end = turn.start + (response_time or 0.0) / 1000
            turn.size = response_length or 0
            turn.status = getattr(response, "status_code", 0) or 0
            turn.request = self.rows.requests.of(f"{request_type} {name}")
        if exception:
            self.rows.end(turn, end, FAILED, self.rows.errors.of(error_text(exception)))
        else:
            self.rows.end(turn, end, ANSWERED, -1)

    def _foreign(self, response_time: float | None) -> Turn:
        """The turn of a request that only its event tells of: a client of the user's own."""
        user = getattr(gevent.getcurrent(), KEY, None)
        start = monotonic() - (response_time or 0.0) / 1000
        if user is None:
            turn = Turn(target=0, patience=None)
            turn.phase = OUTSIDE if start < self.course.origin else 0
            turn.due = turn.free = turn.start = start
        else:
            turn = user.turn(start)
        self.rows.begin(turn)
        return turn

    def _on_error(self, *, exception: BaseException, **_: Any) -> None:  # noqa: ANN401
        text, count = self.trouble
        self.trouble = (text or error_text(exception), count + 1)


def _mixed(users: list[Paced]) -> list[Paced]:
    """Users in an order in which any beginning holds the classes in proportion.

    Locust makes them class by class, and the level counts from the first user on.
    """
    counts: dict[type, int] = {}
    places = []
    for made, user in enumerate(users):
        kind = type(user)
        nth = counts[kind] = counts.get(kind, 0) + 1
        places.append((nth, made, user))

    def place(entry: tuple[int, int, Paced]) -> tuple[float, int]:
        nth, made, user = entry
        fixed = getattr(user, "fixed_count", 0) > 0
        return (0.0 if fixed else (nth - 0.5) / counts[type(user)], made)

    return [user for _, _, user in sorted(places, key=place)]


def seeded(seed: int, number: int) -> Random:
    """A user's own source of random choices; its twin draws the same."""
    return Random(f"{seed}/{number}")  # noqa: S311 - no secret
