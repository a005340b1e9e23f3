"""A process under test that did not do its part."""

from __future__ import annotations

import signal
from typing import TYPE_CHECKING

from perfkit.errors import PerfkitError

if TYPE_CHECKING:
    from perfkit.variant import Side


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
        return "closed its connection to perfkit but lives on"
    if code >= 0:
        return f"exited with code {code}"
    try:
        name = signal.Signals(-code).name
    except ValueError:
        name = f"signal {-code}"
    hint = " (often the system was out of memory)" if name == "SIGKILL" else ""
    return f"killed by {name}{hint}"
