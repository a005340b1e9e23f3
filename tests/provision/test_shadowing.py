from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from perfkit.benchmark import Script
from perfkit.provision.shadowing import hidden_modules, installed_modules
from perfkit.variant import Environment

if TYPE_CHECKING:
    from pathlib import Path


def installed(folder: Path, url: str, record: str) -> Environment:
    site = folder / "venv" / "lib" / "python3.12" / "site-packages"
    info = site / "scikit_x-1.dist-info"
    info.mkdir(parents=True)
    (info / "direct_url.json").write_text(json.dumps({"url": url}))
    (info / "RECORD").write_text(record)
    python = folder / "venv" / "bin" / "python"
    return Environment(python=python, packages=(), built_with="uv", reused=False)


def script(folder: Path) -> Script:
    return Script(
        path=folder / "bm_x.py",
        label="bm_x",
        arguments=(),
        requirements=(),
        pins=(),
        requires_python=None,
        digest="0",
    )


RECORD = "skx/__init__.py,,\nskx/core.py,,\n_skx.cpython-312.so,,\nscikit_x-1.dist-info/RECORD,,\n"


@pytest.mark.parametrize(
    ("beside", "hidden"),
    [
        ("skx/__init__.py", ("skx",)),
        ("skx/core.py", ("skx",)),
        ("_skx.py", ("_skx",)),
        ("skx/data.txt", ()),
        ("other/__init__.py", ()),
        ("scikit_x/__init__.py", ()),
    ],
)
def test_modules_beside_a_script(tmp_path: Path, beside: str, hidden: tuple[str, ...]) -> None:
    """By what the wheel holds, whatever the project is called."""
    environment = installed(tmp_path, "file:///wheels/scikit_x.whl", RECORD)
    place = tmp_path / "top" / beside
    place.parent.mkdir(parents=True)
    place.touch()
    assert hidden_modules(script(tmp_path / "top"), environment) == hidden


def test_modules_that_were_installed_from_a_file(tmp_path: Path) -> None:
    more = "ns/part/__init__.py,,\nskx/data.txt,,\n../../../bin/skx,,\nskx/fast.cp312.so,,\n"
    environment = installed(tmp_path, "file:///wheels/scikit_x.whl", RECORD + more)
    other = installed(tmp_path / "other", "https://example.org/o.whl", "other/__init__.py,,\n")
    names = {"skx", "skx.core", "_skx", "ns.part", "skx.fast"}
    assert installed_modules(environment, other) == names


def test_what_came_from_an_index_may_lie_there(tmp_path: Path) -> None:
    environment = installed(tmp_path, "https://example.org/skx.whl", RECORD)
    (tmp_path / "skx").mkdir()
    (tmp_path / "skx" / "__init__.py").touch()
    assert hidden_modules(script(tmp_path), environment) == ()


def test_what_cannot_be_read_hides_nothing(tmp_path: Path) -> None:
    environment = installed(tmp_path, "file:///x", RECORD)
    for info in tmp_path.rglob("direct_url.json"):
        info.write_text("{")
    assert hidden_modules(script(tmp_path), environment) == ()
