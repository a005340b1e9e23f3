"""Every file a gate leaves in its run folder, as texts; the session writes them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from perfkit.report.check.as_html import as_html
from perfkit.report.check.as_yaml import as_yaml
from perfkit.report.check.comment import as_comment
from perfkit.report.check.junit import as_junit
from perfkit.report.check.summary import as_summary

if TYPE_CHECKING:
    from perfkit.report.check.view import CheckView


def report_files(view: CheckView) -> dict[str, str]:
    """The text of each report by its file name; ``recording.jsonl`` is already there."""
    return {
        "report.yaml": as_yaml(view),
        "report.html": as_html(view),
        "junit.xml": as_junit(view),
        "summary.md": as_summary(view),
        "comment.md": as_comment(view),
    }
