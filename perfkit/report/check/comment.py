"""``comment.md``: the gate as a comment on a pull request."""

from __future__ import annotations

from typing import TYPE_CHECKING

from perfkit.report.check.markdown import document

if TYPE_CHECKING:
    from perfkit.report.check.view import CheckView

MARKER = "<!-- perfkit-check -->"
"""First line of the body: by it a job finds the comment it is to replace."""
LIMIT = 60_000
"""Bytes; GitHub refuses bodies of more than 65,536 characters."""


def as_comment(view: CheckView) -> str:
    """Markdown whose first line is `MARKER`; rows that find no room are counted."""
    return f"{MARKER}\n{document(view, limit=LIMIT - len(MARKER) - 1, details=False)}"
