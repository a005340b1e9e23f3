"""Resources of a process and all below it, added up at one moment after another."""

from __future__ import annotations

import contextlib
import os
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import psutil

if TYPE_CHECKING:
    from collections.abc import Iterable

UNKNOWN = -1


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """A process tree at one moment; `UNKNOWN` for what the system does not tell.

    Attributes:
        rss: Bytes of resident memory, added up; pages that processes share count for each.
        cpu: Seconds of CPU time so far; never falls.
        threads: Threads.
        files: Open file descriptors.
        switches: Context switches so far; never falls.
        processes: Processes.
    """

    rss: int
    cpu: float
    threads: int
    files: int
    switches: int
    processes: int


@dataclass(slots=True, kw_only=True)
class _Member:
    """A process of the tree, with the last that was seen of it.

    Attributes:
        process: Handle.
        own: Seconds of CPU time.
        reaped: Seconds of CPU time of descendants that ended and were waited for.
        switches: Context switches by thread, of those that live.
        past: Context switches of threads that ended.
    """

    process: psutil.Process
    own: float
    reaped: float
    switches: dict[str, int]
    past: int


class Tree:
    """Looks at a tree again and again.

    The system's list of processes is read at each look, and of each process that is new in it,
    whose child it is. A process that was seen stays a member when its parent ends. One that is
    born and orphaned between two looks is missed.

    CPU time so far is the larger of two figures, both of which can only miss some: what was last
    seen of each process that ever was a member; and what members that live have used, with all
    that was used by descendants they waited for.

    Args:
        pid: The root.
    """

    def __init__(self, pid: int) -> None:
        self._root = pid
        self._members: dict[int, _Member] = {}
        self._seen: set[int] = set()
        self._ended_cpu = 0.0
        self._ended_switches = 0
        self._reaped_before: float | None = None
        self._cpu = 0.0
        self._switches = 0

    def look(self) -> Look | None:
        """What the tree uses now; None once its root has ended."""
        self._update()
        found: list[tuple[int | None, int | None, int | None]] = []
        times_known = switches_known = False
        for member in tuple(self._members.values()):
            try:
                with member.process.oneshot():
                    if not _lives(member.process):
                        self._forget(member)
                        continue
                    times_known |= _update_times(member)
                    switches_known |= _update_switches(member)
                    found.append(_sizes(member.process))
            except psutil.NoSuchProcess:
                self._forget(member)
        if self._root not in self._members:
            return None
        self._add_up()
        rss, threads, files = (_total(column) for column in zip(*found, strict=True))
        return Look(
            rss=rss,
            cpu=self._cpu if times_known else UNKNOWN,
            threads=threads,
            files=files,
            switches=self._switches if switches_known else UNKNOWN,
            processes=len(found),
        )

    def _update(self) -> None:
        """Find the processes that joined."""
        now = set(psutil.pids())
        if not self._seen:
            _join(self._members, self._root)
        parents: dict[int, int] = {}
        for pid in now - self._seen - self._members.keys():
            with contextlib.suppress(psutil.Error):
                parents[pid] = psutil.Process(pid).ppid()
        self._seen = now
        grew = True
        while grew:  # a child may stand before its parent
            grew = False
            for pid, parent in parents.items():
                if parent in self._members and pid not in self._members:
                    grew |= _join(self._members, pid)

    def _forget(self, member: _Member) -> None:
        del self._members[member.process.pid]
        self._ended_cpu += member.own
        self._ended_switches += member.past + sum(member.switches.values())

    def _add_up(self) -> None:
        members = self._members.values()
        own = sum(member.own for member in members)
        reaped = sum(member.reaped for member in members)
        if self._reaped_before is None:
            self._reaped_before = reaped  # it may have run for long before the first look
        self._cpu = max(self._cpu, own + self._ended_cpu, own + reaped - self._reaped_before)
        living = sum(member.past + sum(member.switches.values()) for member in members)
        self._switches = max(self._switches, living + self._ended_switches)


def _join(members: dict[int, _Member], pid: int) -> bool:
    try:
        process = psutil.Process(pid)
    except psutil.Error:
        return False
    members[pid] = _Member(process=process, own=0.0, reaped=0.0, switches={}, past=0)
    return True


def _lives(process: psutil.Process) -> bool:
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.AccessDenied:
        return True


def _update_times(member: _Member) -> bool:
    try:
        times = member.process.cpu_times()
    except psutil.AccessDenied:
        return False
    member.own = times.user + times.system
    member.reaped = times.children_user + times.children_system
    return True


def _update_switches(member: _Member) -> bool:
    """Count a process's context switches; the system counts them by thread."""
    if sys.platform != "linux":
        try:
            counted = member.process.num_ctx_switches()
        except psutil.AccessDenied:
            return False
        member.switches = {"": counted.voluntary + counted.involuntary}
        return True
    now = {}
    with contextlib.suppress(OSError):
        for thread in os.scandir(f"/proc/{member.process.pid}/task"):
            with contextlib.suppress(OSError, ValueError):
                now[thread.name] = _switches_in(Path(thread.path, "status").read_bytes())
    member.past += sum(count for name, count in member.switches.items() if name not in now)
    member.switches = now
    return bool(now)


def _switches_in(status: bytes) -> int:
    """The two last lines of a thread's status count its switches, voluntary and not."""
    _, found, rest = status.partition(b"\nvoluntary_ctxt_switches:")
    if not found:
        raise ValueError("no count of switches")
    voluntary, forced = rest.splitlines()[:2]
    return int(voluntary) + int(forced.partition(b":")[2])


def _sizes(process: psutil.Process) -> tuple[int | None, int | None, int | None]:
    """Resident bytes, threads, open files."""

    def known(ask: str) -> int | None:
        try:
            return int(getattr(process, ask)())
        except (psutil.AccessDenied, AttributeError):  # no num_fds on Windows
            return None

    try:
        rss = int(process.memory_info().rss)
    except psutil.AccessDenied:
        return None, known("num_threads"), known("num_fds")
    return rss, known("num_threads"), known("num_fds")


def _total(values: Iterable[int | None]) -> int:
    total = 0
    for value in values:
        if value is None:
            return UNKNOWN
        total += value
    return total
