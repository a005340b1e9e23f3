"""What BENCHMARK arguments mean: scripts, folders, metafiles of pyperformance, name patterns."""

from __future__ import annotations

import ast
import os
import warnings
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from perfkit.benchmark import Script
from perfkit.errors import NothingFoundError, PerfkitError
from perfkit.suite.metadata import unreadable
from perfkit.suite.reading import (
    RUN_SCRIPT,
    Found,
    is_benchmark_folder,
    read_folder,
    read_metafile,
    read_run_script,
    read_script,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

_ALLOWED = "a .py script, a folder with bm_*.py or bm_*/run_benchmark.py, or a name such as json_*"


@dataclass(frozen=True, slots=True, kw_only=True)
class Selection:
    """What BENCHMARK arguments came to.

    Attributes:
        scripts: Scripts to learn names from; each once, labels unique, in the order of the
            arguments and by name within a folder.
        patterns: Shell patterns; when there are any, only benchmarks whose name fits one count.
        problems: Everything that was wrong. A folder without benchmarks is a
            ``NothingFoundError``; the rest are invalid paths or metadata.
    """

    scripts: tuple[Script, ...]
    patterns: tuple[str, ...]
    problems: tuple[PerfkitError, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Search:
    """What was found, before namesakes are told apart.

    Attributes:
        found: Scripts, each once, in the order of the arguments.
        patterns: The arguments that are name patterns.
        problems: Everything that was wrong.
    """

    found: tuple[Found, ...]
    patterns: tuple[str, ...]
    problems: tuple[PerfkitError, ...]


def default_suite() -> Path:
    """Folder of the suite that comes with perfkit: inside the wheel, or beside the package."""
    package = Path(__file__).resolve().parents[1]
    carried = package / "_benchmarks"
    return carried if carried.is_dir() else package.parent / "benchmarks"


def read_one(path: Path, problems: list[PerfkitError]) -> Script | None:
    """One script with its PEP 723 header; None, and problems, when it cannot be read."""
    found = read_script(path, problems)
    return found[0].script if found else None


def select(arguments: Sequence[str], *, cwd: Path) -> Selection:
    """Find the scripts that BENCHMARK arguments mean; nothing is raised, nothing is run.

    Args:
        arguments: Scripts, folders, metafiles of pyperformance (``.toml``), or name patterns.
        cwd: Folder that relative paths start from, and whose ``benchmarks/`` is searched when no
            argument is a path; without benchmarks there, the default suite is.
    """
    search = find(arguments, cwd=cwd)
    if not search.found and not search.problems:
        search = from_default_suite(search.patterns)
    return Selection(
        scripts=labelled(search.found), patterns=search.patterns, problems=search.problems
    )


def find(arguments: Sequence[str], *, cwd: Path, within: Path | None = None) -> Search:
    """As `select`, but for the default suite.

    Args:
        arguments: As for `select`.
        cwd: As for `select`.
        within: Folder out of which no file may lead, or None when they may.
    """
    found: list[Found] = []
    patterns: list[str] = []
    problems: list[PerfkitError] = []
    for argument in dict.fromkeys(arguments):
        if argument and _exists(cwd / argument):
            found += _at((cwd / argument).resolve(), problems, within)
        elif _is_pattern(argument):
            patterns.append(argument)
        else:
            problems.append(
                PerfkitError(
                    "no such file or folder",
                    got=argument,
                    allowed=_ALLOWED,
                    remedy=f"check the path; relative ones start at {cwd}",
                )
            )
    if not found and not problems and (cwd / "benchmarks").is_dir():
        found = _search((cwd / "benchmarks").resolve(), problems, within)
    return Search(
        found=tuple({one.origin: one for one in found}.values()),
        patterns=tuple(patterns),
        problems=tuple({str(problem): problem for problem in problems}.values()),
    )


def from_default_suite(patterns: tuple[str, ...]) -> Search:
    """The scripts of the suite that comes with perfkit."""
    problems: list[PerfkitError] = []
    found = tuple(_search(default_suite(), problems, None))
    return Search(found=found, patterns=patterns, problems=tuple(problems))


def description(path: Path) -> str:
    """First line of a script's docstring; empty when it has none or cannot be parsed."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # a SyntaxWarning is the script's affair
            docstring = ast.get_docstring(ast.parse(path.read_bytes()))
    except (OSError, SyntaxError, ValueError, RecursionError, MemoryError):
        return ""
    return (docstring or "").partition("\n")[0].strip()


def _exists(path: Path) -> bool:
    try:
        path.stat()
    except (OSError, ValueError):  # ValueError: a NUL in the name
        return False
    return True


def _is_pattern(argument: str) -> bool:
    if not argument or argument.endswith((".py", ".toml")):
        return False
    if any(mark in argument for mark in ("*", "?", "[", "::")):
        return True
    return not any(mark in argument for mark in ("/", os.sep))


def _at(path: Path, problems: list[PerfkitError], within: Path | None) -> list[Found]:
    """Scripts of one existing file or folder."""
    if path.is_dir():
        return _in_folder(path, problems, within)
    if path.suffix == ".toml":
        return read_metafile(path, problems, within=within)
    if path.name == RUN_SCRIPT and is_benchmark_folder(path.parent):
        return read_run_script(path.parent, problems, within=within)
    if path.suffix == ".py":
        return read_script(path, problems)
    problems.append(PerfkitError("not a benchmark script", got=str(path), allowed=_ALLOWED))
    return []


def _in_folder(path: Path, problems: list[PerfkitError], within: Path | None) -> list[Found]:
    if is_benchmark_folder(path):
        return read_folder(path, problems, within=within)
    before = len(problems)
    found = _search(path, problems, within)
    if not found and len(problems) == before:
        what = "the folder holds no benchmark"
        problems.append(NothingFoundError(what, got=str(path), allowed=_ALLOWED))
    return found


def _search(folder: Path, problems: list[PerfkitError], within: Path | None) -> list[Found]:
    """Scripts directly in a folder: ``bm_*.py`` and ``bm_*/run_benchmark.py``, by name."""
    try:
        entries = sorted(path for path in folder.iterdir() if path.name.startswith("bm_"))
    except OSError as error:
        problems.append(unreadable(folder, error))
        return []
    found: list[Found] = []
    for path in entries:
        if is_benchmark_folder(path):
            found += read_folder(path.resolve(), problems, within=within)
        elif path.suffix == ".py" and path.is_file():
            found += read_script(path.resolve(), problems)
    return found


def labelled(found: Sequence[Found]) -> tuple[Script, ...]:
    """Tell namesakes apart by as many parent folders as it takes, as a last resort by number."""
    labels = [one.script.label for one in found]
    for depth in range(1, max((len(one.place.parts) for one in found), default=0)):
        labels = [
            "/".join((*one.place.parts[-depth:], one.script.label))
            if labels.count(label) > 1
            else label
            for one, label in zip(found, labels, strict=True)
        ]
    taken: set[str] = set()
    for index, label in enumerate(labels):
        numbered = (label, *(f"{label}-{n}" for n in range(2, len(labels) + 1)))
        labels[index] = next(name for name in numbered if name not in taken)
        taken.add(labels[index])
    return tuple(replace(one.script, label=label) for one, label in zip(found, labels, strict=True))
