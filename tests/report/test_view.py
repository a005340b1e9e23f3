from __future__ import annotations

import dataclasses
from typing import Any

import pytest

from perfkit.caveat import Caveat
from perfkit.decide.policy import Action, Status
from perfkit.decide.verdict import Verdict
from perfkit.report.as_html import as_html
from perfkit.report.as_pyperf import as_pyperf
from perfkit.report.as_yaml import as_yaml
from perfkit.report.caveats import group_caveats
from perfkit.report.text import as_text
from perfkit.report.wording import printable


def statuses(made: Any) -> dict[str, Status]:
    found = made.view.assessment
    return {one.title: one.status for one in (*found.sections, found.overall, found.no_regressions)}


def test_the_sentence_accuses_by_name_and_counts_the_rest(typical: Any) -> None:
    text = typical.view.verdict
    assert text.startswith(
        "Python 3.13.0 is slower than 3.12.1 in 1 of 7 benchmarks (json_dumps +3"
    )
    for part in ("faster in 2", "3 equivalent within ±2 %", "1 inconclusive", "1 failed (sqlalch"):
        assert part in text
    assert "1 not measured" in text


def test_a_noisy_machine_accuses_nobody(noisy: Any) -> None:
    view = noisy.view
    assert "too noisy" in view.verdict
    assert "slower" not in view.verdict
    assert "differed in json_dumps." in view.verdict
    assert {row.verdict for row in view.rows} <= {Verdict.INCONCLUSIVE, Verdict.EQUIVALENT}
    assert view.rows[0].word == "too noisy"
    assert view.counts[0][0] != "inconclusive"
    assert "too-noisy" in {group.code for group in view.caveats}
    for text in (as_text(view, width=120, color=False), as_html(view), as_yaml(view)):
        assert "too noisy" in text.replace(view.verdict, "")
        assert "quieter" in text
    assert {part.status for one in view.assessment.sections for part in one.parts} <= {
        Status.UNDECIDED
    }
    assert view.assessment.recommendation.action is Action.HOLD


def test_a_variant_against_itself_is_said_to_be_so(itself: Any) -> None:
    view = itself.view
    assert view.same
    assert view.title == "Python 3.12.1 compared with itself"
    assert "1 of 5 comparisons found a difference where there is none (fluke" in view.verdict
    assert view.assessment.recommendation.text.startswith("NONE")


def test_an_interrupted_run_says_so_and_shows_nothing_to_be_unharmed(interrupted: Any) -> None:
    view = interrupted.view
    assert view.verdict.startswith("Interrupted, so far: ")
    assert "[no interval]" in view.rows[0].change
    assert view.caveats[0].code == "incomplete"
    command = f'Go on with "perfkit compare --resume {view.folder}".'  # to be copied as it is
    assert view.caveats[0].sentences.endswith(command)
    assert command in as_text(view, width=200, color=False, brief=True)
    assert view.assessment.no_regressions.status is Status.UNDECIDED


def test_a_run_without_an_end_is_unfinished(make_run: Any, make_case: Any) -> None:
    made = make_run([make_case(name="a"), make_case(name="b")], state=None)
    assert made.view.state == "unfinished"
    assert made.view.verdict.startswith("The run did not end in order; so far: ")
    assert statuses(made)["No Performance Regressions"] is Status.UNDECIDED


def test_nothing_measured_is_never_good_news(empty: Any, all_failed: Any) -> None:
    assert empty.view.verdict == "Nothing can be said: nothing was measured."
    assert all_failed.view.verdict == "Nothing can be said: 1 benchmark failed."
    for made in (empty, all_failed):
        assert set(statuses(made).values()) == {Status.NOT_MEASURED}
        assert made.view.assessment.recommendation.action is Action.HOLD


def test_targets_met_still_wait_for_the_load_test(clean: Any) -> None:
    found = statuses(clean)
    for title in ("Pydantic Validation", "JSON Serialization", "Memory Usage"):
        assert found[title] is Status.MET
    assert found["No Performance Regressions"] is Status.MET
    assert found["API Response Times"] is Status.NOT_MEASURED
    assert clean.view.assessment.recommendation.action is Action.HOLD
    assert "PROCEED" not in clean.view.assessment.recommendation.text


def test_a_small_gain_misses_a_large_target(make_run: Any, make_case: Any) -> None:
    made = make_run([make_case(name="json_dumps", ratio=0.97), make_case(name="other")])
    assert statuses(made)["JSON Serialization"] is Status.NOT_MET


@pytest.mark.parametrize(
    ("change", "name"),
    [
        ({"environ": (("PYTHON_JIT", "1"),)}, "Python 3.12.1 with PYTHON_JIT=1"),
        ({"requirements": ("pydantic==2.11.*",)}, "Python 3.12.1 with pydantic==2.11.*"),
        ({"flags": ("-X", "gil=0")}, "Python 3.12.1 with -X gil=0"),
    ],
)
def test_what_tells_the_sides_apart_is_in_the_name(
    make_run: Any, make_case: Any, remake: Any, change: dict[str, object], name: str
) -> None:
    recording = make_run([make_case(name="a")], candidate="3.12.1").recording
    run = recording.run
    candidate = dataclasses.replace(run.candidate, **change)  # type: ignore[arg-type]
    changed = dataclasses.replace(recording, run=dataclasses.replace(run, candidate=candidate))
    view = remake(changed).view
    assert not view.same
    assert (view.baseline, view.candidate) == ("Python 3.12.1", name)
    assert view.headings == (view.baseline, view.candidate)


def test_differing_packages_come_first(typical: Any) -> None:
    assert [line.name for line in typical.view.packages] == ["anyio", "pydantic", "pyperf"]
    assert [line.differs for line in typical.view.packages] == [True, False, False]


def test_caveats_of_a_kind_are_one() -> None:
    def caveat(code: str, text: str, benchmark: str | None) -> Caveat:
        return Caveat(code=code, text=text, remedy="do it", benchmark=benchmark)

    groups = group_caveats(
        caveat(*one)
        for one in (("a", "x", "one"), ("b", "y", None), ("a", "x", "two"), ("a", "x", "one"))
    )
    assert [(one.code, one.benchmarks, one.alike) for one in groups] == [
        ("a", ("one", "two"), True),
        ("b", (), True),
    ]
    assert groups[1].sentences == "Y. Do it."


def test_the_sentence_names_only_what_tripped(make_run: Any, make_case: Any) -> None:
    """A control whose interval excludes 1 by chance is not what made the machine too noisy."""
    cases = [make_case(name=name, control=1.0, spread=0.004) for name in "abcdef"]
    view = make_run([make_case(name="bad", control=1.3), *cases]).view
    assert "differed in bad. No" in view.verdict


def test_memory_is_shown_with_its_unit(typical: Any, remake: Any) -> None:
    run = dataclasses.replace(typical.recording.run, host={"memory bytes": 8 * 2**30, "cpus": 2})
    view = remake(dataclasses.replace(typical.recording, run=run)).view
    assert view.host == (("memory", "8.00 GiB"), ("cpus", "2"))


def test_only_files_that_are_written_are_listed(any_run: Any) -> None:
    listed = {name for name, _ in any_run.view.files}
    pyperf = {f"{side}.json" for side in as_pyperf(any_run.recording)}
    assert listed == {"report.html", "report.yaml", "recording.jsonl"} | pyperf


def test_control_characters_are_shown_not_obeyed() -> None:
    assert printable("a\x1b[2J\nb\u202e") == "a\ufffd[2J\ufffdb\ufffd"
