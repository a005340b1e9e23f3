"""Handle to the engine's process; the other end of `engine/_perfkit_engine.py`'s protocol."""

from __future__ import annotations

import json
import secrets
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any, Self

from perfkit.errors import PerfkitError
from perfkit.loadtest.engine_process import EngineProcess
from perfkit.loadtest.reports import Reports
from perfkit.loadtest.spec import distributed, spec_to_json
from perfkit.machine.process import one_line
from perfkit.recording.load import WorkerReport

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Callable, Iterator
    from types import TracebackType

    from perfkit.loadtest.spec import EngineSpec

SILENCE_SECONDS = 30.0
"""An engine that says nothing for so long hangs; it speaks every second or two."""

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
        tell: Is given what the user should know at once: what to run on another machine, which
            worker was lost.
    """

    def __init__(self, spec: EngineSpec, tell: Callable[[str], None] = lambda _: None) -> None:
        self._spec = spec
        self._tell = tell
        self._engine: EngineProcess | None = None
        self._end: dict[str, Any] | None = None
        self._trouble: str | None = None
        self._stopped: tuple[str, str] | None = None
        self._latest: Second | None = None
        self._reports = Reports(spec.events)
        self._notes: list[str] = []

    def __enter__(self) -> Self:
        mark = f"{self._spec.mark}.{secrets.token_hex(4)}"  # the services carry the run's, too
        try:
            self._engine = EngineProcess(words=(), where=self._spec.cpus, mark=mark)
        except OSError as error:
            raise EngineError(f"the engine cannot be started: {error}", detail="") from error
        self._engine.say(spec_to_json(self._spec))
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._engine is not None:
            self._engine.end(leaving=self._end is not None)

    def ready(self) -> Origin:
        """Wait until all users are ready, and let the load begin.

        Raises:
            EngineError: The engine cannot begin.
        """
        while True:
            line = self._next()
            if line is None:
                reason = self._trouble or "the engine ended"
                raise EngineError(reason, detail=self._process.last_words())
            match line["kind"]:
                case "ready":
                    self._process.say("begin")
                case "origin":
                    return Origin(clock=line["clock"], wall=line["wall"])

    def seconds(self) -> Iterator[Second]:
        """What happens, about once a second, until the load ends."""
        while (line := self._next()) is not None:
            if line["kind"] == "second" and self._latest is not None:
                yield self._latest

    def stop(self, reason: str, detail: str = "") -> None:
        """Ask for an early end in order: requests in flight may still be answered.

        Args:
            reason: What the end's reason is to be.
            detail: More of it.
        """
        if self._stopped is None:
            self._stopped = (reason, detail)
            self._process.say(f"stop {json.dumps([reason, detail])}")

    def finish(self) -> EngineEnd:
        """Wait for the end; never raises for an engine that died."""
        for _ in self.seconds():
            pass
        end = self._end
        if end is None:
            words = self._process.last_words()
            return EngineEnd(
                reason="generator",
                detail=": ".join(filter(None, (self._trouble, words))),
                seconds=0.0 if self._latest is None else self._latest.second,
                workers=self._reports.unfinished(),
                notes=tuple(self._notes),
            )
        return EngineEnd(
            reason=end["reason"],
            detail=end["detail"],
            seconds=end["seconds"],
            workers=self._reports.finished(end),
            notes=tuple(self._notes),
        )

    @property
    def _process(self) -> EngineProcess:
        if self._engine is None:
            raise RuntimeError("the generator is a context manager")
        return self._engine

    @property
    def _running(self) -> subprocess.Popen[bytes]:
        return self._process.popen

    def _next(self) -> dict[str, Any] | None:
        """What it says next; None when it has ended, or was killed because it hangs."""
        if self._end is not None or self._trouble is not None:
            return None
        told = self._process.hear(SILENCE_SECONDS)
        if told is None:
            self._trouble = self._process.trouble
            return None
        match told["kind"]:
            case "second":
                self._latest = _second(told)
                if not distributed(self._spec):
                    self._reports.add(told, 0)
            case "worker":
                self._reports.add(told, told["worker"])
            case "note":
                self._notes.append(told["text"])
            case "told":
                self._tell(told["text"])
            case "error":
                self._trouble = one_line(told["reason"])
                return None
            case "end":
                self._end = told
                return None
        return told


def _second(told: dict[str, Any]) -> Second:
    names = (one.name for one in fields(Second))
    values: dict[str, Any] = {name: _NAN if told[name] is None else told[name] for name in names}
    return Second(**values)
