"""Reports of runs do not belong into a repository: a line in ``.gitignore``."""

from __future__ import annotations

from typing import TYPE_CHECKING

from perfkit.errors import PerfkitError
from perfkit.plan.checks import OUTPUT
from perfkit.session.init.writing import Act, Step, left

if TYPE_CHECKING:
    from pathlib import Path

_FILE = ".gitignore"


def ignored(folder: Path) -> Step:
    """Have git ignore the folder of run folders, unless it does so already.

    Args:
        folder: The project's folder, inside a repository; its ``.gitignore`` is meant.
    """
    path = folder / _FILE
    line = f"/{OUTPUT}/"
    try:
        old = path.read_bytes().decode("utf-8") if path.is_file() else ""
    except (OSError, ValueError):
        return left(path, f"cannot be read as text: add {line} to it")
    if _is_ignored(folder):
        return left(path, f"has {line} ignored already")
    newline = "\r\n" if "\r\n" in old else "\n"
    gap = "" if not old or old.endswith("\n") else newline
    added = f"{gap}{line}{newline}"
    act = Act.EXTEND if path.exists() else Act.WRITE
    note = f"{line}, where perfkit puts what it measured"
    return Step(path=path, act=act, content=old + added, added=added.lstrip("\r\n"), note=note)


def _is_ignored(folder: Path) -> bool:
    """By what git says, else by the plainest ways to write it."""
    from perfkit.provision.git import run_git

    try:
        # What this user ignores everywhere, others do not.
        asked = ("-c", "core.excludesFile=", "check-ignore", "--quiet", f"{OUTPUT}/x/report.html")
        run_git(folder, asked, what="git check-ignore", timeout=10.0)
    except (PerfkitError, OSError):
        pass  # not ignored, or there is no git
    else:
        return True
    try:
        lines = (folder / _FILE).read_text(encoding="utf-8").splitlines()
    except (OSError, ValueError):
        return False
    plain = {line.strip().removesuffix("*").strip("/") for line in lines}
    return str(OUTPUT) in plain
