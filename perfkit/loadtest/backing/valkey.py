"""A Valkey or Redis server of our own, made for one run."""

from __future__ import annotations

import contextlib
import secrets
import signal
from dataclasses import dataclass
from typing import TYPE_CHECKING

from perfkit.loadtest.backing.account import account_for, home
from perfkit.loadtest.backing.answers import ask_redis
from perfkit.loadtest.backing.programs import find_valkey
from perfkit.loadtest.backing.server import Server, Setting, start
from perfkit.loadtest.target import LOOPBACK

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

SERVICE = "valkey"

_ASK_SECONDS = 2.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Valkey:
    """A running Valkey or Redis.

    Attributes:
        server: Its process.
        label: What it is, and where from.
        urls: Address of each of its numbered databases that was asked for.
    """

    server: Server
    label: str
    urls: tuple[str, ...]


@contextlib.contextmanager
def valkey(databases: int, *, mark: str, folder: Path, where: frozenset[int]) -> Iterator[Valkey]:
    """Start a server that keeps everything in memory; ends it afterwards.

    As root, it runs as ``valkey``, ``redis`` or ``nobody``. Whoever connects needs a password made
    up for it.

    Args:
        databases: How many are needed.
        mark: Its process carries this under `MARKER`, with something of its own after a dot.
        folder: Where a log stays of what it printed.
        where: CPUs it is kept on; empty for any.

    Raises:
        BackingError: It cannot be had.
    """
    account = account_for("valkey", "redis")
    program = find_valkey(account)
    with home(folder, SERVICE, account) as place:
        executable = program.within_reach(account, place)
        setting = Setting(
            service=SERVICE,
            account=account,
            home=place,
            mark=mark,
            where=where,
            log=folder / f"{SERVICE}.log",
        )
        secret = secrets.token_hex(16)
        server, port = _start(executable, secret, databases, setting)
        try:
            base = f"redis://:{secret}@{LOOPBACK}:{port}"
            yield Valkey(
                server=server,
                label=f"{program.label} ({program.path})",
                urls=tuple(f"{base}/{number}" for number in range(databases)),
            )
        finally:
            server.stop()


def _start(executable: Path, secret: str, databases: int, setting: Setting) -> tuple[Server, int]:
    def make(port: int) -> Server:
        # Said on its standard input: a command line would tell the password to everybody.
        options = {
            "bind": LOOPBACK,
            "port": str(port),
            "requirepass": secret,
            "databases": str(max(databases, 1)),
            "dir": f'"{setting.home}"',
            "save": '""',
            "appendonly": "no",
            "daemonize": "no",
            "set-proc-title": "no",  # which would overwrite its environment, and the mark in it
        }
        said = "".join(f"{name} {value}\n" for name, value in options.items())
        return Server(setting, (executable, "-"), stop=signal.SIGTERM, said=said)

    def ready(_server: Server, port: int) -> bool:
        with contextlib.suppress(OSError):
            login = {"user": "", "password": secret}
            return ask_redis(LOOPBACK, port, **login, seconds=_ASK_SECONDS) is None
        return False

    return start(make, ready)
