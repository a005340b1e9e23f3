"""Where rows go: into figures of the last second, and to the disk."""

from __future__ import annotations

import math
from collections import deque
from typing import TYPE_CHECKING, Any, TypeAlias

import gevent
import numpy as np
from _perfkit_rows import OUTSIDE

from perfkit.errors import WritingError
from perfkit.profile.schedule import stage_bounds
from perfkit.recording.events import ANSWERED, CUT_OFF, FAILED, ROW_TYPE, EventWriter

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from perfkit.profile.value import Profile
    from perfkit.recording.events import Name

    _Batch: TypeAlias = tuple[NDArray[np.void], Sequence[Name], Callable[[], None]]

_MICROS = 1e6
_MOST_WAITING = 60
_QUANTILES = (0.5, 0.95, 0.99)


class Placing:
    """Turns moments of CLOCK_MONOTONIC into microseconds from the origin, and finds their stage.

    Args:
        profile: The load.
        origin: When it began, on the clock of the rows, in seconds.
    """

    def __init__(self, profile: Profile, origin: float) -> None:
        self._origin = int(origin * _MICROS)
        stages = [
            (index, end) for index, (begin, end) in enumerate(stage_bounds(profile)) if begin < end
        ]
        self._numbers = np.array([index for index, _ in stages], dtype=np.int16)
        self._ends = np.array([end * _MICROS for _, end in stages])

    def place(self, rows: bytes) -> NDArray[np.void]:
        """Rows as they are stored."""
        placed = np.frombuffer(rows, dtype=ROW_TYPE).copy()
        for name in ("due", "start", "end"):
            placed[name] -= self._origin
        at = np.searchsorted(self._ends, placed["due"], side="right")
        stages = self._numbers[np.minimum(at, len(self._numbers) - 1)]
        placed["phase"] = np.where(placed["phase"] == OUTSIDE, OUTSIDE, stages)
        return placed


class Meter:
    """Figures of each second, exact.

    Attributes:
        answered: Requests of the load answered rightly so far.
        failed: Requests that failed.
        cut_off: Requests that were cut off.
        latest: When the last request ended, in seconds from the origin.
    """

    def __init__(self) -> None:
        self.answered = self.failed = self.cut_off = 0
        self.latest = 0.0
        self._later: NDArray[np.void] = np.empty(0, dtype=ROW_TYPE)

    def add(self, rows: NDArray[np.void]) -> None:
        """Count new rows."""
        counted = rows[rows["phase"] != OUTSIDE]
        outcome = counted["outcome"]
        self.answered += int(np.count_nonzero(outcome == ANSWERED))
        self.failed += int(np.count_nonzero(outcome == FAILED))
        self.cut_off += int(np.count_nonzero(outcome == CUT_OFF))
        self.latest = max(self.latest, counted["end"].max(initial=0) / _MICROS)
        self._later = np.concatenate([self._later, counted])

    def figures(self, until: float) -> dict[str, float | int | None]:
        """Of the requests that ended before a moment and were in no figures yet.

        Response times are those of right answers, in seconds from the intended start.
        """
        ended = self._later["end"] < until * _MICROS
        rows, self._later = self._later[ended], self._later[~ended]
        right = rows[rows["outcome"] == ANSWERED]
        times = np.sort(right["end"] - right["due"]) / _MICROS
        found: dict[str, float | int | None] = {
            "answered": len(right),
            "failed": int(np.count_nonzero(rows["outcome"] == FAILED)),
            "mean": float(times.mean()) if len(times) else None,
        }
        for quantile in _QUANTILES:
            # the smallest value that so many do not exceed
            rank = max(math.ceil(quantile * len(times)) - 1, 0)
            found[f"p{quantile * 100:g}"] = float(times[rank]) if len(times) else None
        return found


class Store:
    """Writes batches to a file of events, in a thread of its own: a slow disk stops no user.

    Attributes:
        error: Why nothing is written any more, or None.
    """

    def __init__(self, path: Path) -> None:
        """Make the file.

        Raises:
            WritingError: It cannot be made.
        """
        self._writer = EventWriter(path)
        self._waiting: deque[_Batch] = deque()
        self._pool = gevent.get_hub().threadpool
        self._working: gevent.Greenlet[..., Any] | None = None
        self.error: str | None = None

    def put(self, rows: NDArray[np.void], names: Sequence[Name], then: Callable[[], None]) -> None:
        """Have a batch written, and something done as soon as that has been tried."""
        self._waiting.append((rows, names, then))
        if len(self._waiting) > _MOST_WAITING:
            self.error = self.error or "measurements cannot be written as fast as they come"
        if self._working is None or self._working.ready():
            self._working = gevent.spawn(self._work)

    def _work(self) -> None:
        while self._waiting:
            rows, names, then = self._waiting.popleft()
            if self.error is None:
                try:
                    self._pool.apply(self._writer.write, (rows, names))
                except WritingError as error:
                    self.error = str(error)
            then()

    def close(self) -> None:
        """Write what waits, and the end mark."""
        if self._working is not None:
            self._working.join()
        try:
            self._writer.close()
        except WritingError as error:
            self.error = self.error or str(error)
