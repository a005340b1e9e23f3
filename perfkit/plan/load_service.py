"""Which service a load run is about."""

from __future__ import annotations

import hashlib
import re
from typing import TYPE_CHECKING, Final

from perfkit.benchmark import Script
from perfkit.errors import PerfkitError
from perfkit.plan.checks import either
from perfkit.plan.load_command import missing_program
from perfkit.service import Service, ServiceKind

if TYPE_CHECKING:
    from pathlib import Path

    from perfkit.plan.options import Options

BACKING: Final = ("postgres", "valkey")
"""Backing services that perfkit can start."""

_APP = re.compile(r"[A-Za-z_][\w.]*:[A-Za-z_][\w.]*", re.ASCII)
_PATH = re.compile(r"/[!-~]*")
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
    _check_target(kind, target, said, cwd, problems)
    script = _script(kind, cwd, problems)
    health = said.health or _HEALTH[kind]
    if said.pid is not None and not _lives(said.pid):
        problems.append(PerfkitError("--pid is no process that runs", got=said.pid))
    if not _PATH.fullmatch(health):
        problems.append(
            PerfkitError(
                "--health is no path", got=health, allowed="/health, say; ASCII, no spaces"
            )
        )
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


def _lives(pid: int) -> bool:
    import psutil

    return psutil.pid_exists(pid)


def _check_target(
    kind: ServiceKind, target: str, said: Options, cwd: Path, problems: list[PerfkitError]
) -> None:
    if kind is ServiceKind.APP and not _APP.fullmatch(target):
        problems.append(
            PerfkitError("--app is no ASGI app", got=target, allowed="MODULE:APP, as for uvicorn")
        )
    if kind in {ServiceKind.COMMAND, ServiceKind.URL}:
        from perfkit.loadtest.target import check_command, check_target

        if kind is ServiceKind.COMMAND:
            problem = check_command(target)
            if problem is None and (missing := missing_program(said, cwd)) is not None:
                problems.append(missing)
        else:
            problem = check_target(target, said.allow_host or ()) or _check_letters(target)
        if problem is not None:
            problem.what = f"--{kind}: {problem.what}"
            problems.append(problem)


def _check_letters(url: str) -> PerfkitError | None:
    """HTTP carries no others, and nobody should learn it from a traceback of the engine."""
    if _PATH.fullmatch(f"/{url}"):
        return None
    return PerfkitError(
        "an address is ASCII without spaces",
        got=url,
        remedy="write %20 for a space, say, and an international name in its xn-- form",
    )


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
