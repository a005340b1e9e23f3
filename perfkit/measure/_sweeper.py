"""Run as a script by `guardian`: waits for its input to close, then ends a run's processes.

Usage: ``python _sweeper.py VARIABLE VALUE``
"""

from __future__ import annotations

import contextlib
import signal
import sys
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import psutil

_ROUNDS = 40
_PAUSE_SECONDS = 0.1


def strays(variable: str, value: str) -> list[psutil.Process]:
    """The processes whose environment holds ``variable=value``."""
    import psutil

    found = []
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error, OSError):
            if process.environ().get(variable) == value:
                found.append(process)
    return found


def main() -> None:
    """Wait for the end of input, then kill until nothing is left (new children may appear)."""
    variable, value = sys.argv[1:]
    for name in ("SIGINT", "SIGTERM", "SIGHUP"):
        if hasattr(signal, name):
            signal.signal(getattr(signal, name), signal.SIG_IGN)
    sys.stdin.buffer.read()
    import psutil

    empty = 0
    for _ in range(_ROUNDS):
        found = strays(variable, value)
        empty = 0 if found else empty + 1
        if empty > 1:  # twice, since one might have been between its fork and its exec
            return
        for process in found:
            with contextlib.suppress(psutil.Error):
                process.kill()
        time.sleep(_PAUSE_SECONDS)


if __name__ == "__main__":
    main()
