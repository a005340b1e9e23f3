"""Handle to one process under test; the other end of `target/_perfkit_worker.py`'s protocol."""

from __future__ import annotations

import contextlib
import json
import os
import queue
import signal
import subprocess
import sys
import threading
import time
from collections import deque
from dataclasses import dataclass
from typing import IO, TYPE_CHECKING

from perfkit.measure import cpus
from perfkit.measure.failure import TargetError, describe_exit

if TYPE_CHECKING:
    from pathlib import Path

    from perfkit.variant import Side

_TAIL_BYTES = 16_384
_LONGEST_LINE = 1 << 20
_GRACE_SECONDS = 5.0


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskFacts:
    """What a process tells of the task it is parked at.

    Attributes:
        name: The name given to pyperf.
        inner_loops: pyperf's inner loop count.
        unit: pyperf's unit; perfkit measures ``"second"`` only.
        description: pyperf's ``description`` metadata, or empty.
        command: It is a ``bench_command``.
        version: ``sys.version`` of the process.
        pyperf: Its version of pyperf.
    """

    name: str
    inner_loops: int
    unit: str
    description: str
    command: bool
    version: str
    pyperf: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Turn:
    """One timed turn.

    Attributes:
        wall: Seconds the task reports, injected spin included.
        cpu: Seconds of CPU time.
        spin: Seconds of injected busy loop.
    """

    wall: float
    cpu: float
    spin: float


class Child:
    """A process under test, in a process group of its own.

    Every wait has a deadline. Standard error is drained all the time and its tail kept, so that a
    benchmark may print as much as it likes.
    """

    def __init__(
        self, command: list[str], environ: dict[str, str], cwd: Path, *, side: Side, timeout: float
    ) -> None:
        """Start the process.

        Raises:
            TargetError: It cannot be started.
        """
        self.side = side
        self._timeout = timeout
        self._stage = "start"
        self._lines: queue.SimpleQueue[str | None] = queue.SimpleQueue()
        self._tail: deque[bytes] = deque()
        try:
            self._process = subprocess.Popen(
                command,
                env=environ,
                cwd=cwd,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                start_new_session=True,
            )
        except OSError as error:
            raise TargetError(
                f"cannot be started: {error}", side=side, stage="start", detail=""
            ) from error
        self.pid = self._process.pid
        self._threads = [self._thread(self._read_lines), self._thread(self._read_errors)]

    def _thread(self, work: object) -> threading.Thread:
        thread = threading.Thread(target=work, daemon=True)  # type: ignore[arg-type]
        thread.start()
        return thread

    def _read_lines(self) -> None:
        with _pipe(self._process.stdout) as stdout, contextlib.suppress(OSError, ValueError):
            while line := stdout.readline(_LONGEST_LINE):
                self._lines.put(line.decode("ascii", "replace"))
        self._lines.put(None)

    def _read_errors(self) -> None:
        kept = 0
        with _pipe(self._process.stderr) as stderr, contextlib.suppress(OSError, ValueError):
            while chunk := os.read(stderr.fileno(), _TAIL_BYTES):
                self._tail.append(chunk)
                kept += len(chunk)
                while kept - len(self._tail[0]) >= _TAIL_BYTES:
                    kept -= len(self._tail.popleft())

    def tasks(self) -> list[TaskFacts]:
        """All tasks of a process that was started to list them."""
        found = []
        while (message := self._answer("task", "end"))[0] == "task":
            found.append(TaskFacts(**json.loads(message[1])))
        return found

    def wait_parked(self) -> TaskFacts:
        """Wait until the process is parked at its task.

        Raises:
            TargetError: It raised, exited or hung before it came there.
        """
        word, rest = self._answer("task", "end")
        if word == "end":
            raise self._error("the script ended without reaching this benchmark")
        self._stage = "run"
        return TaskFacts(**json.loads(rest))

    def turn(self, *, loops: int, run_in: int, spin: int) -> Turn:
        """Have it do one turn.

        Raises:
            TargetError: It raised, exited or hung, or its time is no positive number.
        """
        self._send(f"turn {loops} {run_in} {spin}")
        wall, cpu, spun = map(float, self._answer("turn")[1].split())
        if not 0 < wall < float("inf"):
            raise self._error(f"the benchmark reports a time of {wall!r} s")
        return Turn(wall=wall, cpu=cpu, spin=spun)

    def peak_rss(self) -> int | None:
        """Its peak resident memory in bytes, or None when it cannot tell."""
        self._send("rss")
        return int(self._answer("rss")[1]) or None

    def pin(self, cpu: int | None) -> None:
        """Keep all its threads on one CPU; on any when None."""
        cpus.move(self.pid, cpus.available() if cpu is None else frozenset({cpu}))

    def finish(self) -> None:
        """Let the script clean up, then make sure nothing of its process group is left."""
        with contextlib.suppress(OSError, ValueError):
            self._send_raw("quit")
        self._wait_closed(_GRACE_SECONDS)
        self.kill()

    def kill(self) -> None:
        """Kill the process and its group, and reap it."""
        _kill_group(self._process)
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(_GRACE_SECONDS)
        for thread in self._threads:
            thread.join(_GRACE_SECONDS)
        with contextlib.suppress(OSError):
            _pipe(self._process.stdin).close()

    def _send(self, line: str) -> None:
        try:
            self._send_raw(line)
        except OSError as error:
            raise self._gone() from error

    def _send_raw(self, line: str) -> None:
        stdin = _pipe(self._process.stdin)
        stdin.write(line.encode("ascii") + b"\n")
        stdin.flush()

    def _answer(self, *wanted: str) -> tuple[str, str]:
        try:
            line = self._lines.get(timeout=self._timeout)
        except queue.Empty:
            raise self._error(f"no answer within {self._timeout:g} s (--timeout)") from None
        if line is None:
            raise self._gone()
        word, _, rest = line.strip().partition(" ")
        if word == "error":
            self._wait_closed(_GRACE_SECONDS)
            raise self._error(str(json.loads(rest)))
        if word not in wanted:
            raise self._error(f"unexpected answer {line[:80]!r}")
        return word, rest

    def _gone(self) -> TargetError:
        """The connection is closed: say how the process ended."""
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(_GRACE_SECONDS)
        return self._error(describe_exit(self._process.returncode))

    def _error(self, reason: str) -> TargetError:
        """An error with the tail of standard error, after whatever is still under way."""
        self._threads[1].join(0.2)
        tail = b"".join(self._tail)[-_TAIL_BYTES:].decode("utf-8", "replace").strip()
        return TargetError(reason, side=self.side, stage=self._stage, detail=tail)

    def _wait_closed(self, seconds: float) -> None:
        deadline = time.monotonic() + seconds
        with contextlib.suppress(queue.Empty):
            while self._lines.get(timeout=max(deadline - time.monotonic(), 0)) is not None:
                pass


def _pipe(stream: IO[bytes] | None) -> IO[bytes]:
    if stream is None:  # all three are pipes
        raise ValueError("not a pipe")
    return stream


def _kill_group(process: subprocess.Popen[bytes]) -> None:
    """Kill a process and what it left in its group, before its number can be used again."""
    if sys.platform == "win32":
        import psutil

        with contextlib.suppress(psutil.Error):
            for child in psutil.Process(process.pid).children(recursive=True):
                child.kill()
        process.kill()
        return
    if process.returncode is None:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, signal.SIGKILL)
