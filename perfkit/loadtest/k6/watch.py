"""What k6 does not tell of itself: its CPU time, and how its clock and ours differ."""

from __future__ import annotations

import contextlib
import time

_CLOCK_TRIES = 20
_SHORTEST = 0.5  # seconds: the system counts CPU time in hundredths of one


class CpuShare:
    """CPU time of a process over the time that its CPUs had."""

    def __init__(self, pid: int, count: int) -> None:
        import psutil

        self._error = psutil.Error
        self._count = count
        self._share = 0.0
        self._wall, self._used = time.monotonic(), 0.0
        self._process: psutil.Process | None = None
        with contextlib.suppress(psutil.Error):
            self._process = psutil.Process(pid)

    def take(self) -> float:
        """Since this was last asked, or before that when it was only just."""
        wall, used = time.monotonic(), self._used
        if wall - self._wall < _SHORTEST:
            return self._share
        if self._process is not None:
            with contextlib.suppress(self._error):
                times = self._process.cpu_times()
                used = times.user + times.system
        self._share = max((used - self._used) / (wall - self._wall) / self._count, 0.0)
        self._wall, self._used = wall, used
        return self._share


def clock_offset() -> int:
    """Nanoseconds to add to the wall clock's time to get CLOCK_MONOTONIC's: the closest look."""
    looks = []
    for _ in range(_CLOCK_TRIES):
        before = time.monotonic_ns()
        wall = time.time_ns()
        after = time.monotonic_ns()
        looks.append((after - before, (before + after) // 2 - wall))
    return min(looks)[1]
