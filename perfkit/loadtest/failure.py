"""A service under load that did not do its part."""

from __future__ import annotations

from typing import TYPE_CHECKING

from perfkit.errors import PerfkitError

if TYPE_CHECKING:
    from perfkit.variant import Side


class ServiceError(PerfkitError):
    """A service could not be started, never became ready, or died: a failed trial, not a crash.

    Attributes:
        side: Whose it is.
        stage: ``"start"`` or ``"run"``.
        detail: Tail of what it printed.
    """

    def __init__(self, reason: str, *, side: Side | None, stage: str, detail: str) -> None:
        super().__init__(reason)
        self.side = side
        self.stage = stage
        self.detail = detail
