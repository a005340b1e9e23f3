"""``report.html``: one self-contained page, readable without scripts and without a network."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from perfkit.decide.policy import Status
from perfkit.decide.verdict import Verdict
from perfkit.report import details, wording
from perfkit.report.forest import forest_svg
from perfkit.report.memory import memory_summary
from perfkit.report.templates import template
from perfkit.units import format_share_interval

if TYPE_CHECKING:
    from perfkit.analyse.estimate import Estimate
    from perfkit.report.view import View

STATUS_LOOKS = {
    Status.MET: ("✓", "faster"),
    Status.NOT_MET: ("✕", "slower"),
    Status.UNDECIDED: ("?", "open"),
    Status.NOT_MEASURED: ("–", "open"),
}


def as_html(view: View) -> str:
    """The whole report as one HTML document.

    Args:
        view: The run; everything in it is treated as text, never as markup.

    Returns:
        HTML that fetches nothing and runs nothing; its Content-Security-Policy forbids both.
    """
    page = template("report.html.j2")
    return page.render(title=view.title, perfkit=view.perfkit, **compare_part(view))


def compare_part(view: View) -> dict[str, Any]:
    """What the template of a comparison needs."""
    from markupsafe import Markup

    measured = [row for row in view.rows if row.comparison is not None]
    return {
        "view": view,
        "forests": [
            # Built by matplotlib, which escapes text: the only markup that is not the template's.
            (shape, Markup(forest_svg(view, narrow=shape == "narrow")))  # noqa: S704
            for shape in ("wide", "narrow")
            if measured
        ],
        "charts": [
            (details.block_effects(row, margin=view.margin), details.distribution(row))
            for row in view.rows
        ],
        "memory_summary": memory_summary(view.memory, view.margin),
        "gain": gain,
        "status_looks": STATUS_LOOKS,
        "looks": [wording.look(verdict, noisy=view.noisy) for verdict in Verdict],
        "layout": details,
        "longest": max((spent for stage, spent in view.seconds if stage != "total"), default=0.0),
    }


def gain(improvement: Estimate | None) -> str:
    """An improvement with its interval."""
    if improvement is None:
        return "not measured"
    return format_share_interval(improvement.value, improvement.low, improvement.high)
