"""The history's file where ``[tool.perfkit]`` or ``[tool.perfkit.check]`` names one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from perfkit.errors import PerfkitError, PlanError
from perfkit.plan.merge import merge

if TYPE_CHECKING:
    from pathlib import Path


def configured_store(cwd: Path) -> Path | None:
    """The ``store`` of the ``pyproject.toml`` in a folder, or None.

    Raises:
        PlanError: With everything that is wrong in the file.
    """
    problems: list[PerfkitError] = []
    merged = merge({}, command="check", cwd=cwd.absolute(), problems=problems)
    if problems:
        raise PlanError(problems)
    return merged.said.store
