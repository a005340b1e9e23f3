"""A service under load: what is started, or reached, on one side."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from perfkit.benchmark import Script


class ServiceKind(StrEnum):
    """How a service comes to be."""

    REFERENCE = "reference"
    APP = "app"
    COMMAND = "command"
    URL = "url"


@dataclass(frozen=True, slots=True, kw_only=True)
class Service:
    """A service as planned; where and how to start it, or where it runs already.

    Attributes:
        kind: How it comes to be.
        target: ``"module:app"`` (`REFERENCE`, `APP`: an ASGI app, started with uvicorn), a command
            line with ``{port}`` and perhaps ``{host}`` and ``{python}`` in it (`COMMAND`), or a URL
            such as ``"http://127.0.0.1:8000"`` (`URL`).
        label: Name for people.
        script: What it must have installed (PEP 723 requirements), in the shape provisioning reads;
            None for a URL.
        health: Path that answers below 400 once it is ready: ``"/health"``.
        ready_seconds: Deadline for that.
        stop_seconds: Time to end in order after SIGTERM, before it is killed.
        pid: Process whose tree is looked at, of a `URL` service; None for no resource figures.
        backing: Backing services it is given: a tuple of ``"postgres"`` and ``"valkey"``.
    """

    kind: ServiceKind
    target: str
    label: str
    script: Script | None
    health: str
    ready_seconds: float
    stop_seconds: float
    pid: int | None
    backing: tuple[str, ...]
