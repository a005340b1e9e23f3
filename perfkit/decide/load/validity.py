"""Whether the generator can be believed: its own figures against stated limits."""

from __future__ import annotations

from typing import TYPE_CHECKING

from perfkit.analyse.load.value import HealthProblem
from perfkit.decide.load.result import HealthVerdict, Validity
from perfkit.units import format_seconds, format_share

if TYPE_CHECKING:
    from perfkit.analyse.load.value import Health

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

OF_CEILING = 0.80
"""Share of what the generator can do at most up to which a highest throughput is the service's."""

_Problem = tuple[HealthProblem, str, str]

_FEWER = "give the generator more processes (--workers), CPUs of its own, or send less"


def judge_health(health: Health, *, ceiling: float | None, claimed: float | None) -> HealthVerdict:
    """Judge the generator.

    Args:
        health: What it did.
        ceiling: Requests per second it can do at most, or None when that was never measured.
        claimed: The highest throughput that the run claims as the service's own, or None.

    Returns:
        INVALID with every limit that was not kept; the numbers, the limit, and what to do.
    """
    slip = _slip(health)
    lag = _lag(health)
    problems = [*_cpu(health), *slip, *lag]
    problems += _rate(health, to_blame=bool(problems))
    problems += _incomplete(health)
    problems += _ceiling(ceiling, claimed)
    return HealthVerdict(
        validity=Validity.INVALID if problems else Validity.VALID,
        problems=tuple(problems),
        health=health,
    )


def _cpu(health: Health) -> list[_Problem]:
    if health.cpu_busy <= BUSY_SECONDS:
        return []
    text = (
        f"a generator process used more than 90 % of a CPU in {format_share(health.cpu_busy)} of "
        f"its seconds (limit {format_share(BUSY_SECONDS, digits=0)})"
    )
    return [(HealthProblem.CPU, text, _FEWER)]


def _slip(health: Health) -> list[_Problem]:
    limit = max(SLIP_AT_LEAST, OF_RESPONSE * (health.response_p99 or 0.0))
    if health.slip_p99 <= limit:
        return []
    text = (
        f"one request in a hundred left {format_seconds(health.slip_p99)} late or more though a "
        f"user was free (limit {format_seconds(limit)})"
    )
    return [(HealthProblem.SLIP, text, _FEWER)]


def _lag(health: Health) -> list[_Problem]:
    limit = max(LAG_AT_LEAST, OF_RESPONSE * (health.response_p99 or 0.0))
    if health.lag_p99 <= limit:
        return []
    text = (
        f"in one second of a hundred the generator's event loop was held up "
        f"{format_seconds(health.lag_p99)} or more (limit {format_seconds(limit)})"
    )
    return [(HealthProblem.LAG, text, _FEWER)]


def _rate(health: Health, *, to_blame: bool) -> list[_Problem]:
    """Too little was sent, and not because every user was waiting for the service."""
    if health.achieved is None or health.achieved >= ACHIEVED or not to_blame:
        return []
    text = (
        f"{format_share(health.achieved)} of the planned requests were sent "
        f"(at least {format_share(ACHIEVED, digits=0)} are needed)"
    )
    return [(HealthProblem.RATE, text, _FEWER)]


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


def _ceiling(ceiling: float | None, claimed: float | None) -> list[_Problem]:
    if ceiling is None or claimed is None or claimed <= OF_CEILING * ceiling:
        return []
    text = (
        f"a highest throughput of {claimed:.0f}/s is {format_share(claimed / ceiling, digits=0)} "
        f"of the {ceiling:.0f}/s the generator can do at most "
        f"(limit {format_share(OF_CEILING, digits=0)})"
    )
    return [(HealthProblem.CEILING, text, _FEWER)]
