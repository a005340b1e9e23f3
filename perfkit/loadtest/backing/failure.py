"""A backing service that cannot be had."""

from __future__ import annotations

from perfkit.errors import PerfkitError


class BackingError(PerfkitError):
    """PostgreSQL or Valkey could not be found, started or reached, or has died.

    Attributes:
        service: ``"postgres"`` or ``"valkey"``; empty when it is about neither.
        stage: ``"find"``, ``"start"`` or ``"run"``.
        detail: Tail of what the server printed, or why each candidate would not do.
    """

    def __init__(
        self,
        what: str,
        *,
        service: str,
        stage: str,
        detail: str = "",
        got: object = None,
        allowed: str | None = None,
        remedy: str | None = None,
    ) -> None:
        super().__init__(what, got=got, allowed=allowed, remedy=remedy)
        self.service = service
        self.stage = stage
        self.detail = detail
