"""Finding k6, and what it cannot do."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from perfkit.errors import PerfkitError
from perfkit.loadtest.engines import make_generator
from perfkit.loadtest.generator import EngineError, Generator
from perfkit.loadtest.k6.program import find_k6, k6_problems

if TYPE_CHECKING:
    from collections.abc import Callable

PROFILE = """
model: open
start: 5
stages: [{name: hold, duration: 1s, rate: 5}]
users: 2
arrivals: poisson
scenario: {setup: [{name: in, get: /in}], requests: [{name: a, get: /}]}
"""


@pytest.fixture
def fake(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], Path]:
    """Put a k6 on PATH that says something."""

    def make(said: str) -> Path:
        path = tmp_path / "k6"
        path.write_text(f"#!/bin/sh\necho '{said}'\n")
        path.chmod(0o755)
        monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
        return path

    return make


@pytest.mark.parametrize(
    ("said", "version", "built", "quiet"),
    [
        (
            "k6 v1.1.0 (commit/0e3fb953be, go1.24.4, linux/amd64)",
            *("1.1.0", "go1.24.4, linux/amd64", "--no-summary"),
        ),
        (
            "k6 v2.2.0 (go1.26.0, linux/amd64)",
            *("2.2.0", "go1.26.0, linux/amd64", "--summary-mode=disabled"),
        ),
        (
            "k6 v2.0.0-rc1 (commit/devel, go1.26.0, darwin/arm64)\nExtensions: none",
            *("2.0.0-rc1", "go1.26.0, darwin/arm64", "--summary-mode=disabled"),
        ),
    ],
)
def test_versions(
    fake: Callable[[str], Path], said: str, version: str, built: str, quiet: str
) -> None:
    path = fake(said)
    found = find_k6()
    assert (found.path, found.version, found.built) == (path, version, built)
    assert found.quiet == (quiet,)


@pytest.mark.parametrize("said", ["k6 v0.57.0 (go1.23, linux/amd64)", "hello", ""])
def test_another_program_of_that_name(fake: Callable[[str], Path], said: str) -> None:
    fake(said)
    with pytest.raises(PerfkitError, match="cannot be used"):
        find_k6()


def test_none(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(PerfkitError, match="not on PATH") as caught:
        find_k6()
    assert "install" in (caught.value.remedy or "")


def test_what_k6_cannot_do_is_said_at_once(tools: Any) -> None:
    profile = tools.profile(PROFILE)
    file = replace(profile, scenario=replace(profile.scenario, locustfile=Path("/l.py")))
    said = [str(one) for one in k6_problems(file, users=501)]
    assert len(said) == 3
    assert [word in text for word, text in zip(("Locust", "evenly", "501"), said, strict=True)]
    assert k6_problems(tools.profile(PROFILE.replace("poisson", "uniform")), users=500) == []


def test_the_engine_is_chosen_by_its_name(tools: Any) -> None:
    spec = tools.spec(PROFILE, "http://h")
    assert isinstance(make_generator(replace(spec, engine="locust")), Generator)
    with pytest.raises(ValueError, match="no engine"):
        make_generator(replace(spec, engine="wrk"))
    with pytest.raises(EngineError, match="evenly"), make_generator(spec):
        pass
    two = replace(spec, targets=("http://h", "http://i"))
    with pytest.raises(EngineError, match="one service"), make_generator(two):
        pass


def test_it_is_an_engine_error_when_k6_has_gone(
    tools: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    spec = tools.spec(PROFILE.replace("poisson", "uniform"), "http://h")
    with pytest.raises(EngineError, match="not on PATH"), make_generator(spec):
        pass
    assert not spec.events[0].exists()
