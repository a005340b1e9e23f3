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

from perfkit.machine import cpus
from perfkit.machine._sweeper import sweep
from perfkit.machine.environ import MARKER
from perfkit.measure.failure import TargetError, describe_exit, one_line

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from perfkit.variant import Side

HURRY_SECONDS = 1.0
"""Time to clean up for a script that is ended before its time."""

_TAIL_BYTES = 16_384
GRACE_SECONDS = 5.0
"""Time to clean up for a script that has done its part."""

_CLOSE_SECONDS = 0.1
"""Time in which the pipes of a killed process close, unless a stray holds them."""

_LOOK_SECONDS = 0.5
"""How often to look whether a silent process still lives; its pipe may outlive it in a stray."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskFacts:
    """What a process tells of the task it is parked at.

    Attributes:
        name: The name given to pyperf.
        inner_loops: pyperf's inner loop count.
        unit: pyperf's unit; perfkit measures ``"second"`` only.
        description: pyperf's ``description`` metadata, or empty.
        clock: How the task is timed; both sides must be timed alike.
        version: ``sys.version`` of the process.
        pyperf: Its version of pyperf.
    """

    name: str
    inner_loops: int
    unit: str
    description: str
    clock: str
    version: str
    pyperf: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Turn:
    """One timed turn.

    Attributes:
        wall: Seconds the task reports, injected spin included.
        cpu: Seconds of CPU time.
        queued: Seconds of ``wall`` spent in line for the CPU, or None when unknown.
        spin: Seconds of injected busy loop.
    """

    wall: float
    cpu: float
    queued: float | None
    spin: float

    @property
    def net(self) -> float:
        """Seconds of the turn less those in line for the CPU."""
        return self.wall - (self.queued or 0.0)


class Child:
    """A process under test, in a process group of its own.

    Every wait has a deadline. Standard error is drained all the time and its tail kept, so that a
    benchmark may print as much as it likes. `leave`, `finish` and `kill` may be called from any
    thread, and more than once.

    Attributes:
        side: Whose it is.
        pid: Its process id, and its group's.
        starting: It is not parked at its task yet.
        reaped: It was killed or had ended, and nothing of it is left.
    """

    def __init__(
        self, command: list[str], environ: dict[str, str], cwd: Path, *, side: Side, timeout: float
    ) -> None:
        """Start the process; its environment carries a mark of its own under `MARKER`.

        Raises:
            TargetError: It cannot be started.
        """
        self.side = side
        self._timeout = timeout
        self._stage = "start"
        self._mark = environ[MARKER]
        self._deadline: float | None = None
        self._lines: queue.SimpleQueue[str | None] = queue.SimpleQueue()
        self._tail: deque[bytes] = deque()
        self._ending = threading.Lock()
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
        except (OSError, ValueError) as error:  # ValueError: a NUL in an argument
            raise TargetError(
                f"cannot be started: {error}", side=side, stage="start", detail=""
            ) from error
        self.pid = self._process.pid
        self.starting = True
        self.reaped = False
        self._readers = (_thread(self._read_lines), _thread(self._read_errors))

    def _read_lines(self) -> None:
        """Queue the answers; None is the end, and stays there for whoever asks."""
        with contextlib.suppress(OSError, ValueError), _pipe(self._process.stdout) as stdout:
            for line in stdout:
                self._lines.put(line.decode("ascii", "replace"))
        self._lines.put(None)

    def _read_errors(self) -> None:
        kept = 0
        with contextlib.suppress(OSError, ValueError), _pipe(self._process.stderr) as stderr:
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
        self.starting = False
        return TaskFacts(**json.loads(rest))

    def turn(self, *, loops: int, run_in: int, spin: int) -> Turn:
        """Have it do one turn.

        Raises:
            TargetError: It raised, exited or hung, or its time is no positive number.
        """
        self._send(f"turn {loops} {run_in} {spin}")
        wall, cpu, queued, spun = map(float, self._answer("turn")[1].split())
        if not 0 < wall < float("inf"):
            raise self._error(f"the benchmark reports a time of {wall!r} s")
        known = queued if 0 <= queued < wall else None
        return Turn(wall=wall, cpu=cpu, queued=known, spin=spun)

    def peak_rss(self) -> int | None:
        """Its peak resident memory in bytes, or None when it cannot tell."""
        self._send("rss")
        return int(self._answer("rss")[1]) or None

    def pin(self, cpu: int | None) -> None:
        """Keep all its threads on one CPU; on any when None."""
        cpus.move(self.pid, cpus.available() if cpu is None else frozenset({cpu}))

    def leave(self, seconds: float) -> None:
        """Ask the script to clean up and end by itself; does not wait for it.

        Args:
            seconds: How long `finish` is to wait for that; an earlier, shorter limit stands.
        """
        deadline = time.monotonic() + seconds
        self._deadline = deadline if self._deadline is None else min(self._deadline, deadline)
        with contextlib.suppress(OSError, ValueError):
            _pipe(self._process.stdin).close()

    def finish(self) -> None:
        """Wait until the script has left, then make sure that nothing of it is left."""
        self.leave(GRACE_SECONDS)
        self._wait_over()
        self.kill()

    def kill(self) -> None:
        """Kill the process and all it started, and reap it."""
        with self._ending:
            _kill_group(self._process)
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._process.wait(GRACE_SECONDS)
            if not self._closed(_CLOSE_SECONDS):  # something of it lives on elsewhere
                sweep(MARKER, self._mark)
                self._closed(_LOOK_SECONDS)
            with contextlib.suppress(OSError):
                _pipe(self._process.stdin).close()
            self.reaped = True

    def _closed(self, seconds: float) -> bool:
        """Whether nobody holds the other ends of its pipes any more, after so long at most."""
        deadline = time.monotonic() + seconds
        for reader in self._readers:
            reader.join(max(deadline - time.monotonic(), 0))
        return not any(reader.is_alive() for reader in self._readers)

    def _send(self, line: str) -> None:
        try:
            stdin = _pipe(self._process.stdin)
            stdin.write(line.encode("ascii") + b"\n")
            stdin.flush()
        except (OSError, ValueError) as error:  # ValueError: closed here, since it is to leave
            raise self._gone() from error

    def _answer(self, *wanted: str) -> tuple[str, str]:
        line = self._next_line(time.monotonic() + self._timeout)
        if line is None:
            raise self._gone()
        word, _, rest = line.strip().partition(" ")
        if word == "error":
            self.leave(GRACE_SECONDS)
            self._wait_over()  # its traceback is on the way
            raise self._error(str(json.loads(rest)))
        if word == "end" and word not in wanted:
            raise self._error("the script left the benchmark while it was measured")
        if word not in wanted:
            raise self._error(f"unexpected answer {line[:80]!r}")
        return word, rest

    def _next_line(self, deadline: float) -> str | None:
        """What it says next; None when it has ended.

        Raises:
            TargetError: It says nothing.
        """
        over = False
        while (left := deadline - time.monotonic()) > 0:
            try:
                line = self._lines.get(timeout=min(left, _LOOK_SECONDS))
            except queue.Empty:
                if over:
                    return None
                over = self._is_over()
                continue
            if line is None:
                self._lines.put(None)
            return line
        self.kill()
        raise self._error(f"no answer within {self._timeout:g} s (--timeout)")

    def _wait_over(self) -> None:
        """Wait for the end of a process that was asked to leave."""
        deadline = time.monotonic() + GRACE_SECONDS
        with contextlib.suppress(TargetError):
            while self._next_line(min(deadline, self._deadline or deadline)) is not None:
                pass

    def _is_over(self) -> bool:
        """Whether it has ended; it stays unreaped, so that the number of its group stays its."""
        import psutil

        try:
            ended = psutil.Process(self.pid).status() == psutil.STATUS_ZOMBIE
        except psutil.NoSuchProcess:
            return True
        except psutil.Error:
            return False
        return ended or (sys.platform == "win32" and self._process.poll() is not None)

    def _gone(self) -> TargetError:
        """The connection is closed: say how the process ended."""
        deadline = time.monotonic() + GRACE_SECONDS
        while not (over := self._is_over()) and time.monotonic() < deadline:
            time.sleep(0.01)
        self.kill()
        code = self._process.returncode if over else None
        last = self._last_words().rpartition("\n")[2] if code else ""
        return self._error(": ".join(filter(None, (describe_exit(code), last))))

    def _error(self, reason: str) -> TargetError:
        """An error with the tail of standard error, after whatever is still under way."""
        self._readers[1].join(0.2)
        detail = self._last_words()
        return TargetError(one_line(reason), side=self.side, stage=self._stage, detail=detail)

    def _last_words(self) -> str:
        tail = b"".join(tuple(self._tail))[-_TAIL_BYTES:]
        return tail.decode("utf-8", "replace").strip()


def _thread(work: Callable[[], None]) -> threading.Thread:
    thread = threading.Thread(target=work, daemon=True)
    thread.start()
    return thread


def _pipe(stream: IO[bytes] | None) -> IO[bytes]:
    if stream is None:  # all three are pipes
        raise ValueError("not a pipe")
    return stream


def _kill_group(process: subprocess.Popen[bytes]) -> None:
    """Kill a process and what it left in its group, while the number is still theirs."""
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
