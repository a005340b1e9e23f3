"""The engine of a load run, as planned and as gone on with."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from perfkit.errors import PlanError
from perfkit.plan.load import make_load_plan
from perfkit.plan.load_engine import engine_changed

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from perfkit.plan.load_value import LoadPlan

    Make = Callable[..., LoadPlan]

POISSON = """
model: open
start: 20
stages: [{name: hold, duration: 4s, rate: 20}]
arrivals: poisson
users: 600
scenario: {setup: [{name: in, get: /in}], requests: [{get: /}]}
"""


@pytest.fixture
def k6(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    path = tmp_path / "bin" / "k6"
    path.parent.mkdir()
    path.write_text("#!/bin/sh\necho 'k6 v1.1.0 (commit/0, go1.24.4, linux/amd64)'\n")
    path.chmod(0o755)
    monkeypatch.setenv("PATH", f"{path.parent}:/usr/bin:/bin")
    return path


@pytest.fixture
def plan(machine: None, folder: Path) -> Make:
    del machine
    for name in ("one", "two"):
        (folder / name).touch()
    (folder / "poisson.yaml").write_text(POISSON)

    def make(mode: str | None = None, /, **options: Any) -> LoadPlan:
        return make_load_plan({"engine": "k6", **options}, mode=mode, cwd=folder)

    return make


def test_the_version_is_k6s_own(plan: Make, k6: Path) -> None:
    made = plan(profile="smoke")
    method = made.method
    assert (method.engine, method.engine_version) == ("k6", "1.1.0")
    assert method.generator == "go1.24.4, linux/amd64"
    assert method.workers == 1
    assert made.profile.sliced  # nothing to take turns with
    assert engine_changed(method) is None
    k6.write_text(k6.read_text().replace("1.1.0", "1.2.0"))
    problem = engine_changed(method)
    assert problem is not None
    assert "never put together" in problem.what
    assert (problem.got, problem.allowed) == ("k6 1.2.0", "k6 1.1.0")
    k6.unlink()
    assert "not on PATH" in str(engine_changed(method))


@pytest.mark.usefixtures("k6")
def test_two_variants_are_measured_one_after_the_other(plan: Make) -> None:
    two = {"profile": "smoke", "baseline": "./one", "candidate": "./two"}
    assert not plan(**two).profile.sliced
    assert plan(engine="locust", **two).profile.sliced


def test_everything_k6_cannot_do_is_said_at_once(
    plan: Make, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(folder))
    with pytest.raises(PlanError) as caught:
        plan(
            profile="poisson.yaml",
            baseline="./one",
            candidate="./two",
            workers="2",
            window="1s",
        )
    said = "\n".join(map(str, caught.value.problems))
    for word in ("not on PATH", "evenly", "600 users", "--workers 2", "--window is a turn"):
        assert word in said
    assert len(caught.value.problems) == 5


def test_an_engine_that_nobody_knows(plan: Make) -> None:
    with pytest.raises(PlanError, match="locust, k6"):
        plan(profile="smoke", engine="wrk")


def test_another_locust_does_not_go_on(plan: Make) -> None:
    method = plan(profile="smoke", engine="locust").method
    assert engine_changed(method) is None
    problem = engine_changed(replace(method, engine_version="1.0"))
    assert problem is not None
    assert problem.allowed == "locust 1.0"
