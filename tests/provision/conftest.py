from __future__ import annotations

import json
import stat
from typing import TYPE_CHECKING, Protocol

import pytest

from perfkit.benchmark import Script
from perfkit.provision.interpreters import find_interpreter, parse_spec
from perfkit.variant import Interpreter, Side, Variant

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture(scope="session")
def python312(cache: Path) -> Interpreter:
    return find_interpreter(parse_spec("3.12"), download=False, cache=cache)


@pytest.fixture(scope="session")
def python313(cache: Path) -> Interpreter:
    return find_interpreter(parse_spec("3.13"), download=False, cache=cache)


class MakeVariant(Protocol):
    def __call__(self, side: Side, *requirements: str) -> Variant: ...


@pytest.fixture
def variant(python312: Interpreter, python313: Interpreter) -> MakeVariant:
    """The baseline is 3.12, the candidate 3.13."""

    def make(side: Side, *requirements: str) -> Variant:
        return Variant(
            side=side,
            interpreter=python312 if side is Side.BASELINE else python313,
            requirements=requirements,
            environ=(),
            flags=(),
        )

    return make


class MakeScript(Protocol):
    def __call__(
        self, *requirements: str, pins: tuple[str, ...] = ..., requires_python: str | None = ...
    ) -> Script: ...


@pytest.fixture
def script(tmp_path: Path) -> MakeScript:
    def make(
        *requirements: str, pins: tuple[str, ...] = (), requires_python: str | None = None
    ) -> Script:
        return Script(
            path=tmp_path / "bm_demo.py",
            label="bm_demo",
            arguments=(),
            requirements=requirements,
            pins=pins,
            requires_python=requires_python,
            digest="0",
        )

    return make


class MakeFake(Protocol):
    def __call__(self, path: Path, version: str, **facts: object) -> Path: ...


@pytest.fixture
def fake_python() -> MakeFake:
    """An executable that answers perfkit's question as an interpreter that is not here would."""

    def make(path: Path, version: str, **facts: object) -> Path:
        answer = {
            "executable": str(path),
            "base_executable": str(path),
            "implementation": "cpython",
            "version": version,
            "free_threaded": False,
            "build": f"{version} (fake)",
            "config_args": "",
            "platform": "linux-x86_64",
        } | facts
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"#!/bin/sh\ncat <<'END'\n{json.dumps(answer)}\nEND\n", encoding="utf-8")
        path.chmod(path.stat().st_mode | stat.S_IXUSR)
        return path

    return make
