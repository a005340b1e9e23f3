from __future__ import annotations

from typing import Any

import pytest

from perfkit.analyse.load.value import Health, HealthProblem
from perfkit.decide.load.result import Validity
from perfkit.decide.load.validity import judge_health


def health(**changes: Any) -> Health:
    values: dict[str, Any] = {
        "cpu_busy": 0.05,
        "cpu_max": 0.95,
        "lag_p99": 0.004,
        "slip_p99": 0.001,
        "achieved": 1.0,
        "lost": None,
        "waited": None,
        "unsent": 0,
        "sent": 1000,
        "accounted": 1000,
        "complete": True,
        "counts_match": True,
        "response_p99": 0.03,
        "clock_error": 0.0,
    }
    return Health(**(values | changes))


def problems(
    found: Health, *, ceiling: float | None = None, claimed: float | None = None
) -> list[HealthProblem]:
    verdict = judge_health(found, ceiling=ceiling, claimed=claimed)
    assert (verdict.validity is Validity.VALID) == (not verdict.problems)
    for _, why, remedy in verdict.problems:
        assert why
        assert remedy
    return [problem for problem, _, _ in verdict.problems]


def test_a_healthy_generator_is_valid() -> None:
    assert problems(health()) == []
    assert problems(health(response_p99=None, achieved=None)) == []


@pytest.mark.parametrize(
    ("changes", "found"),
    [
        ({"cpu_busy": 0.2}, [HealthProblem.CPU]),
        ({"slip_p99": 0.006}, [HealthProblem.SLIP]),
        ({"slip_p99": 0.006, "response_p99": 0.5}, []),
        ({"lag_p99": 0.060}, [HealthProblem.LAG]),
        ({"lag_p99": 0.060, "response_p99": 0.7}, []),
        ({"achieved": 0.9}, []),  # all users were waiting for the service
        ({"achieved": 0.9, "cpu_busy": 0.5}, [HealthProblem.CPU, HealthProblem.RATE]),
        ({"complete": False}, [HealthProblem.INCOMPLETE]),
        ({"counts_match": False}, [HealthProblem.INCOMPLETE]),
        ({"accounted": 999}, [HealthProblem.INCOMPLETE]),
    ],
)
def test_limits(changes: dict[str, Any], found: list[HealthProblem]) -> None:
    assert problems(health(**changes)) == found


@pytest.mark.parametrize(
    ("ceiling", "claimed", "refused"),
    [(None, 900.0, False), (1000.0, None, False), (1000.0, 800.0, False), (1000.0, 801.0, True)],
)
def test_a_claim_near_the_ceiling_is_refused(
    ceiling: float | None, claimed: float | None, *, refused: bool
) -> None:
    found = problems(health(), ceiling=ceiling, claimed=claimed)
    assert found == ([HealthProblem.CEILING] if refused else [])


def test_numbers_and_limits_are_said() -> None:
    (problem,) = judge_health(health(cpu_busy=0.31), ceiling=None, claimed=None).problems
    assert "31.0 %" in problem[1]
    assert "limit 10 %" in problem[1]
