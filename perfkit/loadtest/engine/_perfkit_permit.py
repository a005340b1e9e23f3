"""What a worker may be told to do: its machine's owner has the last word."""

from __future__ import annotations

import hashlib
import socket
from contextlib import suppress
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from _perfkit_crew import NotReadyError
from _perfkit_messages import network_identity

from perfkit.loadtest.target import check_target

if TYPE_CHECKING:
    from collections.abc import Sequence

    from perfkit.loadtest.spec import EngineSpec

_REACH_SECONDS = 5.0


def check_job(spec: EngineSpec, allow_hosts: Sequence[str], told: dict[str, Any]) -> None:
    """Whether this machine may do that.

    Raises:
        NotReadyError: It may not, or cannot.
    """
    for target in spec.targets:
        problem = check_target(target, allow_hosts)
        if problem is not None:
            raise NotReadyError(str(problem))
        _reach(target, same=told["network"] == network_identity())
    scenario = spec.profile.scenario
    for request in (*scenario.setup, *scenario.requests):
        if not request.path.startswith("/"):  # it might lead elsewhere
            raise NotReadyError(f"the path of a request is none: {request.path[:80]!r}")
    path = scenario.locustfile
    if path is None:
        return
    ours = None
    with suppress(OSError):
        ours = hashlib.sha256(path.read_bytes()).hexdigest()
    if ours is None or ours != told["locustfile"]:
        raise NotReadyError(
            f"no code is run that came from elsewhere: put the same Locust file at {path} here"
        )


def _reach(target: str, *, same: bool) -> None:
    """Whether a service can be reached from here.

    Args:
        target: Its base address.
        same: Our loopback addresses are the master's.

    Raises:
        NotReadyError: It cannot.
    """
    parts = urlsplit(target)
    host = parts.hostname or ""
    if not same and check_target(target, ()) is None:
        raise NotReadyError(
            f"{target} is an address within the master's machine: let the service listen at one "
            "of the network, and give perfkit --url and --allow-host there"
        )
    try:
        port = parts.port or (443 if parts.scheme == "https" else 80)
        socket.create_connection((host, port), _REACH_SECONDS).close()
    except OSError as error:
        raise NotReadyError(f"{target} cannot be reached from here: {error}") from error
