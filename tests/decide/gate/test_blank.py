"""Required benchmarks that failed, are missing or cannot be compared; nothing is measured here."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from perfkit.block import Failure
from perfkit.decide.gate.judge import judge_gate
from perfkit.decide.gate.result import GateOutcome, GateVerdict
from perfkit.recording import Unpaired
from perfkit.variant import Side

if TYPE_CHECKING:
    from perfkit.decide.gate.result import GateResult

FAILED, MISSING = GateVerdict.FAILED, GateVerdict.MISSING
NEW, APART = GateVerdict.NEW, GateVerdict.NOT_COMPARABLE


def broken(*names: str, label: str = "bm_work") -> Failure:
    return Failure(
        benchmark=label,
        side=Side.CANDIDATE,
        stage="start",
        reason="ImportError: no",
        detail="",
        names=names,
    )


def apart(how: str, label: str, had: str = "", has: str = "", *, told: bool = True) -> Unpaired:
    return Unpaired(
        label=label,
        how=how,
        reason="so it is",
        had=tuple(had.split()),
        has=tuple(has.split()),
        told=told,
    )


GONE = apart("missing", "bm_work", "work")
OTHER = apart("new", "bm_new", "", "newone")
UNTOLD = apart("new", "bm_new", told=False)


class Case:
    """A run in which ``ok`` was measured, and what is required."""

    def __init__(self, made: Any, *parts: Failure | Unpaired) -> None:
        self.made = made
        self.recording = made.recording(
            made.blocks("ok", 1.0),
            failures=[x for x in parts if isinstance(x, Failure)],
            unpaired=[x for x in parts if isinstance(x, Unpaired)],
        )

    def judged(self, *required: str, **run: Any) -> GateResult:
        self.recording = replace(self.recording, run=replace(self.recording.run, **run))
        return judge_gate(self.recording, replace(self.made.policy, required=required))

    def rows(self, *required: str, **run: Any) -> dict[str, tuple[GateVerdict, bool]]:
        """Verdict of each row without numbers, and whether it makes the build fail."""
        result = self.judged(*required, **run)
        rows = [row for row in result.rows if row.ratio is None]
        assert len({row.id for row in rows}) == len(rows)
        fails = any(row.fails for row in rows)
        assert (result.outcome is GateOutcome.FAILED, result.fails) == (fails, fails)
        return {row.id: (row.verdict, row.fails) for row in rows}


def line(*arguments: str, paths: tuple[str, ...] = ()) -> dict[str, Any]:
    """What a run records of BENCHMARK arguments on the command line."""
    return {"benchmarks": (*paths, *arguments), "patterns": arguments, "chosen": True}


FILE = {"benchmarks": ("benchmarks",), "patterns": (), "chosen": False}


@pytest.mark.parametrize("run", [{}, FILE, line("work", "ok"), line("w*", "ok")])
@pytest.mark.parametrize("more", [(), (OTHER,), (UNTOLD,)])
def test_a_script_that_failed_is_known_by_the_names_written_in_it(
    made: Any, run: dict[str, Any], more: tuple[Unpaired, ...]
) -> None:
    rows = Case(made, broken("work", "other"), *more).rows("work", "ok", **run)
    assert rows.pop("bm_work") == (FAILED, True)
    assert rows == {one.label: (NEW, False) for one in more}
    assert Case(made, broken("work")).rows("bm_work::work", **run) == {"bm_work": (FAILED, True)}


@pytest.mark.parametrize("run", [{}, FILE, line("work", "ok")])
def test_a_script_that_failed_may_hold_a_required_benchmark(made: Any, run: Any) -> None:
    """Nobody can read its names off it; a new script beside it excuses nothing."""
    case = Case(made, broken(), UNTOLD)
    rows = case.rows("work", "ok", **run)
    assert rows == {"bm_work": (FAILED, False), "bm_new": (NEW, False), "work": (FAILED, True)}
    assert case.judged("work").rows[-1].reason.endswith("these failed: bm_work")


@pytest.mark.parametrize("run", [{}, FILE, line("work", "ok"), line(paths=("benchmarks",))])
@pytest.mark.parametrize("more", [(), (OTHER,)])
def test_a_required_benchmark_whose_script_is_gone_is_missing(
    made: Any, run: dict[str, Any], more: tuple[Unpaired, ...]
) -> None:
    case = Case(made, GONE, *more)
    rows = case.rows("work", "ok", **run)
    assert rows.pop("bm_work") == (MISSING, False)
    assert rows.pop("work") == (MISSING, True)
    assert rows == {one.label: (NEW, False) for one in more}
    assert case.judged("w*").rows[-1].reason == "it was in bm_work, which is missing as a whole"


@pytest.mark.parametrize("run", [{}, FILE, line("work", "ok"), line(paths=("benchmarks",))])
def test_a_required_benchmark_that_an_edit_dropped_is_missing(made: Any, run: Any) -> None:
    edited = apart("changed", "bm_work", "work other", "other")
    rows = Case(made, edited, OTHER).rows("work", **run)
    assert rows == {"bm_work": (APART, False), "bm_new": (NEW, False), "work": (MISSING, True)}
    assert Case(made, edited).rows("other", **run) == {"bm_work": (APART, False)}
    assert Case(made, edited).judged("other").outcome is GateOutcome.UNDECIDED
    of_its_name = apart("changed", "work", "work other", "other")  # as in pyperformance
    assert Case(made, of_its_name).rows("work", **run) == {"work": (MISSING, True)}
    rows = Case(made, of_its_name, broken(label="bm_bad")).rows("work", **run)
    assert rows == {"bm_bad": (FAILED, False), "work": (FAILED, True)}


def test_one_of_several_that_a_pattern_requires(made: Any) -> None:
    gone = apart("missing", "bm_more", "ok_too other")
    rows = Case(made, gone).rows("ok*")
    assert rows == {"bm_more": (MISSING, False), "ok_too": (MISSING, True)}


@pytest.mark.parametrize(
    ("parts", "reason"),
    [
        ((GONE, UNTOLD), "perhaps one in bm_new, whose names are not known"),
        ((GONE, apart("new", "bm_new", "", "work")), "it is in bm_new, which is new"),
        ((apart("changed", "bm_x", "a", "b", told=False),), "perhaps one in bm_x, whose"),
    ],
)
def test_only_a_script_that_may_hold_it_leaves_it_open(
    made: Any, parts: tuple[Unpaired, ...], reason: str
) -> None:
    result = Case(made, *parts).judged("work")
    row = result.rows[-1]
    assert (row.id, row.verdict, row.required, row.fails) == ("work", APART, True, False)
    assert reason in row.reason
    assert result.outcome is GateOutcome.UNDECIDED


@pytest.mark.parametrize(
    "run", [line("ok"), line("ok", paths=("b",)), line("o*"), {"benchmarks": ("ok",)}]
)
def test_what_arguments_on_the_line_leave_out_is_no_failure(made: Any, run: Any) -> None:
    """Whatever has become of it. An older recording does not tell line and file apart."""
    dropped = apart("changed", "bm_work", "work", "other")
    for parts in ((), (broken("work"),), (GONE, OTHER), (dropped,), (broken(), UNTOLD)):
        case = Case(made, *parts)
        if "patterns" not in run:
            case.recording = replace(
                case.recording,
                unpaired=tuple(
                    replace(x, had=(), has=(), told=False) for x in case.recording.unpaired
                ),
                failures={
                    name: replace(x, names=()) for name, x in case.recording.failures.items()
                },
            )
        result = case.judged("work", "ok", **run)
        assert not result.fails
        assert "work" not in {row.id for row in result.rows}


def test_margins_of_benchmarks_that_are_told(made: Any) -> None:
    """Of those in scripts that are not shared no pattern is a mistake, nor is any in doubt."""
    case = Case(made, GONE, OTHER)
    policy = replace(made.policy, margins=(("work", 0.1), ("new*", 0.1), ("wrok", 0.1)))
    for run, wrong in ((FILE, True), (line("ok"), False)):
        recording = replace(case.recording, run=replace(case.recording.run, **run))
        warnings = judge_gate(recording, policy).warnings
        told = [one.text for one in warnings if one.code == "unmatched-pattern"]
        assert told == ["no benchmark of this run is meant by the policy's wrok"] * wrong
