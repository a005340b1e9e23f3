"""A server as a child process: started under an account, awaited, and ended in order."""

from __future__ import annotations

import contextlib
import os
import secrets
import subprocess
import threading
import time
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from perfkit.loadtest import family
from perfkit.loadtest.backing.account import Account
from perfkit.loadtest.backing.failure import BackingError
from perfkit.loadtest.log import Log
from perfkit.loadtest.target import free_port
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
)

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from signal import Signals

    import psutil

ATTEMPTS = 5
"""Ports tried when somebody takes the chosen one before the server does."""

READY_SECONDS = 60.0
"""Time in which a server must be ready."""

_STOP_SECONDS = 15.0
_KILL_SECONDS = 5.0
_WORDS_SECONDS = 0.5
_LOOK_SECONDS = 0.02
_TAKEN = "address already in use"


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """What servers of one kind share.

    Attributes:
        service: ``"postgres"`` or ``"valkey"``.
        account: Who they run as; None for ourselves.
        home: Their folder.
        mark: Value of `MARKER` in their environment, without what is each one's own.
        where: CPUs they are kept on; empty for any.
        log: File for what they print.
    """

    service: str
    account: Account | None
    home: Path
    mark: str
    where: frozenset[int]
    log: Path

    def environ(self, mark: str) -> dict[str, str]:
        """The environment they start with: nothing of ours, messages in English."""
        return {"PATH": os.defpath, "LC_ALL": "C", "HOME": str(self.home), MARKER: mark}

    def run(self, command: Sequence[str | Path], said: str = "") -> str:
        """Run a tool to its end, within `READY_SECONDS`.

        Args:
            command: The command line.
            said: What it reads.

        Returns:
            What it printed.

        Raises:
            BackingError: It fails.
        """
        mark = f"{self.mark}.{secrets.token_hex(4)}"
        name = Path(command[0]).name
        try:
            with cpus.held_to(self.where):
                done = subprocess.run(
                    command,
                    input=said.encode(),
                    stdout=subprocess.PIPE,
                    stderr=subprocess.STDOUT,
                    check=False,
                    timeout=READY_SECONDS,
                    env=self.environ(mark),
                    cwd=self.home,
                    start_new_session=True,
                    **(self.account.starting() if self.account else {}),
                )
        except subprocess.TimeoutExpired as error:
            sweep(MARKER, mark)
            words = str(error.output or b"", "utf-8", "replace").strip()
            reason = f"{name} did not end within {READY_SECONDS:g} s"
            raise self.failure(reason, words) from error
        except (OSError, ValueError, subprocess.SubprocessError) as error:
            raise self.failure(str(error)) from error
        words = str(done.stdout, "utf-8", "replace").strip()
        if done.returncode:
            last = words.rpartition("\n")[2]
            raise self.failure(f"{name} {describe_exit(done.returncode)}: {last}", words)
        return words

    def failure(self, reason: str, words: str = "") -> BackingError:
        """The error that it could not be started."""
        return BackingError(
            one_line(f"{self.service} cannot be started: {reason}"),
            service=self.service,
            stage="start",
            detail=words,
        )


class Server:
    """A server in a session of its own: a Ctrl-C at the terminal is perfkit's affair, not its.

    Attributes:
        setting: Who runs it, and where.
        pid: Its process id.
    """

    def __init__(
        self, setting: Setting, command: Sequence[str | Path], *, stop: Signals, said: str = ""
    ) -> None:
        """Start it.

        Args:
            setting: Who runs it, and where.
            command: The command line.
            stop: What asks it to end in order, without waiting for its clients.
            said: What it reads from its standard input.

        Raises:
            BackingError: It cannot be started.
        """
        self.setting = setting
        self._stop_signal = stop
        self._mark = f"{setting.mark}.{secrets.token_hex(4)}"
        self._ending = threading.Lock()
        self._ended = False
        try:
            with cpus.held_to(setting.where):
                self._process = subprocess.Popen(
                    command,
                    stdin=subprocess.PIPE,
                    stdout=subprocess.PIPE,
                    stderr=subprocess.STDOUT,
                    env=setting.environ(self._mark),
                    cwd=setting.home,
                    start_new_session=True,
                    **(setting.account.starting() if setting.account else {}),
                )
        except (OSError, ValueError, subprocess.SubprocessError) as error:
            raise setting.failure(str(error)) from error
        self.pid = self._process.pid
        self._log = Log(setting.log)
        self._tail = Tail(pipe(self._process.stdout), self._log.write)
        with contextlib.suppress(OSError), pipe(self._process.stdin) as stdin:
            stdin.write(said.encode())

    def wait_ready(self, ready: Callable[[], bool]) -> str | None:
        """Wait until it is ready; why it is not, in one line, or None.

        Args:
            ready: Whether it answers; must not take long.
        """
        deadline = time.monotonic() + READY_SECONDS
        while time.monotonic() < deadline:
            if (how := self.death()) is not None:
                return how
            if ready():
                return None
            time.sleep(_LOOK_SECONDS)
        return f"was not ready within {READY_SECONDS:g} s"

    def port_taken(self) -> bool:
        """Whether it says that somebody else has its port."""
        return _TAKEN in self.last_words().lower()

    def death(self) -> str | None:
        """How it died, in one line; None while it lives."""
        if not has_ended(self._process):
            return None
        self._tail.join(_WORDS_SECONDS)
        last = self.last_words().rpartition("\n")[2]
        return one_line(": ".join(filter(None, (describe_exit(exit_code(self._process)), last))))

    def last_words(self) -> str:
        """The end of what it printed."""
        return self._tail.text()

    def stop(self) -> None:
        """End it in order, or kill it; nothing of it is left then. May be called more than once."""
        with self._ending:
            if self._ended:
                return
            known = family.members(self.pid, self._mark)
            in_order = False
            try:
                in_order = self._leave()
            finally:
                self._kill(known, in_order=in_order)
                self._ended = True

    def _leave(self) -> bool:
        """Ask it to end; whether it did."""
        if has_ended(self._process):
            return False
        with contextlib.suppress(OSError):
            self._process.send_signal(self._stop_signal)
        deadline = time.monotonic() + _STOP_SECONDS
        while not has_ended(self._process):
            if time.monotonic() >= deadline:
                return False
            time.sleep(_LOOK_SECONDS)
        return exit_code(self._process) == 0

    def _kill(self, known: Sequence[psutil.Process], *, in_order: bool) -> None:
        kill_group(self._process)
        if not in_order:  # PostgreSQL's children have sessions of their own
            family.end(known, kill=True)
            sweep(MARKER, self._mark)
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(_KILL_SECONDS)
        self._tail.join(_WORDS_SECONDS)
        self._log.close()


def start(
    make: Callable[[int], Server], ready: Callable[[Server, int], bool]
) -> tuple[Server, int]:
    """Start a server at a free port, trying others when somebody takes that one first.

    Args:
        make: Starts it at a port.
        ready: Whether it answers there.

    Returns:
        The server, and its port.

    Raises:
        BackingError: It cannot be started; nothing is left of it.
    """
    attempts = ATTEMPTS
    while True:
        port = free_port()
        server = make(port)
        try:
            reason = server.wait_ready(partial(ready, server, port))
        except BaseException:
            server.stop()
            raise
        if reason is None:
            return server, port
        server.stop()
        attempts -= 1
        if not attempts or not server.port_taken():
            raise server.setting.failure(reason, server.last_words())
