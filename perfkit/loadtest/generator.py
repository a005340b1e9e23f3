"""Handle to the engine's process; the other end of `engine/_perfkit_engine.py`'s protocol."""

from __future__ import annotations

import contextlib
import json
import os
import queue
import secrets
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from perfkit.errors import PerfkitError
from perfkit.loadtest.spec import spec_to_json
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
from perfkit.recording.load import WorkerHealth, WorkerReport

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from types import TracebackType

    from perfkit.loadtest.spec import EngineSpec

ENGINE = Path(__file__).parent / "engine"

SILENCE_SECONDS = 30.0
"""An engine that says nothing for so long hangs; it speaks every second or two."""

_GRACE_SECONDS = 5.0
_CLOSE_SECONDS = 0.1
_LOOK_SECONDS = 0.5
_NAN = float("nan")


class EngineError(PerfkitError):
    """The engine could not begin: a failed trial, not a crash of perfkit.

    Attributes:
        stage: ``"engine"``.
        detail: Tail of what it printed.
    """

    def __init__(self, reason: str, *, detail: str) -> None:
        super().__init__(reason)
        self.stage = "engine"
        self.detail = detail


@dataclass(frozen=True, slots=True, kw_only=True)
class Origin:
    """The load begins now.

    Attributes:
        clock: Microseconds on this machine's CLOCK_MONOTONIC; events count from it.
        wall: Local time with offset, ISO 8601.
    """

    clock: int
    wall: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Second:
    """What happened in one second of load, exact; the last one may be shorter.

    Response times are of the right answers that ended in it, in seconds from the intended start;
    NaN without any.

    Attributes:
        second: Its end, in seconds from the origin.
        level: Users or rate at its end.
        sent: Requests begun in it.
        answered: Right answers that ended in it.
        failed: Requests that failed in it.
        in_flight: Requests without an answer at its end.
        unsent: Arrivals due by its end that no user has been free to send (open model).
        p50: Median response time.
        p95: 95th percentile.
        p99: 99th percentile.
        mean: Mean.
        lag: Longest delay of a timer of the generator's event loop, in seconds.
        cpu: CPU time over wall time of the generator (of the busiest worker).
    """

    second: float
    level: float
    sent: int
    answered: int
    failed: int
    in_flight: int
    unsent: int
    p50: float
    p95: float
    p99: float
    mean: float
    lag: float
    cpu: float


@dataclass(frozen=True, slots=True, kw_only=True)
class EngineEnd:
    """How the load ended.

    Attributes:
        reason: See `perfkit.recording.load.SegmentEnd`.
        detail: More of it; may be empty.
        seconds: From the origin to the end of the load.
        workers: What the generator processes say.
        notes: Things worth knowing that keep nobody from anything.
    """

    reason: str
    detail: str
    seconds: float
    workers: tuple[WorkerReport, ...]
    notes: tuple[str, ...]


class Generator:
    """Generates a load, in a process of its own. Use as a context manager: nothing stays behind.

    Every wait has a deadline; an engine that died or hangs ends `seconds`, and `finish` tells.

    Args:
        spec: What to generate.
    """

    def __init__(self, spec: EngineSpec) -> None:
        self._spec = spec
        self._mark = f"{spec.mark}.{secrets.token_hex(4)}"  # the services carry the run's, too
        self._lines: queue.SimpleQueue[bytes | None] = queue.SimpleQueue()
        self._process: subprocess.Popen[bytes] | None = None
        self._end: dict[str, Any] | None = None
        self._trouble: str | None = None
        self._stopped: tuple[str, str] | None = None
        self._seconds: list[Second] = []
        self._notes: list[str] = []

    def __enter__(self) -> Self:
        python = Path(sys.executable)
        environ = {**inherited_environment(os.environ, python), MARKER: self._mark}
        try:
            with cpus.held_to(self._spec.cpus):
                self._process = subprocess.Popen(
                    [str(python), "-W", "ignore", str(ENGINE)],
                    env=environ,
                    stdin=subprocess.PIPE,
                    stdout=subprocess.PIPE,
                    stderr=subprocess.PIPE,
                    start_new_session=True,
                )
        except OSError as error:
            raise EngineError(f"the engine cannot be started: {error}", detail="") from error
        self._tail = Tail(pipe(self._process.stderr))
        self._reader = start_thread(self._read)
        self._say(spec_to_json(self._spec))
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._kill()

    def ready(self) -> Origin:
        """Wait until all users are ready, and let the load begin.

        Raises:
            EngineError: The engine cannot begin.
        """
        while True:
            line = self._next()
            if line is None:
                raise EngineError(self._trouble or "the engine ended", detail=self._tail.text())
            match line["kind"]:
                case "ready":
                    self._say("begin")
                case "origin":
                    return Origin(clock=line["clock"], wall=line["wall"])

    def seconds(self) -> Iterator[Second]:
        """What happens, about once a second, until the load ends."""
        while (line := self._next()) is not None:
            if line["kind"] == "second":
                yield self._seconds[-1]

    def stop(self, reason: str, detail: str = "") -> None:
        """Ask for an early end in order: requests in flight may still be answered.

        Args:
            reason: What the end's reason is to be.
            detail: More of it.
        """
        if self._stopped is None:
            self._stopped = (reason, detail)
            self._say(f"stop {json.dumps([reason, detail])}")

    def finish(self) -> EngineEnd:
        """Wait for the end; never raises for an engine that died."""
        for _ in self.seconds():
            pass
        end = self._end
        if end is None:
            end = self._unfinished()
        report = WorkerReport(
            worker=0,
            host="",
            clock_offset=0.0,
            clock_error=0.0,
            sent=end["sent"],
            answered=end["answered"],
            failed=end["failed"],
            cut_off=end["cut_off"],
            in_flight=end["sent"] - end["answered"] - end["failed"] - end["cut_off"],
            unsent=end["unsent"],
            complete=self._end is not None and end["complete"],
            health=tuple(
                WorkerHealth(second=one.second, cpu=one.cpu, lag=one.lag) for one in self._seconds
            ),
        )
        return EngineEnd(
            reason=end["reason"],
            detail=end["detail"],
            seconds=end["seconds"],
            workers=(report,),
            notes=tuple(self._notes),
        )

    def _unfinished(self) -> dict[str, Any]:
        """The end of an engine that did not tell it: what is on the disk counts."""
        answered, failed, cut_off = _count(self._spec.events)
        told = sum(one.sent for one in self._seconds)
        last = self._seconds[-1] if self._seconds else None
        return {
            "reason": "generator",
            "detail": ": ".join(filter(None, (self._trouble, self._tail.text()))),
            "seconds": last.second if last else 0.0,
            "sent": max(told, answered + failed + cut_off),
            "answered": answered,
            "failed": failed,
            "cut_off": cut_off,
            "unsent": last.unsent if last else 0,
        }

    def _next(self) -> dict[str, Any] | None:
        """What it says next; None when it has ended, or was killed because it hangs."""
        if self._end is not None or self._trouble is not None:
            return None
        line = self._next_line(time.monotonic() + SILENCE_SECONDS)
        if line is None:
            if self._trouble is None:  # it may have been killed meanwhile
                self._trouble = self._how_it_ended()
            return None
        try:
            told: dict[str, Any] = json.loads(line)
            kind = told["kind"]
        except (ValueError, KeyError, TypeError):
            self._trouble = one_line(f"the engine says {line[:80]!r}")
            return None
        if kind == "second":
            self._seconds.append(_second(told))
        elif kind == "note":
            self._notes.append(told["text"])
        elif kind == "error":
            self._trouble = one_line(told["reason"])
            return None
        elif kind == "end":
            self._end = told
            return None
        return told

    def _next_line(self, deadline: float) -> bytes | None:
        over = False
        while (left := deadline - time.monotonic()) > 0:
            try:
                return self._lines.get(timeout=min(left, _LOOK_SECONDS))
            except queue.Empty:
                if over:
                    return None  # something of it holds the pipe, but it has ended itself
                over = has_ended(self._running)
        self._trouble = f"the engine said nothing for {SILENCE_SECONDS:g} s and was killed"
        self._kill()
        return None

    def _how_it_ended(self) -> str:
        self._wait_over()
        code = exit_code(self._running)
        self._tail.join(_LOOK_SECONDS)
        return f"the engine {describe_exit(code)}"

    @property
    def _running(self) -> subprocess.Popen[bytes]:
        if self._process is None:
            raise RuntimeError("the generator is a context manager")
        return self._process

    def _say(self, line: str) -> None:
        """Write a line; should it be gone, reading tells."""
        with contextlib.suppress(OSError, ValueError):
            stdin = pipe(self._running.stdin)
            stdin.write(line.encode() + b"\n")
            stdin.flush()

    def _read(self) -> None:
        with contextlib.suppress(OSError, ValueError), pipe(self._running.stdout) as stdout:
            for line in stdout:
                self._lines.put(line)
        self._lines.put(None)

    def _kill(self) -> None:
        """Kill what is left of it, and reap it."""
        process = self._process
        if process is None:
            return
        with contextlib.suppress(OSError, ValueError):
            pipe(process.stdin).close()
        if self._end is not None:  # it is leaving
            self._wait_over()
        kill_group(process)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(_GRACE_SECONDS)
        if not self._tail.join(_CLOSE_SECONDS):  # something a Locust file started
            sweep(MARKER, self._mark)
            self._tail.join(_LOOK_SECONDS)

    def _wait_over(self) -> None:
        """Wait a little for its end; it stays unreaped."""
        deadline = time.monotonic() + _GRACE_SECONDS
        while not has_ended(self._running) and time.monotonic() < deadline:
            time.sleep(0.01)


def _second(told: dict[str, Any]) -> Second:
    values: dict[str, Any] = {
        name: _NAN if value is None else value for name, value in told.items() if name != "kind"
    }
    return Second(**values)


def _count(files: Sequence[Path]) -> tuple[int, int, int]:
    """Requests of the load that were answered, failed, and cut off, as far as they were written."""
    import numpy as np

    from perfkit.errors import RecordingError
    from perfkit.recording.arrow import read_batches
    from perfkit.recording.events import ANSWERED, CUT_OFF, FAILED

    counts = {ANSWERED: 0, FAILED: 0, CUT_OFF: 0}
    for file in files:
        with contextlib.suppress(RecordingError):
            for batch in read_batches(file, ("outcome", "phase")):
                outcomes = batch["outcome"][np.greater_equal(batch["phase"], 0)]
                for outcome in counts:
                    counts[outcome] += int(np.count_nonzero(outcomes == outcome))
    return counts[ANSWERED], counts[FAILED], counts[CUT_OFF]
