"""A process under test that did not do its part."""

from __future__ import annotations

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
