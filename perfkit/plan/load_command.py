"""A program that a command names and nobody will find: known before anything is prepared."""

from __future__ import annotations

import os
import re
import shlex
import shutil
from typing import TYPE_CHECKING

from perfkit.errors import PerfkitError

if TYPE_CHECKING:
    from pathlib import Path

    from perfkit.plan.options import Options

_OWN = re.compile(r"(?:python|pip|pyperf|pydoc)[\w.]*", re.ASCII)
"""Programs of the environment that is going to be made, whatever is on PATH."""

_ASSIGNMENT = re.compile(r"[A-Za-z_]\w*=.*", re.ASCII | re.DOTALL)


def missing_program(said: Options, cwd: Path) -> PerfkitError | None:
    """Why the first word of ``--command`` cannot be started, or None where that is not known.

    What ``--with`` installs may bring programs, and variables of one side may change PATH.

    Args:
        said: The options; the command has passed `perfkit.loadtest.target.check_command`.
        cwd: Working directory of the service.
    """
    program = shlex.split(said.command or "")[0]
    if _ASSIGNMENT.fullmatch(program):
        return PerfkitError(
            "--command: a variable is set in front of it, and no shell is involved",
            got=program,
            remedy="write env in front of that: 'env PORT={port} node server.js', say",
        )
    if "{" in program:
        return None
    if os.path.dirname(program):  # noqa: PTH120 - as the system tells a path from a name
        found = shutil.which(str(cwd / program)) is not None
        what = "--command: there is no such program, or it cannot be executed"
        remedy = f"check the path; relative ones start at {cwd}, and '~' is not expanded"
    else:
        own = _OWN.fullmatch(program) is not None or _may_bring(said)
        found = own or shutil.which(program, path=os.environ.get("PATH", "")) is not None
        what = "--command: there is no such program on PATH"
        remedy = "correct its name, or install what it comes with: --with gunicorn, say"
    return None if found else PerfkitError(what, got=program, remedy=remedy)


def _may_bring(said: Options) -> bool:
    """Whether programs may be there for the service that are not there for perfkit."""
    installed = (said.with_, said.baseline_with, said.candidate_with)
    variables = (*(said.baseline_env or ()), *(said.candidate_env or ()))
    return any(installed) or any(name == "PATH" for name, _ in variables)
