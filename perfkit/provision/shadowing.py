"""Modules beside a script that hide those installed: both sides would run the same ones.

What hides them in other ways shows only when the script runs: `perfkit.measure.origins`.
"""

from __future__ import annotations

import csv
import json
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from perfkit.benchmark import Script
    from perfkit.variant import Environment


def hidden_modules(script: Script, environment: Environment) -> tuple[str, ...]:
    """Names of local projects' modules that a script finds in its own folder instead.

    Python puts a script's folder first on its path.

    Args:
        script: A benchmark script.
        environment: One it runs in; what was installed there from a file counts, not from an index.
    """
    here = script.path.parent
    return tuple(sorted({name for name in _of_local_projects(environment) if _lies(here, name)}))


def installed_modules(*environments: Environment) -> frozenset[str]:
    """Dotted names of all modules that were installed in one of them from a file."""
    rows = (row for one in environments for row in _rows_of_local_projects(one))
    return frozenset(name for row in rows if (name := _module(row)) is not None)


def _module(row: PurePosixPath) -> str | None:
    """The module a file is, or None: ``"shop"`` of ``shop/__init__.py``."""
    if row.suffix not in {".py", ".pyc", ".so", ".pyd"}:
        return None
    parts = [*row.parts[:-1], row.name.partition(".")[0]]
    if not all(part.isidentifier() for part in parts):
        return None
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts) or None


def _lies(folder: Path, module: str) -> bool:
    return (folder / f"{module}.py").is_file() or any((folder / module).glob("*.py"))


def _of_local_projects(environment: Environment) -> Iterator[str]:
    """Top-level modules of every distribution that came from a file."""
    for row in _rows_of_local_projects(environment):
        first = row.parts[0] if row.parts else ""
        name = first.partition(".")[0]
        if name.isidentifier() and not first.endswith((".dist-info", ".data", ".pth")):
            yield name


def _rows_of_local_projects(environment: Environment) -> Iterator[PurePosixPath]:
    """Files of every distribution that came from a file, as its RECORD has them."""
    top = environment.python.parent.parent
    for found in top.glob("[Ll]ib/**/site-packages/*.dist-info/direct_url.json"):
        try:
            url = json.loads(found.read_text(encoding="utf-8"))["url"]
            lines = found.with_name("RECORD").read_text(encoding="utf-8").splitlines()
        except (OSError, ValueError, LookupError, TypeError):
            continue
        if str(url).startswith("file:"):
            yield from (PurePosixPath(row[0]) for row in csv.reader(lines) if row and row[0])
