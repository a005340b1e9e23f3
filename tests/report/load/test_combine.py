from __future__ import annotations

import dataclasses
import json
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from perfkit.decide.policy import Action, Status, load_policy
from perfkit.errors import PerfkitError
from perfkit.report.load.combine import (
    Combined,
    as_combined_html,
    as_combined_json,
    as_combined_text,
    as_combined_yaml,
    check_same_variants,
    combine,
)

if TYPE_CHECKING:
    from collections.abc import Callable


@pytest.fixture(scope="session")
def both(clean: Any, better: Any, compared: Any) -> Combined:
    loads = [(one.recording, one.result) for one in (better, compared)]
    return combine((clean.recording, clean.result), loads, load_policy(None))


def test_the_same_variants_combine(clean: Any, better: Any, compared: Any) -> None:
    recordings = [clean.recording, better.recording, compared.recording]
    assert check_same_variants(recordings) is None
    assert check_same_variants(recordings[::-1]) is None


def test_what_both_sides_have_in_common_tells_no_variants_apart(clean: Any, better: Any) -> None:
    """A service needs packages of its own; an interpreter may have been named by another path."""
    run = better.recording.run
    sides = {
        name: dataclasses.replace(
            getattr(run, name),
            requirements=(*getattr(run, name).requirements, "starlette"),
            environ=(*getattr(run, name).environ, ("DATABASE_URL", "x")),
            interpreter=dataclasses.replace(getattr(run, name).interpreter, executable="/else"),
        )
        for name in ("baseline", "candidate")
    }
    load = dataclasses.replace(better.recording, run=dataclasses.replace(run, **sides))
    assert check_same_variants([clean.recording, load]) is None
    mine = {"baseline": sides["baseline"], "candidate": run.candidate}
    load = dataclasses.replace(better.recording, run=dataclasses.replace(run, **mine))
    assert "requirements none against starlette" in str(
        check_same_variants([clean.recording, load])
    )


def test_what_does_not_combine_says_why(clean: Any, better: Any, single: Any) -> None:
    problem = check_same_variants([clean.recording])
    assert problem is not None
    assert "one run of perfkit compare" in (problem.allowed or "")
    problem = check_same_variants([clean.recording, single.recording])
    assert "no such side" in str(problem) or "version" in str(problem) or "3.13.0" in str(problem)
    run = better.recording.run
    other = dataclasses.replace(run.candidate, environ=(("PYTHON_JIT", "1"),))
    changed = dataclasses.replace(better.recording, run=dataclasses.replace(run, candidate=other))
    problem = check_same_variants([clean.recording, changed])
    assert "environment variables none against PYTHON_JIT=1" in str(problem)
    with pytest.raises(PerfkitError):
        combine((clean.recording, clean.result), [(changed, better.result)], load_policy(None))


def test_the_api_rows_are_the_load_runs(both: Combined) -> None:
    text = as_combined_yaml(both.view, both.loads)
    document = yaml.safe_load(text)
    assert document["API Response Times"]["Status"].startswith("✅ TARGET MET")
    assert document["API Response Times"]["Measured By"].startswith("profile api-baseline, run ")
    assert document["Throughput"]["Python 3.13"].startswith("1,180 requests/s")
    assert "service under load" in document["Memory Usage"]["Measured By"]
    assert document["JSON Serialization"]["Measured By"] == "json_dumps"
    assert "reduction (the service under load)" in str(document["Overall Assessment"])
    results = document["Load Testing Results"]
    assert "Sustained Load Test (100 concurrent users, 5 min)" in results
    assert results["Peak Load Test"] == "not measured"
    assert text.startswith("# Performance Benchmarking - Python 3.13\n")


def test_everything_required_was_met(both: Combined, clean: Any) -> None:
    assert both.view.assessment.recommendation.action is Action.PROCEED
    assert both.view.assessment.status is Status.MET
    assert clean.view.assessment.recommendation.action is Action.HOLD
    assert both.view.geometric_mean == clean.view.geometric_mean


def test_an_invalid_or_unfinished_load_run_decides_nothing(
    clean: Any, better: Any, invalid: Any
) -> None:
    broken = dataclasses.replace(better.result, health=invalid.result.health)
    unfinished = dataclasses.replace(better.recording, finishes=())
    for recording, result in ((better.recording, broken), (unfinished, better.result)):
        made = combine((clean.recording, clean.result), [(recording, result)], load_policy(None))
        found = {one.title: one.status for one in made.view.assessment.sections}
        assert found["API Response Times"] is Status.UNDECIDED
        assert made.view.assessment.recommendation.action is Action.HOLD


def test_one_page_with_both_parts(
    both: Combined, outline: type[Any], look_at: Callable[[str], None]
) -> None:
    html = as_combined_html(both.view, both.loads)
    page = outline(html)
    ids = page.attributes("id")
    assert len(ids) == len(set(ids))
    links = page.attributes("href") + page.attributes("xlink:href")
    assert {link[1:] for link in links} <= set(ids)
    assert [tag for tag, _ in page.tags].count("h1") == 1
    assert both.view.verdict[:20] in page.text
    assert "Load test api-baseline" in page.text
    assert "Load test sustained" in page.text
    look_at(html)


def test_text_and_json(both: Combined) -> None:
    text = as_combined_text(both.view, both.loads, width=100, color=False)
    assert text.endswith("Altogether: PROCEED TO STAGING DEPLOYMENT")
    document = json.loads(as_combined_json(both.view, both.loads))
    assert len(document["loads"]) == 2
    assert document["compare"]["assessment"]["action"] == "proceed"
