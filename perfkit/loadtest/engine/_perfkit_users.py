"""Locust users that follow the profile's schedule and have every request recorded.

Relied upon in Locust beyond its documentation, and guarded by tests/loadtest/engine/test_guard.py:
`TaskSet.wait` is what every task set calls between tasks; the clients of `FastHttpUser` and
`HttpUser` send everything through their ``request`` method and hand its ``context`` to the event;
`FastHttpSession.client` is geventhttpclient's user agent, with `valid_response_codes`,
`redirect_response_codes` and a ``clientpool`` whose clients repeat a request that got no answer as
often as their pool's ``size`` lets them.
"""

from __future__ import annotations

from time import monotonic
from typing import TYPE_CHECKING, Any

import gevent
from _perfkit_crew import KEY, seeded
from _perfkit_rows import Turn, error_text
from _perfkit_scenario import Body, Script, Sending, Values, count, judge
from _perfkit_wire import Lead, Wire
from gevent import GreenletExit
from locust import FastHttpUser, TaskSet, task
from locust.clients import HttpSession
from locust.contrib.fasthttp import FastHttpSession
from locust.exception import CatchResponseError

from perfkit.recording.events import FAILED

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from _perfkit_course import Seat
    from _perfkit_crew import Crew

_ANY_STATUS = frozenset(range(100, 1000))


class Paced:
    """Mixed into every user class, before it.

    Attributes:
        target: The service this user sends to.
        twin_class: Class of its twin for the other service, or None.
    """

    target = 0
    twin_class: type[Paced] | None = None
    environment: Any
    client: Any

    def __init__(self, environment: Any) -> None:  # noqa: ANN401 - Locust's
        super().__init__(environment)  # type: ignore[call-arg]
        self.crew: Crew = environment.perfkit
        self.seat: Seat
        self.leaving = False
        self.due = self.free = 0.0
        self._twin = None if self.twin_class is None else self.twin_class(environment)
        if self.target == 0:
            self.crew.enlist(self)
        client = getattr(self, "client", None)
        if isinstance(client, (FastHttpSession, HttpSession)):
            client.request = self._recorded(client)

    def start(self, group: Any) -> Any:  # noqa: ANN401
        """Start it, and its twin beside it."""
        if self._twin is not None:
            self._twin.start(self.crew.twins)
        return super().start(group)  # type: ignore[misc]

    def take_seat(self, seat: Seat) -> None:
        """Get a number, the same as the twin's."""
        self.seat = seat
        if self._twin is not None:
            self._twin.take_seat(seat)

    def on_start(self) -> None:
        """Get ready as the user's class wants it, then wait for the first turn."""
        setattr(gevent.getcurrent(), KEY, self)
        self.crew.prepare(self)
        self.due, self.free = self.seat.wait_first(self.target, self.early())

    def early(self) -> float:
        """Seconds to be woken before a request is due."""
        return 0.0

    def prepare(self) -> None:
        """What the class does before its first task."""
        super().on_start()  # type: ignore[misc]

    def on_stop(self) -> None:
        """Requests from here on are no part of the load."""
        self.leaving = True
        super().on_stop()  # type: ignore[misc]

    def follow(self, think: float) -> None:
        """Wait for the next turn.

        Raises:
            GreenletExit: The load is over.
        """
        self.due, self.free = self.seat.wait(self.target, monotonic(), think, self.early())

    def turn(self, start: float) -> Turn:
        """A turn that began at a moment; the first of a task is due when the schedule says."""
        turn = Turn(target=self.target, patience=None)
        turn.start = start
        if start < self.crew.course.origin or self.leaving:
            turn.due = turn.free = start
            return turn
        turn.phase = 0
        turn.due, turn.free = (self.due, self.free) if self.due else (start, start)
        self.due = 0.0
        return turn

    def _recorded(self, client: FastHttpSession | HttpSession) -> Callable[..., Any]:
        """The client's ``request``, with a turn of its own for each call."""
        request = client.request

        def recorded(method: str, url: str, *args: Any, **options: Any) -> Any:  # noqa: ANN401
            course = self.crew.course
            if not (course.open or self.leaving or self.due):
                raise GreenletExit
            turn = self.turn(monotonic())
            turn.label = f"{method} {options.get('name') or client.request_name or url}"
            options["context"] = {**(options.get("context") or {}), KEY: turn}
            self.crew.rows.begin(turn)
            try:
                return request(method, url, *args, **options)
            except BaseException:
                self.crew.rows.flying.pop(turn, None)
                raise

        return recorded


def wait_for_turn(self: TaskSet) -> None:
    """Takes the place of `TaskSet.wait`: pauses become part of the schedule."""
    self.user.follow(0.0 if self.user.crew.course.arrivals else self.wait_time())


class ScenarioUser(Paced, FastHttpUser):  # type: ignore[misc] # Locust's types are not read
    """A user that follows a profile's own scenario."""

    abstract = True
    script: Script
    concurrency = 1
    network_timeout = None  # the whole request has a limit instead
    connection_timeout = None

    def __init__(self, environment: Any) -> None:  # noqa: ANN401
        super().__init__(environment)
        self._agent = self.client.client
        # A status is for the checks to judge. Locust's client would read the whole body of a bad
        # one into a text, and fail in an odd way when it is no UTF-8.
        self._agent.valid_response_codes = _ANY_STATUS
        self._agent.redirect_response_codes = frozenset()  # a redirect is an answer like others
        self._request = self.client.request
        self._rows = self.crew.rows
        self._why: BaseException | str | None = None
        # A TLS socket does not tell, and would not hold anything back.
        plain = self.host.lower().startswith("http:")
        self._lead = self.crew.course.lead if plain else Lead(0.0)
        self._wire = Wire(self._lead)
        self._connect()

    def _connect(self) -> None:
        """Give up all connections; the next request makes a new one.

        A client repeats a request whose connection closed without an answer. One row is to be one
        request on the wire, so that is forbidden.
        """
        self._agent.clientpool.close()
        pool = self._agent.clientpool.get_client(self.host)._connection_pool  # noqa: SLF001
        pool.size = -1
        pool._create_tcp_socket = self._wire.make_socket  # noqa: SLF001

    def _recorded(self, client: FastHttpSession | HttpSession) -> Callable[..., Any]:
        request: Callable[..., Any] = client.request  # it sees to its turn itself
        return request

    def early(self) -> float:
        """The time it takes to get to the socket, which holds the request until it is due."""
        seconds: float = self._lead.seconds
        return seconds

    def take_seat(self, seat: Seat) -> None:
        """Get a number, and with it random choices of its own."""
        super().take_seat(seat)
        self._random = seeded(self.crew.spec.seed, seat.number)
        self._values = Values(self.script, seat.number, self._random)

    def prepare(self) -> None:
        """Send what prepares the user.

        Raises:
            CatchResponseError: An answer was wrong.
        """
        self._turn = Turn(target=self.target, patience=self.script.timeout)
        self._turn.receive = self._receive
        self._context = {KEY: self._turn}
        for sending in self.script.setup:
            self._turn.due = self._turn.free = monotonic()
            why = self._send(sending, woken=False)
            if why is not None:
                raise CatchResponseError(f"setup request {sending.name!r}: {why}")
        self._turn.phase = 0

    @task  # type: ignore[untyped-decorator]
    def work(self) -> None:
        """Send requests until the load is over."""
        turn = self._turn
        shortest, longest = self.script.think
        random = self._random
        while True:
            turn.due = self.due
            turn.free = self.free
            self._send(self.script.draw(random), woken=self.free < self.due)
            self.due, self.free = self.seat.wait(
                self.target,
                turn.end or monotonic(),
                shortest + (longest - shortest) * random.random() if longest else 0.0,
                self._lead.seconds,
            )

    def _send(self, sending: Sending, *, woken: bool) -> str | None:
        """Send one request and record it; returns why it failed, or None."""
        turn = self._turn
        path, headers, body = sending.render(self._values.of(sending))
        turn.request = sending.number
        turn.size = turn.status = turn.checks = 0
        turn.end = None
        turn.start = monotonic()
        self._wire.expect(turn, woken=woken)
        self._sending = sending
        rows = self._rows
        rows.begin(turn)
        try:
            # As soon as the headers are there, Locust fires the event, and its listener has
            # `_receive` read the rest.
            self._request(
                sending.method,
                path,
                name=sending.name,
                data=body,
                stream=True,
                headers=headers,
                context=self._context,
            )
        except Exception as error:  # noqa: BLE001 - not one of those Locust knows
            self._why = error
            end = self._stamp(error)
            rows.end(turn, end, FAILED, rows.errors.of(error_text(error)))
        why = self._why
        if why is None:
            return None
        if isinstance(why, BaseException):
            self._connect()
        return error_text(why)

    def _stamp(self, error: BaseException | None) -> float:
        """Take the end of a request from its socket, where that tells."""
        end: float | None = self._wire.heard
        if error is not None or end is None:
            end = monotonic()
        self._turn.end = end
        return end

    def _receive(self, answer: Any) -> BaseException | str | None:  # noqa: ANN401
        """Read an answer and judge it; returns why the request has failed, or None."""
        self._why = self._judged(self._sending, answer)
        return self._why

    def _judged(self, sending: Sending, answer: Any) -> BaseException | str | None:  # noqa: ANN401
        turn = self._turn
        turn.status = answer.status_code
        error: BaseException | None = getattr(answer, "error", None)
        body = Body(sending) if sending.reads else None
        if error is None:
            try:
                turn.size = count(answer.read) if body is None else body.read(answer.read)
            except (Exception, gevent.Timeout) as broken:  # noqa: BLE001 - whatever the client raises
                error = broken
        end = self._stamp(error)
        if error is not None:
            return error
        why: str | None
        turn.checks, why = judge(sending, turn.status, body, end - turn.start)
        if why is None and body is not None and sending.request.capture:
            try:
                self._values.kept.update(body.captured(sending.request.capture))
            except LookupError as missing:
                why = f"cannot capture: {missing.args[0]}"
        return why


def classes_for(kinds: Sequence[type], targets: Sequence[str], script: Script | None) -> list[type]:
    """The classes Locust makes users of: paced, each with its twin for a second service."""
    found = []
    for kind in kinds:
        bases = (kind,) if issubclass(kind, Paced) else (Paced, kind)
        common: dict[str, Any] = {"script": script} if script else {}
        twin = None
        if len(targets) > 1:
            twin = type(f"{kind.__name__}_2", bases, {**common, "host": targets[1], "target": 1})
        content = {**common, "host": targets[0], "twin_class": twin, "__module__": kind.__module__}
        found.append(type(kind.__name__, bases, content))
    return found
