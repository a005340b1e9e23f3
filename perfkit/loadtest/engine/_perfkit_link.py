"""A worker's line to its master: from the first word to the last."""

from __future__ import annotations

import socket
import sys
from dataclasses import dataclass
from time import monotonic
from typing import TYPE_CHECKING, Any

import locust
from _perfkit_crew import NotReadyError
from _perfkit_messages import BEAT_SECONDS, PROTOCOL, clock_identity
from _perfkit_permit import check_job
from _perfkit_runners import Worker
from gevent.event import AsyncResult
from locust.env import Environment

from perfkit import __version__
from perfkit.loadtest.spec import EngineSpec, spec_from_json

if TYPE_CHECKING:
    from _perfkit_member import Member

_PINGS = 20
_MOST_PINGS = 60
_PONG_SECONDS = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Summons:
    """The first line: where the master is.

    Attributes:
        host: Its host.
        port: Its port.
        token: What it told the workers it started itself, or whoever may join from elsewhere.
        allow_hosts: Hosts beside this machine that may be sent load to; None for any.
        wait_seconds: How long it may take to answer.
    """

    host: str
    port: int
    token: str
    allow_hosts: tuple[str, ...] | None
    wait_seconds: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """What a worker has to do.

    Attributes:
        spec: What was asked for.
        number: This worker's.
        step: Workers that have users.
        more: Another load may follow.
    """

    spec: EngineSpec
    number: int
    step: int
    more: bool

    @property
    def users(self) -> int:
        """How many users are its own."""
        idle = self.number >= self.step
        return 0 if idle else len(range(self.number, self.spec.profile.users, self.step))


class Clock:
    """How the master's CLOCK_MONOTONIC differs from ours.

    Attributes:
        offset: Seconds to add to ours.
        error: Half the shortest round trip, and what the clocks have drifted apart since.
    """

    def __init__(self, link: Link) -> None:
        self._link = link
        self._same = False
        self.offset = self.error = 0.0

    def measure(self, theirs: str) -> None:
        """Measure it for the first time.

        Args:
            theirs: Identity of the master's clock.
        """
        self._same = bool(theirs) and theirs == clock_identity()
        if not self._same:
            self.offset, self.error = self._ask()

    def measure_again(self) -> None:
        """Find out how far they have drifted apart."""
        if not self._same:
            offset, error = self._ask()
            self.error = max(self.error, error + abs(offset - self.offset))

    def _ask(self) -> tuple[float, float]:
        """Offset by the shortest of some round trips, whose half is the error."""
        shortest = None
        answers = 0
        for number in range(_MOST_PINGS):
            asked = monotonic()
            found = self._link.ask(number)
            if found is None:
                continue
            theirs, answered = found
            if shortest is None or answered - asked < 2 * shortest[1]:
                shortest = theirs - (asked + answered) / 2, (answered - asked) / 2
            answers += 1
            if answers == _PINGS:
                break
        if shortest is None:
            raise NotReadyError("the master does not tell its clock")
        return shortest


class Link:
    """The line to the master.

    Args:
        summons: Where it is.

    Attributes:
        job: What it wants done, once it has said so.
        prepare: It wants the users made ready.
        begin: The moment of its clock when the load begins.
        load: The load, once there is one.
        farewell: Whether everything has arrived.
    """

    def __init__(self, summons: Summons) -> None:
        self._summons = summons
        self._heard = monotonic()
        self._pong: tuple[int, AsyncResult[tuple[float, float]]] = (-1, AsyncResult())
        self._job: AsyncResult[dict[str, Any]] = AsyncResult()
        self._waits = False
        self.prepare: AsyncResult[None] = AsyncResult()
        self.begin: AsyncResult[float] = AsyncResult()
        self.farewell: AsyncResult[bool] = AsyncResult()
        self.load: Member | None = None
        self.environment = Environment(user_classes=[], events=locust.events)
        self._runner = Worker(
            self.environment, summons.host, summons.port, self._hear, summons.wait_seconds
        )
        self.tell = self._runner.tell
        self.hang_up = self._runner.hang_up
        self._heard = monotonic()

    def silent(self) -> float:
        """Seconds for which nothing has come from the master."""
        return monotonic() - self._heard

    def find_job(self) -> Job:
        """Introduce ourselves until there is something to do.

        Raises:
            NotReadyError: There is nothing, or not for us.
        """
        seconds = self._summons.wait_seconds
        deadline = monotonic() + seconds
        while not self._job.ready():
            if monotonic() > deadline:
                why = "has no place for a worker" if self._waits else "has no job for us"
                raise NotReadyError(f"the master {why}, for {seconds:g} s now")
            self._runner.introduce()  # again and again: it may be another one by now
            self.tell(
                "hello",
                protocol=PROTOCOL,
                perfkit=__version__,
                python=sys.version.split()[0],
                locust=self._runner.version,
                token=self._summons.token,
                host=socket.gethostname(),
            )
            self._job.wait(BEAT_SECONDS)
        told = self._job.get()
        self.clock = Clock(self)
        self.clock.measure(told["clock"])
        spec = spec_from_json(told["spec"])
        if self._summons.allow_hosts is not None:  # else perfkit here has looked already
            check_job(spec, self._summons.allow_hosts, told)
        return Job(spec=spec, number=told["worker"], step=told["step"], more=told["more"])

    def ask(self, number: int) -> tuple[float, float] | None:
        """The master's clock, and ours when that came; None when nothing came."""
        waiting: AsyncResult[tuple[float, float]] = AsyncResult()
        self._pong = (number, waiting)
        self.tell("ping", number=number)
        found: tuple[float, float] | None = waiting.wait(_PONG_SECONDS)
        return found

    def _hear(self, content: dict[str, Any]) -> None:
        now = monotonic()
        self._heard = now
        match content["say"]:
            case "pong" if content["number"] == self._pong[0]:
                self._pong[1].set((float(content["clock"]), now))
            case "job":
                self._job.set(content)
            case "wait":
                self._waits = True
            case "prepare":
                self.prepare.set(None)
            case "begin":
                self.begin.set(float(content["origin"]))
            case "farewell":
                self.farewell.set(bool(content["complete"]))
            case "refused":
                error = NotReadyError(f"the master says: {content['why']}")
                for result in (self._job, self.prepare, self.begin, self.farewell):
                    result.set_exception(error)
        if self.load is not None:
            self.load.hear(content)
