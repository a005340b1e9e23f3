"""What the generator did, so that it can be judged by itself."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from perfkit.analyse.load.value import Health
from perfkit.profile.schedule import cumulative
from perfkit.recording.events import ANSWERED, CUT_OFF, FAILED

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from perfkit.analyse.load.gather import Opened
    from perfkit.recording.load import SegmentEnd, WorkerHealth, WorkerReport

BUSY = 0.9
"""CPU of a generator process from which a second counts as busy."""


_WHOLE = 0.5
"""Seconds from which a look is long enough for its CPU to count as the highest."""


class Slips:
    """Gathers what the events of several segments say of the generator, in bounded memory.

    Attributes:
        counts: Rows by outcome.
    """

    def __init__(self) -> None:
        self.counts = np.zeros(3, dtype=np.int64)
        self._slips: list[NDArray[np.float32]] = []
        self._responses: list[NDArray[np.float32]] = []
        self._lost = self._users = 0.0

    def add(self, opened: Opened) -> None:
        """Add a segment."""
        events = opened.events
        self.counts += np.bincount(events.outcome, minlength=3)[:3]
        self._slips.append(events.slip.astype(np.float32))
        ended = events.outcome != CUT_OFF
        self._responses.append((events.end - events.due)[ended].astype(np.float32))
        self._lost += float(events.slip[events.phase >= 0].sum())
        self._users += cumulative(opened.profile, opened.seconds)

    def slip_p99(self) -> float:
        """99th percentile of the generator's own lateness; 0.0 without requests."""
        return _p99(self._slips) or 0.0

    def response_p99(self) -> float | None:
        """99th percentile of the response time, ramps, failures and all."""
        return _p99(self._responses)

    def lost(self) -> float | None:
        """Share of the users' time (closed model) that the generator was late; None without any."""
        return self._lost / self._users if self._users > 0 else None


def _p99(parts: Sequence[NDArray[np.float32]]) -> float | None:
    """The 99th percentile, or the second highest of few: one hiccup condemns no short run."""
    values = np.concatenate(parts) if parts else np.empty(0, dtype=np.float32)
    if not len(values):
        return None
    rank = max(min(int(np.ceil(0.99 * len(values) - 1e-9)), len(values) - 1), 1) - 1
    values.partition(rank)
    return float(values[rank])


def health(ends: Sequence[SegmentEnd], slips: Slips, *, planned: bool) -> Health | None:
    """What all workers of some segments say, and their events.

    Args:
        ends: Ends of the segments.
        slips: Their events.
        planned: Arrivals were planned (open model).

    Returns:
        None when no worker reported.
    """
    workers = [worker for end in ends for worker in end.workers]
    if not workers:
        return None
    seconds = [one for worker in workers for one in worker.health]
    whole = [one.cpu for worker in workers for one, length in _looks(worker) if length >= _WHOLE]
    sent, unsent = (sum(getattr(x, name) for x in workers) for name in ("sent", "unsent"))
    ended = tuple(sum(getattr(x, name) for x in workers) for name in _OUTCOMES)
    return Health(
        cpu_busy=max(_busy(worker) for worker in workers),
        cpu_max=max(whole or [one.cpu for one in seconds], default=float("nan")),
        lag_p99=_p99([np.array([one.lag for one in seconds], dtype=np.float32)]) or 0.0,
        slip_p99=slips.slip_p99(),
        achieved=sent / (sent + unsent) if planned and sent + unsent else None,
        lost=None if planned else slips.lost(),
        waited=_waited(workers),
        unsent=unsent,
        sent=sent,
        accounted=sum(ended) + sum(worker.in_flight for worker in workers),
        complete=all(worker.complete for worker in workers),
        counts_match=tuple(slips.counts[list(_OUTCOMES.values())].tolist()) == ended,
        response_p99=slips.response_p99(),
        clock_error=max(worker.clock_error for worker in workers),
    )


_OUTCOMES = {"answered": ANSWERED, "failed": FAILED, "cut_off": CUT_OFF}


def _looks(worker: WorkerReport) -> list[tuple[WorkerHealth, float]]:
    """What a worker says second by second, with the seconds each look covers.

    The last is cut short by the end of the load, when what is left is written: a few hundredths
    of a second that are all work, of no weight beside whole ones.
    """
    at = [0.0, *(one.second for one in worker.health)]
    return [
        (one, max(after - before, 0.0))
        for one, (before, after) in zip(worker.health, pairwise(at), strict=True)
    ]


def _busy(worker: WorkerReport) -> float:
    looks = _looks(worker)
    total = sum(length for _, length in looks)
    return sum(length for one, length in looks if one.cpu > BUSY) / total if total else 0.0


def _waited(workers: Sequence[WorkerReport]) -> float | None:
    """Share of the time in line for a CPU, of the worker that stood there longest."""
    found = []
    for worker in workers:
        known = [(x.waited, length) for x, length in _looks(worker) if x.waited is not None]
        total = sum(length for _, length in known)
        if total:
            found.append(sum(waited * length for waited, length in known) / total)
    return max(found, default=None)
