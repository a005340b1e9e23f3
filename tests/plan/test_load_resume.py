"""The plan that goes on with a recorded load run."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from perfkit.errors import PlanError
from perfkit.plan.load import make_load_plan
from perfkit.plan.load_resume import resume_load_plan
from perfkit.recording.load import SCHEMA, LoadRecording, LoadRun

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from perfkit.plan.load_value import LoadPlan


@pytest.fixture
def plan(machine: None, folder: Path) -> Callable[..., LoadPlan]:
    """A comparison of two interpreters that are there."""
    del machine
    for name in ("one", "two"):
        (folder / name).touch()

    def make(mode: str | None = None, /, **options: Any) -> LoadPlan:
        said = {"profile": "smoke", "baseline": "./one", "candidate": "./two", **options}
        return make_load_plan(said, mode=mode, cwd=folder)

    return make


def recording_of(plan: LoadPlan, **changes: Any) -> LoadRecording:
    content = {name: getattr(plan, name) for name in FIELDS}
    run = LoadRun(
        **content,
        schema=SCHEMA,
        id="a-run",
        created="2026-01-31T12:00:00+00:00",
        perfkit="0",
        ceiling=None,
        floor=None,
        host={},
        cwd=str(plan.cwd),
        policy=None,
        redacted=False,
    )
    return LoadRecording(
        folder=plan.output / "a-run",
        run=replace(run, **changes),
        sides={},
        backing=None,
        starts={},
        origins={},
        ends={},
        failures=(),
        trials={},
        finishes=(),
        cut=False,
    )


FIELDS = (
    *("mode", "seed", "profile", "service", "method", "search", "baseline", "candidate"),
    *("trials", "margin", "confidence", "gate", "allow_hosts"),
)


@pytest.mark.parametrize("mode", [None, "breakpoint"])
def test_the_same_again(plan: Callable[..., LoadPlan], mode: str | None) -> None:
    changes: dict[str, Any] = {} if mode else {"trials": 3, "gate": True, "window": "250ms"}
    made = plan(mode, seed=9, margin="3%", allow_host=["db"], app="shop:app", **changes)
    assert made.mode == (mode or "compare")
    assert resume_load_plan(recording_of(made)) == replace(made, download=False)


def test_a_run_of_one_has_nothing_to_go_on_with(plan: Callable[..., LoadPlan]) -> None:
    single = plan(baseline=None, candidate=None, python="./one")
    with pytest.raises(PlanError, match="nothing to go on with"):
        resume_load_plan(recording_of(single))


def test_everything_that_stands_in_the_way(plan: Callable[..., LoadPlan], folder: Path) -> None:
    made = plan()
    script = replace(made.service.script, digest="another")
    (folder / "two").unlink()
    with pytest.raises(PlanError) as caught:
        resume_load_plan(
            recording_of(made, redacted=True, service=replace(made.service, script=script))
        )
    text = str(caught.value)
    assert "credentials were not recorded" in text
    assert "the candidate's interpreter is gone" in text
    assert "the service is not what it was when the run began" in text
    assert len(caught.value.problems) == 3


def test_an_app_of_ones_own_may_change(plan: Callable[..., LoadPlan], folder: Path) -> None:
    """Its source is anywhere: nobody can tell."""
    made = plan(app="shop:app")
    (folder / "shop.py").touch()
    assert resume_load_plan(recording_of(made)).service == made.service


def test_workers_from_elsewhere_cannot_find_it_again(plan: Callable[..., LoadPlan]) -> None:
    made = plan(expect_workers=2, bind="10.0.0.1", port=5557)
    with pytest.raises(PlanError, match="workers on other machines"):
        resume_load_plan(recording_of(made))
