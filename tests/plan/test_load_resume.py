"""The plan that goes on with a recorded load run."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from perfkit.errors import PlanError
from perfkit.plan.load import make_load_plan
from perfkit.plan.load_program import sources_of, unchecked
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
    assert resume_load_plan(recording_of(made)) == replace(made, download=False, notes=())


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


SCENARIO = "model: closed\nstart: 1\nstages: [{name: hold, duration: 1s, users: 1}]\nscenario: "


def begun(plan: LoadPlan) -> LoadRecording:
    """As `recording_of`, with the program that there was."""
    return recording_of(plan, sources=sources_of(plan.service, plan.profile, plan.cwd))


@pytest.mark.parametrize(
    ("app", "changed", "refused"),
    [
        ("shop:app", "shop.py", True),
        ("shop:app", "beside.py", True),
        ("pack.api:app", "pack/__init__.py", True),
        ("pack.api:app", "pack/deep/inner.py", True),
        ("pack.api:app", "pack/data.json", False),
        ("shop:app", "pack/api.py", False),
        ("elsewhere:app", "pack/api.py", False),
    ],
)
def test_an_app_that_has_changed_is_not_gone_on_with(
    plan: Callable[..., LoadPlan], folder: Path, app: str, changed: str, *, refused: bool
) -> None:
    (folder / "pack" / "deep").mkdir(parents=True)
    for name in ("shop.py", "beside.py", "pack/__init__.py", "pack/api.py", "pack/deep/inner.py"):
        (folder / name).touch()
    known = begun(plan(app=app))
    assert resume_load_plan(known).service.target == app
    (folder / changed).write_text("slower = True")
    if refused:
        with pytest.raises(PlanError, match=f"the app {app} is not what it was"):
            resume_load_plan(known)
        old = replace(known, run=replace(known.run, sources=None))
        assert unchecked(old.run) == (f"the app {app}",)
        known = old  # of a perfkit that did not look
    resume_load_plan(known)


def test_an_app_that_is_gone_is_not_gone_on_with(
    plan: Callable[..., LoadPlan], folder: Path
) -> None:
    (folder / "shop.py").touch()
    known = begun(plan(app="shop:app"))
    (folder / "shop.py").unlink()
    with pytest.raises(PlanError, match="the app shop:app is not what it was"):
        resume_load_plan(known)


def test_a_locust_file_that_has_changed_is_not_gone_on_with(
    plan: Callable[..., LoadPlan], folder: Path
) -> None:
    (folder / "users.py").touch()
    (folder / "mine.yaml").write_text(SCENARIO + "{locustfile: users.py}")
    known = begun(plan(profile="./mine.yaml"))
    resume_load_plan(known)
    (folder / "users.py").write_text("wait = 1")
    with pytest.raises(PlanError, match="the Locust file is not what it was"):
        resume_load_plan(known)


def test_nothing_is_known_of_a_command(plan: Callable[..., LoadPlan]) -> None:
    known = begun(plan(command="python serve.py {port}"))
    assert known.run.sources == ()
    assert unchecked(known.run) == ("what the command starts",)
    resume_load_plan(known)


def test_workers_from_elsewhere_cannot_find_it_again(plan: Callable[..., LoadPlan]) -> None:
    made = plan(expect_workers=2, bind="10.0.0.1", port=5557)
    with pytest.raises(PlanError, match="workers on other machines"):
        resume_load_plan(recording_of(made))
