"""A small process that ends every process of a run once perfkit is gone, however it went."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Self

from perfkit.machine.environ import MARKER

if TYPE_CHECKING:
    from types import TracebackType

_SWEEPER = Path(__file__).with_name("_sweeper.py")


class Guardian:
    """Holds one end of a pipe; the sweeper at the other end acts when it closes.

    The pipe closes when perfkit leaves this context and also when it is killed with SIGKILL.
    The sweeper then ends every process that carries the run's mark in its environment, wherever
    it hides (own session, own process group, orphaned).
    """

    def __init__(self, run: str) -> None:
        """Guard the processes whose environment holds ``PERFKIT_RUN=run``."""
        self._run = run
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        environ = {name: value for name, value in os.environ.items() if name != MARKER}
        self._process = subprocess.Popen(
            [sys.executable, str(_SWEEPER), MARKER, self._run],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            env=environ,
            start_new_session=True,
        )
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        process = self._process
        if process is not None and process.stdin is not None:
            process.stdin.close()
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(10)
