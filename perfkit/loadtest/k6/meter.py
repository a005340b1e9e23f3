"""Figures of each second, exact, from rows as they come."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from perfkit.profile.value import SETUP_PHASE
from perfkit.recording.events import ANSWERED, CUT_OFF, FAILED, ROW_TYPE

if TYPE_CHECKING:
    from numpy.typing import NDArray

_MICROS = 1e6


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """Of the requests that ended in a stretch of time; see `perfkit.loadtest.generator.Second`.

    Attributes:
        answered: Right answers.
        failed: Failed requests.
        p50: Median response time of right answers in seconds; NaN without any.
        p95: 95th percentile.
        p99: 99th percentile.
        mean: Mean.
    """

    answered: int
    failed: int
    p50: float
    p95: float
    p99: float
    mean: float


class Meter:
    """Counts rows.

    Attributes:
        answered: Requests of the load answered rightly so far.
        failed: Requests that failed.
        cut_off: Requests that were cut off.
        latest: When the last one ended, in seconds from the origin.
    """

    def __init__(self) -> None:
        self.answered = self.failed = self.cut_off = 0
        self.latest = 0.0
        self._later: NDArray[np.void] = np.empty(0, dtype=ROW_TYPE)

    def add(self, rows: NDArray[np.void]) -> None:
        """Count new rows."""
        counted = rows[rows["phase"] != SETUP_PHASE]
        outcome = counted["outcome"]
        self.answered += int(np.count_nonzero(outcome == ANSWERED))
        self.failed += int(np.count_nonzero(outcome == FAILED))
        self.cut_off += int(np.count_nonzero(outcome == CUT_OFF))
        self.latest = max(self.latest, float(counted["end"].max(initial=0)) / _MICROS)
        self._later = np.concatenate([self._later, counted])

    def figures(self, until: float) -> Figures:
        """Of those that ended before a moment (seconds from the origin) and are in none yet."""
        ended = self._later["end"] < until * _MICROS
        rows, self._later = self._later[ended], self._later[~ended]
        right = rows[rows["outcome"] == ANSWERED]
        times = np.sort(right["end"] - right["due"]) / _MICROS

        def quantile(share: float) -> float:
            """The smallest value that so many do not exceed."""
            if not len(times):
                return math.nan
            return float(times[max(math.ceil(share * len(times)) - 1, 0)])

        return Figures(
            answered=len(right),
            failed=int(np.count_nonzero(rows["outcome"] == FAILED)),
            p50=quantile(0.5),
            p95=quantile(0.95),
            p99=quantile(0.99),
            mean=float(times.mean()) if len(times) else math.nan,
        )
