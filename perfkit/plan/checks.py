"""Checks that every kind of plan needs."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, TypeVar

from perfkit.errors import PerfkitError, PlanError

if TYPE_CHECKING:
    from pathlib import Path

T = TypeVar("T")

OUTPUT = "reports"
"""Folder that run folders are made in, unless somebody says otherwise."""


def writable(folder: Path, problems: list[PerfkitError]) -> Path:
    """Insist that run folders can be made there."""
    there = folder
    try:
        while not there.exists() and there != there.parent:
            there = there.parent
        usable = there.is_dir() and os.access(there, os.W_OK | os.X_OK)
    except (OSError, ValueError):
        usable = False
    if not usable:
        problems.append(
            PerfkitError(
                "--output is no folder that can be written to",
                got=str(folder),
                remedy="name another folder, or change its permissions",
            )
        )
    return folder


def checked_policy(path: Path | None, problems: list[PerfkitError]) -> Path | None:
    """Insist that the policy can be used: nobody should learn after measuring that it cannot."""
    from perfkit.decide.policy import load_policy

    if path is not None:
        try:
            load_policy(path)
        except PlanError as error:
            problems += error.problems
        except ValueError as error:  # a NUL in the name
            problems.append(PerfkitError(f"--policy cannot be read: {error}", got=str(path)))
    return path


def either(value: T | None, default: T) -> T:
    """What was said, or the default."""
    return default if value is None else value
