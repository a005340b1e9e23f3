"""The nouns of a load profile; `perfkit.profile.parse` makes them from YAML, checked."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path

from perfkit.profile.threshold import Threshold

SETUP_PHASE = -1
"""Phase of requests that prepare a user (log in, say) before the load begins; never counted."""


RAMP = "ramp"
HOLD = "hold"
BEFORE = "before"
STRESS = "stress"
RECOVERY = "recovery"
ROLES = (RAMP, HOLD, BEFORE, STRESS, RECOVERY)

BUILT_IN = ("user", "count", "random")
"""Variables that exist always."""

MOST_CHECKS = 16
"""Checks of one request; events have a bit for each."""


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
        role: What it is for: ``"ramp"`` (judged by itself only), ``"hold"``, ``"before"`` (the
            level recovery is measured against), ``"stress"``, ``"recovery"``. The level may move
            in each of them, as it does throughout in the guide's peak and stress tests.
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
        checks: At most `MOST_CHECKS`; without one of status, a status below 400 is right.
        capture: ``(variable, path)`` pairs: values taken from a JSON answer (``"items.0.id"``) and
            kept by the user. Every captured variable is captured in ``setup`` already, so that no
            request is ever sent without it; a later capture replaces the value.
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
            the user), ``${count}`` (of the user's requests) and ``${random}`` exist always. They
            are filled in as they are, once: see `perfkit.profile.template`.
        think: Shortest and longest pause in seconds after an answer; drawn uniformly (closed only).
            (0, 0) with a Locust file leaves the file's own ``wait_time``.
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
        thresholds: What must hold: ``p(95)<150ms``. None is sustained.
        aborts: Conditions that end the run once they have been *true* without a break for as long
            as their ``for`` says: ``p(95)>200ms for 10s``. All are sustained, and look at what is
            known second by second (`perfkit.profile.threshold.LIVE`).
        breaks: Conditions that are *true* of a broken service: ``p(95)>=200ms``. The lowest level
            at which one is true is the breaking point. None is sustained or of a phase. That
            throughput no longer rises is always such a condition and not listed here.
        sliced: Windows may alternate between two services (false: one after the other).
        trials: Trials of a comparison unless somebody says otherwise.
        recovery: ``(tolerance, seconds)``: recovered once windowed p95 (relative) and error rate
            (absolute) stay within the tolerance of the level before the stress for so long.
        graceful_stop: Seconds that requests in flight at the end have to be answered.
        time_scale: By which its stages were shrunk already; 1.0 for none.
        user_scale: By which its levels were shrunk already; 1.0 for none.
        notes: ``(what, remedy)`` pairs: what was understood in a way that its author may not have
            meant. No part of the load, so that profiles are the same without them.
        stage_notes: The same of its stages, which a search for the breaking point does not run.
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
    notes: tuple[tuple[str, str], ...] = field(default=(), compare=False)
    stage_notes: tuple[tuple[str, str], ...] = field(default=(), compare=False)

    def notes_of(self, *, searched: bool) -> tuple[tuple[str, str], ...]:
        """What to tell of a run; in a search nothing of the stages."""
        return self.notes if searched else (*self.notes, *self.stage_notes)

    @property
    def seconds(self) -> float:
        """Length of all stages."""
        seconds = 0.0  # in plain steps: sum() rounds otherwise since 3.12, and this is a bound
        for stage in self.stages:
            seconds += stage.seconds
        return seconds
