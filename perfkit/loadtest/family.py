"""The processes of a service: its root, what that started, and what slipped out of its tree."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Any

from perfkit.machine._sweeper import strays
from perfkit.machine.environ import MARKER

if TYPE_CHECKING:
    from collections.abc import Sequence

    import psutil


def members(pid: int, mark: str) -> list[psutil.Process]:
    """The tree below a process, with it, and whatever else carries the mark; the oldest first."""
    import psutil

    found = set(strays(MARKER, mark))
    with contextlib.suppress(psutil.Error):
        root = psutil.Process(pid)
        found |= {root, *root.children(recursive=True)}
    return sorted((one for one in found if not is_over(one)), key=lambda one: one.create_time())


def is_over(process: psutil.Process) -> bool:
    """Whether it has ended, reaped or not."""
    import psutil

    try:
        return not process.is_running() or process.status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True
    except psutil.Error:
        return False


def listeners(processes: Sequence[psutil.Process], port: int) -> list[psutil.Process]:
    """Those of some processes that wait for connections at a port."""
    import psutil

    found = []
    for process in processes:
        with contextlib.suppress(psutil.Error):
            if any(_listens(one, port) for one in process.net_connections("tcp")):
                found.append(process)
    return found


def _listens(connection: Any, port: int) -> bool:  # noqa: ANN401 - one of psutil's tuples
    import psutil

    return bool(connection.status == psutil.CONN_LISTEN and connection.laddr.port == port)


def is_older_at(port: int, than: int) -> bool:
    """Whether a process that is older than the one of a certain number listens at a port."""
    import psutil

    try:
        born = psutil.Process(than).create_time()
        connections = psutil.net_connections("tcp")
    except psutil.Error:
        return False
    for one in connections:
        if one.pid is not None and _listens(one, port):
            with contextlib.suppress(psutil.Error):
                if psutil.Process(one.pid).create_time() < born:
                    return True
    return False


def head(process: psutil.Process, family: Sequence[psutil.Process]) -> psutil.Process:
    """The ancestor of a process that no other of its family started."""
    import psutil

    known = {one.pid: one for one in family}
    with contextlib.suppress(psutil.Error):
        while (parent := known.get(process.ppid())) is not None:
            process = parent
    return process


def end(processes: Sequence[psutil.Process], *, kill: bool) -> None:
    """Ask processes to end, or kill them."""
    import psutil

    for process in processes:
        with contextlib.suppress(psutil.Error):
            if kill:
                process.kill()
            else:
                process.terminate()
