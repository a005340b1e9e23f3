"""Where a master's workers come from: processes it starts itself, and invited ones."""

from __future__ import annotations

import contextlib
import hashlib
import ipaddress
import json
import secrets
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import psutil
from _perfkit_messages import clock_identity, network_identity

from perfkit.loadtest.spec import spec_to_json
from perfkit.loadtest.target import check_target
from perfkit.loadtest.worker_token import VARIABLE
from perfkit.machine.process import describe_exit

if TYPE_CHECKING:
    from collections.abc import Sequence

    from _perfkit_places import Place

    from perfkit.loadtest.spec import EngineSpec

LOCAL_SECONDS = 60.0
"""How long it may take until a worker on this machine has introduced itself and got ready."""

_WAIT_SECONDS = 3.0
_EVERYWHERE = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104 - compared with


def job_of(spec: EngineSpec, step: int) -> dict[str, Any]:
    """What every worker is told of the load.

    Args:
        spec: What was asked for.
        step: Workers that get users.
    """
    told = replace(spec, events=(), cpus=frozenset(), mark="", bind="", port=None, token="")
    path = spec.profile.scenario.locustfile
    digest = None
    if path is not None:
        with contextlib.suppress(OSError):  # whoever imports it says so better
            digest = hashlib.sha256(path.read_bytes()).hexdigest()
    return {
        "spec": spec_to_json(told),
        "step": step,
        "more": spec.more,
        "locustfile": digest,
        "clock": clock_identity(),
        "network": network_identity(),
    }


def start_workers(places: Sequence[Place], bind: str, port: int) -> None:
    """Start a process for each place; it ends when this one does."""
    for place in places:
        place.token = secrets.token_hex(16)
    for place in places:
        process = subprocess.Popen(
            [sys.executable, "-W", "ignore", str(Path(__file__).parent), "worker"],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
        )
        place.local = process
        summons = {
            "host": _EVERYWHERE.get(bind, bind),
            "port": port,
            "token": place.token,
            "allow_hosts": None,
            "wait_seconds": LOCAL_SECONDS,
        }
        with contextlib.suppress(BrokenPipeError):
            if process.stdin is not None:
                process.stdin.write(json.dumps(summons).encode() + b"\n")
                process.stdin.flush()


def end_workers(places: Sequence[Place]) -> None:
    """Kill and reap what was started."""
    for place in places:
        if place.local is not None:
            with contextlib.suppress(OSError, subprocess.TimeoutExpired):
                place.local.kill()
                place.local.wait(_WAIT_SECONDS)


def how_it_ended(code: int) -> str:
    """What became of a process that was started."""
    return f"its process was {describe_exit(code)}" if code < 0 else f"it {describe_exit(code)}"


def is_private(bind: str) -> bool:
    """Whether no other machine reaches an address that is listened at."""
    return ipaddress.ip_address(bind).is_loopback


def command_for(spec: EngineSpec, port: int, *, secret: bool) -> str:
    """What to run on another machine.

    Args:
        spec: What was asked for.
        port: Where the master listens.
        secret: With what it takes to be let in; not in anything that is recorded.
    """
    host = spec.bind
    if host in _EVERYWHERE:
        host = _own_address(6 if ":" in host else 4) or host
    address = f"[{host}]" if ":" in host else host
    foreign = [target for target in spec.targets if check_target(target, ()) is not None]
    hosts = dict.fromkeys(urlsplit(target).hostname for target in foreign)
    allow = "".join(f" --allow-host {name}" for name in hosts)
    command = f"perfkit load worker --master {address}:{port}{allow}"
    if not secret:
        return command
    if spec.token_given:
        return f"{command} --token-file FILE"
    return f"{VARIABLE}={spec.token} {command}"


def _own_address(version: int) -> str | None:
    """An address of this machine that others may reach."""
    for addresses in psutil.net_if_addrs().values():
        for one in addresses:
            with contextlib.suppress(ValueError):
                found = ipaddress.ip_address(one.address)
                if found.version == version and not (found.is_loopback or found.is_link_local):
                    return str(found)
    return None
