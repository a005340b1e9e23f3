"""What master and workers say to each other, and what of it is believed.

Every message is one of Locust's, of the type `MESSAGE`, with a dictionary whose key "say" names
what it is. Whoever can reach the master's port can send it anything: all of it is looked at.

    worker to master    meaning
    hello               here is a worker: who it is, and its token
    ping                what does your clock say?
    accepted            it will do its job; how its clock differs
    refused             it will not, and why
    beat                it lives; how many users are ready, of how many
    ready               all are
    chunk               rows of a second, numbered from 0, with the figures of the second
    done                its load is over: counts, and how many chunks there were
    bye                 it goes now, and why if that is too early

    master to worker
    job                 the EngineSpec, and which part of the load is its own
    wait                there is no place for it now
    refused             there will be none, and why
    pong                the master's clock
    prepare             make the users ready
    begin               the load begins at that moment of the master's clock
    ack                 a chunk is on the disk
    stop                begin no more requests: reason and detail
    beat                the master lives
    farewell            everything has arrived (or has not): go
"""

from __future__ import annotations

import math
import socket
import sys
import zlib
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from perfkit.recording.events import COLUMNS, CUT_OFF, ERROR, REQUEST, ROW, ROW_TYPE, Name

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

MESSAGE = "perfkit"

PROTOCOL = 1
"""Version of all this; master and worker must agree."""

MOST_ROWS = 1 << 16
"""Rows in a chunk."""

LARGEST = 1 << 24
"""Bytes of a message; whoever sends a longer one is disconnected."""

SILENCE_SECONDS = 5.0
"""A worker from which nothing has come for so long is lost; it sends something every second."""

BEAT_SECONDS = 1.0

_MOST_NAMES = 6000
_LONGEST_TEXT = 300
_LONGEST_WORDS = 4000
_MOST_TEXTS = 20
_MOST = 1 << 53


class NonsenseError(Exception):
    """A message that no worker of perfkit sends; the text says what is wrong with it."""


class Reader:
    """Takes values out of a message, and insists on what they are.

    Args:
        content: The message.
    """

    def __init__(self, content: object) -> None:
        if not isinstance(content, dict):
            raise NonsenseError("a message is no dictionary")
        self.content = content

    def whole(self, name: str, most: int = _MOST) -> int:
        """A whole number from 0."""
        value = self.content.get(name)
        if type(value) is not int or not 0 <= value <= most:
            raise NonsenseError(f"{name} is {str(value)[:40]!r}")
        return value

    def number(self, name: str, *, signed: bool = False) -> float:
        """A finite number."""
        value = self.content.get(name)
        if isinstance(value, bool) or not isinstance(value, (int, float)):
            raise NonsenseError(f"{name} is {str(value)[:40]!r}")
        if not math.isfinite(value):
            raise NonsenseError(f"{name} is {str(value)[:40]!r}")
        if value < 0 and not signed:
            raise NonsenseError(f"{name} is negative")
        return float(value)

    def text(self, name: str, longest: int = _LONGEST_TEXT) -> str:
        """A text; characters that would do something to a terminal are left out."""
        value = self.content.get(name)
        if not isinstance(value, str) or len(value) > longest:
            raise NonsenseError(f"{name} is no short text")
        return "".join(c for c in value if c.isprintable() or c == "\n")

    def texts(self, name: str) -> list[str]:
        """A few texts."""
        value = self.content.get(name)
        if not isinstance(value, list) or len(value) > _MOST_TEXTS:
            raise NonsenseError(f"{name} is no short list")
        return [Reader({"text": one}).text("text", _LONGEST_WORDS) for one in value]

    def data(self, name: str) -> bytes:
        """Bytes."""
        value = self.content.get(name)
        if not isinstance(value, bytes):
            raise NonsenseError(f"{name} is no data")
        return value

    def names(self) -> list[Name]:
        """Names that are new in a chunk."""
        value = self.content.get("names")
        if not isinstance(value, list) or len(value) > _MOST_NAMES:
            raise NonsenseError("the names are no list")
        found = []
        for one in value:
            if not (isinstance(one, list) and len(one) == 3 and one[0] in {REQUEST, ERROR}):  # noqa: PLR2004
                raise NonsenseError("a name is none")
            reader = Reader({"number": one[1], "text": one[2]})
            number = reader.whole("number", _MOST_NAMES)
            found.append(Name(kind=one[0], number=number, text=reader.text("text", _LONGEST_WORDS)))
        return found


def packed(rows: NDArray[np.void]) -> bytes:
    """Rows as few bytes: like bytes of like columns stand together, then deflate's quickest."""
    parts = []
    for name in COLUMNS:
        column = np.ascontiguousarray(rows[name])
        parts.append(column.view(np.uint8).reshape(len(rows), column.itemsize).T.tobytes())
    return zlib.compress(b"".join(parts), 1)


def unpacked(data: bytes, count: int) -> NDArray[np.void]:
    """The rows; no more memory is used than so many take.

    Raises:
        NonsenseError: They are not so many.
    """
    rows = np.empty(count, dtype=ROW_TYPE)
    if not count:
        return rows
    size = count * ROW.size
    reader = zlib.decompressobj()
    try:
        plain = reader.decompress(data, size + 1)
    except zlib.error as error:
        raise NonsenseError("rows cannot be unpacked") from error
    if len(plain) != size or not (reader.eof or reader.flush() == b""):
        raise NonsenseError(f"there are not {count} rows")
    at = 0
    for name in COLUMNS:
        width = ROW_TYPE[name].itemsize
        part = np.frombuffer(plain, np.uint8, count * width, at).reshape(width, count)
        rows[name] = np.ascontiguousarray(part.T).view(ROW_TYPE[name]).reshape(count)
        at += count * width
    return rows


class Sense:
    """Whether one worker's rows make sense.

    Args:
        targets: Number of services.
        stages: Number of stages.
    """

    def __init__(self, targets: int, stages: int) -> None:
        self._targets = targets
        self._stages = stages
        self._named: dict[str, set[int]] = {REQUEST: set(), ERROR: {-1}}

    def check(self, rows: NDArray[np.void], names: Sequence[Name]) -> None:
        """Look at rows and the names that came with them.

        Raises:
            NonsenseError: They make none.
        """
        for one in names:
            known = self._named[one.kind]
            if one.number in known:
                raise NonsenseError("a number is named twice")
            known.add(one.number)
        limits = {
            "outcome": (0, CUT_OFF),
            "target": (0, self._targets - 1),
            "phase": (-1, self._stages - 1),
            "slip": (0, None),
            "size": (0, None),
        }
        for name, (low, high) in limits.items():
            column = rows[name]
            if (column < low).any() or (high is not None and (column > high).any()):
                raise NonsenseError(f"rows with an impossible {name}")
        if (rows["end"] < rows["start"]).any():
            raise NonsenseError("rows that end before they start")
        for kind, known in self._named.items():
            if not set(np.unique(rows[kind]).tolist()) <= known:
                raise NonsenseError(f"rows with an unnamed {kind}")


def clock_identity() -> str:
    """Equal for processes whose CLOCK_MONOTONIC is the same; empty when that cannot be told.

    It counts from the start of a kernel, and each of its time namespaces may shift it.
    """
    return _identity("time")


def network_identity() -> str:
    """Equal for processes whose loopback addresses are the same."""
    return _identity("net") or socket.gethostname()


def _identity(namespace: str) -> str:
    if sys.platform != "linux":
        return ""
    try:
        boot = Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
    except OSError:
        return ""
    try:
        kind = Path(f"/proc/self/ns/{namespace}").readlink()
    except FileNotFoundError:  # an older kernel, that has none
        return boot
    except OSError:
        return ""
    return f"{boot} {kind}"
