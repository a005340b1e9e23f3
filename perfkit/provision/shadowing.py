"""Modules beside a script that hide those installed: both sides would run the same ones."""

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


def _lies(folder: Path, module: str) -> bool:
    return (folder / f"{module}.py").is_file() or any((folder / module).glob("*.py"))


def _of_local_projects(environment: Environment) -> Iterator[str]:
    """Top-level modules of every distribution that came from a file."""
    top = environment.python.parent.parent
    for found in top.glob("[Ll]ib/**/site-packages/*.dist-info/direct_url.json"):
        try:
            url = json.loads(found.read_text(encoding="utf-8"))["url"]
            lines = found.with_name("RECORD").read_text(encoding="utf-8").splitlines()
        except (OSError, ValueError, LookupError, TypeError):
            continue
        if str(url).startswith("file:"):
            for row in csv.reader(lines):
                first = PurePosixPath(row[0]).parts[0] if row and row[0] else ""
                name = first.partition(".")[0]
                if name.isidentifier() and not first.endswith((".dist-info", ".data", ".pth")):
                    yield name
