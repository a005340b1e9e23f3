"""Which service a load run is about."""

from __future__ import annotations

import hashlib
import re
from typing import TYPE_CHECKING, Final

from perfkit.benchmark import Script
from perfkit.errors import PerfkitError
from perfkit.plan.checks import either
from perfkit.service import Service, ServiceKind

if TYPE_CHECKING:
    from pathlib import Path

    from perfkit.plan.options import Options

BACKING: Final = ("postgres", "valkey")
"""Backing services that perfkit can start."""

_APP = re.compile(r"[A-Za-z_][\w.]*:[A-Za-z_][\w.]*", re.ASCII)
_HEALTH = {
    ServiceKind.REFERENCE: "/health",
    ServiceKind.APP: "/health",
    ServiceKind.COMMAND: "/",
    ServiceKind.URL: "/",
}
_READY_SECONDS = 30.0
_STOP_SECONDS = 5.0
_UVICORN = "uvicorn>=0.23"


def plan_service(said: Options, cwd: Path, problems: list[PerfkitError]) -> Service | None:
    """The service that was named, by default the reference service; None when it cannot be had."""
    if said.app is not None:
        kind, target, label = ServiceKind.APP, said.app, said.app
    elif said.command is not None:
        kind, target, label = ServiceKind.COMMAND, said.command, said.command
    elif said.url is not None:
        kind, target, label = ServiceKind.URL, said.url.rstrip("/"), said.url
    else:
        kind, target, label = ServiceKind.REFERENCE, "app:app", "the reference service"
    before = len(problems)
    _check_target(kind, target, said, problems)
    script = _script(kind, cwd, problems)
    health = said.health or _HEALTH[kind]
    if not health.startswith("/"):
        problems.append(PerfkitError("--health is no path", got=health, allowed="/health, say"))
    if len(problems) > before:
        return None
    return Service(
        kind=kind,
        target=target,
        label=label,
        script=script,
        health=health,
        ready_seconds=either(said.ready, _READY_SECONDS),
        stop_seconds=_STOP_SECONDS,
        pid=said.pid,
        backing=tuple(dict.fromkeys(said.services or ())),
    )


def _check_target(
    kind: ServiceKind, target: str, said: Options, problems: list[PerfkitError]
) -> None:
    if kind is ServiceKind.APP and not _APP.fullmatch(target):
        problems.append(
            PerfkitError("--app is no ASGI app", got=target, allowed="MODULE:APP, as for uvicorn")
        )
    if kind is ServiceKind.COMMAND and "{port}" not in target:
        problems.append(
            PerfkitError(
                "--command does not say which port to listen on",
                got=target,
                allowed="a command with {port} in it, such as 'python -m http.server {port}'",
            )
        )
    if kind is ServiceKind.URL:
        from perfkit.loadtest.service import check_target

        problem = check_target(target, said.allow_host or ())
        if problem is not None:
            problems.append(problem)


def _script(kind: ServiceKind, cwd: Path, problems: list[PerfkitError]) -> Script | None:
    """What must be installed, in the shape that provisioning reads."""
    if kind is ServiceKind.URL:
        return None
    if kind is ServiceKind.REFERENCE:
        from perfkit.suite import default_suite, read_one

        return read_one(default_suite() / "service" / "app.py", problems)
    requirements = (_UVICORN,) if kind is ServiceKind.APP else ()
    return Script(
        path=cwd / "service",
        label="service",
        arguments=(),
        requirements=requirements,
        pins=(),
        requires_python=None,
        digest=hashlib.sha256(repr((str(cwd), requirements)).encode()).hexdigest(),
    )
