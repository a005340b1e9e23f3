from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any

import pytest

from perfkit.decide.gate.outcome import marked
from perfkit.decide.gate.result import GateOutcome, GateVerdict
from perfkit.report.check import words
from perfkit.settings import Metric, OnOpen

if TYPE_CHECKING:
    from collections.abc import Callable


def test_revisions_are_named_as_people_write_them(slowdown: Any, judged: Any) -> None:
    assert slowdown.view.title == "working tree against revision 1a2b3c4"
    assert judged.view.title == "working tree against main (1a2b3c4)"
    assert slowdown.view.compared.title == slowdown.view.title


def test_other_sides_are_named_as_in_a_comparison(make_run: Any, make_case: Any) -> None:
    run = make_run([make_case(name="x")]).recording.run
    assert words.gate_names(run) == ("Python 3.12.1", "Python 3.13.0")
    other = dataclasses.replace(run.baseline, requirements=("pydantic==2.11",))
    run = dataclasses.replace(run, candidate=dataclasses.replace(other, side=run.candidate.side))
    assert words.gate_names(run) == ("Python 3.12.1", "Python 3.12.1 with pydantic==2.11")


def test_a_slowdown_is_told_with_its_interval_and_margin(judged: Any) -> None:
    said = judged.view.verdict
    assert said.startswith("1 of 2 benchmarks is slower than allowed, confirmed by fresh blocks")
    assert "json_loads +5.9 % [" in said
    assert "(allowed 2 %)" in said
    assert said.endswith("Without a verdict: 1 new.")


def test_what_passes_states_what_would_have_been_caught(passed: Any) -> None:
    assert "this gate would have caught one of 2.6 % to 3.1 %" in passed.view.verdict
    assert all(row.catches != "–" for row in passed.view.rows)


def test_every_row_with_numbers_states_what_would_have_been_caught(any_gate: Any) -> None:
    for row in any_gate.view.rows:
        assert (row.catches != "–") == (row.row.ratio is not None)


def test_red_rows_add_ratio_interval_blocks_seconds(slowdown: Any) -> None:
    (red, _) = (row for row in slowdown.view.rows if row.row.verdict.red)
    assert red.evidence.startswith("+5.1 % [+4.5, +5.7] where 2 % is allowed: 40 fresh blocks")
    assert "1 min 2 s" in red.evidence
    assert "at least +4.4 % with 99.5 % confidence" in red.evidence


def test_a_noisy_machine_accuses_nobody(noisy: Any) -> None:
    assert "No slowdown is claimed" in noisy.view.verdict
    assert noisy.view.verdict.endswith("The policy lets this pass.")
    said = {row.word for row in noisy.view.rows} | {row.word for row in noisy.view.compared.rows}
    assert not said & {"slower", "faster", "larger", "smaller"}
    assert "slower" not in noisy.view.compared.verdict


def test_what_has_no_verdict_never_goes_unsaid(slowdown: Any) -> None:
    left = "1 failed, 1 missing, 1 new, 1 not comparable, 1 not measured, 1 undecided."
    assert slowdown.view.verdict.endswith(f"Without a verdict: {left}")


@pytest.mark.parametrize(
    ("gate", "start"),
    [
        ("undecided", "No slowdown or growth of memory beyond the margin was shown in 2"),
        ("nothing", "Nothing was measured"),
        ("broken", "The build fails: sqlalchemy_orm failed; bm_old is missing. The benchmark is"),
        ("interrupted", "Interrupted, so far: no slowdown"),
    ],
)
def test_each_outcome_has_its_sentence(request: Any, gate: str, start: str) -> None:
    assert request.getfixturevalue(gate).view.verdict.startswith(start)


def test_a_measured_row_that_is_open_is_named(undecided: Any) -> None:
    assert "one cannot be excluded in json_dumps. The policy lets this fail." in (
        undecided.view.verdict
    )


def test_the_build_fails_where_a_row_does(any_gate: Any) -> None:
    if any_gate.view.rows:
        assert any_gate.view.fails == any(row.fails for row in any_gate.view.rows)


@pytest.mark.parametrize("verdict", list(GateVerdict))
def test_which_rows_fail_a_build(row: Callable[..., Any], gate_policy: Any, verdict: Any) -> None:
    strict = dataclasses.replace(gate_policy, on_inconclusive=OnOpen.FAIL, on_noise=OnOpen.FAIL)
    always = {GateVerdict.SLOWER, GateVerdict.LARGER}
    required = {GateVerdict.FAILED, GateVerdict.MISSING}
    open_ = {GateVerdict.UNDECIDED, GateVerdict.TOO_NOISY, GateVerdict.NOT_MEASURED}

    def fails(policy: Any, **said: Any) -> bool:
        (one,) = marked([row("x", verdict, **said)], policy, finished=True)
        return one.fails

    assert fails(gate_policy) == (verdict in always)
    assert fails(gate_policy, required=True) == (verdict in always | required)
    assert fails(strict) == (verdict in always | open_)
    expected = always | required | open_ | {GateVerdict.NOT_COMPARABLE}
    assert fails(strict, required=True) == (verdict in expected)
    assert fails(strict, metric=Metric.PEAK_MEMORY) == (verdict in always | open_)
    (one,) = marked([row("x", verdict)], gate_policy, finished=False)
    assert one.fails == (verdict in always | open_ - {GateVerdict.TOO_NOISY})


def test_huge_names_are_cut_and_stay_apart() -> None:
    names = [words.shown("x" * 5000 + str(index)) for index in range(3)]
    assert len(set(names)) == 3
    assert max(map(len, names)) < 200


def test_every_word_of_the_gate_has_a_look() -> None:
    assert set(words.LOOKS) == set(GateVerdict)
    assert set(words.OUTCOMES) == set(GateOutcome)
    assert all(look.word == verdict.value for verdict, look in words.LOOKS.items())
