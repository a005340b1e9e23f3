"""A backing service that the user runs, given by its address."""

from __future__ import annotations

import ipaddress
import socket
from typing import TYPE_CHECKING, Final
from urllib.parse import SplitResult, unquote, urlsplit, urlunsplit

from perfkit.loadtest.backing.answers import ask_postgres, ask_redis
from perfkit.loadtest.backing.failure import BackingError
from perfkit.machine.process import one_line

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

VARIABLES: Final = {"postgres": "DATABASE_URL", "valkey": "REDIS_URL"}
"""The variable that says where each service is."""

_SCHEMES: Final = {
    "postgres": ("postgresql", "postgres", "postgresql+asyncpg"),
    "valkey": ("redis", "rediss"),
}
_PORTS: Final[Mapping[str, int]] = {"postgres": 5432, "valkey": 6379}
_SECONDS = 10.0


def checked(service: str, url: str, allow_hosts: Collection[str]) -> str:
    """The address in the form that services take, once the server there has answered.

    Args:
        service: ``"postgres"`` or ``"valkey"``.
        url: Its address, as the user gave it.
        allow_hosts: Hosts that may be put under load although they are not this machine.

    Raises:
        BackingError: It is no such address, not on this machine, or nobody answers there.
    """
    parts = _parts(service, url)
    host, port = str(parts.hostname), parts.port or _PORTS[service]
    _check_host(service, host, allow_hosts)
    try:
        said = _ask(service, parts, host, port)
    except OSError as error:
        said = f"nobody answers: {error}"
    if said is not None:
        raise BackingError(
            one_line(f"{VARIABLES[service]} does not lead to a server that is ready: {said}"),
            service=service,
            stage="start",
            got=shown(url),
            remedy=f"start it, correct {VARIABLES[service]}, or unset it to have one started",
        )
    if service == "postgres":
        return urlunsplit(parts._replace(scheme="postgresql+asyncpg"))
    return url


def shown(url: str) -> str:
    """An address without its password."""
    try:
        parts = urlsplit(url)
        if parts.password is None:
            return url
        return urlunsplit(parts._replace(netloc=f"…@{parts.netloc.rpartition('@')[2]}"))
    except ValueError:
        return "…"


def _parts(service: str, url: str) -> SplitResult:
    try:
        parts = urlsplit(url)
        if parts.scheme in _SCHEMES[service] and parts.hostname and parts.port != 0:
            return parts
    except ValueError:
        pass
    raise BackingError(
        f"{VARIABLES[service]} is no address of a server",
        service=service,
        stage="find",
        got=shown(url),
        allowed=" or ".join(f"{scheme}://HOST:PORT/…" for scheme in _SCHEMES[service][:2]),
        remedy="correct it, or unset it to have a server started",
    )


def _check_host(service: str, host: str, allow_hosts: Collection[str]) -> None:
    """Refuse what is not on this machine: the variable may have been set for another purpose."""
    if host in {allowed.strip("[]").lower() for allowed in allow_hosts}:
        return
    try:
        found = {str(one[4][0]) for one in socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)}
    except (OSError, UnicodeError) as error:  # UnicodeError: no name by any rule
        raise BackingError(
            one_line(f"the host of {VARIABLES[service]} is not known: {error}"),
            service=service,
            stage="find",
            got=host,
        ) from error
    if not all(ipaddress.ip_address(one.partition("%")[0]).is_loopback for one in found):
        raise BackingError(
            f"{VARIABLES[service]} leads to another machine, and load there can do harm",
            service=service,
            stage="find",
            got=host,
            remedy=f"unset it to have a server started, or add --allow-host {host}",
        )


def _ask(service: str, parts: SplitResult, host: str, port: int) -> str | None:
    user, password = unquote(parts.username or ""), unquote(parts.password or "")
    if service == "postgres":
        database = unquote(parts.path.strip("/")) or user or "postgres"
        return ask_postgres(
            host, port, user=user or "postgres", database=database, seconds=_SECONDS
        )
    if parts.scheme == "rediss":  # what is said there is encrypted, and the driver's affair
        socket.create_connection((host, port), _SECONDS).close()
        return None
    return ask_redis(host, port, user=user, password=password, seconds=_SECONDS)
