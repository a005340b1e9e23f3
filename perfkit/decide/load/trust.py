"""What of a run's verdicts still stands although the generator was late.

A generator that is held up sends late and reads answers late. That makes response times look
longer, throughput lower and time-outs more likely than they are, never the other way round; what it
does not send also spares the service. A verdict stands where none of this can have brought it
about:

* *Response times below a limit*, *few errors*, *little memory and CPU*: if the load was delivered.
* *Response times above a limit*: if the interval's lower end is beyond it even without the
  generator's lateness (99th percentile) and the lag of its loop (99th percentile of the seconds'
  longest). A time-out is longer than any answer only where the next rule allows it.
* *Many errors*, *few checks passed*: if both together are at most a tenth of the time-out, or of
  the shortest time that a check allows; else only errors that the service itself answered with.
* Neither where the generator had no CPU to spare: nobody knows how long answers then wait.
* *Throughput above a limit*, *much memory and CPU*: always; the load was enough for it.

Nothing stands where events were lost.

Of a comparison, response times, throughput and what is made of them are blurred alike on both
sides, since windows alternate: a difference stands, "equivalent" does not. Independent delays of
one distribution keep the order of two sides of which one is slower at every percentile (stochastic
order is closed under sums: M. Shaked, J. G. Shanthikumar, *Stochastic Orders*, 2007, 1.A.3).
Where their curves cross near the percentile compared, blurring could change the sign of a small
difference; the caveat on lateness is there for that, too.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from perfkit.analyse.load.value import HealthProblem, LoadMetric
from perfkit.decide.load.result import Holds, ThresholdVerdict, Validity
from perfkit.decide.load.threshold import decided, error_answers_of
from perfkit.decide.verdict import Verdict
from perfkit.profile.threshold import RATES, SHARES, TIMES, Metric

if TYPE_CHECKING:
    from perfkit.analyse.load.value import Health, SideLoad
    from perfkit.decide.load.result import HealthVerdict
    from perfkit.profile.value import Profile, Scenario

INVALID = "the generator cannot be believed in this run"
LATE = "the generator's lateness may have brought this about"
NO_FAULT = "INVALID or not, the service itself answered so many with an error status"

OF_PATIENCE = 0.10
"""Share of the time-out that the generator's delays may be, where time-outs are the service's."""

_LESS_LOAD = frozenset(
    {HealthProblem.CPU, HealthProblem.RATE, HealthProblem.LOST, HealthProblem.INCOMPLETE}
)
_BLURRED = frozenset(
    {
        LoadMetric.MEAN,
        LoadMetric.P50,
        LoadMetric.P95,
        LoadMetric.P99,
        LoadMetric.THROUGHPUT,
        LoadMetric.MAX_THROUGHPUT,
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Trust:
    """How far a generator can be believed.

    Attributes:
        validity: Its verdict.
        whole: No event was lost.
        delivered: The load was sent as the profile wants it.
        late: Seconds by which it may have lengthened a response time.
        patience: Seconds after which a request counts as failed, or as a check not passed.
    """

    validity: Validity
    whole: bool
    delivered: bool
    late: float
    patience: float

    @property
    def patient(self) -> bool:
        """Requests that took too long did so because of the service."""
        return self.late <= OF_PATIENCE * self.patience

    def stands(self, metric: Metric, *, above: bool, beyond: float) -> bool:
        """Whether a figure that is above a limit, or below it, would be so with a better generator.

        Args:
            metric: The figure's kind.
            above: It is above, else below.
            beyond: By how much, at the interval's nearer end; NaN when that is not known.
        """
        if self.validity is Validity.VALID:
            return True
        if not self.whole:
            return False
        if metric in RATES:
            return above
        if metric in SHARES and above == (metric is Metric.ERRORS):
            return self.patient
        if metric in TIMES and above:
            return beyond > self.late and (math.isfinite(beyond) or self.patient)
        return self.delivered or above


def trust_in(health: HealthVerdict | None, profile: Profile) -> Trust:
    """How far to trust a generator; not at all when it never reported.

    Args:
        health: The generator, judged.
        profile: What it was to send.
    """
    if health is None:
        return Trust(
            validity=Validity.INVALID, whole=False, delivered=False, late=math.inf, patience=0.0
        )
    problems = {problem for problem, _, _ in health.problems}
    return Trust(
        validity=health.validity,
        whole=HealthProblem.INCOMPLETE not in problems,
        delivered=not problems & _LESS_LOAD,
        late=math.inf if HealthProblem.CPU in problems else _late(health.health),
        patience=_patience(profile.scenario),
    )


def _late(health: Health) -> float:
    return health.slip_p99 + health.lag_p99


def _patience(scenario: Scenario) -> float:
    """The shortest time after which anything is held against the service.

    A Locust file has time-outs of its own, of which nothing is known.
    """
    if scenario.locustfile is not None:
        return 0.0
    checks = (check.seconds for request in scenario.requests for check in request.checks)
    return min([scenario.timeout, *(one for one in checks if one is not None)])


def trusted(verdict: ThresholdVerdict, side: SideLoad, trust: Trust) -> ThresholdVerdict:
    """What is left of a threshold's verdict.

    Args:
        verdict: As if the generator had been perfect.
        side: Whose it is.
        trust: How far the generator can be believed.
    """
    if trust.validity is Validity.VALID or verdict.holds is Holds.NO_DATA:
        return verdict
    threshold = verdict.threshold
    if verdict.holds is not Holds.INCONCLUSIVE:
        above = (verdict.holds is Holds.FAIL) == threshold.operator.startswith("<")
        if trust.stands(threshold.metric, above=above, beyond=_beyond(verdict)):
            return verdict
    if verdict.holds is Holds.FAIL and trust.whole:
        answers = error_answers_of(threshold, side)
        if answers is not None and decided(threshold, answers) is Holds.FAIL:
            return replace(verdict, value=answers, reason=NO_FAULT)
    if trust.validity is Validity.INVALID:
        return replace(verdict, holds=Holds.INCONCLUSIVE, reason=INVALID)
    if verdict.holds is Holds.INCONCLUSIVE:
        return verdict
    return replace(verdict, holds=Holds.INCONCLUSIVE, reason=LATE)


def _beyond(verdict: ThresholdVerdict) -> float:
    """How far a figure is above its limit at the nearest; NaN for one without an interval."""
    found = [one.low for one in (verdict.value, verdict.together) if one is not None]
    return min(found, default=math.nan) - verdict.threshold.limit


def trusted_row(verdict: Verdict, metric: LoadMetric, trust: Trust) -> Verdict:
    """What is left of a comparison's verdict."""
    if trust.validity is Validity.VALID:
        return verdict
    refused = trust.validity is Validity.INVALID and metric is LoadMetric.MAX_THROUGHPUT
    blurred = metric in _BLURRED and verdict is Verdict.EQUIVALENT
    return Verdict.INCONCLUSIVE if not trust.delivered or refused or blurred else verdict
