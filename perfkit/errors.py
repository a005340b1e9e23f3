"""Errors raised on purpose: what was wrong, what was got, what is allowed, what to do."""

from __future__ import annotations

import reprlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from perfkit.variant import Side


LONGEST = 300
"""Characters of an offending value that are shown."""

NOT_AS_BEGUN = "is not what it was when the run began"
START_ANEW = "start a new run; what was measured stays readable with 'perfkit show'"
"""What to do when a run cannot be gone on with."""

_SHORT = reprlib.Repr()
_SHORT.maxstring = _SHORT.maxother = _SHORT.maxlong = LONGEST
_SHORT.maxlevel = 3
_SHORT.maxlist = _SHORT.maxtuple = _SHORT.maxdict = 10


class PerfkitError(Exception):
    """A problem a person can act upon.

    Args:
        what: What is wrong, one sentence without a full stop.
        got: The offending value, as the user wrote it; shown in full up to `LONGEST` characters.
        allowed: What would have been accepted.
        remedy: What to do about it, as an imperative sentence.
    """

    def __init__(
        self,
        what: str,
        *,
        got: object = None,
        allowed: str | None = None,
        remedy: str | None = None,
    ) -> None:
        self.what = what
        self.got = got
        self.allowed = allowed
        self.remedy = remedy
        super().__init__(what)

    def __str__(self) -> str:
        parts = [self.what]
        if self.got is not None:
            parts.append(f"got {shortened(self.got)}")
        if self.allowed is not None:
            parts.append(f"allowed: {self.allowed}")
        if self.remedy is not None:
            parts.append(self.remedy)
        return "; ".join(parts)


def shortened(value: object) -> str:
    """A value as Python writes it, with its middle left out where it is long, wide or deep."""
    text = _SHORT.repr(value)
    if len(text) <= LONGEST:
        return text
    half = LONGEST // 2
    return f"{text[:half]}…{text[-half:]}"


class PlanError(PerfkitError):
    """Everything that is wrong with a plan, in one message; nothing was measured.

    Attributes:
        problems: Each problem on its own, in the order found; never empty.
    """

    def __init__(self, problems: Iterable[PerfkitError]) -> None:
        self.problems = tuple(problems)
        count = len(self.problems)
        super().__init__("1 problem" if count == 1 else f"{count} problems")

    def __str__(self) -> str:
        if len(self.problems) == 1:
            return str(self.problems[0])
        return "\n".join([f"{len(self.problems)} problems:", *(f"  - {p}" for p in self.problems)])


class ProvisionError(PerfkitError):
    """An interpreter or an environment could not be had.

    Attributes:
        output: The failing tool's own words, shortened; empty when there were none.
        side: Whose it is, or None when it is not one side's fault.
    """

    def __init__(
        self,
        what: str,
        *,
        got: object = None,
        allowed: str | None = None,
        remedy: str | None = None,
        output: str = "",
        side: Side | None = None,
    ) -> None:
        super().__init__(what, got=got, allowed=allowed, remedy=remedy)
        self.output = output
        self.side = side


class RequirementError(ProvisionError):
    """What an option asks for cannot be had, whatever the benchmark needs besides."""


class InterpreterNotFoundError(ProvisionError):
    """No interpreter fits what was asked for."""


class RecordingError(PerfkitError):
    """A run directory cannot be read or written."""


class WritingError(RecordingError):
    """What was found out cannot be written, the disk being full, say; the rest is kept."""


class NothingFoundError(PerfkitError):
    """No benchmark is left to measure, although nothing failed."""
