"""The same handle as `perfkit.loadtest.generator.Generator`, with k6 behind it.

The load begins when k6 says that its users are prepared, a tenth of a millisecond before it starts
the first of them (measured). Where the two engines differ beyond what `script` says: `stop` cuts
requests in flight off, since k6 knows no other way to end before its time; it tells no delays of
its own, so that ``lag`` is 0 and no dispatch is late; ``cpu`` is the share of the CPUs that it may
use, since it uses all of them.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import math
import secrets
import shutil
import signal
import subprocess
import tempfile
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING, Self

from perfkit.errors import PerfkitError, RecordingError
from perfkit.loadtest.generator import SILENCE_SECONDS, EngineEnd, EngineError, Origin, Second
from perfkit.loadtest.k6.command import environment, write_command
from perfkit.loadtest.k6.ledger import Ledger
from perfkit.loadtest.k6.meter import Meter
from perfkit.loadtest.k6.points import PointReader
from perfkit.loadtest.k6.program import find_k6, k6_problems
from perfkit.loadtest.k6.watch import CpuShare, clock_offset
from perfkit.machine import cpus
from perfkit.machine._sweeper import sweep
from perfkit.machine.environ import MARKER
from perfkit.machine.process import (
    Tail,
    describe_exit,
    exit_code,
    kill_group,
    one_line,
    pipe,
    start_thread,
)
from perfkit.profile.schedule import level_at
from perfkit.recording.events import EventWriter
from perfkit.recording.load import WorkerHealth, WorkerReport

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import TracebackType

    from perfkit.loadtest.k6.program import K6
    from perfkit.loadtest.spec import EngineSpec

FLUSH_SECONDS = 0.4
"""So long after a second its points are here; k6 hands them out five times a second."""

_LOOK_SECONDS = 0.02
_GRACE_SECONDS = 5.0
_CLOCK_STEP = 0.001
_STOPPED = 105  # what k6 exits with when it was told to end
_NANO = 1e9


class K6Generator:
    """Generates a load with k6. Use as a context manager: nothing stays behind.

    Every wait has a deadline; a k6 that died or hangs ends `seconds`, and `finish` tells.

    Args:
        spec: What to generate: of one service, in one process.
    """

    def __init__(self, spec: EngineSpec) -> None:
        self._spec = spec
        self._mark = f"{spec.mark}.{secrets.token_hex(4)}"
        self._ledger = Ledger(spec.profile)
        self._meter = Meter()
        self._lock = threading.Lock()
        self._over = threading.Event()
        self._heard = time.monotonic()
        self._broken: str | None = None
        self._trouble: str | None = None
        self._stopped: tuple[str, str] | None = None
        self._asked = 0.0  # when it was to end
        self._open = 0
        self._offset = 0
        self._origin = 0.0
        self._end: EngineEnd | None = None
        self._closed = False
        self._seconds: list[Second] = []
        self._notes: list[str] = []
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        spec = self._spec
        if len(spec.targets) != 1 or spec.workers + spec.remote_workers != 1 or spec.windows:
            raise EngineError("k6 sends to one service, from one process", detail="")
        if problems := k6_problems(spec.profile, users=spec.profile.users):
            raise EngineError(str(problems[0]), detail="")
        try:
            program = find_k6()
        except PerfkitError as error:
            raise EngineError(str(error), detail="") from error
        self._folder = Path(tempfile.mkdtemp(prefix="perfkit-k6-"))
        try:
            self._writer = EventWriter(spec.events[0])
            try:
                self._start(program)
            except BaseException:
                self._writer.close()
                raise
        except (OSError, RecordingError) as error:
            shutil.rmtree(self._folder, ignore_errors=True)
            raise EngineError(f"k6 cannot be started: {error}", detail="") from error
        except BaseException:
            shutil.rmtree(self._folder, ignore_errors=True)
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._kill()
        self._close()
        shutil.rmtree(self._folder, ignore_errors=True)

    def ready(self) -> Origin:
        """Wait until all users are prepared, and the load begins.

        Raises:
            EngineError: It cannot begin.
        """
        scenario = self._spec.profile.scenario
        users = self._spec.profile.users
        patience = SILENCE_SECONDS + users * 0.1 + users * len(scenario.setup) * scenario.timeout
        deadline = time.monotonic() + patience
        while (began := self._ledger.origin) is None:
            over = self._over.wait(_LOOK_SECONDS)
            if over and self._ledger.origin is None:
                raise EngineError(self._why_not(), detail=self._tail.text())
            if self._broken is not None or time.monotonic() > deadline:
                reason = self._broken or "k6 did not get ready"
                raise EngineError(reason, detail=self._tail.text())
        self._origin = (began + self._offset) / _NANO
        wall = dt.datetime.fromtimestamp(began / _NANO).astimezone()
        return Origin(clock=(began + self._offset) // 1000, wall=wall.isoformat())

    def seconds(self) -> Iterator[Second]:
        """What happens, about once a second, until the load ends."""
        while (second := self._next()) is not None:
            yield second

    def stop(self, reason: str, detail: str = "") -> None:
        """End the load now; requests in flight are cut off.

        Args:
            reason: What the end's reason is to be.
            detail: More of it.
        """
        if self._stopped is None:
            self._stopped = (reason, detail)
            self._asked = time.monotonic()
            with contextlib.suppress(OSError):
                self._running.send_signal(signal.SIGINT)

    def finish(self) -> EngineEnd:
        """Wait for the end; never raises for a k6 that died."""
        for _ in self.seconds():
            pass
        if self._end is None:  # it was never ready
            self._end = self._ending(0.0)
        return self._end

    def _start(self, program: K6) -> None:
        command = write_command(program, self._spec, self._folder)
        self._offset = clock_offset()
        with cpus.held_to(self._spec.cpus):
            self._process = subprocess.Popen(
                command,
                env=environment(program, self._mark),
                cwd=self._folder,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                start_new_session=True,
            )
        self._tail = Tail(pipe(self._process.stderr))
        self._cpu = CpuShare(self._process.pid, len(self._spec.cpus or cpus.available()) or 1)
        self._heard = time.monotonic()
        self._reader = start_thread(self._read)

    def _read(self) -> None:
        """Runs in a thread, on the generator's CPUs: reading is a part of its work."""
        cpus.move_this_thread(self._spec.cpus)
        reader = PointReader()
        with contextlib.suppress(OSError), pipe(self._running.stdout) as stdout:
            for line in stdout:
                self._heard = time.monotonic()
                if self._broken is not None or not line.endswith(b"\n"):
                    continue  # read on, or it would wait for us for ever
                try:
                    point = reader.read(line)
                    if point is not None:
                        with self._lock:
                            self._ledger.add(point)
                except (ValueError, LookupError, AttributeError, TypeError):
                    self._broken = one_line(f"k6 says {line[:120]!r}")
        self._heard = time.monotonic()
        self._over.set()

    def _next(self) -> Second | None:
        """The next second; None at the end, which is then known."""
        if self._end is not None or self._ledger.origin is None:
            return None
        number = len(self._seconds) + 1
        due = self._origin + number + FLUSH_SECONDS
        while time.monotonic() < due and not self._over.wait(_LOOK_SECONDS):
            self._look_after()
        if self._over.is_set() and self._heard < self._origin + number:
            return self._last()
        return self._second(float(number))

    def _look_after(self) -> None:
        """End it when it is time to, or when it should have ended long ago."""
        profile = self._spec.profile
        now = time.monotonic()
        if self._broken is not None:
            self.stop("generator", self._broken)
        elif not self._ledger.in_flight():
            if self._ledger.sent >= (profile.requests or math.inf):
                self.stop("requests")
            elif now > self._origin + profile.seconds + 2 * FLUSH_SECONDS:
                self.stop("finished")  # its users only think
        latest = self._origin + profile.seconds + profile.graceful_stop + _GRACE_SECONDS
        if self._stopped is not None:
            latest = min(latest, self._asked + _GRACE_SECONDS)
        if now > latest:
            self._trouble = self._trouble or "k6 did not end when it should and was killed"
        elif now > self._heard + SILENCE_SECONDS:
            self._trouble = f"k6 said nothing for {SILENCE_SECONDS:g} s and was killed"
        if self._trouble is not None:
            kill_group(self._running)

    def _second(self, until: float) -> Second:
        ledger = self._ledger
        with self._lock:
            rows, names = ledger.take()
            sent, unsent = ledger.begun(until), ledger.unsent
        self._meter.add(rows)
        if self._stopped is None or self._stopped[0] != "generator":
            try:
                self._writer.write(rows, names)
            except RecordingError as error:
                self.stop("generator", str(error))
                self._broken = str(error)
        figures = self._meter.figures(until)
        self._open += sent - figures.answered - figures.failed
        found = Second(
            second=until,
            level=level_at(self._spec.profile, until),
            sent=sent,
            answered=figures.answered,
            failed=figures.failed,
            in_flight=self._open - self._meter.cut_off,
            unsent=unsent,
            p50=figures.p50,
            p95=figures.p95,
            p99=figures.p99,
            mean=figures.mean,
            lag=0.0,
            cpu=self._cpu.take(),
        )
        self._seconds.append(found)
        return found

    def _last(self) -> Second:
        """The rest, when it has ended."""
        ended = self._heard - self._origin
        self._wait_over()
        if self._in_order():
            with self._lock:
                self._ledger.cut(round(self._heard * _NANO) - self._offset)
        found = self._second(ended)
        if abs(clock_offset() - self._offset) > _CLOCK_STEP * _NANO:
            self._notes.append("the system's clock was set while k6 ran: its times may be wrong")
        self._end = self._ending(ended)
        return found

    def _in_order(self) -> bool:
        """Whether it ended by itself, or because it was told to."""
        code = exit_code(self._running)
        return self._trouble is None and (
            code == 0 or (self._stopped is not None and code == _STOPPED)
        )

    def _ending(self, seconds: float) -> EngineEnd:
        profile = self._spec.profile
        reason, detail = self._stopped or ("finished", "")
        orderly = self._in_order()
        if not orderly or (self._stopped is None and seconds < profile.seconds - 1):
            told = ": ".join(filter(None, (self._why_not(), self._tail.text())))
            if reason in {"finished", "requests", "generator"}:
                reason, detail = "generator", detail or told
        self._close()
        if reason == "finished":
            seconds = profile.seconds
        elif reason == "requests":
            seconds = self._meter.latest
        elif self._stopped is not None:
            seconds = min(seconds, self._asked - self._origin)
        meter, ledger = self._meter, self._ledger
        report = WorkerReport(
            worker=0,
            host="",
            clock_offset=0.0,
            clock_error=0.0,
            sent=ledger.sent,
            answered=meter.answered,
            failed=meter.failed,
            cut_off=meter.cut_off,
            in_flight=ledger.sent - meter.answered - meter.failed - meter.cut_off,
            unsent=ledger.unsent,
            complete=orderly and self._broken is None,
            health=tuple(
                WorkerHealth(second=one.second, cpu=one.cpu, lag=one.lag) for one in self._seconds
            ),
        )
        return EngineEnd(
            reason=reason,
            detail=detail,
            seconds=seconds,
            workers=(report,),
            notes=tuple(self._notes),
        )

    def _close(self) -> None:
        """Write the end mark; what cannot be written has been said or is an exit on its way."""
        if not self._closed:
            self._closed = True
            with contextlib.suppress(RecordingError):
                self._writer.close()

    def _why_not(self) -> str:
        """How it ended, in a line."""
        self._wait_over()
        self._tail.join(_LOOK_SECONDS)
        own = (line for line in self._tail.text().splitlines() if line.startswith("Error: "))
        said = next(own, "").removeprefix("Error: ")
        ended = self._trouble or f"k6 {describe_exit(exit_code(self._running))}"
        return one_line(f"{ended}: {said}") if said else ended

    @property
    def _running(self) -> subprocess.Popen[bytes]:
        if self._process is None:
            raise RuntimeError("the generator is a context manager")
        return self._process

    def _wait_over(self) -> None:
        """Wait a little until its exit code is known: its first thread may be gone before that."""
        deadline = time.monotonic() + _GRACE_SECONDS
        while exit_code(self._running) is None and time.monotonic() < deadline:
            time.sleep(0.01)

    def _kill(self) -> None:
        """Kill what is left of it, and reap it."""
        process = self._process
        if process is None:
            return
        kill_group(process)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(_GRACE_SECONDS)
        self._reader.join(_GRACE_SECONDS)
        if self._reader.is_alive() or not self._tail.join(_GRACE_SECONDS):
            sweep(MARKER, self._mark)
