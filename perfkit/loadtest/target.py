"""Where load may go, and which command lines can be started: checked before anything is."""

from __future__ import annotations

import errno
import ipaddress
import shlex
import socket
import sys
from typing import TYPE_CHECKING
from urllib.parse import SplitResult, urlsplit

from perfkit.errors import PerfkitError

if TYPE_CHECKING:
    from collections.abc import Collection

LOOPBACK = "127.0.0.1"


def check_target(url: str, allow_hosts: Collection[str]) -> PerfkitError | None:
    """Whether a service that runs already may be put under load.

    Args:
        url: Its base address.
        allow_hosts: Hosts that may be put under load although they are not this machine.

    Returns:
        What is wrong with it, or None.
    """
    parts = _split(url)
    if isinstance(parts, PerfkitError):
        return parts
    host = parts.hostname or ""
    if host in {allowed.strip("[]").lower() for allowed in allow_hosts}:
        return None
    try:
        found = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:  # UnicodeError: no name by any rule
        return PerfkitError(
            f"the host of the service is not known: {error}",
            got=url,
            remedy="correct the address, or start the service's network first",
        )
    addresses = [ipaddress.ip_address(str(where[0]).partition("%")[0]) for *_, where in found]
    if all(_is_loopback(one) for one in addresses):
        return None
    if {*map(str, addresses)} <= _own_addresses():
        return PerfkitError(
            "the service is on this machine, but at an address that is no loopback one, so that "
            "load may cross a network",
            got=url,
            allowed=f"a loopback address such as http://{LOOPBACK}:8000",
            remedy=f"add --allow-host {host}, or name {LOOPBACK} where the service listens there",
        )
    return PerfkitError(
        "the service is not on this machine, and load on others' machines can do harm",
        got=url,
        allowed=f"a loopback address such as http://{LOOPBACK}:8000",
        remedy=f"add --allow-host {host} when you may put it under load",
    )


def check_command(command: str) -> PerfkitError | None:
    """What is wrong with a command line that is to start a service, or None."""
    try:
        words = shlex.split(command)
    except ValueError as error:
        return PerfkitError(f"the command cannot be split into words: {error}", got=command)
    if any("{port}" in word for word in words):
        return None
    return PerfkitError(
        "the command does not say where its port goes",
        got=command,
        allowed="a command line with {port} and perhaps {host} and {python} in it",
        remedy="write {port} where the server is told its port",
    )


def fill_in(command: str, *, python: tuple[str, ...], port: int) -> list[str]:
    """The words of a command line with its placeholders filled in; no shell is involved.

    Args:
        command: Has passed `check_command`.
        python: Interpreter and its options; a word that is ``{python}`` alone becomes all of them,
            so that a variant's options hold; within a longer word it is the path.
        port: The service's port.
    """
    words: list[str] = []
    for word in shlex.split(command):
        if word == "{python}":
            words += python
            continue
        for name, value in (("port", str(port)), ("host", LOOPBACK), ("python", python[0])):
            word = word.replace(f"{{{name}}}", value)  # noqa: PLW2901 - one after another
        words.append(word)
    return words


def free_port() -> int:
    """A port of the loopback address that nobody listens at right now."""
    with socket.socket() as probe:
        probe.bind((LOOPBACK, 0))
        return int(probe.getsockname()[1])


def is_taken(address: str, port: int) -> bool:
    """Whether somebody listens at a port of an address of this machine right now."""
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    try:
        with socket.socket(family, socket.SOCK_STREAM) as probe:
            if sys.platform != "win32":  # where it would let two listen
                probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind((address, port))
    except OSError as error:
        return error.errno == errno.EADDRINUSE
    return False


def _split(url: str) -> SplitResult | PerfkitError:
    """The parts of an address that load can be sent to."""
    allowed = "http://HOST:PORT or https://HOST:PORT, with a path in front of all others if need be"
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as error:
        return PerfkitError(f"not an address of a service: {error}", got=url, allowed=allowed)
    if parts.scheme not in {"http", "https"} or not parts.hostname or port == 0:
        return PerfkitError("not an address of a service", got=url, allowed=allowed)
    if parts.query or parts.fragment:
        return PerfkitError("more than a base address", got=url, allowed=allowed)
    if parts.username is not None or parts.password is not None:
        return PerfkitError(
            "credentials in an address would end up in the recording",
            got=f"{parts.scheme}://…@{parts.hostname}",
            remedy="put them into a header of the profile",
        )
    return parts


def _is_loopback(found: ipaddress.IPv4Address | ipaddress.IPv6Address) -> bool:
    return (getattr(found, "ipv4_mapped", None) or found).is_loopback


def _own_addresses() -> set[str]:
    """Addresses of this machine's network interfaces; none where they cannot be told."""
    import psutil

    try:
        found = psutil.net_if_addrs()
    except OSError:
        return set()
    return {one.address.partition("%")[0] for several in found.values() for one in several}
