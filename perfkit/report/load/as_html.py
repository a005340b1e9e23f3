"""``report.html`` of a load run: one self-contained page, readable without scripts or a network."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from perfkit.report.as_html import STATUS_LOOKS, gain
from perfkit.report.forest import MARKERS, Forest, ForestRow, draw_forest
from perfkit.report.load.curves import latency_svg, percentiles_svg
from perfkit.report.load.panels import POINTS
from perfkit.report.load.timeline import phase_key, timeline_svg
from perfkit.report.templates import template

if TYPE_CHECKING:
    from collections.abc import Callable

    from markupsafe import Markup

    from perfkit.report.load.compared import LoadRowView
    from perfkit.report.load.view import LoadView

    Pair = list[tuple[str, Markup]]

_SHAPES = ("wide", "narrow")
_WORSE, _BETTER = "X", "o"


def as_html(view: LoadView) -> str:
    """The whole report as one HTML document.

    Args:
        view: The run; everything in it is treated as text, never as markup.

    Returns:
        HTML that fetches nothing and runs nothing; its Content-Security-Policy forbids both. Its
        size does not grow with the number of requests.
    """
    page = template("load/load.html.j2")
    return page.render(title=view.title, perfkit=view.perfkit, **load_part(view, ""))


def load_part(view: LoadView, prefix: str) -> dict[str, Any]:
    """What the template of a load run needs.

    Args:
        view: The run.
        prefix: Begins every id, so that several parts may stand on one page.
    """
    return {
        "load": view,
        "prefix": prefix,
        "drawings": _drawings(view, prefix),
        "status_looks": STATUS_LOOKS,
        "gain": gain,
        "longest": max((spent for stage, spent in view.seconds if stage != "total"), default=0.0),
    }


def _drawings(view: LoadView, prefix: str) -> dict[str, Any]:
    timelines = [
        _pair(
            lambda narrow, name, index=index: timeline_svg(  # type: ignore[misc]
                view, index, narrow=narrow, prefix=name
            ),
            f"{prefix}time-{index}",
        )
        for index in range(len(view.sides))
    ]
    points = max((len(side.load.timeline.seconds) for side in view.sides), default=0)
    return {
        "timelines": timelines,
        "phases": phase_key(view),
        "joined": math.ceil(points / POINTS) if points > POINTS else 0,
        "forest": _pair(lambda narrow, name: _forest(view, narrow, name), f"{prefix}forest"),
        "percentiles": _pair(
            lambda narrow, name: percentiles_svg(view, narrow=narrow, prefix=name),
            f"{prefix}percentiles",
        ),
        "latency": _pair(
            lambda narrow, name: latency_svg(view, narrow=narrow, prefix=name), f"{prefix}latency"
        ),
    }


def _pair(draw: Callable[[bool, str], str], name: str) -> Pair:
    """The wide and the narrow drawing; nothing where there is nothing to draw."""
    from markupsafe import Markup

    drawn = [(shape, draw(shape == "narrow", f"{name}-{shape[0]}")) for shape in _SHAPES]
    # Built by matplotlib, which escapes text: the only markup that is not the template's.
    return [(shape, Markup(svg)) for shape, svg in drawn if svg]  # noqa: S704


def _forest(view: LoadView, narrow: bool, prefix: str) -> str:  # noqa: FBT001 - a drawing's shape
    rows = [row for row in view.rows if not row.row.comparison.difference]
    ordered = [row for row in rows if not row.more_is_better]
    ordered += [row for row in rows if row.more_is_better]
    plot = Forest(
        rows=tuple(_forest_row(row) for row in ordered),
        mean=None,
        margin=view.margin,
        axis=("← less", "change, candidate against baseline", "change", "more →"),
        title="Change of each metric with its interval",
        summary=f"{view.verdict} The table below holds the same numbers.",
    )
    return draw_forest(plot, narrow=narrow, prefix=prefix)


def _forest_row(row: LoadRowView) -> ForestRow:
    marker = {"better": _BETTER, "worse": _WORSE}.get(row.look.word, MARKERS[row.look.tone])
    hint = " (more is better)" if row.more_is_better else ""
    return ForestRow(
        label=f"{row.name}{hint}",
        words=row.change,
        ratio=row.row.comparison.ratio,
        tone=row.look.tone,
        marker=marker,
    )
