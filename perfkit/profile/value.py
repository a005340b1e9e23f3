"""The nouns of a load profile; `perfkit.profile.parse` makes them from YAML, checked."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from perfkit.profile.threshold import Threshold

SETUP_PHASE = -1
"""Phase of requests that prepare a user (log in, say) before the load begins; never counted."""


class Model(StrEnum):
    """Who decides when the next request is sent (Schroeder et al., NSDI 2006)."""

    CLOSED = "closed"
    """A number of users, each of whom waits for the answer, thinks, and goes on."""

    OPEN = "open"
    """Arrivals at a rate, whatever the service does."""


class Arrivals(StrEnum):
    """How the arrivals of an open model are spread."""

    UNIFORM = "uniform"
    POISSON = "poisson"


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """A phase of a profile: the level moves in a straight line from where it was to ``target``.

    Attributes:
        name: Unique within the profile; thresholds name it: ``p(95)@hold<150ms``.
        seconds: Its length; 0 for a jump.
        target: Level at its end: users (closed) or requests per second (open).
        role: What it is for: ``"ramp"``, ``"hold"``, ``"before"`` (the level recovery is measured
            against), ``"stress"``, ``"recovery"``.
    """

    name: str
    seconds: float
    target: float
    role: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """Something an answer must satisfy.

    A failed check of status or body makes the request a failed one. A failed check of time is only
    counted, since leaving slow answers out would make a service look faster than it is.

    Attributes:
        name: For people.
        status: Allowed HTTP statuses, or None.
        body: Text the body must hold, or None.
        seconds: Longest allowed service time, or None.
    """

    name: str
    status: tuple[int, ...] | None
    body: str | None
    seconds: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """One kind of request.

    Attributes:
        name: Label in every table; unique within the scenario.
        weight: How often, relative to the others; 0 in ``setup``.
        method: ``"GET"``, ``"POST"``, ….
        path: Path with query; ``${variable}`` is filled in.
        headers: ``(name, value)``; values may hold variables.
        body: Text sent, or None; may hold variables. JSON is text here already.
        checks: At most 16; without any, a status below 400 is right.
        capture: ``(variable, path)`` pairs: values taken from a JSON answer (``"items.0.id"``).
    """

    name: str
    weight: float
    method: str
    path: str
    headers: tuple[tuple[str, str], ...]
    body: str | None
    checks: tuple[Check, ...]
    capture: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Scenario:
    """What the users do.

    Attributes:
        requests: Drawn by weight, one an iteration; empty with a Locust file.
        setup: Sent by each user once, in order, before the load begins.
        variables: ``(name, values)``: each request draws one value, seeded. ``${user}`` (number of
            the user), ``${count}`` (of the user's requests) and ``${random}`` exist always.
        think: Shortest and longest pause in seconds after an answer; drawn uniformly (closed only).
        locustfile: A user's own Locust file, absolute, or None.
        timeout: Seconds after which a request without an answer has failed.
    """

    requests: tuple[Request, ...]
    setup: tuple[Request, ...]
    variables: tuple[tuple[str, tuple[str, ...]], ...]
    think: tuple[float, float]
    locustfile: Path | None
    timeout: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    """A load profile.

    Attributes:
        name: ``"smoke"``; from the file's name unless it says.
        description: One line.
        source: The file it came from.
        model: Closed or open.
        start: Level at time 0.
        stages: In order; names unique.
        requests: End after so many requests, or None.
        users: Users held ready: the highest level (closed), or the pool that sends (open).
        arrivals: How an open model spreads its arrivals.
        scenario: What is sent.
        thresholds: What must hold.
        aborts: Thresholds with ``for``: the run ends when one has not held for so long.
        breaks: Thresholds that define the breaking point.
        sliced: Windows may alternate between two services (false: one after the other).
        trials: Trials of a comparison unless somebody says otherwise.
        recovery: ``(relative tolerance, seconds)``: recovered once windowed p95 and error rate
            stay within the tolerance of the level before the stress for so long.
        graceful_stop: Seconds that requests in flight at the end have to be answered.
        time_scale: By which its stages were shrunk already; 1.0 for none.
        user_scale: By which its levels were shrunk already; 1.0 for none.
    """

    name: str
    description: str
    source: Path
    model: Model
    start: float
    stages: tuple[Stage, ...]
    requests: int | None
    users: int
    arrivals: Arrivals
    scenario: Scenario
    thresholds: tuple[Threshold, ...]
    aborts: tuple[Threshold, ...]
    breaks: tuple[Threshold, ...]
    sliced: bool
    trials: int
    recovery: tuple[float, float]
    graceful_stop: float
    time_scale: float
    user_scale: float

    @property
    def seconds(self) -> float:
        """Length of all stages."""
        return sum(stage.seconds for stage in self.stages)
