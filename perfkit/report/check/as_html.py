"""``report.html`` of a gate: its verdict and rows above the report of the first pass."""

from __future__ import annotations

from typing import TYPE_CHECKING

from perfkit.report.as_html import compare_part
from perfkit.report.check import strips
from perfkit.report.templates import template

if TYPE_CHECKING:
    from perfkit.report.check.view import CheckView


def as_html(view: CheckView) -> str:
    """The whole report as one HTML document.

    Args:
        view: The gate; everything in it is treated as text, never as markup.

    Returns:
        HTML that fetches nothing and runs nothing; its Content-Security-Policy forbids both.
    """
    page = template("check/check.html.j2")
    return page.render(
        title=f"{view.outcome.word}: {view.title}",
        perfkit=view.compared.perfkit,
        gate=view,
        strips=strips.strips(view.rows),
        strip_size=(strips.WIDTH, strips.HEIGHT),
        **compare_part(view.compared),
    )
