"""The generator judged by itself, in words."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from perfkit.analyse.load.value import HealthProblem
from perfkit.decide.load.result import HealthVerdict, Validity
from perfkit.decide.load.validity import limit_of
from perfkit.report import figures, wording
from perfkit.report.wording import Look

if TYPE_CHECKING:
    from perfkit.analyse.load.value import Health

VALID = Look(word="VALID", shape="✓", tone="faster")
_LIMITED = (
    HealthProblem.CPU,
    HealthProblem.LAG,
    HealthProblem.SLIP,
    HealthProblem.RATE,
    HealthProblem.LOST,
)
LATE = Look(word="LATE", shape="!", tone="open")
INVALID = Look(word="INVALID", shape="✕", tone="slower")
_LOOKS = {Validity.VALID: VALID, Validity.LATE: LATE, Validity.INVALID: INVALID}


@dataclass(frozen=True, slots=True, kw_only=True)
class HealthView:
    """The generator's health, ready to be shown.

    Attributes:
        look: VALID, LATE or INVALID.
        problems: What is the matter and what to do, as sentences.
        facts: ``(name, figure, limit or empty)``.
        verdict: The numbers.
    """

    look: Look
    problems: tuple[str, ...]
    facts: tuple[tuple[str, str, str], ...]
    verdict: HealthVerdict

    @property
    def valid(self) -> bool:
        """The generator can be believed; when LATE, as far as verdicts were left standing."""
        return self.verdict.validity is not Validity.INVALID


def make_health(found: HealthVerdict) -> HealthView:
    """Put the generator's health into words."""
    one, limits = found.health, _limits(found.health)
    accounted = f"{figures.count(one.accounted)} of {figures.count(one.sent)} sent"
    facts = [
        (
            "Seconds with a worker's CPU above 90 %",
            figures.brief_share(one.cpu_busy),
            limits.get("cpu", ""),
        ),
        ("Highest CPU of a worker", figures.brief_share(one.cpu_max), ""),
        ("Event-loop lag, p99", figures.brief_seconds(one.lag_p99), limits.get("lag", "")),
        ("Own lateness, p99", figures.brief_seconds(one.slip_p99), limits.get("slip", "")),
        (
            "Requests sent of those planned",
            "–" if one.achieved is None else figures.brief_share(one.achieved),
            limits.get("rate", ""),
        ),
        (
            "Users' time lost by its lateness",
            "–" if one.lost is None else figures.brief_share(one.lost),
            limits.get("lost", ""),
        ),
        ("In line for a CPU", "–" if one.waited is None else figures.brief_share(one.waited), ""),
        ("Arrivals without a free user", figures.count(one.unsent), ""),
        ("Requests accounted for", accounted, "all"),
        ("All events handed over", "yes" if one.complete else "no", "yes"),
        ("Rows on disk are those counted", "yes" if one.counts_match else "no", "yes"),
        ("Largest clock error of a worker", figures.brief_seconds(one.clock_error), ""),
    ]
    return HealthView(
        look=_LOOKS[found.validity],
        problems=tuple(wording.sentences(why, remedy) for _, why, remedy in found.problems),
        facts=tuple(facts),
        verdict=found,
    )


def _limits(found: Health) -> dict[str, str]:
    """The limits of `perfkit.decide.load.validity`, as they are for this run."""
    cpu, lag, slip, rate, lost = (limit_of(problem, found) for problem in _LIMITED)
    return {
        "cpu": f"≤ {cpu * 100:g} %",
        "lag": f"≤ {figures.brief_seconds(lag)}",
        "slip": f"≤ {figures.brief_seconds(slip)}",
        "lost": f"≤ {lost * 100:g} %",
        "rate": f"≥ {rate * 100:g} % when it is the generator's fault",
    }
