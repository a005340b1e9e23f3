from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from packaging.version import Version

from perfkit.errors import InterpreterNotFoundError, ProvisionError
from perfkit.provision import interpreters
from perfkit.provision.interpreters import (
    Source,
    choose,
    find_all,
    find_interpreter,
    next_minor,
    parse_spec,
)
from perfkit.variant import Interpreter

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from conftest import MakeFake

Stages = tuple[tuple[Source, ...], ...]


def stages(*groups: Sequence[Path]) -> Stages:
    return tuple(
        (Source(name=f"stage{number}", executables=lambda group=group: group),)
        for number, group in enumerate(groups)
    )


def find(text: str, where: Stages, cache: Path | None = None) -> Interpreter:
    return find_interpreter(parse_spec(text), download=False, cache=cache, stages=where)


def interpreter(version: str, **other: Any) -> Interpreter:
    facts: dict[str, Any] = {
        "executable": f"/opt/{version}/bin/python",
        "implementation": "cpython",
        "version": version,
        "free_threaded": False,
        "build": version,
        "config_args": "",
        "platform": "linux-x86_64",
        "found_by": "fake",
    }
    return Interpreter(**(facts | other))


versions = st.builds(
    "3.{}.{}{}".format,
    st.integers(min_value=11, max_value=13),
    st.integers(min_value=0, max_value=20),
    st.sampled_from(["", "", "a1", "b2", "rc1"]),
)
many = st.lists(
    st.builds(
        lambda version, threaded, implementation: interpreter(
            version, free_threaded=threaded, implementation=implementation
        ),
        versions,
        st.booleans(),
        st.sampled_from(["cpython", "cpython", "pypy"]),
    )
)


@given(candidates=many, text=st.sampled_from(["3.12", "3.13t", "pypy3.11", "3.12.4"]))
def test_the_highest_final_release_that_fits_wins(candidates: list[Interpreter], text: str) -> None:
    spec = parse_spec(text)
    fitting = [
        Version(c.version)
        for c in candidates
        if c.free_threaded == spec.free_threaded
        and c.implementation == spec.implementation
        and Version(c.version).release[: len(spec.release)] == spec.release
    ]
    chosen = choose(spec, candidates)
    if not fitting:
        assert chosen is None
        return
    assert chosen is not None
    assert chosen.free_threaded == spec.free_threaded
    assert chosen.implementation == spec.implementation
    final = [version for version in fitting if not version.is_prerelease]
    assert Version(chosen.version) == max(final or fitting)


def test_release_builds_win_over_debug_builds() -> None:
    debug = interpreter("3.12.9", config_args="'--with-pydebug'")
    assert choose(parse_spec("3.12"), [debug, interpreter("3.12.1")]) == interpreter("3.12.1")


def test_path_is_searched_only_when_the_managers_have_none(
    tmp_path: Path, fake_python: MakeFake
) -> None:
    managed = fake_python(tmp_path / "a" / "python", "3.12.1")
    on_path = fake_python(tmp_path / "b" / "python", "3.12.9")
    assert find("3.12", stages([managed], [on_path])).version == "3.12.1"
    assert find("3.12.9", stages([managed], [on_path])).found_by == "stage1"


def test_a_prerelease_does_not_end_the_search(tmp_path: Path, fake_python: MakeFake) -> None:
    managed = fake_python(tmp_path / "a" / "python", "3.14.0rc2")
    on_path = fake_python(tmp_path / "b" / "python", "3.14.0")
    assert find("3.14", stages([managed], [on_path])).version == "3.14.0"
    assert find("3.14", stages([managed], [])).version == "3.14.0rc2"


def test_free_threaded_only_when_asked(tmp_path: Path, fake_python: MakeFake) -> None:
    threaded = fake_python(tmp_path / "t" / "python", "3.13.5", free_threaded=True)
    plain = fake_python(tmp_path / "p" / "python", "3.13.0")
    where = stages([threaded, plain])
    assert find("3.13", where).version == "3.13.0"
    assert find("3.13t", where).label == "3.13.5t"
    with pytest.raises(InterpreterNotFoundError):
        find("3.13", stages([threaded]))


def test_broken_executables_are_skipped(tmp_path: Path, fake_python: MakeFake) -> None:
    broken = tmp_path / "broken"
    broken.write_text("#!/bin/sh\nexit 127\n", encoding="utf-8")
    broken.chmod(0o755)
    silent = tmp_path / "silent"
    silent.write_text("#!/bin/sh\n", encoding="utf-8")
    silent.chmod(0o755)
    gone = tmp_path / "gone"
    good = fake_python(tmp_path / "python", "3.12.1")
    assert find("3.12", stages([broken, silent, gone, good])).version == "3.12.1"


def test_answers_are_remembered_until_the_file_changes(
    tmp_path: Path, fake_python: MakeFake, monkeypatch: pytest.MonkeyPatch
) -> None:
    python = fake_python(tmp_path / "python", "3.12.1")
    cache = tmp_path / "cache"
    assert find("3.12", stages([python]), cache).version == "3.12.1"
    with monkeypatch.context() as patch:
        patch.setattr(subprocess, "run", _forbidden)
        assert find("3.12", stages([python]), cache).version == "3.12.1"
    fake_python(python, "3.12.10")
    assert find("3.12", stages([python]), cache).version == "3.12.10"


@pytest.mark.parametrize("damage", ["", "{", "[]", '{"schema": 0}', '{"schema": 1}'])
def test_a_damaged_memory_is_ignored(tmp_path: Path, fake_python: MakeFake, damage: str) -> None:
    (tmp_path / "interpreters.json").write_text(damage, encoding="utf-8")
    python = fake_python(tmp_path / "python", "3.12.1")
    assert find("3.12", stages([python]), tmp_path).version == "3.12.1"


def test_a_missing_version_says_everything(tmp_path: Path, fake_python: MakeFake) -> None:
    python = fake_python(tmp_path / "python", "3.12.1")
    with pytest.raises(InterpreterNotFoundError) as caught:
        find("3.99", stages([python]))
    text = str(caught.value)
    for part in ("3.99", "stage0", "3.12.1", str(python), "uv python install 3.99", "path"):
        assert part in text


def test_uv_installs_what_is_missing(
    tmp_path: Path, fake_python: MakeFake, monkeypatch: pytest.MonkeyPatch
) -> None:
    python = tmp_path / "python"

    def install(command: list[str], **_: object) -> str:
        assert command[1:] == ["python", "install", "3.99"]
        fake_python(python, "3.99.0")
        return ""

    monkeypatch.setattr(interpreters, "run_tool", install)
    where: Stages = ((Source(name="uv", executables=lambda: [python] if python.exists() else []),),)
    found = find_interpreter(parse_spec("3.99"), download=True, stages=where)
    assert found.version == "3.99.0"


def test_a_failed_installation_gives_uvs_words(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(_command: list[str], **_: object) -> str:
        raise ProvisionError("uv failed", output="error: no download found")

    monkeypatch.setattr(interpreters, "run_tool", fail)
    with pytest.raises(InterpreterNotFoundError) as caught:
        find_interpreter(parse_spec("3.99"), download=True, stages=())
    assert caught.value.output == "error: no download found"
    assert "uv could not install it" in str(caught.value)


def test_a_version_no_one_has_makes_uv_say_so() -> None:
    # Really runs uv; it knows its downloads by heart, so no network is needed for this answer.
    with pytest.raises(InterpreterNotFoundError) as caught:
        find_interpreter(parse_spec("3.99"), download=True, stages=())
    assert "3.99" in caught.value.output


def test_both_real_interpreters_are_found(python312: Interpreter, python313: Interpreter) -> None:
    assert Version(python312.version).release[:2] == (3, 12)
    assert Version(python313.version).release[:2] == (3, 13)
    assert not python312.free_threaded
    assert os.path.realpath(python312.executable) == python312.executable
    assert next_minor(python312) == "3.13"


def test_dead_shims_are_never_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ran = tmp_path / "ran"
    for folder in (tmp_path / "shims", tmp_path / "plugins" / "virtualenv" / "shims"):
        folder.mkdir(parents=True)
        for name in ("python", "python3", "python3.12", "python3.99"):
            shim = folder / name
            shim.write_text(f"#!/bin/sh\ntouch {ran}\nexit 127\n", encoding="utf-8")
            shim.chmod(0o755)
        monkeypatch.setenv("PATH", str(folder), prepend=os.pathsep)
    assert find_interpreter(parse_spec("3.12"), download=False).version.startswith("3.12.")
    with pytest.raises(InterpreterNotFoundError):
        find_interpreter(parse_spec("3.99"), download=False)
    assert find_all()
    assert not ran.exists()


def test_find_all_lists_each_once_with_its_finder() -> None:
    found = find_all()
    assert len({i.executable for i in found}) == len(found)
    assert all(i.found_by and Version(i.version).release >= (3, 9) for i in found)
    minors = {Version(i.version).release[:2] for i in found if i.implementation == "cpython"}
    assert {(3, 12), (3, 13)} <= minors


@pytest.mark.parametrize("copies", [False, True])
def test_a_virtual_environment_is_kept_as_path_and_resolved_as_version(
    tmp_path: Path,
    python312: Interpreter,
    copies: bool,  # noqa: FBT001
) -> None:
    venv = tmp_path / "venv"
    options = ["--copies"] if copies else ["--symlinks"]
    subprocess.run(
        [python312.executable, "-m", "venv", "--without-pip", *options, str(venv)], check=True
    )
    python = venv / "bin" / "python"
    for spec in (venv, python):
        kept = find_interpreter(parse_spec(str(spec)), download=False)
        assert kept.executable == str(python)
        assert kept.found_by == "venv"
        assert kept.version == python312.version
    assert next_minor(parse_spec(str(venv))) == "3.13"
    resolved = find("3.12", stages([python]))
    assert not resolved.executable.startswith(str(tmp_path))
    assert os.path.realpath(resolved.executable) == os.path.realpath(python312.executable)


def test_an_installation_folder_is_a_path(python312: Interpreter) -> None:
    prefix = os.path.dirname(os.path.dirname(python312.executable))  # noqa: PTH120
    found = find_interpreter(parse_spec(prefix), download=False)
    assert found.executable == python312.executable


def test_a_path_without_python_is_an_error(tmp_path: Path, fake_python: MakeFake) -> None:
    with pytest.raises(ProvisionError, match="no working Python"):
        find_interpreter(parse_spec(str(tmp_path)), download=True)
    old = fake_python(tmp_path / "old", "3.8.18")
    with pytest.raises(ProvisionError, match=r"3\.8\.18 cannot be measured"):
        find_interpreter(parse_spec(str(old)), download=True)


def test_the_running_python_answers_about_itself() -> None:
    found = find_interpreter(parse_spec(sys.executable), download=False)
    assert found.version.startswith(f"{sys.version_info[0]}.{sys.version_info[1]}.")
    assert found.implementation == sys.implementation.name
    assert found.build == " ".join(sys.version.split())


def _forbidden(*_: object, **__: object) -> None:
    raise AssertionError("a process was started")
