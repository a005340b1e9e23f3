"""What stands though the generator was late, and what does not."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from made_load_runs import Requests, arrivals, conditions

from perfkit.analyse.load.value import HealthProblem, LoadMetric
from perfkit.decide.load.judge import judge_load
from perfkit.decide.load.probing import judge_probe
from perfkit.decide.load.result import Holds, LoadResult, Validity
from perfkit.decide.load.standing import load_standing
from perfkit.decide.load.trust import Trust, trusted_row
from perfkit.decide.verdict import Verdict
from perfkit.profile.threshold import Metric
from perfkit.profile.value import Model, Stage
from perfkit.recording.load import SearchMethod, WorkerHealth
from perfkit.variant import Side

if TYPE_CHECKING:
    from collections.abc import Callable

    from made_load_runs import Maker

STAGES = (Stage(name="hold", seconds=20.0, target=100.0, role="hold"),)
AT = np.arange(-1.0, 21.0, 0.2)
SLIP = 0.030  # of responses of 20 ms; 5 ms are allowed


def seconds_of(**values: Any) -> tuple[WorkerHealth, ...]:
    return tuple(
        WorkerHealth(second=k + 1.0, **({"cpu": 0.3, "lag": 0.001} | values)) for k in range(20)
    )


def run(
    maker: Callable[..., Maker],
    *texts: str,
    model: Model = Model.OPEN,
    requests: dict[str, Any] | None = None,
    users: float = 100.0,
    **report: Any,
) -> LoadResult:
    """A service that answers in about 20 ms, loaded by a generator that sends 30 ms late."""
    stages = (Stage(name="hold", seconds=20.0, target=users, role="hold"),)
    made = maker(stages, thresholds=conditions(*texts), model=model)
    due = arrivals(100, 20)
    response = np.random.default_rng(1).lognormal(math.log(0.02), 0.3, len(due))
    columns: dict[str, Any] = {"slip": SLIP, "late": SLIP, "response": response + SLIP}
    samples = {Side.BASELINE: {"at": AT, "cpu": np.clip(AT, 0, 20) * 0.4}}
    made.add(0, Requests(due, **(columns | (requests or {}))), samples=samples, **report)
    return judge_load(made.recording())


def holds(result: LoadResult) -> list[Holds]:
    return [one.holds for one in result.thresholds]


def validity(result: LoadResult) -> Validity | None:
    return None if result.health is None else result.health.validity


STANDS = [
    ("p(95)<500ms", Holds.PASS),
    ("avg<500ms", Holds.PASS),
    ("max<2s", Holds.PASS),
    ("rate(errors)<1%", Holds.PASS),
    ("throughput>90/s", Holds.PASS),
    ("rss<280MB", Holds.PASS),
    ("rss<20MB", Holds.FAIL),
    ("cpu<80%", Holds.PASS),
    ("med<10ms", Holds.FAIL),  # 50 ms seen; without 31 ms of the generator's 19 ms
    ("med<30ms", Holds.INCONCLUSIVE),  # 50 ms seen: the service may have answered in 20 ms
    ("throughput>120/s", Holds.INCONCLUSIVE),  # more may have been possible
]


@pytest.mark.parametrize(("text", "found"), STANDS)
def test_what_lateness_cannot_bring_about_stands(
    maker: Callable[..., Maker], text: str, found: Holds
) -> None:
    result = run(maker, text)
    assert validity(result) is Validity.LATE
    (verdict,) = result.thresholds
    assert verdict.holds is found
    assert ("lateness" in verdict.reason) == (found is Holds.INCONCLUSIVE)


def test_the_same_of_a_generator_in_time(maker: Callable[..., Maker]) -> None:
    result = run(maker, *(text for text, _ in STANDS), requests={"slip": 0.0, "late": 0.0})
    assert validity(result) is Validity.VALID
    assert Holds.INCONCLUSIVE not in holds(result)


def test_a_service_that_never_answers_fails(maker: Callable[..., Maker]) -> None:
    """Every request ran into its time-out; 5 ms of lateness have no part in it."""
    never = {"response": 10.0, "outcome": 1, "error": 0, "status": 0, "slip": 0.006, "late": 0.006}
    result = run(maker, "rate(errors)<1%", "p(95)<1s", requests=never)
    assert validity(result) is Validity.VALID
    assert holds(result) == [Holds.FAIL, Holds.FAIL]


@pytest.mark.parametrize(("slip", "found"), [(0.2, Holds.FAIL), (1.5, Holds.INCONCLUSIVE)])
def test_time_outs_are_the_services_where_the_generator_was_much_quicker(
    maker: Callable[..., Maker], slip: float, found: Holds
) -> None:
    outcome = (np.arange(2000) % 3 == 0).astype(int)
    some = {"outcome": outcome, "error": outcome - 1, "status": 0, "slip": slip, "late": slip}
    response = np.where(outcome == 1, 1.0, 0.02 + slip)
    result = run(maker, "rate(errors)<10%", requests={**some, "response": response})
    assert validity(result) is Validity.LATE
    assert holds(result) == [found]


def test_no_load_no_pass(maker: Callable[..., Maker]) -> None:
    """A tenth of the arrivals was not sent, and the generator was late: the service was spared."""
    texts = ("p(95)<500ms", "rate(errors)<1%", "rss<280MB", "throughput>90/s", "rss<20MB")
    result = run(maker, *texts, unsent=400)
    assert validity(result) is Validity.INVALID
    assert holds(result) == [Holds.INCONCLUSIVE] * 3 + [Holds.PASS, Holds.FAIL]


@pytest.mark.parametrize(("users", "found"), [(100, Validity.LATE), (20, Validity.INVALID)])
def test_users_who_lost_much_of_their_time_were_no_load(
    maker: Callable[..., Maker], users: float, found: Validity
) -> None:
    """2000 requests, 30 ms late each, are 60 s: of 2000 user-seconds 3 %, of 400 15 %."""
    result = run(maker, "p(95)<500ms", model=Model.CLOSED, users=users)
    assert validity(result) is found
    assert holds(result) == [Holds.PASS if found is Validity.LATE else Holds.INCONCLUSIVE]
    assert result.health is not None
    assert result.health.health.lost == pytest.approx(60 / (20 * users), rel=0.01)


def test_without_cpu_to_spare_nobody_knows_how_late(maker: Callable[..., Maker]) -> None:
    result = run(maker, "med<1ms", "rss<280MB", "rss<20MB", health=seconds_of(cpu=0.99))
    assert validity(result) is Validity.INVALID
    assert holds(result) == [Holds.INCONCLUSIVE, Holds.INCONCLUSIVE, Holds.FAIL]


def test_nothing_stands_where_events_were_lost(maker: Callable[..., Maker]) -> None:
    result = run(maker, "p(95)<500ms", "throughput>90/s", "rss<20MB", complete=False)
    assert holds(result) == [Holds.INCONCLUSIVE] * 3


@pytest.mark.parametrize(
    ("waited", "said"), [(None, "--workers"), (0.01, "--workers"), (0.14, "other processes")]
)
def test_who_is_to_blame(maker: Callable[..., Maker], waited: float | None, said: str) -> None:
    result = run(maker, health=seconds_of(waited=waited))
    assert result.health is not None
    assert result.health.health.waited == (None if waited is None else pytest.approx(waited))
    ((problem, _, remedy),) = result.health.problems
    assert problem is HealthProblem.SLIP
    assert said in remedy


@pytest.mark.parametrize(
    ("seconds", "slip", "good", "valid"),
    [
        (0.02, SLIP, True, True),  # below the limit in spite of the lateness
        (0.50, SLIP * 3, None, False),  # what made the generator late may have slowed the service
        (0.28, SLIP * 4 / 3, None, False),  # above it, but perhaps not without
    ],
)
def test_a_level_that_holds_in_spite_of_lateness_holds(
    maker: Callable[..., Maker], seconds: float, slip: float, *, good: bool | None, valid: bool
) -> None:
    search = SearchMethod(start=50, limit=800, resolution=0.1, settle_seconds=1.0, hold_seconds=4.0)
    made = maker(breaks=conditions("p(95)>=300ms"), run={"mode": "breakpoint", "search": search})
    due = arrivals(100, 5.0)
    requests = Requests(due, np.full(len(due), seconds + slip), slip=slip, late=slip)
    name = made.add(0, requests, level=100.0, seconds=5.0)
    recording = made.recording()
    probe = judge_probe(recording, recording.starts[name])
    assert (probe.good, probe.valid) == (good, valid)


def test_a_search_stands_on_late_probes_that_held(maker: Callable[..., Maker]) -> None:
    """A generator that was late can only have hidden that a level holds."""
    search = SearchMethod(start=50, limit=50, resolution=0.1, settle_seconds=1.0, hold_seconds=4.0)
    made = maker(breaks=conditions("p(95)>=300ms"), run={"mode": "breakpoint", "search": search})
    due = arrivals(50, 5.0)
    for probe in range(2):
        requests = Requests(due, np.full(len(due), 0.02 + SLIP), slip=SLIP, late=SLIP)
        made.add(probe, requests, level=50.0, seconds=5.0)
    result = judge_load(made.recording())
    assert (result.breakpoints[0].low, result.breakpoints[0].valid) == (50.0, True)
    assert result.health is not None
    assert result.health.validity is Validity.LATE
    assert not load_standing(made.recording(), result).undecided


def trust(validity: Validity, *, delivered: bool = True) -> Trust:
    return Trust(validity=validity, whole=True, delivered=delivered, late=0.03, patience=10.0)


@pytest.mark.parametrize("verdict", [Verdict.SLOWER, Verdict.FASTER, Verdict.EQUIVALENT])
def test_rows(verdict: Verdict) -> None:
    """What is blurred alike on both sides looks more alike than it is, never less."""
    late = trust(Validity.LATE)
    blurred = Verdict.INCONCLUSIVE if verdict is Verdict.EQUIVALENT else verdict
    assert trusted_row(verdict, LoadMetric.P95, late) is blurred
    assert trusted_row(verdict, LoadMetric.RSS, late) is verdict
    assert trusted_row(verdict, LoadMetric.P95, trust(Validity.VALID)) is verdict
    refused = trust(Validity.INVALID)
    assert trusted_row(verdict, LoadMetric.MAX_THROUGHPUT, refused) is Verdict.INCONCLUSIVE
    little = trust(Validity.INVALID, delivered=False)
    assert trusted_row(verdict, LoadMetric.RSS, little) is Verdict.INCONCLUSIVE


def test_a_locust_file_has_time_outs_nobody_knows() -> None:
    unknown = Trust(validity=Validity.LATE, whole=True, delivered=True, late=0.001, patience=0.0)
    assert not unknown.stands(Metric.ERRORS, above=True, beyond=0.5)
    assert not unknown.stands(Metric.PERCENTILE, above=True, beyond=math.inf)
    assert unknown.stands(Metric.PERCENTILE, above=True, beyond=0.5)
