"""A process under test that did not do its part."""

from __future__ import annotations

import signal
from typing import TYPE_CHECKING

from perfkit.errors import PerfkitError

if TYPE_CHECKING:
    from perfkit.variant import Side

_LONGEST_REASON = 300


class TargetError(PerfkitError):
    """A benchmark raised, hung, exited or was killed: a failed row, not a crash of perfkit.

    Attributes:
        side: The side it happened on; None when it is both sides' doing.
        stage: ``"start"`` or ``"run"``.
        detail: Tail of its standard error.
    """

    def __init__(self, reason: str, *, side: Side | None, stage: str, detail: str) -> None:
        super().__init__(reason)
        self.side = side
        self.stage = stage
        self.detail = detail


def describe_exit(code: int | None) -> str:
    """What a process's exit code tells a person.

    >>> describe_exit(-9)
    'killed by SIGKILL (often the system was out of memory)'
    """
    if code is None:
        return "closed its connection to perfkit but did not end"
    if code >= 0:
        return f"exited with code {code}"
    try:
        name = signal.Signals(-code).name
    except ValueError:
        name = f"signal {-code}"
    hint = " (often the system was out of memory)" if name == "SIGKILL" else ""
    return f"killed by {name}{hint}"


def one_line(text: str) -> str:
    """Words of a benchmark as a short line without control characters.

    >>> one_line("first" + chr(10) + "second" + chr(27) + "[31m")
    'first second[31m'
    """
    line = " ".join("".join(c if c.isprintable() else " " * c.isspace() for c in text).split())
    return line if len(line) <= _LONGEST_REASON else line[: _LONGEST_REASON - 1] + "…"
