"""Samples of a service's process tree, taken in a thread and streamed to disk."""

from __future__ import annotations

import threading
import time
from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

from perfkit.errors import WritingError
from perfkit.loadtest.tree import UNKNOWN, Look, Tree
from perfkit.recording.arrow import ColumnWriter
from perfkit.recording.samples import COLUMNS

if TYPE_CHECKING:
    from pathlib import Path
    from types import TracebackType

PAUSE_SECONDS = 0.25
"""Pause between two looks, unless told otherwise."""

FLUSH_SECONDS = 1.0
"""What a killed run may lose at most."""

SHARE_SECONDS = 1.0
"""Stretch that the CPU share of the live view is taken over."""

_LEAVE_SECONDS = 5.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Latest:
    """The service now, for a live view.

    Attributes:
        rss: Bytes of resident memory; -1 when unknown.
        cpu: CPU time over wall time in the last second: 1.0 is one CPU busy; -1.0 when unknown.
    """

    rss: int
    cpu: float


class Sampler:
    """Takes samples while it is open, until the root of the tree has ended.

    Args:
        path: File to write; it must not exist yet.
        pid: Root of the process tree.
        pause: Seconds between the begins of two looks.

    Attributes:
        error: Why writing had to end, or None; looking goes on for the live view.

    Raises:
        WritingError: The file cannot be made.
    """

    def __init__(self, path: Path, pid: int, pause: float = PAUSE_SECONDS) -> None:
        self.error: WritingError | None = None
        self._writer = ColumnWriter(path, COLUMNS)
        self._tree = Tree(pid)
        self._pause = pause
        self._rows: dict[str, list[int]] = {name: [] for name in COLUMNS}
        self._flushed = time.monotonic()
        self._recent: deque[tuple[float, Look]] = deque()
        self._leaving = threading.Event()
        self._thread = threading.Thread(target=self._run, name="sampler", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._leaving.set()
        self._thread.join(_LEAVE_SECONDS)

    @property
    def latest(self) -> Latest:
        """What was seen last."""
        recent = tuple(self._recent)
        if not recent:
            return Latest(rss=UNKNOWN, cpu=UNKNOWN)
        (begin, first), (end, last) = recent[0], recent[-1]
        known = end > begin and min(first.cpu, last.cpu) >= 0
        share = (last.cpu - first.cpu) / (end - begin) if known else UNKNOWN
        return Latest(rss=last.rss, cpu=share)

    def _run(self) -> None:
        due = time.monotonic()
        over = False
        while not over:
            over = self._leaving.wait(max(0.0, due - time.monotonic()))  # then one look is left
            if not self._take():
                break
            due = max(due + self._pause, time.monotonic())  # looks that were missed stay missed
        self._flush()
        try:
            self._writer.close()
        except WritingError as error:
            self.error = self.error or error

    def _take(self) -> bool:
        """Look once; whether there was something to see."""
        began = time.monotonic()
        look = self._tree.look()
        if look is None:
            return False
        now = time.monotonic()
        at = (began + now) / 2
        self._recent.append((at, look))
        while len(self._recent) > 2 and at - self._recent[1][0] >= SHARE_SECONDS:  # noqa: PLR2004
            self._recent.popleft()
        self._add(at, look)
        if now - self._flushed >= FLUSH_SECONDS - self._pause / 2:
            self._flush()
        return True

    def _add(self, at: float, look: Look) -> None:
        row = {
            "at": round(at * 1e6),
            "rss": look.rss,
            "cpu": round(look.cpu * 1e6) if look.cpu >= 0 else -1,
            "threads": look.threads,
            "files": look.files,
            "switches": look.switches,
            "processes": look.processes,
        }
        for name, value in row.items():
            self._rows[name].append(value)

    def _flush(self) -> None:
        rows, self._rows = self._rows, {name: [] for name in COLUMNS}
        self._flushed = time.monotonic()
        if self.error is not None or not rows["at"]:
            return
        try:
            self._writer.write(rows)
        except WritingError as error:
            self.error = error
