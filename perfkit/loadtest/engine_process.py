"""The engine's process: started, spoken with line by line, and ended with all it has started."""

from __future__ import annotations

import contextlib
import json
import os
import queue
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from perfkit.machine import cpus
from perfkit.machine._sweeper import sweep
from perfkit.machine.environ import MARKER, inherited_environment
from perfkit.machine.process import (
    Tail,
    describe_exit,
    exit_code,
    has_ended,
    kill_group,
    one_line,
    pipe,
    start_thread,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

ENGINE = Path(__file__).parent / "engine"

_GRACE_SECONDS = 5.0
_CLOSE_SECONDS = 0.1
_LOOK_SECONDS = 0.5
_WORDS_SECONDS = 1.0


class EngineProcess:
    """One process of the engine's folder.

    Args:
        words: Arguments.
        where: CPUs it is held to; empty for no pinning.
        mark: Mark that it and what it starts carry under `perfkit.machine.environ.MARKER`.

    Attributes:
        popen: The process.
        trouble: Why nothing more comes from it, once that is so; None before, and when it is to
            be expected.

    Raises:
        OSError: It cannot be started.
    """

    def __init__(self, *, words: Sequence[str], where: frozenset[int], mark: str) -> None:
        python = Path(sys.executable)
        self._mark = mark
        self.trouble: str | None = None
        self._lines: queue.SimpleQueue[bytes | None] = queue.SimpleQueue()
        with cpus.held_to(where):
            self.popen = subprocess.Popen(
                [str(python), "-W", "ignore", str(ENGINE), *words],
                env={**inherited_environment(os.environ, python), MARKER: mark},
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                start_new_session=True,
            )
        self._tail = Tail(pipe(self.popen.stderr))
        start_thread(self._read)

    def say(self, line: str) -> None:
        """Write a line; should it be gone, reading tells."""
        with contextlib.suppress(OSError, ValueError):
            stdin = pipe(self.popen.stdin)
            stdin.write(line.encode() + b"\n")
            stdin.flush()

    def hear(self, silence: float) -> dict[str, Any] | None:
        """What it says next; None when nothing more will come: see `trouble`.

        Args:
            silence: Seconds after which it hangs, and is killed.
        """
        if self.trouble is not None:
            return None
        line = self._next_line(silence)
        if line is None:
            if self.trouble is None:  # it may have been killed meanwhile
                self.trouble = self._how_it_ended()
            return None
        try:
            told: dict[str, Any] = json.loads(line)
            told["kind"]
        except (ValueError, KeyError, TypeError):
            self.trouble = one_line(f"the engine says {line[:80]!r}")
            return None
        return told

    def last_words(self) -> str:
        """The end of what it printed; waits a moment for what is still on its way."""
        self._tail.join(_WORDS_SECONDS)
        return self._tail.text()

    def hang_up(self) -> None:
        """Let it know that nobody listens any more."""
        with contextlib.suppress(OSError, ValueError):
            pipe(self.popen.stdin).close()

    def end(self, *, leaving: bool) -> None:
        """Kill what is left of it, and reap it.

        Args:
            leaving: It is about to end by itself: wait a little.
        """
        self.hang_up()
        if leaving:
            self._wait_over()
        kill_group(self.popen)
        with contextlib.suppress(subprocess.TimeoutExpired):
            self.popen.wait(_GRACE_SECONDS)
        if not self._tail.join(_CLOSE_SECONDS):  # something a Locust file started
            sweep(MARKER, self._mark)
            self._tail.join(_LOOK_SECONDS)

    def _next_line(self, silence: float) -> bytes | None:
        deadline = time.monotonic() + silence
        over = False
        while (left := deadline - time.monotonic()) > 0:
            try:
                return self._lines.get(timeout=min(left, _LOOK_SECONDS))
            except queue.Empty:
                if over:
                    return None  # something of it holds the pipe, but it has ended itself
                over = has_ended(self.popen)
        self.trouble = f"the engine said nothing for {silence:g} s and was killed"
        self.end(leaving=False)
        return None

    def _how_it_ended(self) -> str:
        deadline = time.monotonic() + _GRACE_SECONDS
        # While its threads are still ending, the process is a zombie without a code.
        while (code := exit_code(self.popen)) is None and time.monotonic() < deadline:
            time.sleep(0.01)
        self._tail.join(_LOOK_SECONDS)
        return f"the engine {describe_exit(code)}"

    def _read(self) -> None:
        with contextlib.suppress(OSError, ValueError), pipe(self.popen.stdout) as stdout:
            for line in stdout:
                self._lines.put(line)
        self._lines.put(None)

    def _wait_over(self) -> None:
        """Wait a little for its end; it stays unreaped."""
        deadline = time.monotonic() + _GRACE_SECONDS
        while not has_ended(self.popen) and time.monotonic() < deadline:
            time.sleep(0.01)
