"""What a turn costs: wall time, CPU time, and time spent waiting in line for the CPU.

On a busy machine most of the noise is other programs' turns on the same CPU. Linux counts, per
thread, the nanoseconds in which it could have run but did not (``/proc/self/schedstat``, second
number; Documentation/scheduler/sched-stats.rst). A wait of the benchmark's own making (sleep,
input and output) is not in it. Where child processes take part the number cannot be told apart
from real work, and is given as unknown; perfkit then counts neither side's.
"""

from __future__ import annotations

import os
import sys
from time import perf_counter, process_time  # kept, since benchmarks may replace time's own

try:
    from time import thread_time
except ImportError:
    thread_time = process_time
try:
    import resource
except ImportError:
    resource = None  # type: ignore[assignment]

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


UNKNOWN = -1.0
_NANO = 1e-9
_SAME = 0.1  # a command's children are told from its own work by a tenth of its CPU time


class Reading:
    """The process's clocks at one moment, in seconds.

    Attributes:
        process: CPU time of the process, all its threads.
        thread: CPU time of the thread that asks.
        children: CPU time of its finished children.
        queued: Time this thread has spent in line; None when the system does not tell.
    """

    __slots__ = ("children", "process", "queued", "thread")

    def __init__(self, schedstat: int) -> None:
        """Read them all; a few microseconds."""
        self.process = process_time()
        self.thread = thread_time()
        self.children = _children_seconds()
        self.queued = _queued_seconds(schedstat)


class Clocks:
    """Keeps the one file open that a reading takes."""

    def __init__(self) -> None:
        """Open what the system offers."""
        try:
            self._schedstat = os.open("/proc/self/schedstat", os.O_RDONLY)
        except OSError:
            self._schedstat = -1

    def read(self) -> Reading:
        """The clocks now."""
        return Reading(self._schedstat)


def _children_seconds() -> float:
    if resource is None:
        return 0.0
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return float(used.ru_utime + used.ru_stime)


def _queued_seconds(schedstat: int) -> float | None:
    if schedstat < 0:
        return None
    try:
        return int(os.pread(schedstat, 64, 0).split()[1]) * _NANO
    except (OSError, ValueError, IndexError):
        return None


def has_children() -> bool:
    """Whether this process has live children, or may have."""
    try:
        for thread in os.listdir("/proc/self/task"):
            with open("/proc/self/task/" + thread + "/children", "rb") as children:
                if children.read():
                    return True
    except OSError:
        return True
    return False


def time_call(clocks: Clocks, call: Any) -> tuple[float, float, float]:
    """Time a call that itself returns the seconds that count.

    Returns:
        Those seconds; CPU seconds of the process and its children; and the seconds in line, in
        proportion where the call did more than it timed, `UNKNOWN` where they cannot be told.
    """
    before = clocks.read()
    start = perf_counter()
    wall = float(call())
    elapsed = perf_counter() - start
    after = clocks.read()
    own = after.process - before.process
    cpu = own + after.children - before.children
    if before.queued is None or after.queued is None:
        return wall, cpu, UNKNOWN
    if after.children != before.children or has_children():
        return wall, cpu, UNKNOWN
    others = own - (after.thread - before.thread)  # waiting behind one's own threads is work
    waited = min(after.queued - before.queued - others, elapsed - cpu)
    return wall, cpu, max(0.0, waited) * min(1.0, wall / elapsed)


def time_command(clocks: Clocks, command: list[str], loops: int) -> tuple[float, float, float]:
    """Time a command from start to end; what `time_call` returns.

    The same as pyperf's ``bench_command``, without the helper process that pyperf starts for each
    value: that costs three times as much as a small command itself, and hides the command's time
    in line. ``posix_spawn`` starts it alike under every Python.
    """
    import signal

    wall = cpu = queued = 0.0
    known = True
    for _ in range(loops):
        before = _children_seconds()
        start = perf_counter()
        pid = os.posix_spawnp(
            command[0],
            command,
            os.environ,
            file_actions=_silence(),
            setsigdef=[signal.SIGPIPE, signal.SIGXFSZ],  # which Python itself ignores
        )
        spawned = clocks.read().queued
        os.waitid(os.P_PID, pid, os.WEXITED | os.WNOWAIT)
        elapsed = perf_counter() - start
        ran, waited = _schedstat_of(pid)
        heard = clocks.read().queued  # of the end, perhaps after a wait in line
        status = os.waitpid(pid, 0)[1]
        if status:
            code = os.WEXITSTATUS(status) if os.WIFEXITED(status) else -os.WTERMSIG(status)
            raise RuntimeError("Command failed with exit code %s" % code)
        used = _children_seconds() - before
        wall += elapsed
        cpu += used
        if spawned is None or heard is None or abs(used - ran) > _SAME * used:
            known = False
        else:
            queued += max(0.0, min(waited + heard - spawned, elapsed - used))
    return wall, cpu, queued if known else UNKNOWN


def can_time_commands() -> bool:
    """Whether `time_command` works here; else pyperf's own way is used, on both sides."""
    return sys.platform == "linux" and hasattr(os, "posix_spawnp") and hasattr(os, "waitid")


def _silence() -> list[tuple[Any, ...]]:
    return [
        (os.POSIX_SPAWN_OPEN, 0, os.devnull, os.O_RDONLY, 0),
        (os.POSIX_SPAWN_OPEN, 1, os.devnull, os.O_WRONLY, 0),
        (os.POSIX_SPAWN_DUP2, 1, 2),
    ]


def _schedstat_of(pid: int) -> tuple[float, float]:
    """Seconds a finished, unreaped process ran and waited in line; zeros when unknown."""
    try:
        with open("/proc/%d/schedstat" % pid, "rb") as file:
            ran, waited, _slices = file.read().split()
    except (OSError, ValueError):
        return 0.0, 0.0
    return int(ran) * _NANO, int(waited) * _NANO
