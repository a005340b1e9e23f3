"""A run against a policy: what a status needs besides its interval."""

from __future__ import annotations

import pytest

from perfkit.analyse.estimate import Comparison, Estimate, MemoryComparison
from perfkit.decide.assess import Assessment, assess
from perfkit.decide.policy import Action, Status, parse_policy
from perfkit.decide.result import Result, Row
from perfkit.decide.verdict import Verdict, judge
from perfkit.plan import GOAL
from perfkit.settings import Metric

# Nothing but one benchmark is required: what the user's policy does not ask for is not looked at.
POLICY = parse_policy(
    """
version: 1
sections:
  Speed: {measure: benchmark time, benchmarks: [fast], target: 10%, required: true}
  Memory: {measure: peak memory, benchmarks: ["*"], target: 5%, required: true}
overall: {target: 1%, required: false}
no_regressions: {required: false}
proceed: GO
""",
    "test",
)


def estimate(low: float, high: float, n: int) -> Estimate:
    return Estimate(value=(low + high) / 2, low=low, high=high, confidence=0.95, n=n)


def row(name: str, low: float, high: float, *, n: int = 14) -> Row:
    ratio, one = estimate(low, high, n), estimate(1.0, 1.0, n)
    comparison = Comparison(
        benchmark=name,
        series="compare",
        ratio=ratio,
        baseline=one,
        candidate=ratio,
        memory=(
            MemoryComparison(
                metric=Metric.PEAK_MEMORY,
                ratio=estimate(0.8, 0.8, n),
                baseline=one,
                candidate=estimate(0.8, 0.8, n),
                detectable=0.01,
                p_value=0.001,
            ),
        ),
        detectable=0.01,
        p_value=0.001,
        effects=(),
        between_share=None,
        stopped="precision",
        caveats=(),
    )
    return Row(
        id=name,
        description="",
        measured=None,
        comparison=comparison,
        verdict=judge(ratio, GOAL.margin),
        memory=(),
        failure=None,
        control=None,
    )


def missing(name: str) -> Row:
    return Row(
        id=name,
        description="",
        measured=None,
        comparison=None,
        verdict=Verdict.FAILED,
        memory=(),
        failure=None,
        control=None,
    )


def assessed(*rows: Row, complete: bool = True, tripped: tuple[str, ...] = ()) -> Assessment:
    result = Result(
        rows=rows,
        geometric_mean=estimate(0.9, 0.91, 28),
        tripped=tripped,
        caveats=(),
        seconds={},
    )
    return assess(result, POLICY, goal=GOAL, complete=complete, same=False)


FAST = row("fast", 0.8, 0.81)


@pytest.mark.parametrize(
    ("low", "high", "wanted"),
    [
        (1.021, 1.05, Status.NOT_MET),  # the margin is 2 %
        (1.005, 1.05, Status.UNDECIDED),  # slower, but perhaps within the margin
        (1.005, 1.019, Status.MET),  # equivalent
        (0.99, 1.03, Status.UNDECIDED),
        (0.9, 0.95, Status.MET),
    ],
)
def test_a_regression_lies_beyond_the_margin(low: float, high: float, wanted: Status) -> None:
    assert GOAL.margin == 0.02
    assert assessed(FAST, row("other", low, high)).no_regressions.status is wanted


def test_a_whole_run_that_meets_what_is_required_may_proceed() -> None:
    found = assessed(FAST, row("other", 0.99, 1.0))
    assert found.status is Status.MET
    assert found.recommendation.action is Action.PROCEED


def test_an_interrupted_run_meets_no_target() -> None:
    found = assessed(FAST, row("other", 0.99, 1.0), complete=False)
    assert {one.status for one in (*found.sections, found.overall)} == {Status.UNDECIDED}
    assert {part.status for one in found.sections for part in one.parts} == {Status.UNDECIDED}
    assert found.recommendation.action is Action.HOLD


def test_a_benchmark_that_failed_leaves_the_whole_undecided() -> None:
    """What it does not touch keeps its status, but nothing proceeds."""
    found = assessed(FAST, missing("other"))
    speed, memory = found.sections
    assert speed.status is Status.MET
    assert memory.status is Status.UNDECIDED
    assert found.overall.status is Status.UNDECIDED
    assert found.no_regressions.status is Status.UNDECIDED
    assert found.recommendation.action is Action.HOLD


def test_nothing_required_of_what_failed_does_not_proceed_either() -> None:
    policy = POLICY.model_copy(update={"sections": {"Speed": POLICY.sections["Speed"]}})
    result = Result(
        rows=(FAST, missing("other")), geometric_mean=None, tripped=(), caveats=(), seconds={}
    )
    found = assess(result, policy, goal=GOAL, complete=True, same=False)
    assert found.recommendation.text == "HOLD (the suite was not measured as a whole)"


def test_a_target_missed_is_missed_whatever_else_is_missing() -> None:
    found = assessed(row("fast", 0.99, 1.0), missing("other"), complete=False)
    assert found.sections[0].status is Status.NOT_MET
    assert found.recommendation.action is Action.STOP


@pytest.mark.parametrize(("low", "high"), [(0.8, 0.81), (1.1, 1.2)])
def test_benchmarks_hardly_begun_decide_nothing(low: float, high: float) -> None:
    found = assessed(row("fast", low, high, n=9))
    findings = (*found.sections, found.overall, found.no_regressions)
    assert {one.status for one in findings} == {Status.UNDECIDED}


def test_a_noisy_machine_decides_nothing() -> None:
    found = assessed(FAST, row("other", 1.1, 1.2), tripped=("other",))
    assert found.status is Status.UNDECIDED
