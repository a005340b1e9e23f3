"""A run in a notebook: the sentence and the table, as a fragment of HTML."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

from perfkit.report.wording import printable

if TYPE_CHECKING:
    from perfkit.report.rows import RowView
    from perfkit.report.view import View

_HEADINGS = ("benchmark", "baseline", "candidate", "change", "verdict", "detectable")


def html_table(view: View) -> str:
    """The verdict and a row a benchmark, for ``_repr_html_``; everything is escaped."""
    head = "".join(f'<th scope="col">{heading}</th>' for heading in _HEADINGS)
    foot = f"<p>{_text(view.mean)}</p>" if view.geometric_mean else ""
    return (
        f"<p><strong>{_text(view.verdict)}</strong></p>"
        f"<table><caption>{_text(view.title)}</caption><thead><tr>{head}</tr></thead>"
        f"<tbody>{''.join(map(_row, view.rows))}</tbody></table>{foot}"
    )


def _row(row: RowView) -> str:
    word = f"{row.shape} {row.word}"
    cells = (row.baseline, row.candidate, row.change, word, row.detectable)
    return (
        f'<tr><th scope="row">{_text(row.id)}</th>'
        f"{''.join(f'<td>{_text(cell)}</td>' for cell in cells)}</tr>"
    )


def _text(text: str) -> str:
    return escape(printable(text))
