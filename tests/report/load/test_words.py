"""Words of a load run: each thing once, in full, and of whom it is."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from perfkit.analyse.estimate import Estimate
from perfkit.analyse.load.value import LoadMetric
from perfkit.decide.load.result import Holds
from perfkit.profile.library import find
from perfkit.profile.parse import load_profile
from perfkit.report import figures
from perfkit.report.load.as_html import as_html
from perfkit.report.load.as_json import as_json
from perfkit.report.load.as_text import as_text
from perfkit.report.load.as_yaml import as_yaml
from perfkit.report.load.compared import make_row
from perfkit.report.load.sides import make_side
from perfkit.report.load.words import profile_words

if TYPE_CHECKING:
    from collections.abc import Callable

ONCE = "the generator cannot be believed in this run"


def told(text: str, words: str) -> int:
    """How often words stand in a text, however its lines are filled."""
    return " ".join(text.split()).count(words)


def text_of(made: Any, *, brief: bool = False) -> str:
    return as_text(made.view, width=80, color=False, brief=brief)


def failed(made: Any, rebuilt: Callable[..., Any], reason: str, **changes: Any) -> Any:
    one = dataclasses.replace(made.result.failures[0], stage="start", reason=reason)
    return rebuilt(made, failures=(one,), **changes)


def test_a_reason_is_told_once_and_ends_with_one_full_stop(
    died: Any, rebuilt: Callable[..., Any]
) -> None:
    reason = 'exited with code 1: ERROR: Could not import module "nosuch".'
    made = failed(died, rebuilt, reason, sides=(), thresholds=(), caveats=())
    assert made.view.verdict == f"Nothing can be said: it failed (start): {reason}"
    assert "baseline" not in made.view.verdict
    assert told(text_of(made), "Could not import module") == 1
    assert told(text_of(made, brief=True), "Could not import module") == 1


def test_what_failed_under_load_is_told_once(died: Any) -> None:
    assert died.view.verdict.endswith(" The load failed (run: it was killed (signal 9)).")
    assert told(text_of(died), "it was killed (signal 9)") == 1


def test_a_condition_that_ended_the_load_before_it_counted_is_told(
    died: Any, rebuilt: Callable[..., Any]
) -> None:
    end = dataclasses.replace(died.recording.ends["t00"], reason="aborted", detail="p(50)>1s")
    recording = dataclasses.replace(died.recording, ends={"t00": end})
    made = rebuilt(dataclasses.replace(died, recording=recording), failures=(), sides=())
    assert made.view.verdict == (
        "Nothing can be said: the load was ended after 61.2 s of t00: p(50)>1s, "
        "before anything was measured."
    )


def test_several_failures_are_told_one_by_one(died: Any, rebuilt: Callable[..., Any]) -> None:
    one = died.result.failures[0]
    made = rebuilt(died, failures=(one, dataclasses.replace(one, trial=1)))
    assert made.view.verdict.endswith(" 2 trials failed.")
    assert told(text_of(made), "it was killed (signal 9)") == 2


@pytest.mark.parametrize("name", ["single", "stress", "invalid", "died", "failing"])
def test_a_run_of_one_knows_no_baseline(name: str, request: pytest.FixtureRequest) -> None:
    view = request.getfixturevalue(name).view
    assert "baseline" not in text_of(request.getfixturevalue(name))
    assert "baseline" not in as_yaml(view)
    page = as_html(view).split("</style>")[-1]
    assert "baseline" not in page.split("<svg")[0]


def test_why_a_run_is_invalid_is_told_once(invalid: Any, rebuilt: Callable[..., Any]) -> None:
    holds = [
        dataclasses.replace(one, holds=Holds.INCONCLUSIVE, reason=ONCE)
        for one in invalid.result.thresholds
    ]
    made = rebuilt(invalid, thresholds=tuple(holds))
    why = invalid.result.health.problems[0][1]
    assert told(text_of(made), why) == 1
    assert told(text_of(made), ONCE) == 1
    assert told(as_html(made.view), ONCE) == 0  # a paragraph above the table says it


def test_a_reason_of_some_thresholds_says_how_many(
    failing: Any, rebuilt: Callable[..., Any]
) -> None:
    several = [dataclasses.replace(one, reason="odd") for one in failing.result.thresholds[:2]]
    made = rebuilt(failing, thresholds=(*several, *failing.result.thresholds[2:]))
    assert "2 of 4 thresholds: odd" in text_of(made)
    assert "2 of 4 thresholds: odd" in as_html(made.view)
    assert told(as_html(made.view), "odd") == 1


def test_thresholds_in_the_singular(failing: Any, rebuilt: Callable[..., Any]) -> None:
    _, open_, passed, missing = failing.result.thresholds
    made = rebuilt(failing, thresholds=(passed, open_, missing))
    assert "of 3 thresholds 1 holds, 1 is inconclusive, 1 has no data" in made.view.verdict
    made = rebuilt(failing, thresholds=(passed, passed, open_, open_))
    assert "of 4 thresholds 2 hold, 2 are inconclusive" in made.view.verdict
    assert "the threshold is inconclusive" in rebuilt(failing, thresholds=(open_,)).view.verdict


def test_a_locust_file_has_think_times_of_its_own(single: Any, tmp_path: Any) -> None:
    profile = single.recording.run.profile
    scenario = dataclasses.replace(profile.scenario, locustfile=tmp_path, think=(0.0, 0.0))
    words = profile_words(dataclasses.replace(profile, scenario=scenario))
    assert "think time as the Locust file says" in words
    assert "no think time" not in words


def test_trials_are_not_what_an_invalid_run_lacks(compared: Any) -> None:
    row = compared.result.rows[0]
    assert make_row(row).needed == "12"
    assert make_row(row, valid=False).needed == "–"
    few = dataclasses.replace(row.comparison, trials_needed=8)  # it had ten
    assert make_row(dataclasses.replace(row, comparison=few)).needed == "–"
    assert "needs 12 trials" in as_html(compared.view)


def test_an_invalid_comparison_asks_for_no_trials(
    compared: Any, invalid: Any, rebuilt: Callable[..., Any]
) -> None:
    made = rebuilt(compared, health=invalid.result.health)
    assert "needs 12 trials" not in as_html(made.view)


def test_a_phase_that_was_never_reached_has_no_rate(single: Any) -> None:
    load = single.result.sides[0]
    none = Estimate(value=0.0, low=0.0, high=0.0, confidence=0.95, n=0)
    never = dataclasses.replace(
        load.phases[2], seconds=0.003, sent=0, answered=0, throughput=none, goodput=none
    )
    still = dataclasses.replace(never, seconds=20.0)  # reached, and nothing was sent
    side = make_side(
        dataclasses.replace(load, overall=never, phases=(never, still)),
        single.recording.run.profile,
        name="x",
        heading="x",
    )
    assert [one.throughput for one in side.phases] == ["–", "0"]
    assert dict(side.figures)["Right answers"] == "–"


def test_growth_of_seconds_is_of_those_seconds() -> None:
    slope = Estimate(value=2.6e6, low=2.5e6, high=2.7e6, confidence=0.95, n=30)
    assert figures.growth(slope, 2.8) == "+6.94 MiB in 2.8 s [+6.68 MiB, +7.21 MiB]"
    assert figures.growth(slope, 60.0).startswith("+149 MiB a minute [")


def test_seconds_are_rounded_to_microseconds(single: Any, rebuilt: Callable[..., Any]) -> None:
    side = single.result.sides[0]
    odd = dataclasses.replace(side.overall, seconds=2.8000000000000003)
    side = dataclasses.replace(side, overall=odd)
    made = rebuilt(single, sides=(side,), seconds={"load": 0.1 + 0.2, "total": 2.8000000000000003})
    found = json.loads(as_json(made.view))
    assert found["sides"][0]["overall"]["seconds"] == 2.8
    assert found["stages"] == {"load": 0.3, "total": 2.8}


def test_a_search_tells_its_levels_and_its_verdict_once(
    searched: Any, rebuilt: Callable[..., Any]
) -> None:
    """No stage of its profile is run."""
    words = (
        "closed model, levels from about 10 up to 1,000 users, 5 s each after 1 s to settle, "
        "think time 1 s"
    )
    assert searched.view.shape == words
    assert told(text_of(searched), words) == 1
    assert told(text_of(searched), "breaks between 420 and 450 users") == 1
    assert told(text_of(searched), "did not break up to 500 users") == 1
    level = Estimate(value=141.42135623, low=120.0, high=168.2, confidence=0.95, n=1)
    row = searched.result.rows[0]
    ratio = dataclasses.replace(row.comparison.ratio, n=1)
    one = dataclasses.replace(
        row.comparison,
        metric=LoadMetric.BREAKPOINT,
        baseline=level,
        candidate=level,
        ratio=ratio,
    )
    made = rebuilt(searched, rows=(dataclasses.replace(row, comparison=one),), trials=1)
    assert made.view.rows[0].baseline == "141 users [120, 168]"
    assert "95 %" not in text_of(made)
    assert told(text_of(made), "at no confidence") == 1
    assert told(as_html(made.view), "at no confidence") == 2  # of the drawing and of the table
    assert "95\u202f% intervals" not in as_html(made.view)
    assert "change [95 %]" in text_of(searched)


def test_a_reason_names_its_side_or_is_told_once(
    compared: Any, rebuilt: Callable[..., Any]
) -> None:
    first = compared.result.thresholds
    reasons = {0: "both", 5: "both", 2: "mine", 7: "other"}
    holds = [
        dataclasses.replace(one, holds=Holds.INCONCLUSIVE, reason=reasons.get(index, ""))
        for index, one in enumerate(first)
    ]
    text = text_of(rebuilt(compared, thresholds=tuple(holds)))
    assert told(text, "p(95)<150ms (baseline and candidate): both") == 1
    assert told(text, "rate(errors)<1% (baseline): mine") == 1
    assert told(text, "rate(errors)<1% (candidate): other") == 1
    assert told(text, "both") == 1
    assert "threshold" in text  # names the column, however narrow


def test_notes_of_hidden_rows_are_left_out(failing: Any, rebuilt: Callable[..., Any]) -> None:
    found = failing.result.thresholds
    passed = dataclasses.replace(found[2], reason="said of what holds")
    made = rebuilt(failing, thresholds=(found[0], passed, passed))
    assert told(text_of(made), "said of what holds") == 1
    assert told(text_of(made, brief=True), "said of what holds") == 0
    assert told(text_of(made, brief=True), "rss: the peak") == 0


def test_the_first_trial_is_the_first_everywhere(died: Any) -> None:
    assert "Trial 1</strong>" in as_html(died.view)
    assert "trial 1, run: it was killed" in as_yaml(died.view)


def test_an_option_is_not_broken_in_two(invalid: Any) -> None:
    assert '<span class="whole">--workers</span>' in as_html(invalid.view)
    assert ".whole { white-space: nowrap; }" in as_html(invalid.view)


def test_what_stands_in_a_stage_without_a_name_is_named(
    single: Any, rebuilt: Callable[..., Any]
) -> None:
    made = rebuilt(single, seconds={"load": 2.0, "other": 3.0, "total": 5.0})
    assert made.view.seconds == (("load", 2.0), ("clean-up", 3.0), ("total", 5.0))
    made = rebuilt(single, seconds={"load": 2.0, "other": 0.01, "total": 2.01})
    assert made.view.seconds == (("load", 2.0), ("total", 2.01))


def test_of_what_the_columns_of_a_comparison_are(
    compared: Any, searched: Any, rebuilt: Callable[..., Any]
) -> None:
    words = "of the typical trial, sides and change alike"
    assert told(text_of(compared), words) == 1
    assert told(as_html(compared.view), words) == 1
    assert told(text_of(searched), words) == 0
    assert told(text_of(rebuilt(compared, trials=1)), words) == 0


def test_errors_are_told_with_what_was_requested(single: Any) -> None:
    """Else a wrong path shows as a service that fails."""
    load = single.result.sides[0]
    errors = (("HTTP 404", 7), ("TimeoutError", 2))
    first, second = load.requests
    changed = dataclasses.replace(
        load,
        overall=dataclasses.replace(load.overall, errors=errors),
        requests=(
            dataclasses.replace(first, request="data", errors=errors[:1]),
            dataclasses.replace(second, request="POST /items", errors=errors[1:]),
        ),
    )
    profile = load_profile(find("smoke", Path.cwd()))
    side = make_side(changed, profile, name="x", heading="x")
    assert side.errors == (
        ("data (GET /api/v1/data): HTTP 404", "7"),
        ("POST /items: TimeoutError", "2"),
    )
