"""The two things compared: an interpreter with what is installed and set around it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path


class Side(StrEnum):
    """Which of the two variants of a comparison is meant."""

    BASELINE = "baseline"
    CANDIDATE = "candidate"


VENV = "venv"
"""`Interpreter.found_by` of a path inside a virtual environment."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Interpreter:
    """A Python interpreter, as it described itself when asked.

    Attributes:
        executable: Absolute path, symbolic links resolved.
        implementation: ``"cpython"``, ``"pypy"``, … (``sys.implementation.name``).
        version: Full version such as ``"3.13.0"`` (``"3.14.0rc2"`` for pre-releases).
        free_threaded: Built without the global interpreter lock.
        build: ``sys.version`` on one line.
        config_args: The ``CONFIG_ARGS`` it was configured with; empty when unknown.
        platform: ``sysconfig.get_platform()``, such as ``"linux-x86_64"``.
        found_by: How it was found: ``"path"``, ``"venv"`` (a virtual environment's path),
            ``"pyenv"``, ``"uv"``, ….
    """

    executable: str
    implementation: str
    version: str
    free_threaded: bool
    build: str
    config_args: str
    platform: str
    found_by: str

    @property
    def label(self) -> str:
        """Short name for people: ``"3.13.0"``, ``"3.13.0t"``, ``"pypy3.11.11"``."""
        prefix = "" if self.implementation == "cpython" else self.implementation
        return f"{prefix}{self.version}{'t' if self.free_threaded else ''}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Variant:
    """One side of a comparison, as planned.

    Attributes:
        side: Which side it is.
        interpreter: The interpreter under test.
        requirements: Extra requirements installed on this side, PEP 508 or absolute paths.
        environ: Environment variables set on this side only, in name order.
        flags: Interpreter options such as ``("-X", "gil=0")``.
        revision: The revision of the project it installs, for people: ``"main (1a2b3c4)"``; None
            when no revisions are compared, and in older recordings. The project is the last of the
            requirements then.
    """

    side: Side
    interpreter: Interpreter
    requirements: tuple[str, ...]
    environ: tuple[tuple[str, str], ...]
    flags: tuple[str, ...]
    revision: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Environment:
    """An isolated environment that is ready to run a benchmark.

    Attributes:
        python: The environment's interpreter; run this, unresolved, to get its packages.
        packages: ``(name, version)`` of what is installed, in name order.
        built_with: ``"uv"`` or ``"pip"``.
        reused: It came from the cache.
    """

    python: Path
    packages: tuple[tuple[str, str], ...]
    built_with: str
    reused: bool
