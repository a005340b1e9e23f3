from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from perfkit.errors import InterpreterNotFoundError
from perfkit.plan import make_plan
from perfkit.variant import Interpreter

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from perfkit.plan import Plan
    from perfkit.provision.specs import PythonSpec

PRESENT = {"3.9", "3.11", "3.12", "3.12.1", "3.13", "3.13t", "3.14t"}


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The user's own cache stays as it is."""
    monkeypatch.setenv("PERFKIT_CACHE", str(tmp_path / "cache"))


@pytest.fixture
def downloads() -> list[bool]:
    """Whether each look for an interpreter was allowed to install one."""
    return []


@pytest.fixture
def machine(monkeypatch: pytest.MonkeyPatch, downloads: list[bool]) -> None:
    """A machine with a known set of interpreters, none of which is run."""

    def find(spec: PythonSpec, *, download: bool, cache: object = None) -> Interpreter:
        del cache
        downloads.append(download)
        if spec.path is None and spec.text not in PRESENT:
            raise InterpreterNotFoundError(f"Python {spec.text} was not found", remedy="install it")
        return Interpreter(
            executable=str(spec.path or f"/pythons/{spec.text}"),
            implementation="cpython",
            version=f"{'.'.join(map(str, spec.release))}.0" if spec.path is None else "3.11.7",
            free_threaded=spec.free_threaded,
            build="",
            config_args="",
            platform="linux-x86_64",
            found_by="test",
        )

    monkeypatch.setattr("perfkit.provision.interpreters.find_interpreter", find)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A current folder with one benchmark."""
    (tmp_path / "benchmarks").mkdir()
    (tmp_path / "benchmarks" / "bm_one.py").write_text('"""One."""\n')
    return tmp_path


@pytest.fixture
def plan(machine: None, folder: Path) -> Callable[..., Plan]:
    """Make a plan in the folder; the baseline is 3.12 unless said otherwise."""
    del machine

    def make(command: str = "compare", /, **options: Any) -> Plan:
        if command == "compare":
            options = {"baseline": "3.12", **options}
        return make_plan(options, command=command, cwd=folder)

    return make


@pytest.fixture
def settings(folder: Path) -> Callable[[str], None]:
    """Write ``[tool.perfkit]`` of the folder's pyproject.toml."""

    def write(text: str) -> None:
        (folder / "pyproject.toml").write_text(f"[tool.perfkit]\n{text}")

    return write
