"""Checks that every kind of plan needs."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from perfkit.errors import PerfkitError, PlanError

if TYPE_CHECKING:
    from collections.abc import Mapping

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


def writable_files(named: Mapping[str, str | None]) -> None:
    """Insist that files can be written before anything is measured.

    Args:
        named: By option; None where it was not given.

    Raises:
        PlanError: With every one that cannot.
    """
    problems: list[PerfkitError] = []
    for option, path in named.items():
        if path is not None and not _is_writable(path):
            problems.append(
                PerfkitError(
                    f"{option} is no file that can be written",
                    got=path,
                    allowed="a file in a folder that can be written to, there or to be made",
                    remedy="name another file",
                )
            )
    if problems:
        raise PlanError(problems)


def _is_writable(name: str) -> bool:
    path = Path(name).absolute()
    try:
        if path.exists():
            return not path.is_dir() and os.access(path, os.W_OK)
        unmade: list[PerfkitError] = []
        writable(path.parent, unmade)
    except (OSError, ValueError):
        return False
    return bool(name) and not unmade


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
