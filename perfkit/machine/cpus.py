"""Which CPUs to use, where the system lets a program choose."""

from __future__ import annotations

import contextlib
import os
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator


@dataclass(frozen=True, slots=True, kw_only=True)
class Placement:
    """Where the work of a run goes.

    Attributes:
        measuring: The CPU that measured processes are pinned to, or None for no pinning.
        starting: The CPUs that processes start up on meanwhile; empty for no pinning.
    """

    measuring: int | None
    starting: frozenset[int]


def available() -> frozenset[int]:
    """CPUs this process may use; empty where the system does not tell."""
    if sys.platform != "linux":
        return frozenset()
    return frozenset(os.sched_getaffinity(0))


def place(*, pin: bool) -> Placement:
    """Choose a CPU to measure on and the others to start processes on.

    The highest-numbered CPU measures, since CPU 0 tends to serve interrupts.
    """
    usable = available() if pin else frozenset()
    if not usable:
        return Placement(measuring=None, starting=frozenset())
    measuring = max(usable)
    return Placement(measuring=measuring, starting=(usable - {measuring}) or usable)


def move(pid: int, where: frozenset[int]) -> None:
    """Move all threads of a process to some CPUs; does nothing where that is not possible."""
    if sys.platform != "linux" or not where:
        return
    with contextlib.suppress(OSError):  # it has ended
        for thread in Path(f"/proc/{pid}/task").iterdir():
            with contextlib.suppress(OSError):  # this thread has, or the CPUs went away
                os.sched_setaffinity(int(thread.name), where)


def move_this_thread(where: frozenset[int]) -> None:
    """Move the calling thread; what it starts inherits the place."""
    if sys.platform == "linux" and where:
        with contextlib.suppress(OSError):
            os.sched_setaffinity(0, where)


@contextlib.contextmanager
def held_to(where: frozenset[int]) -> Iterator[None]:
    """Keep the calling thread on some CPUs meanwhile, for the sake of what it starts."""
    before = available()
    move_this_thread(where)
    try:
        yield
    finally:
        if where:
            move_this_thread(before)
