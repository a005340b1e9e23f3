"""``[tool.perfkit]`` of the pyproject.toml in the current folder."""

from __future__ import annotations

import tomllib
from typing import TYPE_CHECKING, Any

from perfkit.errors import PerfkitError

if TYPE_CHECKING:
    from pathlib import Path

FILE_NAME = "pyproject.toml"


def read(cwd: Path, problems: list[PerfkitError]) -> dict[str, Any]:
    """The raw settings of a folder; empty when there are none.

    Args:
        cwd: The folder; its parents are not searched.
        problems: Where to put what is wrong with the file.
    """
    path = cwd / FILE_NAME
    try:
        document: Any = tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except (OSError, ValueError, RecursionError) as error:
        reason = error.strerror if isinstance(error, OSError) else str(error) or "nested too deep"
        problems.append(
            PerfkitError(
                f"the settings cannot be read: {reason}",
                got=str(path),
                remedy="correct the file, or start perfkit in another folder",
            )
        )
        return {}
    for name in ("tool", "perfkit"):
        document = document.get(name, {})
        if not isinstance(document, dict):
            problems.append(
                PerfkitError(f"{name!r} in {path} is no table", got=document, allowed="a table")
            )
            return {}
    return dict(document)


def table(value: object, name: str, problems: list[PerfkitError]) -> dict[str, Any]:
    """A table inside ``[tool.perfkit]``; empty, and a problem, when it is none."""
    if isinstance(value, dict):
        return dict(value)
    problems.append(
        PerfkitError(f"{name!r} in [tool.perfkit] is no table", got=value, allowed="a table")
    )
    return {}
