from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from perfkit.errors import NothingFoundError, PlanError
from perfkit.plan import COMPARISONS, GOAL, METHOD, Plan, make_plan, parse_age, select_benchmarks
from perfkit.plan.options import KEYS, KEYS_OF
from perfkit.variant import Side

if TYPE_CHECKING:
    from collections.abc import Callable

    Make = Callable[..., Plan]


def test_defaults(plan: Make, folder: Path) -> None:
    made = plan()
    assert made.goal == GOAL
    assert made.method == METHOD
    assert made.baseline.side is Side.BASELINE
    assert made.candidate.side is Side.CANDIDATE
    assert made.baseline.interpreter.version == "3.12.0"
    assert made.candidate.interpreter.version == "3.13.0"
    assert [script.label for script in made.scripts] == ["bm_one"]
    assert made.output == folder / "reports"
    assert (made.control, made.comparisons, made.inject, made.policy) == (False, None, 0.0, None)
    assert made.download


def test_every_option_of_compare(plan: Make, folder: Path) -> None:
    (folder / "pyproject.toml").write_text("[project]\nname = 'x'\n")
    made = plan(
        candidate="3.13t",
        baseline_with=["pydantic==2.10.*"],
        candidate_with=("pydantic==2.11.*", "six"),
        with_=["."],
        baseline_env=["B=2", "A=1"],
        candidate_env=["PYTHON_JIT=1"],
        baseline_flag=["-X dev"],
        candidate_flag=["-X gil=0", "-O"],
        benchmarks=("benchmarks/bm_one.py", "json_*"),
        time="3s",
        precision="0.5%",
        margin="3%",
        confidence="90%",
        seed="7",
        timeout="2m",
        control=True,
        output="there",
        download=False,
    )
    assert made.baseline.requirements == (str(folder.resolve()), "pydantic==2.10.*")
    assert made.candidate.requirements == (str(folder.resolve()), "pydantic==2.11.*", "six")
    assert made.baseline.environ == (("A", "1"), ("B", "2"))
    assert made.candidate.environ == (("PYTHON_JIT", "1"),)
    assert made.baseline.flags == ("-X", "dev")
    assert made.candidate.flags == ("-X", "gil=0", "-O")
    assert made.candidate.interpreter.free_threaded
    assert (made.goal.budget, made.goal.precision) == (3.0, 0.005)
    assert (made.goal.margin, made.goal.confidence) == (0.03, 0.9)
    assert (made.seed, made.method.timeout, made.control) == (7, 120.0, True)
    assert made.patterns == ("json_*",)
    assert made.benchmarks == ("benchmarks/bm_one.py", "json_*")
    assert made.output == folder / "there"
    assert not made.download


def test_options_by_their_name_on_the_command_line(plan: Make) -> None:
    assert plan(**{"candidate-env": ["A=1"]}).candidate.environ == (("A", "1"),)


def test_seed_is_random_when_not_given(plan: Make) -> None:
    assert plan().seed != plan().seed


def test_paths_may_be_path_objects(plan: Make, folder: Path) -> None:
    (folder / "setup.py").touch()
    made = plan(output=Path("there"), with_=folder)
    assert made.output == folder / "there"
    assert made.baseline.requirements == (str(folder.resolve()),)


def test_aa_is_the_same_on_both_sides(plan: Make) -> None:
    made = plan("aa", python="3.12", comparisons="10", inject="2%")
    assert made.baseline.interpreter == made.candidate.interpreter
    assert made.baseline.interpreter.version == "3.12.0"
    assert (made.comparisons, made.inject) == (10, 0.02)


def test_aa_defaults_to_the_running_interpreter(plan: Make) -> None:
    made = plan("aa")
    assert made.baseline.interpreter.executable == sys.executable
    assert made.comparisons == COMPARISONS


def test_each_command_refuses_the_others_options(plan: Make) -> None:
    with pytest.raises(PlanError, match="--inject is not an option here"):
        plan(inject="2%")
    with pytest.raises(PlanError, match="--baseline is not an option here"):
        plan("aa", baseline="3.12")


def test_presets(plan: Make) -> None:
    quick, rigorous = plan(quick=True).goal, plan(rigorous=True).goal
    assert (quick.precision, quick.margin, quick.budget, quick.decided) == (0.02, 0.05, 6.0, True)
    assert (rigorous.precision, rigorous.budget) == (0.005, 120.0)
    assert (rigorous.margin, rigorous.decided) == (GOAL.margin, False)


def test_an_explicit_option_beats_a_preset(plan: Make) -> None:
    goal = plan(quick=True, margin="1%").goal
    assert (goal.margin, goal.precision) == (0.01, 0.02)


def test_margin_below_twice_the_precision_is_allowed(plan: Make) -> None:
    assert plan(precision="1%", margin="0.5%").goal.margin == 0.005


def test_python_given_as_relative_path(plan: Make, folder: Path) -> None:
    (folder / "python").touch()
    made = plan(baseline="./python", candidate="3.13")
    assert made.baseline.interpreter.executable == str(folder / "python")


def test_no_baseline(machine: None, folder: Path) -> None:
    del machine
    with pytest.raises(PlanError, match=r"no baseline was named.*--baseline 3\.12"):
        make_plan({}, command="compare", cwd=folder)


def test_all_problems_together(plan: Make, folder: Path) -> None:
    (folder / "pyproject.toml").write_text("[tool.perfkit]\nmargni = '2%'\n")
    (folder / "file").touch()
    with pytest.raises(PlanError) as caught:
        plan(
            baseline="2.7",
            candidate="3.99",
            precision="1",
            confidence="95",
            time="soon",
            seed="x",
            with_=["foo bar", "./nowhere"],
            baseline_env=["PYTHONHASHSEED=1"],
            candidate_flag=["-I"],
            quick=True,
            rigorous=True,
            benchmarks=["no/such.py"],
            output="file/reports",
            policy="none.yaml",
        )
    text = str(caught.value)
    for words in (
        "did you mean 'margin'",
        "--baseline: this Python cannot be measured",
        "--candidate: Python 3.99 was not found",
        "--precision has no % sign",
        "--confidence has no % sign",
        "--time is not a time",
        "--seed is not a usable number",
        "--with is no requirement",
        "--with does not exist",
        "--baseline-env PYTHONHASHSEED cannot be set",
        "--candidate-flag holds -I",
        "--quick and --rigorous exclude each other",
        "no such file or folder; got 'no/such.py'",
        "--output is no folder",
        "policy",
    ):
        assert words in text
    assert len(caught.value.problems) == 15


def test_nothing_is_installed_while_something_is_wrong(plan: Make, downloads: list[bool]) -> None:
    with pytest.raises(PlanError, match="once the other problems are solved"):
        plan(candidate="3.99", precision="1")
    assert downloads == [False, False]
    plan()
    assert downloads[2:] == [True, True]


def test_no_download(plan: Make, downloads: list[bool]) -> None:
    plan(download=False)
    assert downloads == [False, False]


def test_wrong_baseline_is_one_problem(plan: Make) -> None:
    with pytest.raises(PlanError) as caught:
        plan(baseline="")
    assert len(caught.value.problems) == 1


def test_default_candidate_that_is_missing(plan: Make) -> None:
    with pytest.raises(PlanError, match=r"--candidate \(by default the next minor release\): "):
        plan(baseline="3.9", download=False)


def test_empty_folder_is_nothing_found(plan: Make, folder: Path) -> None:
    (folder / "empty").mkdir()
    with pytest.raises(PlanError) as caught:
        plan(benchmarks=["empty"])
    assert [type(problem) for problem in caught.value.problems] == [NothingFoundError]


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("precision", "0%"),
        ("precision", "60%"),
        ("margin", "0%"),
        ("confidence", "100%"),
        ("confidence", "10%"),
        ("time", "0"),
        ("time", "2d"),
        ("timeout", "0"),
        ("seed", "-1"),
        ("seed", str(2**63)),
        ("output", ""),
    ],
)
def test_out_of_range(plan: Make, key: str, value: str) -> None:
    with pytest.raises(PlanError, match=f"--{key}"):
        plan(**{key: value})


def test_with_real_interpreters(folder: Path) -> None:
    made = make_plan({"baseline": "3.12", "download": False}, command="compare", cwd=folder)
    assert made.baseline.interpreter.version.startswith("3.12.")
    assert made.candidate.interpreter.version.startswith("3.13.")


def test_select_benchmarks(folder: Path) -> None:
    assert [script.label for script in select_benchmarks((), cwd=folder).scripts] == ["bm_one"]
    with pytest.raises(PlanError):
        select_benchmarks(("no/such",), cwd=folder)


def test_parse_age() -> None:
    assert parse_age("30d").days == 30
    for text in ("soon", "999999999999d", "-1d"):
        with pytest.raises(PlanError, match="--older-than"):
            parse_age(text)


def test_each_key_belongs_to_a_command() -> None:
    assert KEYS_OF["compare"] | KEYS_OF["aa"] == KEYS


JUNK = st.one_of(
    st.text(max_size=30),
    st.integers(),
    st.floats(),
    st.booleans(),
    st.lists(st.text(max_size=10), max_size=3),
    st.dictionaries(st.text(max_size=5), st.text(max_size=5), max_size=2),
    st.sampled_from(["1%", "3.12", "./x", "A=1", "-X gil=0", "~nobody/x", "../..", "\0", "\ud800"]),
)


@settings(max_examples=300, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.dictionaries(st.one_of(st.sampled_from(sorted(KEYS)), st.text(max_size=8)), JUNK),
    st.sampled_from(["compare", "aa"]),
)
def test_hostile_options_give_a_plan_or_a_plan_error(
    machine: None, folder: Path, options: dict[str, Any], command: str
) -> None:
    del machine
    problems = None
    try:
        made = make_plan(options, command=command, cwd=folder)
    except PlanError as error:
        problems = error.problems
    assert problems or isinstance(made, Plan)
