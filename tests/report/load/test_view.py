from __future__ import annotations

import dataclasses
import math
from typing import TYPE_CHECKING, Any

import pytest

from perfkit.analyse.estimate import Estimate
from perfkit.decide.policy import Action, Status
from perfkit.report import figures
from perfkit.report.load.compared import limit_words
from perfkit.report.load.kind import Kind

if TYPE_CHECKING:
    from collections.abc import Callable


def status_of(made: Any, title: str) -> Status:
    found: Status = next(one.status for one in made.view.checks if one.title.startswith(title))
    return found


@pytest.mark.parametrize(
    ("name", "begins", "holds"),
    [
        ("single", "Python 3.13.0 under “sustained”: 1,185 right answers/s, p95 130 ms", "all thr"),
        ("compared", "Python 3.13.0 is worse than 3.12.1 under “sustained” in memory", "better in"),
        (
            "better",
            "Python 3.13.0 is better than 3.12.1 under “api-baseline” in p95",
            "worse in no",
        ),
        ("failing", "A threshold failed: p(95)<150ms: 163 ms [158, 168]; Python 3.13.0", "errors"),
        (
            "invalid",
            "INVALID: the generator did not keep up: a worker's CPU was",
            "Raise --work",
        ),
        ("stress", "Python 3.13.0 under “stress”", "breaks between 400 and 800 users (p(95)"),
        ("searched", "Python 3.13.0 is better than 3.12.1 in maximum", "did not break up to 500"),
        ("interrupted", "Interrupted, so far: Python 3.13.0 could not be compared", "3.12.1"),
        ("died", "Python 3.13.0 under “sustained”", "The load failed (run: it was killed"),
        ("empty", "Nothing can be said: nothing was measured.", ""),
        ("silent", "A threshold failed: p(95)<150ms: beyond every answer", "errors 100.0 %"),
    ],
)
def test_the_verdict(name: str, begins: str, holds: str, request: pytest.FixtureRequest) -> None:
    verdict = request.getfixturevalue(name).view.verdict
    assert verdict.startswith(begins)
    assert holds in verdict
    assert verdict.endswith(".")


def test_the_kind_is_the_guides(single: Any, stress: Any, searched: Any, better: Any) -> None:
    kinds = [made.view.kind for made in (single, stress, searched, better)]
    assert kinds == [Kind.SUSTAINED, Kind.STRESS, Kind.STRESS, Kind.OTHER]


def test_a_threshold_that_fails_stops(failing: Any) -> None:
    assert status_of(failing, "All thresholds met") is Status.NOT_MET
    assert failing.view.recommendation.action is Action.STOP


def test_an_invalid_generator_decides_nothing(invalid: Any) -> None:
    assert {check.status for check in invalid.view.checks} == {Status.UNDECIDED}
    assert invalid.view.recommendation.action is Action.HOLD


def test_what_fails_by_the_services_own_word_stops_though_invalid(
    invalid: Any, failing: Any, rebuilt: Callable[..., Any]
) -> None:
    made = rebuilt(invalid, thresholds=failing.result.thresholds)
    assert status_of(made, "All thresholds met") is Status.NOT_MET
    assert made.view.verdict.startswith("INVALID: the generator did not keep up: ")
    assert "A threshold failed: p(95)<150ms: 163 ms" in made.view.verdict


def test_a_typical_trials_percentile_says_so(compared: Any) -> None:
    first = compared.view.thresholds[0]
    assert first.count == "10 trials"
    assert {one.count for one in compared.view.thresholds[2:5]} == {"12,000"}


def test_a_search_that_its_generator_ended_is_not_called_valid(
    searched: Any, invalid: Any, rebuilt: Callable[..., Any]
) -> None:
    one, other = searched.result.breakpoints
    lost = dataclasses.replace(other.probes[-1], good=None, valid=False)
    other = dataclasses.replace(other, valid=False, probes=(*other.probes[:-1], lost))
    made = rebuilt(searched, breakpoints=(one, other), rows=(), health=invalid.result.health)
    assert "breaks between 420 and 450 users" in made.view.verdict
    assert "the generator was the bottleneck (INVALID)" in made.view.verdict
    assert made.view.health.look.word == "INVALID"


def test_a_last_level_that_told_nothing_does_not_blame_the_generator(
    searched: Any, rebuilt: Callable[..., Any]
) -> None:
    one = searched.result.breakpoints[0]
    lost = dataclasses.replace(one.probes[-1], good=None, reason="its load ended early (aborted)")
    one = dataclasses.replace(one, valid=False, probes=(*one.probes[:-1], lost))
    made = rebuilt(searched, breakpoints=(one,), rows=())
    assert "INVALID" not in made.view.verdict
    assert "told nothing (its load ended early (aborted))" in made.view.verdict


def test_an_interrupted_run_meets_nothing(interrupted: Any) -> None:
    assert Status.MET not in {check.status for check in interrupted.view.checks}


def test_a_dead_service_is_not_stable(died: Any) -> None:
    assert status_of(died, "System stability") is Status.NOT_MET
    assert status_of(died, "No critical issues") is Status.NOT_MET
    assert died.view.died == ("after 61.2 s of t00: Killed",)


def test_worse_beyond_the_margin_is_a_miss(compared: Any, better: Any) -> None:
    assert status_of(compared, "Performance better") is Status.NOT_MET
    assert status_of(better, "Performance better") is Status.MET


def test_without_thresholds_nothing_was_met(single: Any, rebuilt: Callable[..., Any]) -> None:
    made = rebuilt(single, thresholds=())
    assert status_of(made, "All thresholds met") is Status.NOT_MEASURED
    assert made.view.status is Status.NOT_MEASURED


@pytest.mark.parametrize(
    ("seconds", "a_second", "words"),
    [
        (300.0, 9e4, "grows"),
        (10.8, 2.5e6, "grows, too briefly to tell a leak from a start"),
        (300.0, 9e2, "grows by less than 2 % of it"),
        (10.8, 9e3, "grows by less than 2 % of it"),
    ],
)
def test_growing_memory_leaves_stability_open(
    single: Any, rebuilt: Callable[..., Any], seconds: float, a_second: float, words: str
) -> None:
    """What the table says and what the assessment says are one thing."""
    status = Status.MET if "less" in words else Status.UNDECIDED
    side = single.result.sides[0]
    slope = Estimate(
        value=a_second, low=a_second * 0.9, high=a_second * 1.1, confidence=0.95, n=100
    )
    uses = dataclasses.replace(side.overall.resources, rss_slope=slope)
    overall = dataclasses.replace(side.overall, seconds=seconds, resources=uses)
    made = rebuilt(single, sides=(dataclasses.replace(side, overall=overall),))
    assert status_of(made, "System stability") is status
    assert status_of(made, "No critical issues") is status
    assert dict(made.view.sides[0].resources)["Memory, slope"].endswith(f"], {words}")
    reason = next(one.reason for one in made.view.checks if one.title.startswith("System"))
    assert reason.endswith(": run soak") == (status is Status.UNDECIDED)


def test_thresholds_of_a_run_that_never_started_were_given(
    died: Any, rebuilt: Callable[..., Any]
) -> None:
    made = rebuilt(died, thresholds=(), sides=())
    check = made.view.checks[0]
    assert (check.status, check.reason) == (Status.NOT_MEASURED, "nothing was measured")


def test_a_size_is_shown_as_it_was_written(single: Any) -> None:
    limit = single.view.thresholds[4].verdict.threshold
    assert limit_words(limit) == "< 280 MB (267 MiB)"
    binary = dataclasses.replace(limit, text="rss<256MiB", limit=256 * 2.0**20)
    assert limit_words(binary) == "< 256 MiB"


def test_a_service_that_never_recovered_is_not_stable(
    stress: Any, rebuilt: Callable[..., Any]
) -> None:
    side = stress.result.sides[0]
    recovery = dataclasses.replace(side.recovery, seconds=None)
    made = rebuilt(stress, sides=(dataclasses.replace(side, recovery=recovery),))
    assert status_of(made, "System stability") is Status.NOT_MET
    assert made.view.sides[0].recovery.startswith("not recovered within 2 min")


def test_figures() -> None:
    assert figures.rate(1185.2, 1180, 1190) == "1,185 requests/s [1,180, 1,190]"
    assert figures.rate(12.3, -math.inf, math.inf) == "12.3 requests/s [no interval]"
    assert figures.share(0.0002, 0.0001, 0.0004) == "0.02 % [0.01, 0.04]"
    assert figures.seconds(math.inf, 0.3, math.inf) == "beyond every answer (too many failed)"
    assert figures.seconds(0.3, 0.2, math.inf) == "300 ms [200 ms or more]"
    assert figures.span(1800) == "30 min"
    assert figures.span(12.5) == "12.5 s"
    assert figures.span(5400) == "1 h 30 min"
    assert figures.span(61.2) == "61.2 s"
    assert figures.number(100.0) == "100"
    assert figures.number(math.nan) == "not measured"
    assert figures.brief_share(0.00004) == "0.004 %"
    assert figures.brief_share(0.0) == "0.0 %"
