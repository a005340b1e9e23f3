"""Raw events of a load run: one row a request, streamed to disk as compressed Arrow batches.

A file is an Arrow IPC *stream*: record batches one after another, so that a reader of a file whose
writer was killed gets every complete batch. Names (of requests, of errors) are numbers in it;
what they mean stands in ``NAME.names.jsonl`` beside it, written before the batch that needs it.

Times are microseconds on the clock of the machine that perfkit runs on (CLOCK_MONOTONIC), counted
from the segment's origin; negative before the load began.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

COLUMNS: Final[dict[str, str]] = {
    "due": "int64",  # intended start, µs from the origin
    "start": "int64",  # actual start
    "end": "int64",  # answer complete, failed, or cut off
    "slip": "int32",  # µs of start - due that are the generator's own (a user was free)
    "size": "int64",  # bytes of the body
    "status": "int16",  # HTTP status; 0 where there was no answer
    "outcome": "int8",  # one of OUTCOMES
    "checks": "int16",  # bit i: check i of the request failed
    "request": "int16",  # number of the request's name
    "error": "int16",  # number of the error's text; -1 for none
    "phase": "int16",  # stage at the intended start; -1 for setup
    "target": "int8",  # which of the segment's services: 0 or 1
}

ANSWERED: Final = 0
"""The request was answered and its checks of status and body held."""

FAILED: Final = 1
"""It was answered wrongly, refused, or not answered within the time-out."""

CUT_OFF: Final = 2
"""It was still in flight when its user was stopped."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Events:
    """Requests of one segment (or of several): arrays of shape (n,), in no particular order.

    Attributes:
        due: Intended start, seconds from the origin.
        start: Actual start.
        end: End.
        slip: Seconds of ``start - due`` that are the generator's own.
        size: Bytes.
        status: HTTP status, 0 for none.
        outcome: `ANSWERED`, `FAILED` or `CUT_OFF`.
        checks: Bits of failed checks.
        request: Index into ``requests``.
        error: Index into ``errors``; -1 for none.
        phase: Index of the stage; -1 for setup.
        target: Which of the segment's services.
        requests: Names of requests.
        errors: Texts of errors.
    """

    due: NDArray[np.float64]
    start: NDArray[np.float64]
    end: NDArray[np.float64]
    slip: NDArray[np.float64]
    size: NDArray[np.int64]
    status: NDArray[np.int16]
    outcome: NDArray[np.int8]
    checks: NDArray[np.int16]
    request: NDArray[np.int16]
    error: NDArray[np.int16]
    phase: NDArray[np.int16]
    target: NDArray[np.int8]
    requests: tuple[str, ...]
    errors: tuple[str, ...]

    def __len__(self) -> int:
        return len(self.due)

    def where(self, mask: NDArray[np.bool_]) -> Events:
        """Those for which ``mask`` holds."""
        arrays = {name: getattr(self, name)[mask] for name in COLUMNS}
        return Events(**arrays, requests=self.requests, errors=self.errors)
