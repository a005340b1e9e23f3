"""What provisioning keeps between runs: entries that are whole or not there, safe to share.

An entry is a folder ``<cache>/<kind>/<key>/`` whose ``entry.json`` is written last: without it the
entry is half-built, by a run that was killed, and is built again in place (virtual environments
cannot be moved). Building and removing happen under a file lock. A process that uses entries lists
them in a file and holds a lock beside it until it ends, however it ends: `clean` leaves them alone.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import platformdirs
from filelock import FileLock, Timeout

from perfkit.errors import ProvisionError
from perfkit.provision.users import hold, is_used

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from datetime import timedelta

SCHEMA = 1
"""Part of every key: raise it when entries of an older perfkit must not be used."""

_MARKER = "entry.json"
LEARNT = "tasks"
"""Folder of what scripts were found to hold; small files that are not worth an entry."""

_KINDS = ("resolutions", "environments", "builds", "wheels", "toolboxes", "trees")


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """An entry that is whole and will stay so while this process lives.

    Attributes:
        folder: Where its files are.
        facts: What its builder noted about it.
        reused: It was there already.
    """

    folder: Path
    facts: dict[str, Any]
    reused: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class CacheEntry:
    """An entry as `perfkit clean` shows it.

    Attributes:
        kind: ``"environments"``, ``"resolutions"``, ``"builds"``, ``"wheels"``, ``"toolboxes"`` or
            ``"trees"``.
        key: Its name.
        label: What it is, for people; empty when half-built.
        size: Bytes of its files; files shared with uv's own cache count as well.
        last_used: Seconds since the epoch.
        in_use: Some process is building or using it.
    """

    kind: str
    key: str
    label: str
    size: int
    last_used: float
    in_use: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class CleanResult:
    """What `clean` did.

    Attributes:
        removed: Entries that are gone.
        in_use: Entries that were left because a process uses them.
        freed: Bytes of the removed entries.
    """

    removed: tuple[CacheEntry, ...]
    in_use: tuple[CacheEntry, ...]
    freed: int


def cache_root() -> Path:
    """The user's cache folder for perfkit; ``$PERFKIT_CACHE`` overrides it."""
    chosen = os.environ.get("PERFKIT_CACHE")
    if chosen:
        return Path(chosen).expanduser().absolute()
    return platformdirs.user_cache_path("perfkit", appauthor=False)


def key_of(*parts: object) -> str:
    """A short name for whatever an entry is made from (JSON values)."""
    text = json.dumps([SCHEMA, *parts], sort_keys=True)
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:24]


def obtain(
    cache: Path,
    kind: str,
    key: str,
    *,
    label: str,
    build: Callable[[Path], dict[str, Any]],
    usable: Callable[[Path, dict[str, Any]], bool],
) -> Entry:
    """The entry, built if it is not there.

    Another process that builds the same entry is waited for.

    Args:
        cache: The cache folder.
        kind: Kind of entry.
        key: Its name, from `key_of`.
        label: What it is, for people.
        build: Fills the empty folder it is given and returns facts to note (JSON values).
        usable: Whether a finished entry, given its folder and facts, can still be used.

    Raises:
        ProvisionError: The cache cannot be written; or whatever ``build`` raises.
    """
    folder = cache / kind / key
    try:
        with _lock(cache, kind, key):
            facts = _facts(folder)
            reused = facts is not None and usable(folder, facts)
            if facts is None or not reused:
                shutil.rmtree(folder, ignore_errors=True)
                folder.mkdir(parents=True)
                facts = build(folder)
                _mark(folder, {"label": label, "facts": facts})
            else:
                os.utime(folder / _MARKER)
            hold(cache, f"{kind}-{key}")
    except OSError as error:
        raise ProvisionError(
            f"the cache cannot be written: {error}",
            got=str(cache),
            remedy="make room or give the folder to your user, or set PERFKIT_CACHE to another one",
        ) from error
    return Entry(folder=folder, facts=facts, reused=reused)


def cache_contents(cache: Path | None = None) -> list[CacheEntry]:
    """Everything kept, with size and last use, least recently used first."""
    cache = cache_root() if cache is None else cache
    entries = [_describe(cache, kind, folder) for kind, folder in _folders(cache)]
    return sorted(entries, key=lambda entry: entry.last_used)


def clean(older_than: timedelta | None = None, *, cache: Path | None = None) -> CleanResult:
    """Remove what no process uses.

    Args:
        older_than: Only what was last used longer ago than this; None for everything.
        cache: The cache folder; None for `cache_root`.
    """
    cache = cache_root() if cache is None else cache
    before = time.time() - (older_than.total_seconds() if older_than is not None else 0.0)
    removed: list[CacheEntry] = []
    in_use: list[CacheEntry] = []
    for entry in cache_contents(cache):
        if older_than is not None and entry.last_used > before:
            continue
        (removed if _remove(cache, entry) else in_use).append(entry)
    if older_than is None:
        (cache / "interpreters.json").unlink(missing_ok=True)
        shutil.rmtree(cache / LEARNT, ignore_errors=True)
    return CleanResult(
        removed=tuple(removed), in_use=tuple(in_use), freed=sum(entry.size for entry in removed)
    )


def _remove(cache: Path, entry: CacheEntry) -> bool:
    folder = cache / entry.kind / entry.key
    try:
        with _lock(cache, entry.kind, entry.key, timeout=0):
            if is_used(cache, f"{entry.kind}-{entry.key}"):
                return False
            (folder / _MARKER).unlink(missing_ok=True)  # first: what is left is half-built
            shutil.rmtree(folder, ignore_errors=True)
    except Timeout:
        return False
    return not folder.exists()


def _describe(cache: Path, kind: str, folder: Path) -> CacheEntry:
    marker = folder / _MARKER
    try:
        label = str(json.loads(marker.read_text(encoding="utf-8"))["label"])
        last_used = marker.stat().st_mtime
    except (OSError, ValueError, KeyError, TypeError):
        label = ""
        last_used = folder.stat().st_mtime if folder.exists() else 0.0
    return CacheEntry(
        kind=kind,
        key=folder.name,
        label=label,
        size=_size(folder),
        last_used=last_used,
        in_use=is_used(cache, f"{kind}-{folder.name}"),
    )


def _folders(cache: Path) -> Iterator[tuple[str, Path]]:
    for kind in _KINDS:
        if (cache / kind).is_dir():
            yield from ((kind, folder) for folder in sorted((cache / kind).iterdir()))


def _size(folder: Path) -> int:
    total = 0
    for root, _, names in os.walk(folder):
        for name in names:
            try:
                total += os.lstat(os.path.join(root, name)).st_size  # noqa: PTH118 - thousands
            except OSError:  # removed meanwhile
                continue
    return total


def _facts(folder: Path) -> dict[str, Any] | None:
    try:
        facts = json.loads((folder / _MARKER).read_text(encoding="utf-8"))["facts"]
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return facts if isinstance(facts, dict) else None


def _mark(folder: Path, marker: dict[str, Any]) -> None:
    part = folder / f"{_MARKER}.part"
    part.write_text(json.dumps(marker, indent=1), encoding="utf-8")
    part.replace(folder / _MARKER)


def _lock(cache: Path, kind: str, key: str, *, timeout: float = -1) -> FileLock:
    # Lock files must never be removed while someone may wait for them, so there are few of them.
    path = cache / "locks" / f"{kind}-{key[:2]}.lock"
    path.parent.mkdir(parents=True, exist_ok=True)
    return FileLock(path, timeout=timeout)
