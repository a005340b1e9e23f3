"""Conditions that end a run once they have been true for so long."""

from __future__ import annotations

import math

import pytest
from made_load_runs import conditions

from perfkit.decide.load.abort import Aborts
from perfkit.loadtest.generator import Second
from perfkit.profile.threshold import LIVE, Metric, parse_threshold


def second(number: int, **changes: float) -> Second:
    values = {
        "second": float(number),
        "level": 10.0,
        "sent": 100,
        "answered": 100,
        "failed": 0,
        "in_flight": 1,
        "unsent": 0,
        "p50": 0.01,
        "p95": 0.02,
        "p99": 0.03,
        "mean": 0.012,
        "lag": 0.001,
        "cpu": 0.2,
    }
    return Second(**(values | changes))


def test_a_condition_must_be_true_without_a_break() -> None:
    watched = Aborts(conditions("p(95)>200ms for 3s"))
    slow = [0.3, 0.3, 0.1, 0.3, 0.3, math.nan, 0.3]
    said = [watched.see(second(k + 1, p95=p95)) for k, p95 in enumerate(slow)]
    assert said == [None] * 5 + ["p(95)>200ms for 3s"] * 2


def test_a_silent_service_did_not_become_better_nor_was_it_bad_from_the_start() -> None:
    watched = Aborts(conditions("p(95)>200ms for 2s"))
    assert watched.see(second(1, p95=math.nan, answered=0)) is None
    assert watched.see(second(2, p95=math.nan, answered=0)) is None
    assert watched.see(second(3, p95=0.3)) is None
    assert watched.see(second(4, p95=math.nan, answered=0)) == "p(95)>200ms for 2s"


def test_failures_make_a_second_slow() -> None:
    watched = Aborts(conditions("p(95)>10s for 1s"))
    assert watched.see(second(1, failed=5)) is None
    assert watched.see(second(2, failed=6)) == "p(95)>10s for 1s"


@pytest.mark.parametrize(
    ("text", "changes"),
    [
        ("p(99)>20ms for 1s", {}),
        ("med>5ms for 1s", {}),
        ("avg>5ms for 1s", {}),
        ("rate(errors)>50% for 1s", {"failed": 101}),
        ("throughput<200/s for 1s", {}),
        ("goodput<200/s for 1s", {}),
        ("rss>1MB for 1s", {}),
        ("cpu>50% for 1s", {}),
    ],
)
def test_all_that_is_known_second_by_second(text: str, changes: dict[str, float]) -> None:
    (condition,) = conditions(text)
    assert condition.metric in LIVE
    assert Aborts([condition]).see(second(1, **changes), rss=2e6, cpu=0.9) == text
    assert Aborts([condition]).see(second(1, answered=0, p50=math.nan)) is None or (
        condition.metric in {Metric.THROUGHPUT, Metric.GOODPUT, Metric.PERCENTILE, Metric.MEAN}
    )


def test_a_live_condition_is_one_of_those_seen() -> None:
    assert parse_threshold("p(95)>200ms for 10s").metric in LIVE
    assert Aborts(()).see(second(1)) is None
