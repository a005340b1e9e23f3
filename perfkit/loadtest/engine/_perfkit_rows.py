"""Rows of events in memory: packed as they come, taken in batches to be stored or sent."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import gevent

from perfkit.recording.events import CUT_OFF, ERROR, REQUEST, ROW, Name

if TYPE_CHECKING:
    from collections.abc import Callable

_ROWS = 4096
_LONGEST = 2**31 - 1
_MOST_REQUESTS = 4000
_MOST_ERRORS = 1000
_LONGEST_TEXT = 200
_OTHERS = "(others)"
_MICROS = 1e6

OUTSIDE = -1
"""Phase of what is no part of the load: preparing a user, and taking leave."""

_VOLATILE = (  # what would make every occurrence of an error a text of its own
    (re.compile(r" (?:for|with) url: \S+"), ""),
    (re.compile(r"0x[0-9a-fA-F]+"), "0x…"),
    (re.compile(r"\bport=\d+"), "port=…"),
    (re.compile(r"(?<=[\w\]]):\d{2,5}\b"), ":…"),
    (re.compile(r"\b(?=[0-9a-f-]*\d)[0-9a-f]{8}[0-9a-f-]*\b"), "…"),
    (re.compile(r"\d{4,}"), "…"),
    (re.compile(r"\s+"), " "),
)


class Turn:
    """One request of a user, from its intended start to its row.

    Moments are seconds on CLOCK_MONOTONIC.

    Attributes:
        due: Intended start.
        free: When its user was free to send it.
        start: Actual start.
        end: Answer complete, or failed; None where Locust's own measure is taken.
        size: Bytes of the body.
        status: HTTP status, 0 for none.
        checks: Bits of failed checks.
        request: Number of its name.
        label: Its name, where the number is known at the end only.
        target: Which service.
        phase: `OUTSIDE`, or 0 for the stage at its intended start.
        patience: Seconds after which it has failed; None for as long as its client likes.
        receive: Reads the answer, notes ``end``, ``size``, ``status`` and ``checks``, and says why
            the request has failed or None; None where Locust's word is taken for all that.
        greenlet: Whose work it is.
    """

    __slots__ = (
        "checks",
        "due",
        "end",
        "free",
        "greenlet",
        "label",
        "patience",
        "phase",
        "receive",
        "request",
        "size",
        "start",
        "status",
        "target",
    )

    def __init__(self, *, target: int, patience: float | None) -> None:
        self.due = self.free = self.start = 0.0
        self.end: float | None = None
        self.size = self.status = self.checks = self.request = 0
        self.target = target
        self.label: str | None = None
        self.phase = OUTSIDE
        self.patience = patience
        self.receive: Callable[[Any], BaseException | str | None] | None = None
        self.greenlet = gevent.getcurrent()


class Numbering:
    """Numbers for texts, in the order met; when there are too many, the rest are all one."""

    def __init__(self, kind: str, fresh: list[Name], most: int) -> None:
        self._kind = kind
        self._most = most
        self._fresh = fresh
        self._numbers: dict[str, int] = {}

    def of(self, text: str) -> int:
        """The number of a text."""
        number = self._numbers.get(text)
        if number is None and len(self._numbers) >= self._most:
            text = _OTHERS
            number = self._numbers.get(text)
        if number is None:
            number = self._numbers[text] = len(self._numbers)
            self._fresh.append(Name(kind=self._kind, number=number, text=text))
        return number


class Rows:
    """Every request of this process, in flight or done.

    Attributes:
        flying: Requests in flight, oldest first.
        sent: Requests of the load begun so far.
    """

    def __init__(self) -> None:
        self.flying: dict[Turn, None] = {}
        self.sent = 0
        self._fresh: list[Name] = []
        self.requests = Numbering(REQUEST, self._fresh, _MOST_REQUESTS)
        self.errors = Numbering(ERROR, self._fresh, _MOST_ERRORS)
        self._full: list[bytes] = []
        self._buffer = bytearray(ROW.size * _ROWS)
        self._at = 0

    def begin(self, turn: Turn) -> None:
        """A request is sent."""
        self.flying[turn] = None
        if turn.phase != OUTSIDE:
            self.sent += 1

    def end(self, turn: Turn, end: float, outcome: int, error: int) -> None:
        """A request has come to its end; it may have been cut off before."""
        if self.flying.pop(turn, turn) is turn:
            return
        start = turn.start
        due = turn.due
        slip = start - max(due, turn.free)
        at = self._at
        ROW.pack_into(
            self._buffer,
            at,
            int(due * _MICROS),
            int(start * _MICROS),
            int(end * _MICROS),
            min(int(slip * _MICROS), _LONGEST) if slip > 0 else 0,
            turn.size,
            turn.status,
            outcome,
            turn.checks if turn.checks < 1 << 15 else turn.checks - (1 << 16),
            turn.request,
            error,
            turn.phase,
            turn.target,
        )
        self._at = at = at + ROW.size
        if at == len(self._buffer):
            self._full.append(bytes(self._buffer))
            self._at = 0

    def cut(self, now: float) -> None:
        """What is still in flight is cut off now."""
        for turn in tuple(self.flying):
            if turn.label is not None:
                turn.request = self.requests.of(turn.label)
            self.end(turn, now, CUT_OFF, -1)

    def in_flight(self) -> int:
        """Requests of the load that are in flight."""
        return sum(turn.phase != OUTSIDE for turn in self.flying)

    def take(self) -> tuple[bytes, list[Name]]:
        """Rows since this was last asked, and the names that are new in them."""
        rows = b"".join((*self._full, memoryview(self._buffer)[: self._at]))
        names = self._fresh.copy()
        self._full.clear()
        self._fresh.clear()
        self._at = 0
        return rows, names


def error_text(error: BaseException | str) -> str:
    """An error as a short text that is the same every time it happens."""
    if isinstance(error, BaseException):
        original = getattr(error, "original", None)  # geventhttpclient's RetriesExceeded
        error = original if isinstance(original, BaseException) else error
    return shortened(_described(error))


def _described(error: BaseException | str) -> str:
    if isinstance(error, str):
        return error
    name = type(error).__name__
    if name == "CatchResponseError":  # what a check or a user said
        return str(error)
    if isinstance(error, gevent.Timeout):
        return f"no answer within {error.seconds:g} s" if error.seconds else "timed out"
    if isinstance(error, OSError) and error.strerror:
        return f"{name}: {error.strerror}"
    code: Any = getattr(error, "code", None)
    if name in {"LocustBadStatusCode", "BadStatusCode"} and code:
        return f"status {code}"
    return f"{name}: {error}" if str(error) else name


def shortened(text: str) -> str:
    """Without numbers of objects, ports and items; one line.

    >>> shortened("item 123456 of <A object at 0x7f01> at host:8080")
    'item … of <A object at 0x…> at host:…'
    """
    for pattern, instead in _VOLATILE:
        text = pattern.sub(instead, text)
    text = text.strip()
    return text if len(text) <= _LONGEST_TEXT else text[: _LONGEST_TEXT - 1] + "…"
