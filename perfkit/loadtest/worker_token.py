"""The secret that workers on other machines share with their master, so that no stranger joins.

It says who may take part, and no more: what master and worker send is not encrypted, and whoever
can read the network between them can read it, too. It stands in no recording and no report.
"""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING

from perfkit.errors import PerfkitError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

VARIABLE = "PERFKIT_WORKER_TOKEN"
"""Environment variable, since other users of a machine can see a command line."""

SHORTEST, LONGEST = 8, 200


def new_token() -> str:
    """One that nobody can guess: 96 bits."""
    return secrets.token_urlsafe(12)


def given_token(file: Path | None, environ: Mapping[str, str]) -> str | None:
    """The token that a user gave, from a file or else from `VARIABLE`; None when there is none.

    Args:
        file: A file that holds it; blanks around it do not count.
        environ: Environment variables.

    Raises:
        PerfkitError: The file cannot be read, or what was given is no token. The token itself is
            not repeated.
    """
    where = VARIABLE if file is None else f"--token-file {file}"
    if file is None:
        text = environ.get(VARIABLE)
        if text is None:
            return None
    else:
        try:
            text = file.read_text(encoding="utf-8")
        except (OSError, ValueError) as error:
            raise PerfkitError(f"{where} cannot be read: {error}") from error
    text = text.strip()
    if not (SHORTEST <= len(text) <= LONGEST and text.isascii() and text.isprintable()):
        raise PerfkitError(
            f"{where} holds no token",
            allowed=f"{SHORTEST} to {LONGEST} printable ASCII characters on one line",
            remedy="openssl rand -hex 16 makes one",
        )
    return text
