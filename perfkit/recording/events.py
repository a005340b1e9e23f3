"""Raw events of a load run: one row a request, streamed to disk as compressed Arrow batches.

A file is an Arrow IPC *stream*: record batches one after another, so that a reader of a file whose
writer was killed gets every complete batch. Names (of requests, of errors) are numbers in it;
what they mean stands in ``NAME.names.jsonl`` beside it, written before the batch that needs it.

Times are microseconds on the clock of the machine that perfkit runs on (CLOCK_MONOTONIC), counted
from the segment's origin; negative before the load began.
"""

from __future__ import annotations

from typing import Final

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
