"""A PostgreSQL server of our own, made for one run."""

from __future__ import annotations

import contextlib
import os
import secrets
import signal
from dataclasses import dataclass
from typing import TYPE_CHECKING

from perfkit.loadtest.backing.account import account_for, home
from perfkit.loadtest.backing.answers import ask_postgres
from perfkit.loadtest.backing.programs import find_postgres
from perfkit.loadtest.backing.server import Server, Setting, start
from perfkit.loadtest.target import LOOPBACK

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from perfkit.loadtest.backing.account import Account

SERVICE = "postgres"

_USER = "perfkit"
_ASK_SECONDS = 2.0
_MEMORY_LINE = 6  # of postmaster.pid, from 0
_REMOVE = 0  # IPC_RMID

# Data that lives for one run is not worth waiting for a disk, whose moods would be noise in what
# is measured. Dynamic shared memory lies in its folder: nothing is left of a killed server.
_OPTIONS = {
    "listen_addresses": LOOPBACK,
    "unix_socket_directories": "",
    "max_connections": "100",
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "dynamic_shared_memory_type": "mmap",
    "log_min_messages": "log",
    "log_checkpoints": "off",
    "log_timezone": "GMT",
    "timezone": "GMT",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Postgres:
    """A running PostgreSQL.

    Attributes:
        server: Its process.
        label: What it is, and where from.
        urls: Address of each database, for SQLAlchemy and asyncpg.
    """

    server: Server
    label: str
    urls: tuple[str, ...]


@contextlib.contextmanager
def postgres(
    databases: tuple[str, ...], *, mark: str, folder: Path, where: frozenset[int]
) -> Iterator[Postgres]:
    """Start a server with some empty databases; ends it and removes its data afterwards.

    It keeps nothing on disk for good: ``fsync`` is off. As root, it runs as ``postgres`` or
    ``nobody``. Whoever connects needs a password made up for it.

    Args:
        databases: Their names.
        mark: Its processes carry this under `MARKER`, with something of their own after a dot.
        folder: Where its data goes, and stays a log of what it printed.
        where: CPUs it is kept on; empty for any.

    Raises:
        BackingError: It cannot be had.
    """
    account = account_for("postgres")
    program = find_postgres(account)
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
        data, secret = place / "data", secrets.token_hex(16)
        _initialise(executable.parent, data, secret, databases, setting)
        server, port = _start(executable, data, setting)
        try:
            base = f"postgresql+asyncpg://{_USER}:{secret}@{LOOPBACK}:{port}"
            yield Postgres(
                server=server,
                label=f"{program.label} ({program.path})",
                urls=tuple(f"{base}/{database}" for database in databases),
            )
        finally:
            server.stop()
            _forget_memory(data)


def _initialise(
    programs: Path, data: Path, secret: str, databases: tuple[str, ...], setting: Setting
) -> None:
    with _secret_file(setting.home, secret, setting.account) as file:
        setting.run(
            (
                *(programs / "initdb", "-D", data, "-U", _USER, "-A", "scram-sha-256"),
                *("--pwfile", file, "-E", "UTF8", "--no-locale", "--no-sync"),
            )
        )
    # Without a server: nobody can be in the way yet, and no driver is needed.
    said = "".join(f"CREATE DATABASE {name};\n" for name in databases)
    words = setting.run((programs / "postgres", "--single", "-F", "-D", data, "postgres"), said)
    if "ERROR:" in words or "FATAL:" in words:
        raise setting.failure(words.partition("\n")[0], words)


@contextlib.contextmanager
def _secret_file(folder: Path, secret: str, account: Account | None) -> Iterator[Path]:
    file = folder / "secret"
    file.touch(0o600)
    file.write_text(secret, encoding="ascii")
    if account is not None:
        os.chown(file, account.uid, account.gid)
    try:
        yield file
    finally:
        file.unlink()


def _forget_memory(data: Path) -> None:
    """Remove the few bytes of shared memory by which a server that did not end in order is known.

    PostgreSQL's documentation, "Managing Kernel Resources", says why it needs them. The system
    keeps them until it is told, or restarted.
    """
    with contextlib.suppress(OSError, ValueError, IndexError, AttributeError, ImportError):
        lines = (data / "postmaster.pid").read_text(encoding="utf-8").splitlines()
        _key, number = lines[_MEMORY_LINE].split()
        import ctypes

        ctypes.CDLL(None).shmctl(int(number), _REMOVE, None)


def _start(executable: Path, data: Path, setting: Setting) -> tuple[Server, int]:
    def make(port: int) -> Server:
        options = [f"{name}={value}" for name, value in {**_OPTIONS, "port": port}.items()]
        words = [word for option in options for word in ("-c", option)]
        # SIGINT is its "fast" shutdown: sessions are ended, data is in order.
        return Server(setting, (executable, "-D", data, *words), stop=signal.SIGINT)

    def ready(server: Server, port: int) -> bool:
        """Whether it says so itself, in its own folder: at the port somebody else may answer."""
        with contextlib.suppress(OSError):
            lines = (data / "postmaster.pid").read_text(encoding="utf-8", errors="replace").split()
            if lines[:1] == [str(server.pid)] and lines[-1] == "ready":
                user = {"user": _USER, "database": "postgres"}
                return ask_postgres(LOOPBACK, port, **user, seconds=_ASK_SECONDS) is None
        return False

    return start(make, ready)
