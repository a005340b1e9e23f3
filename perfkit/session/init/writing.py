"""What ``perfkit init`` would do to each file, and doing it."""

from __future__ import annotations

import os
import shutil
import tempfile
from contextlib import suppress
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from perfkit.errors import PerfkitError, WritingError


class Act(StrEnum):
    """What happens to a file."""

    WRITE = "write"
    EXTEND = "extend"
    REPLACE = "replace"
    LEAVE = "leave"


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One file.

    Attributes:
        path: Where it is, or will be.
        act: What happens to it.
        content: All of the file afterwards; empty when it is left.
        added: What is new in it; empty when it is left.
        note: What was added, or why it is left, in words.
    """

    path: Path
    act: Act
    content: str
    added: str
    note: str


def left(path: Path, note: str) -> Step:
    """A file that is not touched."""
    return Step(path=path, act=Act.LEAVE, content="", added="", note=note)


def whole(path: Path, content: str, note: str, *, force: bool) -> Step:
    """A file of perfkit's own; one that is there is left unless ``force``."""
    there = path.exists() or path.is_symlink()
    if there and not force:
        return left(path, "is there already; --force replaces it")
    act = Act.REPLACE if there else Act.WRITE
    return Step(path=path, act=act, content=content, added=content, note=note)


def obstacle(step: Step) -> PerfkitError | None:
    """Why a step cannot be done, as far as that can be seen beforehand."""
    if step.act is Act.LEAVE:
        return None
    if step.path.is_dir():
        return PerfkitError("a folder is in the way of a file", got=str(step.path))
    folder = step.path.resolve().parent
    while not folder.exists() and folder != folder.parent:
        folder = folder.parent
    if folder.is_dir() and os.access(folder, os.W_OK | os.X_OK):
        return None
    return PerfkitError(
        "this file cannot be written: nothing can be made where it belongs",
        got=str(step.path),
        remedy=f"make {folder} a folder that you may write to",
    )


def carry_out(step: Step) -> None:
    """Write one file whole or not at all, links followed, its permissions kept.

    Raises:
        WritingError: It cannot be written.
    """
    if step.act is Act.LEAVE:
        return
    path = step.path.resolve()
    temporary: Path | None = None
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
        temporary = Path(name)
        with os.fdopen(handle, "w", encoding="utf-8", newline="") as file:
            file.write(step.content)
        if path.exists():
            shutil.copymode(path, temporary)
        else:
            temporary.chmod(0o666 & ~_umask())
        temporary.replace(path)
    except OSError as error:
        raise WritingError(
            f"a file cannot be written: {error.strerror}",
            got=str(step.path),
            remedy="mend that and start 'perfkit init' again: it leaves what is there",
        ) from error
    finally:
        if temporary is not None:
            with suppress(OSError):
                temporary.unlink(missing_ok=True)


def _umask() -> int:
    mask = os.umask(0o022)
    os.umask(mask)
    return mask
