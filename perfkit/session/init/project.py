"""What a folder is to ``perfkit init``: its repository, its package, what CI should install."""

from __future__ import annotations

import json
import keyword
import re
import sys
import tomllib
from contextlib import suppress
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from packaging.requirements import InvalidRequirement, Requirement

from perfkit.errors import PerfkitError

_SOURCES = ("src", "", "lib", "python")
_NO_PACKAGE = {
    "tests",
    "test",
    "docs",
    "doc",
    "benchmarks",
    "examples",
    "scripts",
    "tools",
    "build",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Project:
    """Facts about a folder.

    Attributes:
        folder: The folder itself; holds ``pyproject.toml`` and ``benchmarks/``.
        repository: Top of its git work tree, or None when it is in none.
        package: Name that its own package is imported by, or None when it could not be told.
    """

    folder: Path
    repository: Path | None
    package: str | None

    @property
    def below(self) -> str:
        """Where the folder lies in its repository, with slashes; empty at the top."""
        inside = self.folder.relative_to(self.repository or self.folder).as_posix()
        return "" if inside == "." else inside


def look_at(folder: Path) -> Project:
    """Find out what can be found out without running anything."""
    folder = folder.resolve()
    places = (folder, *folder.parents)
    repository = next((place for place in places if (place / ".git").exists()), None)
    return Project(folder=folder, repository=repository, package=_package(folder))


def own_requirement() -> tuple[str, bool]:
    """How to install the perfkit that runs, and whether that is where it came from.

    A perfkit from a folder or a file here cannot be had elsewhere: its version has to do. Nor is
    a URL repeated that holds credentials.
    """
    from perfkit import __version__

    with suppress(metadata.PackageNotFoundError, ValueError, TypeError, KeyError):
        text = metadata.distribution("perfkit").read_text("direct_url.json")
        if text is None:
            return f"perfkit=={__version__}", True
        origin = json.loads(text)
        url, vcs = str(origin["url"]), origin.get("vcs_info")
        remote = urlsplit(url).scheme in {"http", "https", "ssh"} and "@" not in url
        if remote and vcs:
            return f"perfkit @ {vcs['vcs']}+{url}@{vcs['commit_id']}", True
        if remote:
            return f"perfkit @ {url}", True
    return f"perfkit=={__version__}", False


def checked_requirement(text: str) -> str:
    """Insist on a requirement that can stand in a workflow.

    Raises:
        PerfkitError: It is none.
    """
    try:
        Requirement(text)
        usable = text.isprintable() and "${{" not in text and not text.startswith("-")
    except InvalidRequirement:
        usable = False
    if not usable:
        raise PerfkitError(
            "--requirement is no requirement that pip can install",
            got=text,
            allowed="perfkit, perfkit==0.1.0, perfkit @ git+https://…",
        )
    return text


def python_of_workflow(folder: Path) -> str:
    """The minor release that runs perfkit, or the next one that the project allows."""
    from packaging.specifiers import SpecifierSet

    running = sys.version_info[1]
    wanted = _table(_pyproject(folder), "project").get("requires-python")
    with suppress(ValueError):  # no valid one: the build says so better
        allowed = SpecifierSet(wanted if isinstance(wanted, str) else "")
        for minor in (running, *(other for other in (13, 12, 11, 14) if other != running)):
            if any(allowed.contains(f"3.{minor}.{patch}") for patch in (0, 50)):
                return f"3.{minor}"
    return f"3.{running}"


def _package(folder: Path) -> str | None:
    """The package a folder is about: named like the project, said in its settings, or alone."""
    named = [name for name in _said(_pyproject(folder)) if _importable(name)]
    for name in named:
        for source in _SOURCES:
            place = folder / source / name
            if (place / "__init__.py").is_file() or place.with_suffix(".py").is_file():
                return name
    for source in ("src", ""):
        there = sorted((folder / source).glob("*/__init__.py"))
        names = [path.parent.name for path in there if path.parent.name not in _NO_PACKAGE]
        if len(names) == 1 and _importable(names[0]):
            return names[0]
    return None


def _said(document: dict[str, Any]) -> list[str]:
    """Import names that settings of build backends and the project's name suggest."""
    tool = _table(document, "tool")
    targets = _table(_table(_table(tool, "hatch"), "build"), "targets")
    setuptools, poetry = _table(tool, "setuptools"), _table(tool, "poetry")
    lists = (
        _table(targets, "wheel").get("packages"),
        setuptools.get("packages"),
        setuptools.get("py-modules"),
        [one.get("include") for one in poetry.get("packages", ()) if isinstance(one, dict)],
    )
    names = [name for one in lists if isinstance(one, list) for name in one]
    projects = (_table(document, "project").get("name"), poetry.get("name"))
    names += [_table(_table(tool, "flit"), "module").get("name"), *projects]
    found = [name for name in names if isinstance(name, str)]
    return [re.sub(r"[-.]+", "_", name.rpartition("/")[2]) for name in found] + [
        re.sub(r"[-.]+", "_", name).lower() for name in found
    ]


def _pyproject(folder: Path) -> dict[str, Any]:
    with suppress(OSError, ValueError, RecursionError):  # said elsewhere: the file is needed there
        return tomllib.loads((folder / "pyproject.toml").read_text(encoding="utf-8"))
    return {}


def _table(document: dict[str, Any], key: str) -> dict[str, Any]:
    inner = document.get(key)
    return inner if isinstance(inner, dict) else {}


def _importable(name: str) -> bool:
    return name.isascii() and name.isidentifier() and not keyword.iskeyword(name)
