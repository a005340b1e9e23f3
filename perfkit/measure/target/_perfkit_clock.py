"""What a turn costs: wall time, CPU time, and time spent waiting in line for the CPU.

On a busy machine most of the noise is other programs' turns on the same CPU. Linux counts, per
thread, the nanoseconds in which it could have run but did not (``/proc/self/schedstat``, second
number; Documentation/scheduler/sched-stats.rst). A wait of the benchmark's own making (sleep,
input and output) is not in it. Where threads or child processes may wait for each other the number
cannot be told apart from real work, and is given as 0.
"""

from __future__ import annotations

import os
from time import perf_counter, process_time  # kept, since benchmarks may replace time's own

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


_NANO = 1e-9
_SAME = 0.1  # a command's children are told from its own work by a tenth of its CPU time


class Clocks:
    """Reads the process's clocks; keeps one file open so that a reading takes microseconds."""

    def __init__(self) -> None:
        """Open what the system offers."""
        try:
            self._schedstat = os.open("/proc/self/schedstat", os.O_RDONLY)
        except OSError:
            self._schedstat = -1
        try:
            import resource
        except ImportError:
            self._resource: Any = None
        else:
            self._resource = resource

    def read(self) -> tuple[float, float, float]:
        """CPU seconds of the process, of its finished children, and seconds in line."""
        return process_time(), self._children(), self._queued()

    def _children(self) -> float:
        if self._resource is None:
            return 0.0
        used = self._resource.getrusage(self._resource.RUSAGE_CHILDREN)
        return float(used.ru_utime + used.ru_stime)

    def _queued(self) -> float:
        if self._schedstat < 0:
            return 0.0
        try:
            return int(os.pread(self._schedstat, 64, 0).split()[1]) * _NANO
        except (OSError, ValueError, IndexError):
            return 0.0


def alone() -> bool:
    """Whether this process has a single thread and no live children."""
    try:
        threads = os.listdir("/proc/self/task")
        if len(threads) != 1:
            return False
        with open("/proc/self/task/" + threads[0] + "/children", "rb") as children:
            return not children.read()
    except OSError:
        return False


def time_call(clocks: Clocks, call: Any) -> tuple[float, float, float]:
    """Time a call that itself returns the seconds that count.

    Returns:
        Those seconds; CPU seconds of the process and its children; and the seconds in line, in
        proportion where the call did more than it timed.
    """
    own, children, queued = clocks.read()
    start = perf_counter()
    wall = float(call())
    elapsed = perf_counter() - start
    now_own, now_children, now_queued = clocks.read()
    cpu = now_own - own + now_children - children
    waited = min(now_queued - queued, elapsed - cpu)
    if waited <= 0 or now_children != children or not alone():
        return wall, cpu, 0.0
    return wall, cpu, waited * min(1.0, wall / elapsed)


def time_command(clocks: Clocks, command: list[str], loops: int) -> tuple[float, float, float]:
    """Time a command from start to end; what `time_call` returns.

    The same as pyperf's ``bench_command``, without the helper process that pyperf starts for each
    value: that costs three times as much as a small command itself, and hides the command's time
    in line. ``posix_spawn`` starts it alike under every Python.
    """
    import signal

    wall = cpu = queued = 0.0
    for _ in range(loops):
        _own, before, _queued = clocks.read()
        start = perf_counter()
        pid = os.posix_spawnp(
            command[0],
            command,
            os.environ,
            file_actions=_silence(),
            setsigdef=[signal.SIGPIPE, signal.SIGXFSZ],  # which Python itself ignores
        )
        spawned = clocks.read()[2]
        os.waitid(os.P_PID, pid, os.WEXITED | os.WNOWAIT)
        elapsed = perf_counter() - start
        ran, waited = _schedstat_of(pid)
        waited += clocks.read()[2] - spawned  # in line itself before it could hear of the end
        status = os.waitpid(pid, 0)[1]
        if status:
            code = os.WEXITSTATUS(status) if os.WIFEXITED(status) else -os.WTERMSIG(status)
            raise RuntimeError("Command failed with exit code %s" % code)
        used = clocks.read()[1] - before
        wall += elapsed
        cpu += used
        if abs(used - ran) <= _SAME * used:
            queued += max(0.0, min(waited, elapsed - used))
    return wall, cpu, queued


def can_time_commands() -> bool:
    """Whether `time_command` works on this system; else pyperf's own way is used."""
    return hasattr(os, "posix_spawnp") and hasattr(os, "waitid")


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
