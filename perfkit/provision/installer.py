"""What provisioning asks of a tool that resolves and installs packages."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Protocol

from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name

from perfkit.errors import ProvisionError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from pathlib import Path

    from perfkit.variant import Interpreter

Lock = tuple[str, ...]
"""Everything to install: one ``name==version`` or ``name @ url`` each, in name order."""


class Installer(Protocol):
    """uv or pip. Every method raises ProvisionError with the tool's own words."""

    @property
    def name(self) -> str:
        """``"uv"`` or ``"pip"``."""

    def resolve(
        self,
        interpreter: Interpreter,
        requirements: Sequence[str],
        *,
        prefer: Mapping[str, str],
        wheels_only: bool,
        work: Path,
    ) -> Lock:
        """Choose versions, keeping to the preferred ones where requirements and Python allow."""

    def build_wheel(self, interpreter: Interpreter, source: Path, into: Path) -> None:
        """Build a wheel of a project folder or source archive."""

    def install(
        self, interpreter: Interpreter, lock: Lock, folder: Path, *, wheels_only: bool
    ) -> None:
        """Make a virtual environment with exactly these packages, byte-compiled."""


def as_lock(lines: Iterable[str]) -> Lock:
    """A tool's list of requirements as a lock; comments and options are dropped."""
    kept = (line.strip() for line in lines)
    return tuple(sorted(line for line in kept if line and not line.startswith(("#", "-"))))


def pinned_versions(lock: Lock) -> dict[str, str]:
    """The ``name==version`` part of a lock, by canonical name."""
    versions: dict[str, str] = {}
    for line in lock:
        name, found, version = line.partition("==")
        if found:
            versions[canonicalize_name(name.strip())] = version.split(";")[0].strip()
    return versions


def requirement_name(requirement: str) -> str:
    """Canonical name of a PEP 508 requirement.

    Raises:
        ProvisionError: It is none; an option of the tool, for example.
    """
    try:
        return canonicalize_name(Requirement(requirement).name)
    except InvalidRequirement as error:
        raise ProvisionError(
            "this is no requirement",
            got=requirement,
            allowed="PEP 508 ('pydantic', 'pydantic==2.11.*', 'name @ https://…'), or a local path",
            remedy="correct it",
        ) from error


def environment_python(folder: Path) -> Path:
    """The interpreter inside a virtual environment."""
    return folder / "Scripts" / "python.exe" if os.name == "nt" else folder / "bin" / "python"
