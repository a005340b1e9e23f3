from __future__ import annotations

import os
import zipfile
from typing import TYPE_CHECKING
from urllib.parse import urlsplit
from urllib.request import url2pathname

import pytest
from hypothesis import given
from hypothesis import strategies as st

from perfkit.errors import ProvisionError
from perfkit.provision.environments import default_installer
from perfkit.provision.local import LocalProject, as_local, as_wheel, tree_digest

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from perfkit.provision.installer import Lock
    from perfkit.variant import Interpreter


class FakeBuilder:
    """Puts the project's ``.py`` files into a wheel."""

    def __init__(self) -> None:
        self.built = 0

    @property
    def name(self) -> str:
        return "fake"

    def build_wheel(self, interpreter: Interpreter, source: Path, into: Path) -> None:  # noqa: ARG002
        self.built += 1
        with zipfile.ZipFile(into / "demo-1-py3-none-any.whl", "w") as wheel:
            for file in source.glob("*.py"):
                wheel.write(file, file.name)

    def resolve(
        self,
        interpreter: Interpreter,
        requirements: Sequence[str],
        *,
        prefer: Mapping[str, str],
        wheels_only: bool,
        work: Path,
    ) -> Lock:
        raise NotImplementedError

    def install(
        self, interpreter: Interpreter, lock: Lock, folder: Path, *, wheels_only: bool
    ) -> None:
        raise NotImplementedError


@pytest.fixture
def project(tmp_path: Path) -> Path:
    folder = tmp_path / "project"
    folder.mkdir()
    (folder / "pyproject.toml").write_text("[project]\nname = 'demo'\n", encoding="utf-8")
    (folder / "demo.py").write_text("VALUE = 1\n", encoding="utf-8")
    return folder


def test_local_requirements_are_recognised(tmp_path: Path) -> None:
    assert as_local(str(tmp_path)) == LocalProject(path=tmp_path, extras="")
    assert as_local(f"{tmp_path}[fast,a]") == LocalProject(path=tmp_path, extras="[fast,a]")
    assert as_local(f"demo[b,a] @ {tmp_path.as_uri()}") == LocalProject(
        path=tmp_path, extras="[a,b]"
    )
    for text in ("six", "six==1", "demo @ https://x.example/demo.whl", ".", "./here", "six=1"):
        assert as_local(text) is None


def test_the_digest_goes_by_contents(project: Path) -> None:
    before = tree_digest(project)
    (project / "demo.py").write_text("VALUE = 2\n", encoding="utf-8")
    changed = tree_digest(project)
    assert changed != before
    (project / "demo.py").write_text("VALUE = 1\n", encoding="utf-8")
    assert tree_digest(project) == before
    os.utime(project / "demo.py", (0, 0))
    assert tree_digest(project) == before
    (project / "demo.py").rename(project / "other.py")
    assert tree_digest(project) != before


@pytest.mark.parametrize(
    "litter",
    [".git/index", "__pycache__/demo.pyc", "pkg/__pycache__/x.pyc", "build/lib/demo.py",
     "dist/demo.whl", "demo.egg-info/PKG-INFO", ".venv/pyvenv.cfg", "any/pyvenv.cfg",
     "reports/run/recording.jsonl", ".mypy_cache/x", "node_modules/x/y"],
)  # fmt: skip
def test_what_tools_leave_does_not_count(project: Path, litter: str) -> None:
    before = tree_digest(project)
    file = project / litter
    file.parent.mkdir(parents=True)
    file.write_text("litter", encoding="utf-8")
    (file.parent / "more.txt").write_text("litter", encoding="utf-8")
    assert tree_digest(project) == before


def test_a_package_called_build_does_count(project: Path) -> None:
    before = tree_digest(project)
    (project / "demo" / "build").mkdir(parents=True)
    (project / "demo" / "build" / "__init__.py").write_text("", encoding="utf-8")
    assert tree_digest(project) != before


@given(contents=st.binary(max_size=50))
def test_a_single_file_has_a_digest(
    contents: bytes, tmp_path_factory: pytest.TempPathFactory
) -> None:
    file = tmp_path_factory.mktemp("sdist") / "demo-1.tar.gz"
    file.write_bytes(contents)
    first = tree_digest(file)
    file.write_bytes(contents + b"!")
    assert tree_digest(file) != first


def test_a_project_is_built_once_a_state(
    project: Path, tmp_path: Path, python312: Interpreter, python313: Interpreter
) -> None:
    builder = FakeBuilder()

    def wheel(interpreter: Interpreter) -> str:
        return as_wheel(
            LocalProject(path=project, extras="[fast]"),
            interpreter=interpreter,
            installer=builder,
            cache=tmp_path / "cache",
        )

    first = wheel(python312)
    assert first.startswith("demo[fast] @ file:")
    assert wheel(python312) == first
    assert builder.built == 1
    # The same contents for another Python are one wheel, and so may be one environment.
    assert wheel(python313) == first
    assert builder.built == 2
    (project / "README").write_text("not in the wheel", encoding="utf-8")
    assert wheel(python312) == first
    (project / "demo.py").write_text("VALUE = 2\n", encoding="utf-8")
    assert wheel(python312) != first


def test_a_wheel_is_taken_as_it_is(tmp_path: Path, python312: Interpreter) -> None:
    path = tmp_path / "Demo_Tool-1.0-py3-none-any.whl"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("demo_tool.py", "")
    builder = FakeBuilder()
    text = as_wheel(
        LocalProject(path=path, extras=""),
        interpreter=python312,
        installer=builder,
        cache=tmp_path / "cache",
    )
    assert text.startswith("demo-tool @ file:")
    assert builder.built == 0


def test_what_cannot_be_a_project_is_refused(tmp_path: Path, python312: Interpreter) -> None:
    for path, words in ((tmp_path / "none", "no such local"), (tmp_path, "no Python project")):
        with pytest.raises(ProvisionError, match=words) as caught:
            as_wheel(
                LocalProject(path=path, extras=""),
                interpreter=python312,
                installer=FakeBuilder(),
                cache=tmp_path / "cache",
            )
        assert caught.value.got == str(path)
        assert caught.value.remedy


@pytest.mark.parametrize("name", ["demo-1-py3-none-any.whl", "demo.whl"])
def test_a_wheel_that_is_none_is_refused(tmp_path: Path, python312: Interpreter, name: str) -> None:
    (tmp_path / name).write_text("no zip", encoding="utf-8")
    with pytest.raises(ProvisionError, match="cannot be read"):
        as_wheel(
            LocalProject(path=tmp_path / name, extras=""),
            interpreter=python312,
            installer=FakeBuilder(),
            cache=tmp_path / "cache",
        )


@pytest.mark.slow
@pytest.mark.parametrize("installer", ["uv", "pip"])
def test_setuptools_builds_beside_the_project(
    installer: str,
    project: Path,
    tmp_path: Path,
    python312: Interpreter,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """What an earlier build left in ``build/lib`` is not in the wheel; nothing new goes there."""
    monkeypatch.setenv("PERFKIT_INSTALLER", installer)
    (project / "pyproject.toml").write_text(
        '[build-system]\nrequires = ["setuptools"]\nbuild-backend = "setuptools.build_meta"\n'
        '[project]\nname = "demo"\nversion = "1"\n[tool.setuptools]\npy-modules = ["demo"]\n',
        encoding="utf-8",
    )
    stale = project / "build" / "lib" / "gone.py"
    stale.parent.mkdir(parents=True)
    stale.write_text("VALUE = 0\n", encoding="utf-8")
    cache = tmp_path / "cache"
    text = as_wheel(
        LocalProject(path=project, extras=""),
        interpreter=python312,
        installer=default_installer(cache),
        cache=cache,
    )
    with zipfile.ZipFile(url2pathname(urlsplit(text.partition(" @ ")[2]).path)) as wheel:
        modules = {name for name in wheel.namelist() if name.endswith(".py")}
    assert modules == {"demo.py"}
    assert list((project / "build").rglob("*.py")) == [stale]
