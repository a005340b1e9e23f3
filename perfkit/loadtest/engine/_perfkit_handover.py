"""How a worker's rows get to the master: in numbered chunks, each kept until it is on the disk.

Nothing here ever holds a user back. Should the master fall behind by more than `MOST_BYTES`, rows
are given up instead, and the worker's part of the events is incomplete.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from time import monotonic
from typing import TYPE_CHECKING, Any

import gevent
from _perfkit_messages import MOST_ROWS, packed

if TYPE_CHECKING:
    from collections.abc import Callable

    import numpy as np
    from numpy.typing import NDArray

    from perfkit.recording.events import Name

MOST_BYTES = 64 << 20
"""Bytes of packed chunks that wait for the master's word."""

_AGAIN_SECONDS = 2.0
_AT_A_TIME = 16
_LOOK_SECONDS = 0.05


@dataclass(slots=True, kw_only=True)
class _Chunk:
    number: int
    content: dict[str, Any]
    size: int
    said: float


class Handover:
    """Chunks on their way.

    Args:
        tell: Says something to the master.

    Attributes:
        chunks: How many there were.
        lost: Rows that were given up.
        bytes: Size of all that was packed.
    """

    def __init__(self, tell: Callable[..., None]) -> None:
        self._tell = tell
        self._pool = gevent.get_hub().threadpool
        self._raw: deque[tuple[NDArray[np.void], list[Name], dict[str, Any] | None]] = deque()
        self._waiting: deque[_Chunk] = deque()
        self._size = 0
        self._working: gevent.Greenlet[..., Any] | None = None
        self._names: list[Name] = []
        self.chunks = 0
        self.lost = 0
        self.bytes = 0
        gevent.spawn(self._repeat)

    def warm_up(self, rows: NDArray[np.void]) -> None:
        """Pack rows for nothing, since the first time takes longer."""
        self._pool.apply(packed, (rows,))

    def put(self, rows: NDArray[np.void], names: list[Name], told: dict[str, Any]) -> None:
        """Have rows brought to the master, with the figures of their second after them."""
        pieces = [rows[at : at + MOST_ROWS] for at in range(0, len(rows), MOST_ROWS)] or [rows]
        for index, piece in enumerate(pieces):
            last = index + 1 == len(pieces)
            self._raw.append((piece, names if index == 0 else [], told if last else None))
        if self._working is None or self._working.ready():
            self._working = gevent.spawn(self._work)

    def _work(self) -> None:
        while self._raw:
            rows, names, told = self._raw.popleft()
            self._names += names
            data = self._pool.apply(packed, (rows,)) if len(rows) else b""
            if self._size + len(data) > MOST_BYTES:
                self.lost += len(rows)
                rows, data = rows[:0], b""
            chunk = _Chunk(
                number=self.chunks,
                content={
                    "number": self.chunks,
                    "rows": len(rows),
                    "data": data,
                    "names": [[one.kind, one.number, one.text] for one in self._names],
                    "told": told,
                },
                size=len(data),
                said=monotonic(),
            )
            self._names = []
            self.chunks += 1
            self.bytes += len(data)
            self._size += len(data)
            self._waiting.append(chunk)
            self._tell("chunk", **chunk.content)

    def acknowledged(self, number: int) -> None:
        """All chunks up to this one are on the disk."""
        while self._waiting and self._waiting[0].number <= number:
            self._size -= self._waiting.popleft().size

    def _repeat(self) -> None:
        """Say again what got lost on the way, when the connection broke and came back."""
        while True:
            gevent.sleep(_AGAIN_SECONDS / 4)
            now = monotonic()
            if not self._waiting or self._waiting[0].said > now - _AGAIN_SECONDS:
                continue
            for chunk in tuple(self._waiting)[:_AT_A_TIME]:
                chunk.said = now
                self._tell("chunk", **chunk.content)

    def finish(self) -> None:
        """Wait until everything is on the master's disk; whoever watches the master ends this."""
        while self._waiting or self._raw or not (self._working is None or self._working.ready()):
            gevent.sleep(_LOOK_SECONDS)
