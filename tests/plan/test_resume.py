from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from perfkit.errors import PlanError
from perfkit.plan import make_plan, resume_plan
from perfkit.recording import SCHEMA, Recording, Run

if TYPE_CHECKING:
    from pathlib import Path

    from perfkit.plan import Plan


@pytest.fixture
def made(folder: Path) -> Plan:
    options = {"baseline": "3.12", "seed": 5, "control": True, "quick": True, "download": False}
    return make_plan({**options, "store": "h.sqlite"}, command="compare", cwd=folder)


@pytest.fixture
def recording(made: Plan) -> Recording:
    run = Run(
        schema=SCHEMA,
        id="x",
        command=made.command,
        created="2026-01-01T00:00:00+00:00",
        perfkit="0",
        seed=made.seed,
        goal=made.goal,
        method=made.method,
        baseline=made.baseline,
        candidate=made.candidate,
        host={},
        cwd=str(made.cwd),
        benchmarks=made.benchmarks,
        control=made.control,
        comparisons=made.comparisons,
        inject=made.inject,
        policy=None,
        redacted=False,
        store=str(made.store),
    )
    return Recording(
        folder=made.output / "x",
        run=run,
        measured={},
        starts={},
        blocks=(),
        failures={},
        ends={},
        unpaired=(),
        confirming=None,
        finishes=(),
        cut=False,
    )


def test_the_same_plan_again(made: Plan, recording: Recording) -> None:
    assert resume_plan(recording) == replace(made, download=False)


def test_a_revisions_scripts_are_found_from_a_folder_below(
    recording: Recording, folder: Path
) -> None:
    """As they were when it began; nor is it forgotten who chose them."""
    (folder / "pyproject.toml").touch()
    below = folder / "below"
    below.mkdir()
    sides = {
        side: replace(getattr(recording.run, side), revision=name)
        for side, name in (("baseline", "main (1a2b3c4)"), ("candidate", "working tree"))
    }
    run = replace(recording.run, **sides, cwd=str(below), chosen=True, benchmarks=("o*",))
    plan = resume_plan(replace(recording, run=run))
    assert [script.label for script in plan.scripts] == ["bm_one"]
    assert (plan.patterns, plan.chosen) == (("o*",), True)


def test_everything_that_stands_in_the_way(recording: Recording, folder: Path) -> None:
    (folder / "benchmarks" / "bm_one.py").unlink()
    baseline = recording.run.baseline
    gone = replace(baseline, interpreter=replace(baseline.interpreter, executable="/no/python"))
    run = replace(recording.run, redacted=True, baseline=gone, benchmarks=("no/such.py",))
    with pytest.raises(PlanError) as caught:
        resume_plan(replace(recording, run=run))
    text = str(caught.value)
    assert "credentials were not recorded" in text
    assert "the baseline's interpreter is gone" in text
    assert "no/such.py" in text
