"""From a recording to a judged gate: what is red, what is not, and what the build comes to."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from perfkit.analyse.location import signed_rank_p
from perfkit.analyse.metric import metric_effects
from perfkit.block import Block, Failure
from perfkit.decide.gate.judge import judge_gate
from perfkit.decide.gate.result import GateOutcome, GateResult, GateVerdict
from perfkit.decide.gate.rules import CONFIRM_CONTROL
from perfkit.recording import Unpaired
from perfkit.report.check.words import sentence
from perfkit.settings import Metric, OnOpen
from perfkit.variant import Side

if TYPE_CHECKING:
    from perfkit.recording import Recording


def verdicts(result: GateResult) -> dict[str, GateVerdict]:
    return {row.id: row.verdict for row in result.rows}


def judged(made: Any, recording: Recording, **changes: Any) -> GateResult:
    return judge_gate(recording, replace(made.policy, **changes))


def failed(name: str) -> Failure:
    return Failure(
        benchmark=name, side=Side.CANDIDATE, stage="run", reason="ValueError: boom", detail=""
    )


def unpaired(label: str, how: str) -> Unpaired:
    return Unpaired(label=label, how=how, reason="so it is")


def test_no_change_passes(made: Any) -> None:
    result = judged(made, made.recording([*made.blocks("a", 1.0), *made.blocks("b", 0.9)]))
    assert verdicts(result) == {"a": GateVerdict.WITHIN, "b": GateVerdict.WITHIN}
    assert (result.outcome, result.fails) == (GateOutcome.PASSED, False)
    assert result.warnings == ()
    assert all(0.02 < row.detectable < 0.1 for row in result.rows if row.detectable)
    assert all(row.confirmation is None and row.reason == "" for row in result.rows)


def test_red_rests_on_fresh_blocks(made: Any) -> None:
    slow = made.blocks("slow", 1.1)
    recording = made.recording([*slow, *made.blocks("same", 1.0), *made.fresh("slow", 1.08)])
    result = judged(made, recording)
    assert verdicts(result) == {"slow": GateVerdict.SLOWER, "same": GateVerdict.WITHIN}
    assert (result.outcome, result.fails) == (GateOutcome.SLOWDOWN, True)
    row = result.rows[0]
    assert row.suspected
    said = row.confirmation
    assert said is not None
    assert row.ratio == said.ratio
    assert said.ratio.value == pytest.approx(1.08, rel=0.005)
    assert 1.02 < said.bound < said.ratio.value
    assert said.level == pytest.approx(0.99)
    assert said.p_value <= 0.01
    assert (said.planned, said.blocks, said.seconds) == (20, 20, 2.0)
    assert said.control is not None
    assert said.control.low < 1 < said.control.high


def test_a_suspect_that_fresh_blocks_clear(made: Any) -> None:
    result = judged(made, made.recording([*made.blocks("a", 1.05), *made.fresh("a", 1.0)]))
    assert verdicts(result) == {"a": GateVerdict.WITHIN}
    assert result.rows[0].reason == "suspected, and cleared by fresh blocks"
    assert result.outcome is GateOutcome.PASSED


def test_a_slowdown_within_the_margin_is_never_red(made: Any) -> None:
    """However sure it is: +1.5 % and a margin of 2 %."""
    blocks = [*made.blocks("a", 1.03, spread=0.001), *made.fresh("a", 1.015, spread=0.001)]
    assert verdicts(judged(made, made.recording(blocks))) == {"a": GateVerdict.WITHIN}


@pytest.mark.parametrize("fresh", [(), 7])
def test_a_suspect_without_all_its_fresh_blocks(made: Any, fresh: Any) -> None:
    blocks = made.blocks("a", 1.2)
    if fresh:
        blocks += made.fresh("a", 1.2, count=fresh)
    result = judged(made, made.recording(blocks, planned={"a": 20}))
    assert verdicts(result) == {"a": GateVerdict.UNDECIDED}
    assert (result.outcome, result.fails) == (GateOutcome.UNDECIDED, False)
    assert "suspected" in result.rows[0].reason
    assert [one.code for one in result.warnings] == ["undecided"]
    assert "the policy lets this pass" in result.warnings[0].text


def test_what_is_open_in_a_run_that_did_not_end_is_not_let_pass(made: Any) -> None:
    recording = made.recording(made.blocks("a", 1.0), names=["late"], finished=False)
    result = judged(made, recording)
    assert verdicts(result) == {"a": GateVerdict.WITHIN, "late": GateVerdict.NOT_MEASURED}
    assert (result.outcome, result.fails) == (GateOutcome.UNDECIDED, True)
    assert not any("lets this pass" in one.text for one in result.warnings)
    assert sentence(result, state="interrupted").endswith(" An unfinished check never passes.")
    some = [*made.blocks("a", 1.1), *made.fresh("a", 1.1, count=3)]
    result = judged(made, made.recording(some, planned={"a": 20}, finished=False))
    (row,) = result.rows
    assert row.confirmation is not None
    assert row.confirmation.seconds > 0


def test_nothing_is_red_in_an_interrupted_run_that_is_not_in_the_whole_one(made: Any) -> None:
    """The second suspect has no fresh blocks yet, and the first is red only without it."""
    first = [*made.blocks("a", 1.1), *made.blocks("b", 1.1)]
    found = set()
    for step in range(60):
        mine = made.fresh("a", 1.02 + step / 10_000)
        alone = made.recording([*first, *mine], planned={"a": 20}, finished=False)
        so_far = made.recording([*first, *mine], planned={"a": 20, "b": 20}, finished=False)
        whole = made.recording([*first, *mine, *made.fresh("b", 1.0)])
        red = tuple(
            verdicts(judged(made, one))["a"] is GateVerdict.SLOWER for one in (alone, so_far, whole)
        )
        assert red[1] <= red[2]
        found.add(red)
    assert (True, False, False) in found
    assert (True, True, True) in found


def bare(made: Any, metric: Metric, size: int | None, why: str = "") -> list[Block]:
    """Blocks whose memory is this, or is not known."""
    key = "peak_traced" if metric is Metric.TRACED_MEMORY else "peak_rss"
    return [
        replace(
            block,
            baseline=replace(block.baseline, **{key: size, "untraced": why}),
            candidate=replace(block.candidate, **{key: size}),
        )
        for block in made.blocks("a", 1.0)
    ]


@pytest.mark.parametrize(
    ("metric", "size", "why", "reason"),
    [
        (Metric.TRACED_MEMORY, None, "why", "why"),
        (Metric.TRACED_MEMORY, 200, "", "less than 4.00 KiB, too little to be judged"),
        (Metric.PEAK_MEMORY, None, "", "a command's memory is another process's"),
    ],
)
def test_memory_that_cannot_be_measured_is_quiet(
    made: Any, metric: Metric, size: int | None, why: str, reason: str
) -> None:
    recording = made.recording(bare(made, metric, size, why))
    metrics = (Metric.TIME, metric)
    result = judged(made, recording, metrics=metrics, on_inconclusive=OnOpen.FAIL)
    row = result.rows[-1]
    assert (row.metric, row.verdict) == (metric, GateVerdict.UNMEASURABLE)
    assert reason in row.reason
    assert (row.open, row.fails, result.fails) == (False, False, False)
    assert result.outcome is GateOutcome.PASSED
    (warning,) = result.warnings
    name = metric.replace("-", " ")
    assert warning.text == f"cannot be measured: a ({name}): {row.reason}"
    assert warning.remedy == ""
    alone = judged(made, recording, metrics=(metric,))
    assert alone.outcome is GateOutcome.NOTHING


def test_memory_that_the_run_was_not_to_trace_can_be_had(made: Any) -> None:
    recording = made.recording(bare(made, Metric.TRACED_MEMORY, None))
    result = judged(made, recording, metrics=(Metric.TIME, Metric.TRACED_MEMORY))
    assert result.rows[-1].verdict is GateVerdict.NOT_MEASURED
    assert "without --metrics traced-memory" in result.rows[-1].reason
    assert result.outcome is GateOutcome.UNDECIDED
    (warning,) = result.warnings
    assert warning.text == "not measured: a (traced memory) (the policy lets this pass)"


def test_it_is_said_that_the_policy_lets_pass_just_where_it_does(made: Any) -> None:
    recording = made.recording([*made.blocks("a", 1.0), *made.blocks("wide", 1.0, spread=0.2)])
    for policy, passes in ((OnOpen.PASS, True), (OnOpen.FAIL, False)):
        result = judged(made, recording, on_inconclusive=policy)
        assert result.fails is not passes
        assert ("(the policy lets this pass)" in result.warnings[0].text) is passes


def test_more_precision_is_advised_only_where_it_would_decide(made: Any) -> None:
    """And by the option that limits."""
    blocks = [*made.blocks("same", 1.0, spread=0.03), *made.blocks("wide", 1.0, spread=0.2)]
    recording = made.recording([*blocks, *made.blocks("slow", 1.3, spread=0.1)])
    ends = {key: replace(end, reason="budget") for key, end in recording.ends.items()}
    recording = replace(recording, ends=ends)

    def advice(result: GateResult) -> dict[str | None, str]:
        every = [*result.compared.caveats]
        every += [
            x for row in result.compared.rows if row.comparison for x in row.comparison.caveats
        ]
        return {x.benchmark: x.remedy for x in every if x.code == "precision-not-reached"}

    margins = (("same", 0.2),)
    result = judged(made, recording, margins=margins)
    assert verdicts(result) == {
        "same": GateVerdict.WITHIN,
        "wide": GateVerdict.UNDECIDED,
        "slow": GateVerdict.UNDECIDED,
    }
    assert list(advice(result)) == ["wide"]
    assert advice(result)["wide"].startswith("Raise --time to about ")
    gate = replace(made.policy, budget=recording.run.goal.budget)
    total = replace(recording, run=replace(recording.run, gate=gate))
    result = judged(made, total, margins=margins, budget=gate.budget)
    assert advice(result)["wide"].startswith("Raise --time-total by about ")
    assert "(--time-total)" in result.warnings[0].remedy


def test_a_budget_that_did_not_do_is_told_with_what_it_took(made: Any) -> None:
    recording = made.recording([*made.blocks("a", 1.1), *made.fresh("a", 1.1)])
    gate = replace(made.policy, budget=1.0)
    recording = replace(recording, run=replace(recording.run, gate=gate))
    told = [x for x in judged(made, recording).compared.caveats if x.code == "over-budget"]
    (caveat,) = told
    took = sum(end.seconds for key, end in recording.ends.items() if key[1] != CONFIRM_CONTROL)
    assert f"measuring took {took:.1f} s, more than the 1.0 s of --time-total" in caveat.text
    assert "every suspect 20 fresh ones" in caveat.text


@pytest.mark.parametrize(
    ("failure", "required"),
    [("bm_x::json", "json"), ("bm_x::json", "bm_x"), ("bm_x", "bm_x"), ("a[1]", "a[1]")],
)
def test_a_required_benchmark_that_failed_by_any_of_its_names(
    made: Any, failure: str, required: str
) -> None:
    recording = made.recording(made.blocks("a", 1.0), failures=[failed(failure)])
    result = judged(made, recording, required=("a", required))
    assert result.outcome is GateOutcome.FAILED
    assert verdicts(result) == {"a": GateVerdict.WITHIN, failure: GateVerdict.FAILED}


def test_a_required_benchmark_may_be_in_a_script_that_changed(made: Any) -> None:
    """Nobody knows the names in there: that is undecided, not missing."""
    recording = made.recording(made.blocks("a", 1.0), unpaired=[unpaired("bm_json", "changed")])
    result = judged(made, recording, required=("json_loads",))
    assert result.outcome is GateOutcome.UNDECIDED
    assert verdicts(result)["json_loads"] is GateVerdict.NOT_COMPARABLE


def test_patterns_for_benchmarks_that_were_left_out_are_no_mistake(made: Any) -> None:
    recording = made.recording(made.blocks("a", 1.0))
    recording = replace(recording, run=replace(recording.run, benchmarks=("a",)))
    result = judged(made, recording, required=("json_*",), margins=(("x*", 0.1),))
    assert result.outcome is GateOutcome.PASSED
    assert result.warnings == ()


def test_patterns_of_margins_that_mean_nothing(made: Any) -> None:
    """Each once; and with a doubt where a script's names are not known."""

    def warned(*failures: Failure, shared: bool = True) -> Any:
        others = [] if shared else [unpaired("bm_new", "new")]
        recording = made.recording(made.blocks("a", 1.0), failures=failures, unpaired=others)
        margins = (("x*", 0.1), ("json", 0.1), ("x*", 0.2))
        result = judged(made, recording, required=("a",), margins=margins)
        return next(one for one in result.warnings if one.code == "unmatched-pattern")

    sure = warned()
    assert sure.text == "no benchmark of this run is meant by the policy's x*, json"
    assert sure.remedy == "correct the pattern"
    unsure = warned(failed("bm_bad"), failed("bm_x::json"), shared=False)
    assert unsure.text == (
        "no benchmark of this run is meant by the policy's x*; perhaps one of bm_bad, bm_new, "
        "whose names are not known"
    )
    assert unsure.remedy == "correct the pattern if it means none of them"


def test_a_compare_run_is_never_red(made: Any) -> None:
    result = judged(made, made.recording(made.blocks("a", 1.5), command="compare"))
    assert verdicts(result) == {"a": GateVerdict.UNDECIDED}


@pytest.mark.parametrize("null", [1.05, 0.95])
def test_a_noisy_machine_accuses_nobody(made: Any, null: float) -> None:
    blocks = [
        *made.blocks("slow", 1.2),
        *made.fresh("slow", 1.2),
        *made.blocks("ghost", 1.05),
        *made.fresh("ghost", 1.05, null=null),
        *made.blocks("same", 1.0),
    ]
    result = judged(made, made.recording(blocks))
    assert verdicts(result) == {
        "slow": GateVerdict.TOO_NOISY,
        "ghost": GateVerdict.TOO_NOISY,
        "same": GateVerdict.WITHIN,
    }
    assert result.tripped == ("ghost",)
    assert (result.outcome, result.fails) == (GateOutcome.NOISY, False)
    assert judged(made, made.recording(blocks), on_noise=OnOpen.FAIL).fails


def test_ghosts_in_one_benchmark_are_not_counted_twice(made: Any) -> None:
    """Its time and its memory rest on the same blocks: p = 0.009 in both are not two of eight."""
    blocks = []
    for name in ("a", "b", "c", "d"):
        blocks += [*made.blocks(name, 1.1, memory=1.1), *made.fresh(name, 1.1, memory=1.1)]

    def haunted(block: Block) -> Block:
        """Its null blocks a little to one side, in time and in memory."""
        if (block.benchmark, block.series) != ("a", CONFIRM_CONTROL):
            return block
        shift = 0.0046
        times = tuple(x * (1 + shift) for x in block.candidate.wall)
        size = round(20e6 * times[0] / 0.005)
        side = replace(block.candidate, wall=times, cpu=times, peak_rss=size)
        return replace(block, candidate=side)

    recording = made.recording([haunted(block) for block in blocks])
    metrics = (Metric.TIME, Metric.PEAK_MEMORY)
    p_values = [
        signed_rank_p(metric_effects(recording.series("a", CONFIRM_CONTROL), metric))
        for metric in metrics
    ]
    assert all(0.005 < p <= 0.01 for p in p_values), p_values
    result = judged(made, recording, metrics=metrics)
    assert result.tripped == ()
    assert result.outcome is GateOutcome.SLOWDOWN


def test_what_cannot_be_told(made: Any) -> None:
    recording = made.recording(made.blocks("a", 1.0, spread=0.2))
    result = judged(made, recording)
    assert verdicts(result) == {"a": GateVerdict.UNDECIDED}
    assert "neither is shown" in result.rows[0].reason
    assert not result.fails
    assert judged(made, recording, on_inconclusive=OnOpen.FAIL).fails


def test_too_few_blocks_say_nothing(made: Any) -> None:
    result = judged(made, made.recording(made.blocks("a", 1.5, count=4)))
    assert verdicts(result) == {"a": GateVerdict.UNDECIDED}
    assert result.rows[0].reason == "4 blocks, at least 10 are needed"


def test_nothing_measured_fails_whatever_the_policy(made: Any) -> None:
    for recording in (made.recording([]), made.recording([], names=["a"])):
        result = judged(made, recording)
        assert (result.outcome, result.fails) == (GateOutcome.NOTHING, True)
    gone = made.recording([], unpaired=[unpaired("bm_a", "changed"), unpaired("bm_b", "new")])
    result = judged(made, gone)
    assert (result.outcome, result.fails) == (GateOutcome.NOTHING, True)
    assert list(verdicts(result).values()) == [GateVerdict.NOT_COMPARABLE, GateVerdict.NEW]


def test_failures_count_unless_something_else_is_required(made: Any) -> None:
    recording = made.recording(made.blocks("a", 1.0), failures=[failed("bm_bad")])
    result = judged(made, recording)
    assert (result.outcome, result.fails) == (GateOutcome.FAILED, True)
    assert result.rows[-1].reason == "on the candidate's side: ValueError: boom"
    lenient = judged(made, recording, required=("a",))
    assert (lenient.outcome, lenient.fails) == (GateOutcome.PASSED, False)
    assert [one.code for one in lenient.warnings] == ["failed"]
    assert judged(made, recording, required=("bm_*",)).outcome is GateOutcome.FAILED
    assert judged(made, recording, required=()).outcome is GateOutcome.PASSED


@pytest.mark.parametrize(
    ("how", "required", "outcome"),
    [
        ("missing", None, GateOutcome.PASSED),
        ("missing", ("bm_x",), GateOutcome.FAILED),
        ("new", None, GateOutcome.PASSED),
        ("changed", None, GateOutcome.PASSED),
        ("changed", ("bm_*",), GateOutcome.UNDECIDED),
    ],
)
def test_scripts_the_revisions_do_not_share_are_never_silent(
    made: Any, how: str, required: Any, outcome: GateOutcome
) -> None:
    recording = made.recording(made.blocks("a", 1.0), unpaired=[unpaired("bm_x", how)])
    result = judged(made, recording, required=required)
    assert result.outcome is outcome
    assert result.rows[-1].id == "bm_x"
    assert any("bm_x" in one.text for one in result.warnings)


def test_a_required_benchmark_that_is_nowhere_is_missing(made: Any) -> None:
    result = judged(made, made.recording(made.blocks("a", 1.0)), required=("a", "json_*"))
    assert result.outcome is GateOutcome.FAILED
    assert verdicts(result)["json_*"] is GateVerdict.MISSING


def test_a_failure_comes_before_a_slowdown(made: Any) -> None:
    blocks = [*made.blocks("a", 1.2), *made.fresh("a", 1.2)]
    result = judged(made, made.recording(blocks, failures=[failed("bm_bad")]))
    assert result.outcome is GateOutcome.FAILED
    assert verdicts(result)["a"] is GateVerdict.SLOWER


def test_margins_by_name(made: Any) -> None:
    blocks = [*made.blocks("a", 1.08), *made.fresh("a", 1.08)]
    blocks += [*made.blocks("b", 1.08), *made.fresh("b", 1.08)]
    result = judged(made, made.recording(blocks), margins=(("a", 0.2), ("*", 0.05)))
    assert verdicts(result) == {"a": GateVerdict.WITHIN, "b": GateVerdict.SLOWER}
    assert [row.margin for row in result.rows] == [0.2, 0.05]


def test_memory_is_judged_when_asked_for(made: Any) -> None:
    blocks = [*made.blocks("a", 1.0, memory=1.1), *made.fresh("a", 1.0, memory=1.1)]
    recording = made.recording(blocks)
    assert [row.metric for row in judged(made, recording).rows] == [Metric.TIME]
    result = judged(made, recording, metrics=tuple(Metric))
    assert [(row.metric, row.verdict) for row in result.rows] == [
        (Metric.TIME, GateVerdict.WITHIN),
        (Metric.PEAK_MEMORY, GateVerdict.LARGER),
        (Metric.TRACED_MEMORY, GateVerdict.LARGER),
    ]
    assert result.outcome is GateOutcome.SLOWDOWN
    baseline = result.rows[1].baseline
    assert baseline is not None
    assert baseline.value == pytest.approx(20e6)
