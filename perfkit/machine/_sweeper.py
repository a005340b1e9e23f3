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
    """The processes whose environment holds ``variable=value`` or ``variable=value.MORE``."""
    import psutil

    found = []
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error, OSError, ValueError):
            if f"{process.environ().get(variable, '')}.".startswith(f"{value}."):
                found.append(process)
    return found


def sweep(variable: str, value: str) -> None:
    """Kill such processes until nothing is left; new ones may appear meanwhile."""
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


def main() -> None:
    """Wait for the end of input, then sweep."""
    variable, value = sys.argv[1:]
    for name in ("SIGINT", "SIGTERM", "SIGHUP"):
        if hasattr(signal, name):
            signal.signal(getattr(signal, name), signal.SIG_IGN)
    sys.stdin.buffer.read()
    sweep(variable, value)


if __name__ == "__main__":
    main()
