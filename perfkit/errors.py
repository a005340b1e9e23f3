"""Errors raised on purpose: what was wrong, what was got, what is allowed, what to do."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from perfkit.variant import Side


class PerfkitError(Exception):
    """A problem a person can act upon.

    Args:
        what: What is wrong, one sentence without a full stop.
        got: The offending value, as the user wrote it.
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
            parts.append(f"got {self.got!r}")
        if self.allowed is not None:
            parts.append(f"allowed: {self.allowed}")
        if self.remedy is not None:
            parts.append(self.remedy)
        return "; ".join(parts)


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


class InterpreterNotFoundError(ProvisionError):
    """No interpreter fits what was asked for."""


class RecordingError(PerfkitError):
    """A run directory cannot be read or written."""


class WritingError(RecordingError):
    """What was found out cannot be written, the disk being full, say; the rest is kept."""


class NothingFoundError(PerfkitError):
    """No benchmark is left to measure, although nothing failed."""
