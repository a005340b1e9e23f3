"""Handle to one process under test; the other end of `target/_perfkit_worker.py`'s protocol."""

from __future__ import annotations

import contextlib
import json
import queue
import subprocess
import threading
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from perfkit.machine import cpus
from perfkit.machine._sweeper import sweep
from perfkit.machine.environ import MARKER
from perfkit.machine.process import (
    Tail,
    describe_exit,
    has_ended,
    kill_group,
    one_line,
    pipe,
    start_thread,
)
from perfkit.measure.failure import TargetError

if TYPE_CHECKING:
    from pathlib import Path

    from perfkit.variant import Side

HURRY_SECONDS = 1.0
"""Time to clean up for a script that is ended before its time."""

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
        whole: Seconds of the turn without spin, those in line, and a run-in, but with what the
            benchmark did beside what it times; 0.0 when unknown.
    """

    wall: float
    cpu: float
    queued: float | None
    spin: float
    whole: float = 0.0

    @property
    def net(self) -> float:
        """Seconds of the turn less those in line for the CPU."""
        return self.wall - (self.queued or 0.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Traced:
    """What tracing one call of the task said.

    Attributes:
        peak: Bytes above the start, or None when they cannot be told.
        reason: Why the call could not be traced; empty when it was, and for commands, whose memory
            is not the process's own.
    """

    peak: int | None
    reason: str


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
        self._reader = start_thread(self._read_lines)
        self._errors = Tail(pipe(self._process.stderr))

    def _read_lines(self) -> None:
        """Queue the answers; None is the end, and stays there for whoever asks."""
        with contextlib.suppress(OSError, ValueError), pipe(self._process.stdout) as stdout:
            for line in stdout:
                self._lines.put(line.decode("ascii", "replace"))
        self._lines.put(None)

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
        wall, cpu, queued, spun, whole = map(float, self._answer("turn")[1].split())
        if not 0 < wall < float("inf"):
            raise self._error(f"the benchmark reports a time of {wall!r} s")
        known = queued if 0 <= queued < wall else None
        return Turn(wall=wall, cpu=cpu, queued=known, spin=spun, whole=whole)

    def peak_rss(self) -> int | None:
        """Its peak resident memory in bytes, or None when it cannot tell."""
        self._send("rss")
        return int(self._answer("rss")[1]) or None

    def foreign_modules(self) -> dict[str, str]:
        """Files of what it imported from neither its environment nor the standard library, by name.

        Raises:
            TargetError: It exited or hung.
        """
        self._send("modules")
        found: dict[str, str] = json.loads(self._answer("modules")[1])
        return found

    def begin_trace(self) -> None:
        """Have it call its task once under tracemalloc; `traced` waits for the answer."""
        with contextlib.suppress(TargetError):  # told by `traced`
            self._send("trace")

    def traced(self, seconds: float) -> Traced:
        """What the call begun by `begin_trace` said; never an error, since the times are known.

        A process that exits or says nothing for so many seconds is gone afterwards.
        """
        try:
            word, rest = self._answer("traced", "untraced", seconds=seconds)
        except TargetError as error:
            return Traced(peak=None, reason=str(error))
        if word == "untraced":
            return Traced(peak=None, reason=one_line(json.loads(rest)))
        peak = int(rest)
        return Traced(peak=peak if peak >= 0 else None, reason="")

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
            pipe(self._process.stdin).close()

    def finish(self) -> None:
        """Wait until the script has left, then make sure that nothing of it is left."""
        self.leave(GRACE_SECONDS)
        self._wait_over()
        self.kill()

    def kill(self) -> None:
        """Kill the process and all it started, and reap it."""
        with self._ending:
            kill_group(self._process)
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._process.wait(GRACE_SECONDS)
            if not self._closed(_CLOSE_SECONDS):  # something of it lives on elsewhere
                sweep(MARKER, self._mark)
                self._closed(_LOOK_SECONDS)
            with contextlib.suppress(OSError):
                pipe(self._process.stdin).close()
            self.reaped = True

    def _closed(self, seconds: float) -> bool:
        """Whether nobody holds the other ends of its pipes any more, after so long at most."""
        deadline = time.monotonic() + seconds
        self._reader.join(seconds)
        quiet = self._errors.join(max(deadline - time.monotonic(), 0))
        return quiet and not self._reader.is_alive()

    def _send(self, line: str) -> None:
        try:
            stdin = pipe(self._process.stdin)
            stdin.write(line.encode("ascii") + b"\n")
            stdin.flush()
        except (OSError, ValueError) as error:  # ValueError: closed here, since it is to leave
            raise self._gone() from error

    def _answer(self, *wanted: str, seconds: float | None = None) -> tuple[str, str]:
        """The next line, which must begin with a wanted word, within so long or the timeout."""
        limit = self._timeout if seconds is None else seconds
        hint = " (--timeout)" if seconds is None else " while it was traced"
        line = self._next_line(time.monotonic() + limit, f"no answer within {limit:g} s{hint}")
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

    def _next_line(self, deadline: float, otherwise: str = "") -> str | None:
        """What it says next; None when it has ended.

        Raises:
            TargetError: It says nothing, in the words of ``otherwise``; it is killed then.
        """
        over = False
        while (left := deadline - time.monotonic()) > 0:
            try:
                line = self._lines.get(timeout=min(left, _LOOK_SECONDS))
            except queue.Empty:
                if over:
                    return None
                over = has_ended(self._process)
                continue
            if line is None:
                self._lines.put(None)
            return line
        self.kill()
        raise self._error(otherwise)

    def _wait_over(self) -> None:
        """Wait for the end of a process that was asked to leave."""
        deadline = time.monotonic() + GRACE_SECONDS
        with contextlib.suppress(TargetError):
            while self._next_line(min(deadline, self._deadline or deadline)) is not None:
                pass

    def _gone(self) -> TargetError:
        """The connection is closed: say how the process ended."""
        deadline = time.monotonic() + GRACE_SECONDS
        while not (over := has_ended(self._process)) and time.monotonic() < deadline:
            time.sleep(0.01)
        self.kill()
        code = self._process.returncode if over else None
        last = self._errors.text().rpartition("\n")[2] if code else ""
        return self._error(": ".join(filter(None, (describe_exit(code), last))))

    def _error(self, reason: str) -> TargetError:
        """An error with the tail of standard error, after whatever is still under way."""
        self._errors.join(0.2)
        detail = self._errors.text()
        return TargetError(one_line(reason), side=self.side, stage=self._stage, detail=detail)
