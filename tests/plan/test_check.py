"""What a check may be asked, and every mistake in a policy before anything is measured."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from perfkit.errors import PlanError
from perfkit.plan import GATE
from perfkit.plan.check import make_check_plan, make_policy
from perfkit.settings import Metric, OnOpen

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.usefixtures("machine")


def settings(folder: Path, text: str) -> None:
    (folder / "pyproject.toml").write_text(text)


def problems(folder: Path, **options: Any) -> str:
    with pytest.raises(PlanError) as caught:
        make_check_plan(options, cwd=folder)
    return str(caught.value)


def test_two_pythons(folder: Path) -> None:
    plan = make_check_plan({"baseline": "3.12"}, cwd=folder)
    assert plan.command == "check"
    assert plan.gate == GATE
    assert [x.interpreter.version for x in (plan.baseline, plan.candidate)] == ["3.12.0", "3.13.0"]
    assert plan.goal.decided
    assert plan.goal.margin == 0.02
    assert plan.goal.precision == 0.01
    assert not plan.control


def test_dependency_sets_under_one_python(folder: Path) -> None:
    plan = make_check_plan({"baseline_with": ["pydantic==2.11.*"], "python": "3.12"}, cwd=folder)
    assert plan.baseline.interpreter == plan.candidate.interpreter
    assert plan.baseline.requirements == ("pydantic==2.11.*",)
    assert plan.candidate.requirements == ()


def test_nothing_to_compare_with(folder: Path) -> None:
    text = problems(folder)
    assert "nothing to compare with was named" in text
    assert "--baseline-rev main" in text
    assert "needs a revision to be compared with" in problems(folder, candidate_rev="x")


def test_a_mistake_is_not_told_a_second_time_as_its_consequence(folder: Path) -> None:
    text = problems(folder, baseline_with=["tomli=1"])
    assert "--baseline-with" in text
    assert "nothing to compare" not in text
    settings(folder, "[project\nname = 'x'\n")
    text = problems(folder)  # the file may have said what to compare with
    assert text.startswith("the settings cannot be read")
    assert "nothing to compare" not in text


def test_benchmarks_that_the_line_chooses_are_told_from_those_of_the_file(folder: Path) -> None:
    (folder / "bm_a.py").write_text("import pyperf\npyperf.Runner().bench_func('a', sum, [])\n")
    settings(folder, "[tool.perfkit]\nbaseline = '3.12'\nbenchmarks = ['bm_a.py']\n")
    assert not make_check_plan({}, cwd=folder).chosen
    assert make_check_plan({"benchmarks": ("bm_a.py",)}, cwd=folder).chosen


def test_the_policy_of_the_file(folder: Path) -> None:
    settings(
        folder,
        """
        [tool.perfkit]
        baseline = "3.12"
        quick = true
        margin = "7%"
        [tool.perfkit.check]
        margin = "3%"
        margins = { "json_*" = "10%", one = 0.05 }
        memory-margin = "4%"
        metrics = ["time", "peak-memory"]
        required = ["one"]
        error-rate = "5%"
        on-inconclusive = "fail"
        on-noise = "fail"
        time-total = "5m"
        """,
    )
    gate = make_check_plan({}, cwd=folder).gate
    assert gate is not None
    assert (gate.margin, gate.memory_margin, gate.error_rate) == (0.03, 0.04, 0.05)
    assert gate.margins == (("json_*", 0.1), ("one", 0.05))
    assert gate.metrics == (Metric.TIME, Metric.PEAK_MEMORY)
    assert gate.required == ("one",)
    assert (gate.on_inconclusive, gate.on_noise) == (OnOpen.FAIL, OnOpen.FAIL)
    assert gate.budget == 300
    line = {"margin": "1%", "margins": ["x=50%"], "metrics": ["traced-memory"]}
    over = make_check_plan(line, cwd=folder).gate
    assert over is not None
    assert (over.margin, over.margins) == (0.01, (("x", 0.5),))
    assert over.metrics == (Metric.TRACED_MEMORY,)
    assert over.required == ("one",)


def test_other_commands_leave_the_table_alone(folder: Path) -> None:
    from perfkit.plan import make_plan

    settings(folder, '[tool.perfkit]\nbaseline = "3.12"\n[tool.perfkit.check]\nmargin = "9%"\n')
    plan = make_plan({}, command="compare", cwd=folder)
    assert plan.gate is None
    assert plan.goal.margin == 0.02


def test_nothing_required_is_something_said(folder: Path) -> None:
    settings(folder, "[tool.perfkit.check]\nrequired = []\n")
    gate = make_check_plan({"baseline": "3.12"}, cwd=folder).gate
    assert gate is not None
    assert gate.required == ()


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ('margin = "-1%"', "'margin' in [tool.perfkit.check]"),
        ('margin = "900%"', "0.01% to 100%"),
        ("margin = 5", "'margin' in [tool.perfkit.check]"),
        ('margins = { "json_*" = "0%" }', "0.01% to 100%"),
        ('margins = { "" = "5%" }', "names no benchmark"),
        ('margins = ["json_*"]', "names no benchmark"),
        ("margins = 3", "'margins' in [tool.perfkit.check]"),
        ('metrics = ["speed"]', "time, peak-memory, traced-memory"),
        ('on-noise = "maybe"', "pass, fail"),
        ("on-noise = true", "pass, fail"),
        ('error-rate = "0%"', "0.01% to 50%"),
        ('time-total = "soon"', "'time-total'"),
        ('marign = "5%"', "did you mean 'margin'?"),
        ("control = true", "not an option here"),
        ('required = "  "', "'required'"),
    ],
)
def test_mistakes_in_the_policy(folder: Path, text: str, wanted: str) -> None:
    settings(folder, f'[tool.perfkit.check]\nbaseline = "3.12"\n{text}\n')
    assert wanted in problems(folder)


def test_all_mistakes_at_once(folder: Path) -> None:
    settings(folder, '[tool.perfkit]\ncheck = 3\n[tool]\nx = "1"\n'.replace("[tool]\nx", "# x"))
    text = problems(folder, margin="x", on_noise="no", baseline="3.12")
    assert "'check' in [tool.perfkit] is no table" in text
    assert "--margin" in text
    assert "--on-noise" in text


def test_judging_again_lays_the_line_over_the_recorded_policy(folder: Path) -> None:
    settings(folder, '[tool.perfkit.check]\nmargin = "9%"\n')
    policy = make_policy({"on_noise": "fail"}, cwd=folder, recorded=GATE)
    assert (policy.margin, policy.on_noise) == (0.02, OnOpen.FAIL)
    with pytest.raises(PlanError, match="--margin"):
        make_policy({"margin": "much"}, cwd=folder, recorded=GATE)


def test_pythons_on_the_line_replace_revisions_in_the_file(folder: Path) -> None:
    settings(folder, '[tool.perfkit.check]\nbaseline-rev = "main"\ncandidate-rev = "x"\n')
    plan = make_check_plan({"baseline": "3.12", "candidate": "3.13"}, cwd=folder)
    assert plan.baseline.revision is None
    assert plan.candidate.interpreter.version == "3.13.0"
    text = problems(folder, baseline="3.12", baseline_rev="main")
    assert "exclude each other" in text


def test_a_budget_for_everything_lifts_that_of_each(folder: Path) -> None:
    plan = make_check_plan({"baseline": "3.12", "time_total": "1h"}, cwd=folder)
    assert plan.goal.budget == 3600
    own = make_check_plan({"baseline": "3.12", "time_total": "1h", "time": "9"}, cwd=folder)
    assert own.goal.budget == 9


@pytest.mark.parametrize("metrics", [[], ["time", "time"]])
def test_metrics_are_some_and_each_once(folder: Path, metrics: list[str]) -> None:
    settings(folder, f"[tool.perfkit.check]\nmetrics = {metrics}\n")
    if not metrics:
        assert "judges nothing" in problems(folder, baseline="3.12")
        return
    gate = make_check_plan({"baseline": "3.12"}, cwd=folder).gate
    assert gate is not None
    assert gate.metrics == (Metric.TIME,)
