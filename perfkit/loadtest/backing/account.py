"""Who a server runs as, and what that account can reach.

PostgreSQL refuses to run as root, and a Redis that does would lend root to whoever can talk to it.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import stat
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from perfkit.loadtest.backing.failure import BackingError

if TYPE_CHECKING:
    from collections.abc import Iterator

_TEMPORARY = ("/tmp", "/var/tmp", "/dev/shm")  # noqa: S108 - parents of a private folder


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """An account that servers are started under.

    Attributes:
        name: Its name.
        uid: Its number.
        gid: Its group's.
    """

    name: str
    uid: int
    gid: int

    def starting(self) -> dict[str, Any]:
        """What to tell `subprocess`."""
        return {"user": self.uid, "group": self.gid, "extra_groups": []}

    def reaches(self, path: Path) -> bool:
        """Whether it may pass through every folder above a path; access lists are not looked at."""
        return all(self._may(folder, stat.S_IXOTH) for folder in path.resolve().parents)

    def runs(self, program: Path) -> bool:
        """Whether it may run a program."""
        return self.reaches(program) and self._may(program.resolve(), stat.S_IXOTH)

    def _may(self, path: Path, right: int) -> bool:
        facts = path.stat()
        if facts.st_uid == self.uid:
            right <<= 6
        elif facts.st_gid == self.gid:
            right <<= 3
        return bool(facts.st_mode & right)


def account_for(*preferred: str) -> Account | None:
    """The account to drop root for: the first of some names that exists; None when not root.

    Raises:
        BackingError: There is no such account.
    """
    if sys.platform == "win32" or os.geteuid() != 0:
        return None
    import pwd

    for name in (*preferred, "nobody"):
        with contextlib.suppress(KeyError):
            entry = pwd.getpwnam(name)
            if entry.pw_uid:
                return Account(name=name, uid=entry.pw_uid, gid=entry.pw_gid)
    raise BackingError(
        "perfkit runs as root, and there is no account to run a server under instead",
        service="",
        stage="start",
        allowed=", ".join((*preferred, "nobody")),
        remedy="create one, or run perfkit as another user",
    )


@contextlib.contextmanager
def home(folder: Path, name: str, account: Account | None) -> Iterator[Path]:
    """A private folder for a server's data, removed in the end.

    It is inside ``folder``, or below one for temporary files when the account cannot reach that.

    Raises:
        BackingError: No place will do.
    """
    made = _made(folder, name, account)
    try:
        if account is not None:
            os.chown(made, account.uid, account.gid)
        yield made
    finally:
        with contextlib.suppress(OSError):
            shutil.rmtree(made)


def _made(folder: Path, name: str, account: Account | None) -> Path:
    places = [folder]
    if account is not None:
        places = [
            place
            for place in (folder, *map(Path, (tempfile.gettempdir(), *_TEMPORARY)))
            if place.is_dir() and account.reaches(place / name)
        ]
    problem: OSError | None = None
    for place in places:
        try:
            return Path(tempfile.mkdtemp(prefix=f"perfkit-{name}-", dir=place)).resolve()
        except OSError as error:
            problem = error
    who = "" if account is None else f" that {account.name} can reach"
    raise BackingError(
        f"there is no folder for data of a server{who}: {problem or 'none is open to it'}",
        service=name,
        stage="start",
        got=str(folder),
        remedy="make room there, or open the folders above it (chmod o+x)",
    )
