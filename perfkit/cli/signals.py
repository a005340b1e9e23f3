"""Ctrl-C, SIGTERM and SIGHUP: one way to stop, and a clean-up that further ones do not break."""

from __future__ import annotations

import contextlib
import os
import signal
import threading
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import FrameType

GRACE = 10.0
"""Seconds after the first signal during which others are ignored, so that cleaning up succeeds."""

_NAMES = ("SIGINT", "SIGTERM", "SIGHUP", "SIGBREAK")  # the last two: not everywhere
_STILL = b"perfkit: stopping; what was measured is kept\n"


@contextmanager
def as_interrupt() -> Iterator[None]:
    """Within the block each of the signals raises KeyboardInterrupt, in the main thread only.

    A signal that is ignored already (``nohup``) stays so.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    handler = _Handler()
    before = {}
    for name in _NAMES:
        number = getattr(signal, name, None)
        if number is not None and signal.getsignal(number) not in (signal.SIG_IGN, None):
            before[number] = signal.signal(number, handler)
    try:
        yield
    finally:
        for number, previous in before.items():
            signal.signal(number, previous)


class _Handler:
    def __init__(self) -> None:
        self._first: float | None = None

    def __call__(self, _number: int, _frame: FrameType | None) -> None:
        now = time.monotonic()
        if self._first is not None and now - self._first < GRACE:
            with contextlib.suppress(OSError):
                os.write(2, _STILL)  # printing is not safe inside a handler
            return
        self._first = now
        raise KeyboardInterrupt
