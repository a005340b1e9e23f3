"""Who uses which entry of the cache: a list a process, with a lock held until the process ends."""

from __future__ import annotations

import atexit
import os
import secrets
import threading
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from filelock import FileLock, Timeout


@dataclass(slots=True, kw_only=True)
class _User:
    """A process that uses entries: a lock it holds, and the list of them."""

    lock: FileLock
    list: Path
    names: set[str]


_USERS: dict[Path, _User] = {}  # this process in each cache: until it ends
_USERS_LOCK = threading.Lock()


def hold(cache: Path, name: str) -> None:
    """Note that this process uses an entry, until it ends."""
    with _USERS_LOCK:
        if cache not in _USERS:
            _USERS[cache] = _enter(cache / "users")
        user = _USERS[cache]
        if name not in user.names:
            with user.list.open("a", encoding="utf-8") as stream:
                stream.write(f"{name}\n")
            user.names.add(name)


def _enter(users: Path) -> _User:
    users.mkdir(parents=True, exist_ok=True)
    while True:
        base = users / f"{os.getpid()}-{secrets.token_hex(4)}"
        user = _User(lock=FileLock(f"{base}.lock"), list=Path(f"{base}.txt"), names=set())
        user.lock.acquire()
        user.list.touch()
        if Path(user.lock.lock_file).exists():  # else `clean` took it for a dead process's
            atexit.register(_leave, user)
            return user
        user.list.unlink(missing_ok=True)
        user.lock.release()


def _leave(user: _User) -> None:
    with suppress(OSError):  # the cache may be gone
        user.list.unlink(missing_ok=True)
        Path(user.lock.lock_file).unlink(missing_ok=True)
    user.lock.release()


def is_used(cache: Path, name: str) -> bool:
    """Whether a living process uses the entry; what dead ones left is swept away."""
    for path in (cache / "users").glob("*.lock"):
        names = path.with_suffix(".txt")
        try:
            with FileLock(path, timeout=0):
                names.unlink(missing_ok=True)
                path.unlink(missing_ok=True)
        except Timeout:
            if f"{name}\n" in _read(names):
                return True
    return False


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except OSError:
        return ""
