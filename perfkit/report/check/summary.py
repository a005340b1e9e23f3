"""``summary.md``: the gate as a job summary of GitHub Actions."""

from __future__ import annotations

from typing import TYPE_CHECKING

from perfkit.report.check.markdown import document

if TYPE_CHECKING:
    from perfkit.report.check.view import CheckView

LIMIT = 1_000_000
"""Bytes; GitHub drops a step's summary whole when it is larger than 1 MiB."""


def as_summary(view: CheckView) -> str:
    """Markdown for ``$GITHUB_STEP_SUMMARY``; rows that find no room are counted."""
    return document(view, limit=LIMIT, details=True)
