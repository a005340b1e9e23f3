"""What the service is told by its environment, read once and checked.

``DATABASE_URL`` and ``REDIS_URL`` choose the backing services; without them data is kept in a
SQLite file and cached answers in the process. Each ``PERFKIT_SERVICE_…`` variable is described at
its field of `Settings`.
"""

import os
import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Optional

_PREFIX = re.compile(r"[a-z][a-z0-9_]{0,30}|")
_SLOWDOWN = re.compile(r"(?P<path>/\S*)=(?P<percent>[0-9]+(?:\.[0-9]+)?)%")
_MOST_PERCENT = 10_000


@dataclass(frozen=True)
class Slowdown:
    """An endpoint made slower on purpose.

    Attributes:
        path: Path of the endpoint, without parameters.
        share: CPU time added to each request, as a share of what the request took.
    """

    path: str
    share: float


@dataclass(frozen=True)
class Settings:
    """Everything that can be set.

    Attributes:
        database_url: ``DATABASE_URL`` as given (``postgresql://…``, ``sqlite:///…``), or None for
            a SQLite file of the service's own.
        redis_url: ``REDIS_URL``, or None to cache in the process.
        data: ``PERFKIT_SERVICE_DATA``, the folder of that SQLite file; None for a temporary one,
            removed at the end. A second worker process needs it, or a ``DATABASE_URL``.
        prefix: ``PERFKIT_SERVICE_PREFIX``, put before the names of tables and cached keys, so that
            two services can share one server.
        fresh: ``PERFKIT_SERVICE_FRESH=1``: begin with the tables as they are when new, and with
            nothing cached. Not for several worker processes.
        pool: ``PERFKIT_SERVICE_POOL``, the most connections to the database.
        secret: ``PERFKIT_SERVICE_SECRET``, which signs tokens; several worker processes need it
            set. Random when it is not.
        token_seconds: ``PERFKIT_SERVICE_TOKEN_SECONDS``, how long a token is good for.
        slowdown: ``PERFKIT_SERVICE_SLOWDOWN`` such as ``/api/v1/data=10%``; see `slowdown`.
    """

    database_url: Optional[str]
    redis_url: Optional[str]
    data: Optional[Path]
    prefix: str
    fresh: bool
    pool: int
    secret: bytes
    token_seconds: int
    slowdown: Optional[Slowdown]


def read(environ: Mapping[str, str]) -> Settings:
    """Read the settings.

    Raises:
        ValueError: One of them cannot be understood.
    """
    prefix = environ.get("PERFKIT_SERVICE_PREFIX", "")
    if not _PREFIX.fullmatch(prefix):
        raise ValueError(
            f"PERFKIT_SERVICE_PREFIX={prefix!r}: a small letter, then at most 30 of a-z, 0-9 and _"
        )
    data = environ.get("PERFKIT_SERVICE_DATA")
    return Settings(
        database_url=environ.get("DATABASE_URL") or None,
        redis_url=environ.get("REDIS_URL") or None,
        data=Path(data) if data else None,
        prefix=prefix,
        fresh=environ.get("PERFKIT_SERVICE_FRESH", "") not in {"", "0"},
        pool=_count(environ, "PERFKIT_SERVICE_POOL", default=20),
        secret=environ.get("PERFKIT_SERVICE_SECRET", "").encode() or secrets.token_bytes(32),
        token_seconds=_count(environ, "PERFKIT_SERVICE_TOKEN_SECONDS", default=3600),
        slowdown=_slowdown(environ.get("PERFKIT_SERVICE_SLOWDOWN", "")),
    )


def _count(environ: Mapping[str, str], name: str, *, default: int) -> int:
    text = environ.get(name) or str(default)
    if not (text.isascii() and text.isdecimal() and int(text) > 0):
        raise ValueError(f"{name}={text!r}: a whole number above 0")
    return int(text)


def _slowdown(text: str) -> Optional[Slowdown]:
    if not text:
        return None
    match = _SLOWDOWN.fullmatch(text)
    percent = float(match["percent"]) if match else 0.0
    if match is None or not 0 < percent <= _MOST_PERCENT:
        raise ValueError(
            f"PERFKIT_SERVICE_SLOWDOWN={text!r}: a path and a percentage, as in /api/v1/data=10%"
        )
    return Slowdown(path=match["path"], share=percent / 100)


SETTINGS = read(os.environ)
