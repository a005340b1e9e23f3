"""Whether the generator can be believed: its own figures against stated limits."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import NamedTuple

from perfkit.analyse.load.value import Health, HealthProblem
from perfkit.decide.load.result import HealthVerdict, Validity
from perfkit.units import format_seconds, format_share

BUSY_SECONDS = 0.10
"""Share of seconds with a worker's CPU above 90 % (`analyse.load.health.BUSY`) that is allowed."""

SLIP_AT_LEAST = 0.005
"""Seconds of the generator's own lateness (99th percentile) that are always allowed."""

LAG_AT_LEAST = 0.050
"""Seconds of the event loop's delay (99th percentile of the seconds' longest) always allowed."""

OF_RESPONSE = 0.10
"""More of either is allowed up to this share of the 99th percentile of the response time."""

ACHIEVED = 0.95
"""Share of the planned requests that must be sent."""

LOST = 0.05
"""Share of the users' time that the generator may take by being late."""

IN_LINE = 0.02
"""Share of the time in line for a CPU from which other processes are to be blamed for lateness."""

OF_CEILING = 0.80
"""Share of what the generator can do at most up to which a highest throughput is the service's."""

_Problem = tuple[HealthProblem, str, str]

_FEWER = "give the generator more processes (--workers), CPUs of its own, or send less"


class _Facts(NamedTuple):
    health: Health
    ceiling: float | None
    claimed: float | None

    @property
    def of_ceiling(self) -> float | None:
        if self.ceiling is None or self.claimed is None:
            return None
        return self.claimed / self.ceiling


def _of_response(health: Health) -> float:
    return OF_RESPONSE * (health.response_p99 or 0.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Limit:
    """A figure of the generator's and what it may be.

    Attributes:
        figure: The figure; None when it is not known.
        limit: The most it may be, or the least.
        least: It is the least.
        words: Puts the figure into words.
        limit_words: Puts the limit into words.
        text: Why it is a problem.
    """

    figure: Callable[[_Facts], float | None]
    limit: Callable[[Health], float]
    least: bool
    words: Callable[[float], str]
    limit_words: Callable[[float], str]
    text: str


_WHOLE = partial(format_share, digits=0)
_LIMITS: dict[HealthProblem, _Limit] = {
    HealthProblem.CPU: _Limit(
        figure=lambda facts: facts.health.cpu_busy,
        limit=lambda _: BUSY_SECONDS,
        least=False,
        words=format_share,
        limit_words=_WHOLE,
        text="a generator process used more than 90 % of a CPU in {figure} of its seconds "
        "(limit {limit})",
    ),
    HealthProblem.SLIP: _Limit(
        figure=lambda facts: facts.health.slip_p99,
        limit=lambda health: max(SLIP_AT_LEAST, _of_response(health)),
        least=False,
        words=format_seconds,
        limit_words=format_seconds,
        text="one request in a hundred left {figure} late or more though a user was free "
        "(limit {limit})",
    ),
    HealthProblem.LAG: _Limit(
        figure=lambda facts: facts.health.lag_p99,
        limit=lambda health: max(LAG_AT_LEAST, _of_response(health)),
        least=False,
        words=format_seconds,
        limit_words=format_seconds,
        text="in one second of a hundred the generator's event loop was held up {figure} or more "
        "(limit {limit})",
    ),
    HealthProblem.RATE: _Limit(
        figure=lambda facts: facts.health.achieved,
        limit=lambda _: ACHIEVED,
        least=True,
        words=format_share,
        limit_words=_WHOLE,
        text="{figure} of the planned requests were sent (at least {limit} are needed)",
    ),
    HealthProblem.LOST: _Limit(
        figure=lambda facts: facts.health.lost,
        limit=lambda _: LOST,
        least=False,
        words=format_share,
        limit_words=_WHOLE,
        text="{figure} of the users' time went by because requests left late (limit {limit})",
    ),
    HealthProblem.CEILING: _Limit(
        figure=lambda facts: facts.of_ceiling,
        limit=lambda _: OF_CEILING,
        least=False,
        words=_WHOLE,
        limit_words=_WHOLE,
        text="a highest throughput of {facts.claimed:.0f}/s is {figure} of the "
        "{facts.ceiling:.0f}/s the generator can do at most (limit {limit})",
    ),
}


_OWN = (HealthProblem.CPU, HealthProblem.SLIP, HealthProblem.LAG)
_LATE = {HealthProblem.SLIP, HealthProblem.LAG}


def limit_of(problem: HealthProblem, health: Health) -> float:
    """The most, or the least, that a figure of the generator's may be in this run."""
    return _LIMITS[problem].limit(health)


def judge_health(health: Health, *, ceiling: float | None, claimed: float | None) -> HealthVerdict:
    """Judge the generator.

    Args:
        health: What it did.
        ceiling: Requests per second it can do at most, or None when that was never measured.
        claimed: The highest throughput that the run claims as the service's own, or None.

    Returns:
        Every limit that was not kept; the numbers, the limit, and what to do. LATE when the load
        was sent in full all the same by a generator with CPU to spare, else INVALID.
    """
    facts = _Facts(health, ceiling, claimed)
    problems = [one for problem in _OWN for one in _beyond(problem, facts)]
    if problems:  # else too little was sent because every user was waiting for the service
        problems += _beyond(HealthProblem.RATE, facts)
        problems += _beyond(HealthProblem.LOST, facts)
    problems += _incomplete(health)
    problems += _beyond(HealthProblem.CEILING, facts)
    return HealthVerdict(
        validity=_validity({problem for problem, _, _ in problems}),
        problems=tuple(problems),
        health=health,
    )


def _validity(problems: set[HealthProblem]) -> Validity:
    if not problems:
        return Validity.VALID
    return Validity.LATE if problems <= _LATE else Validity.INVALID


def _remedy(problem: HealthProblem, health: Health) -> str:
    waited = health.waited or 0.0
    if problem is HealthProblem.CEILING or waited < IN_LINE:
        return _FEWER
    return (
        f"other processes had the generator's CPU while it stood in line, {format_share(waited)} "
        "of the time: close what else runs, or measure at a quieter hour"
    )


def _beyond(problem: HealthProblem, facts: _Facts) -> list[_Problem]:
    one = _LIMITS[problem]
    figure, limit = one.figure(facts), one.limit(facts.health)
    if figure is None or (figure >= limit if one.least else figure <= limit):
        return []
    text = one.text.format(figure=one.words(figure), limit=one.limit_words(limit), facts=facts)
    return [(problem, text, _remedy(problem, facts.health))]


def _incomplete(health: Health) -> list[_Problem]:
    reasons = []
    if not health.complete:
        reasons.append("a generator process was lost or did not hand over all its events")
    if health.sent != health.accounted:
        reasons.append(
            f"{health.sent} requests were sent, but {health.accounted} are accounted for"
        )
    if not health.counts_match:
        reasons.append("the recorded events are not as many as the generator counted")
    if not reasons:
        return []
    remedy = "run it again; if it happens again, look at the run's logs and at the disk's free room"
    return [(HealthProblem.INCOMPLETE, "; ".join(reasons), remedy)]
