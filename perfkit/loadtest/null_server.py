"""A server that does nothing, started as services are: what a generator is calibrated against."""

from __future__ import annotations

import shlex
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from perfkit.loadtest.service import ServiceLaunch, start_service
from perfkit.service import Service, ServiceKind
from perfkit.variant import Side

if TYPE_CHECKING:
    from perfkit.loadtest.service import RunningService

_SCRIPT = Path(__file__).with_name("_null_server.py")


def start_null(
    mark: str,
    cpus: frozenset[int],
    *,
    delay: float = 0.0,
    slots: int = 0,
    service: float = 0.0,
) -> RunningService:
    """Start one under perfkit's own Python.

    Args:
        mark: As for `start_service`.
        cpus: The same.
        delay: Seconds until each answer.
        slots: Requests served at a time; 0 for any number. Capacity is ``slots / service``.
        service: Seconds each takes then.

    Raises:
        ServiceError: It did not become ready.
    """
    launch = ServiceLaunch(
        side=Side.BASELINE,
        python=Path(sys.executable),
        flags=(),
        environ=(),
        service=_service(delay=delay, slots=slots, service=service),
        cwd=_SCRIPT.parent,
        without=(),
    )
    return start_service(launch, hash_seed=0, mark=mark, cpus=cpus, log=None)


def _service(*, delay: float, slots: int, service: float) -> Service:
    options = {"--delay-ms": delay * 1000, "--service-ms": service * 1000, "--slots": slots}
    words = " ".join(f"{name} {value}" for name, value in options.items() if value)
    return Service(
        kind=ServiceKind.COMMAND,
        target=f"{{python}} -I {shlex.quote(str(_SCRIPT))} --host {{host}} --port {{port}} {words}",
        label="null server",
        script=None,
        health="/",
        ready_seconds=20.0,
        stop_seconds=5.0,
        pid=None,
        backing=(),
    )
