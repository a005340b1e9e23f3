"""A service under load: started under a variant, awaited, looked after, and ended."""

from __future__ import annotations

import contextlib
import os
import re
import secrets
import signal
import subprocess
import threading
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

from perfkit.loadtest import family
from perfkit.loadtest.failure import ServiceError
from perfkit.loadtest.launch import ServiceLaunch
from perfkit.loadtest.log import Log
from perfkit.loadtest.readiness import wait_ready
from perfkit.loadtest.target import LOOPBACK, check_command, check_target, free_port
from perfkit.machine import cpus
from perfkit.machine._sweeper import sweep
from perfkit.machine.environ import MARKER
from perfkit.machine.process import (
    Tail,
    describe_exit,
    exit_code,
    has_ended,
    kill_group,
    one_line,
    pipe,
    telling_line,
)
from perfkit.service import ServiceKind

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path
    from types import TracebackType

    import psutil

    from perfkit.variant import Side

__all__ = [
    "Ending",
    "RunningService",
    "ServiceError",
    "ServiceLaunch",
    "check_command",
    "check_target",
    "start_service",
]

ATTEMPTS = 4
"""Ports tried when somebody takes the chosen one before the service does."""

_TAKEN = ("in use", "addrinuse", "errno 98", "errno 48")
_FOREIGN_SECONDS = 1.0
_LOOK_SECONDS = 0.02
_KILL_SECONDS = 5.0
_WORDS_SECONDS = 0.5
_APP_ITSELF = "Could not import module"  # in uvicorn's words
_NOT_IMPORTED = re.compile(rf"No module named|{_APP_ITSELF}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Ending:
    """How a service ended.

    Attributes:
        code: Exit code, negative for a signal; None when it is unknown, or was not ours to end.
        killed: It did not end in order within its time.
        seconds: How long it took.
    """

    code: int | None
    killed: bool
    seconds: float


class RunningService:
    """A service that is ready; one that perfkit did not start is never ended by it either.

    Attributes:
        side: Whose it is.
        url: Its base address.
        pid: Root of the process tree to look at; None when it is not known.
    """

    def __init__(self, *, side: Side, url: str, pid: int | None) -> None:
        self.side = side
        self.url = url
        self.pid = pid

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()

    def alive(self) -> bool:
        """Whether its process lives, as far as that is known."""
        import psutil

        return self.pid is None or psutil.pid_exists(self.pid)

    def death(self) -> str | None:
        """How it died, in one line; None while it is alive."""
        return None if self.alive() else "it has ended"

    def last_words(self) -> str:
        """The end of what it printed; empty when that is not ours to read."""
        return ""

    def stop(self) -> Ending:
        """End it in order; kill what does not end in its time. May be called more than once.

        Nothing of it is left then, also when a Ctrl-C cuts it short; nothing else is ever raised.
        """
        return Ending(code=None, killed=False, seconds=0.0)


class _StartedService(RunningService):
    """A service in a process group of its own, with a mark of its own.

    Its output is drained all the time. Its root stays unreaped until the end, so that the number
    of its group stays its.
    """

    def __init__(
        self,
        launch: ServiceLaunch,
        port: int,
        *,
        hash_seed: int,
        mark: str,
        where: frozenset[int],
        log: Path | None,
    ) -> None:
        super().__init__(side=launch.side, url=f"http://{LOOPBACK}:{port}", pid=None)
        self._service = launch.service
        self._port = port
        self._mark = f"{mark}.{secrets.token_hex(4)}"
        self._daemon: psutil.Process | None = None
        self._other_answers = False
        self._ending = threading.Lock()
        self._end: Ending | None = None
        environ = launch.environment(os.environ, hash_seed=hash_seed, mark=self._mark)
        try:
            with cpus.held_to(where):
                self._process = subprocess.Popen(
                    launch.command(port),
                    env=environ,
                    cwd=launch.cwd,
                    stdin=subprocess.DEVNULL,
                    stdout=subprocess.PIPE,
                    stderr=subprocess.STDOUT,
                    start_new_session=True,
                )
        except (OSError, ValueError) as error:  # ValueError: a NUL in an argument
            raise ServiceError(
                one_line(f"cannot be started: {error}"), side=self.side, stage="start", detail=""
            ) from error
        self.pid: int = self._process.pid
        self._log = Log(log)
        self._tail = Tail(pipe(self._process.stdout), self._log.write)

    def wait_ready(self) -> str | None:
        """Wait until it answers; why it does not, in one line, or None."""
        service = self._service
        deadline = time.monotonic() + service.ready_seconds
        seen = wait_ready(self.url, service.health, deadline, self._is_lost)
        if seen is None and self._is_ours(deadline):
            return None
        if self._is_lost():
            reason = self._describe_end()
            return "; ".join(filter(None, (reason, missing_module(reason, service.kind))))
        if seen is None:
            return "another server answers at its port"
        return f"was not ready within {service.ready_seconds:g} s: {seen}"

    def _is_lost(self) -> bool:
        """Its root ended, and left no daemon behind that may yet become ready."""
        if not has_ended(self._process):
            return False
        left = exit_code(self._process) == 0 and family.members(self._process.pid, self._mark)
        return not left

    def _is_ours(self, deadline: float) -> bool:
        """Find the processes behind the port; whether it was not somebody else who answered.

        Who took the port meanwhile was there before: ours is still starting, or about to fail. A
        younger one may be ours without being its child (what a container listens through, say).
        """
        if self._find():
            return True
        self._other_answers = family.is_older_at(self._port, self._process.pid)
        soon = time.monotonic() + _FOREIGN_SECONDS
        taken = False
        while not self._is_lost():
            now = time.monotonic()
            if not taken and (taken := self.port_taken()):
                soon = now + _FOREIGN_SECONDS  # it may be about to end
            settled = now >= soon and (taken or not self._other_answers)
            if settled or now >= deadline:
                return not (taken or self._other_answers)
            time.sleep(_LOOK_SECONDS)
            if self._find():
                return True
        return False

    def _find(self) -> bool:
        """Find the head of the processes that listen at the port, if they can be seen."""
        known = family.members(self._process.pid, self._mark)
        found = family.listeners(known, self._port)
        if found or (known and has_ended(self._process)):
            self._look_at(family.head((found or known)[0], known))
        return bool(found)

    def port_taken(self) -> bool:
        """Whether it says that it found its port taken."""
        words = self.last_words().lower()
        return any(sign in words for sign in _TAKEN)

    def may_try_again(self) -> bool:
        """Whether another port may help."""
        return self._other_answers or self.port_taken()

    def _look_at(self, process: psutil.Process) -> None:
        self.pid = process.pid
        self._daemon = None if process.pid == self._process.pid else process

    def alive(self) -> bool:
        """Whether its process lives."""
        if self._daemon is not None:
            return not family.is_over(self._daemon)
        return not has_ended(self._process)

    def death(self) -> str | None:
        """How it died, in one line; None while it is alive."""
        if self.alive():
            return None
        return "its daemon has ended" if self._daemon is not None else self._describe_end()

    def _describe_end(self) -> str:
        self._tail.join(_WORDS_SECONDS)
        code = exit_code(self._process)
        # Who is killed has no time for last words: what it said before tells nothing of it.
        last = "" if code == -signal.SIGKILL else telling_line(self.last_words())
        return one_line(": ".join(filter(None, (describe_exit(code), last))))

    def last_words(self) -> str:
        """The end of what it printed."""
        return self._tail.text()

    def stop(self) -> Ending:
        """End it in order; kill what does not end in its time."""
        with self._ending:
            if self._end is None:
                self._end = self._stop()
            return self._end

    def _stop(self) -> Ending:
        began = time.monotonic()
        known: Sequence[psutil.Process] = ()
        in_order = False
        try:
            known = family.members(self._process.pid, self._mark)
            in_order = self._leave(known, began + self._service.stop_seconds)
        finally:
            self._kill(known)
        seconds = time.monotonic() - began
        return Ending(code=self._process.returncode, killed=not in_order, seconds=seconds)

    def _leave(self, known: Sequence[psutil.Process], deadline: float) -> bool:
        """Ask all to end, as a service manager does; whether they did."""
        own = self._process.pid
        group: list[psutil.Process] = []
        others: list[psutil.Process] = []
        for one in known:
            with contextlib.suppress(OSError):
                (group if os.getpgid(one.pid) == own else others).append(one)
        if group:
            with contextlib.suppress(OSError):
                os.killpg(own, signal.SIGTERM)
        family.end([one for one in others if family.head(one, known) is one], kill=False)
        while not all(family.is_over(one) for one in known):
            if time.monotonic() >= deadline:
                return False
            time.sleep(_LOOK_SECONDS)
        return True

    def _kill(self, known: Sequence[psutil.Process]) -> None:
        """Kill what is left of it, wherever it hides, and reap its root."""
        kill_group(self._process)
        family.end(known, kill=True)
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(_KILL_SECONDS)
        sweep(MARKER, self._mark)
        self._tail.join(_WORDS_SECONDS)
        self._log.close()

    def abandon(self) -> None:
        """End it at once."""
        with self._ending:
            known: Sequence[psutil.Process] = ()
            try:
                known = family.members(self._process.pid, self._mark)
            finally:
                self._kill(known)
                self._end = Ending(code=self._process.returncode, killed=True, seconds=0.0)


def missing_module(reason: str, kind: ServiceKind) -> str | None:
    """What to do where a service ended because Python did not find a module of it, or None.

    >>> missing_module("exited with code 1: OSError: [Errno 98]", ServiceKind.APP) is None
    True
    """
    if kind is ServiceKind.REFERENCE or not _NOT_IMPORTED.search(reason):
        return None
    if _APP_ITSELF in reason:
        return (
            "it is looked for in the current folder and in what --with installs ('--with .', say)"
        )
    packages = "name the packages that it needs with --with ('--with .' for the project here)"
    if kind is ServiceKind.APP:
        return f"{packages}; other modules are looked for in the current folder"
    return packages


def start_service(
    launch: ServiceLaunch,
    *,
    hash_seed: int,
    mark: str,
    cpus: frozenset[int],
    log: Path | None,
) -> RunningService:
    """Start a service, or reach one that runs already, and wait until it is ready.

    Args:
        launch: How.
        hash_seed: ``PYTHONHASHSEED``; the same on both sides of a trial.
        mark: Every process of it carries this under `MARKER`, with something of its own after a
            dot, so that it can be ended without the others of the run.
        cpus: CPUs it is kept on; empty for any.
        log: File for what it prints (the last megabyte or two); None for none.

    Raises:
        ServiceError: It cannot be started, ended, or did not become ready; nothing is left of it.
    """
    if launch.service.kind is ServiceKind.URL:
        return _reach(launch)
    left = ATTEMPTS
    while True:
        left -= 1
        started = _StartedService(
            launch, free_port(), hash_seed=hash_seed, mark=mark, where=cpus, log=log
        )
        try:
            reason = started.wait_ready()
        except BaseException:
            started.abandon()
            raise
        if reason is None:
            return started
        started.abandon()
        if not left or not started.may_try_again():
            words = started.last_words()
            raise ServiceError(reason, side=launch.side, stage="start", detail=words)


def _reach(launch: ServiceLaunch) -> RunningService:
    """A service that runs already."""
    service = launch.service
    running = RunningService(side=launch.side, url=service.target.rstrip("/"), pid=service.pid)
    deadline = time.monotonic() + service.ready_seconds
    seen = wait_ready(running.url, service.health, deadline, lambda: not running.alive())
    if seen is None:
        return running
    gone = f"there is no process {service.pid}"
    late = f"was not ready within {service.ready_seconds:g} s: {seen}"
    raise ServiceError(
        late if running.alive() else gone, side=launch.side, stage="start", detail=""
    )
