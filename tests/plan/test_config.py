from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from perfkit.errors import PlanError

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from perfkit.plan import Plan

    Make = Callable[..., Plan]
    Write = Callable[[str], None]


def test_settings_from_the_file(plan: Make, settings: Write) -> None:
    settings(
        'baseline = "3.11"\nprecision = 0.02\ntime = 5\nquick = false\n'
        'candidate-env = {A = "1"}\nwith = ["six"]\ncandidate-flag = "-O"\n'
    )
    made = plan(baseline=None)
    assert made.baseline.interpreter.version == "3.11.0"
    assert made.candidate.interpreter.version == "3.12.0"
    assert (made.goal.precision, made.goal.budget) == (0.02, 5.0)
    assert made.candidate.environ == (("A", "1"),)
    assert made.candidate.flags == ("-O",)
    assert made.candidate.requirements == ("six",)


def test_the_command_line_wins(plan: Make, settings: Write) -> None:
    settings('precision = "2%"\nmargin = "7%"\nwith = ["six"]\n')
    made = plan(precision="3%", with_=["attrs"])
    assert (made.goal.precision, made.goal.margin) == (0.03, 0.07)
    assert made.baseline.requirements == ("attrs",)


def test_a_preset_on_the_command_line_beats_the_file(plan: Make, settings: Write) -> None:
    settings('precision = "0.7%"\nrigorous = true\n')
    goal = plan(quick=True).goal
    assert (goal.precision, goal.budget, goal.decided) == (0.02, 6.0, True)


def test_a_preset_in_the_file_gives_way_to_its_neighbours(plan: Make, settings: Write) -> None:
    settings('quick = true\nprecision = "0.7%"\n')
    goal = plan().goal
    assert (goal.precision, goal.margin, goal.decided) == (0.007, 0.05, True)


def test_a_preset_in_the_file_can_be_switched_off(plan: Make, settings: Write) -> None:
    settings("quick = true\n")
    goal = plan(quick=False).goal
    assert (goal.decided, goal.budget) == (False, 20.0)


def test_unknown_key(plan: Make, settings: Write) -> None:
    settings('basline = "3.12"\nbaseline_with = ["six"]\nzzz = 1\n')
    with pytest.raises(PlanError) as caught:
        plan()
    text = str(caught.value)
    assert "'basline' in [tool.perfkit] is not an option here; did you mean 'baseline'?" in text
    assert "did you mean 'baseline-with'?" in text
    assert "'zzz' in [tool.perfkit]" in text
    assert len(caught.value.problems) == 3


def test_wrong_even_if_the_command_line_wins(plan: Make, settings: Write) -> None:
    settings("precision = 7\n")
    with pytest.raises(PlanError, match=r"'precision' in \[tool\.perfkit\]"):
        plan(precision="1%")


def test_version_without_quotes(plan: Make, settings: Write) -> None:
    settings("baseline = 3.12\n")
    with pytest.raises(PlanError, match=r'write "3\.12", in quotes'):
        plan(baseline=None)


def test_switch_in_quotes(plan: Make, settings: Write) -> None:
    settings('quick = "yes"\n')
    with pytest.raises(PlanError, match="true or false"):
        plan()


def test_options_of_the_other_command_may_stand_there(plan: Make, settings: Write) -> None:
    settings('baseline = "3.11"\ncandidate-with = ["six"]\ncomparisons = 9\n')
    made = plan("aa", python="3.12")
    assert made.comparisons == 9
    assert made.candidate.requirements == ()
    assert plan().comparisons is None


@pytest.mark.parametrize(
    "text",
    [
        "= nonsense",
        "[tool]\nperfkit = 3",
        "tool = 3",
        "a = " + "[" * 5000,
    ],
)
def test_unreadable_file(plan: Make, folder: Path, text: str) -> None:
    (folder / "pyproject.toml").write_text(text)
    with pytest.raises(PlanError, match=r"pyproject\.toml"):
        plan()


def test_no_text(plan: Make, folder: Path) -> None:
    (folder / "pyproject.toml").write_bytes(b"\xff\xfe")
    with pytest.raises(PlanError, match="cannot be read"):
        plan()


def test_a_folder_of_that_name(plan: Make, folder: Path) -> None:
    (folder / "pyproject.toml").mkdir()
    with pytest.raises(PlanError, match="cannot be read: Is a directory"):
        plan()


def test_other_tools_are_none_of_our_business(plan: Make, folder: Path) -> None:
    (folder / "pyproject.toml").write_text("[tool.other]\nx = 1\n")
    assert plan().goal.precision == 0.01
