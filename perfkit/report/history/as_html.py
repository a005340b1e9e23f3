"""A history as one page with a plot a benchmark; readable without scripts and without a network."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from perfkit.report.history import plots, words
from perfkit.report.history.plots import plot
from perfkit.report.templates import template

if TYPE_CHECKING:
    from perfkit.report.history.view import HistoryView, SeriesLine, SettingView

MOST_PLOTS = 1500
"""Plots on a page; what changed comes first, and what is left out is counted."""

MOST_CHANGES = 100
"""Change points in the table at the top."""

_BYTES = 2_400_000  # for the marks of all plots
_BYTES_A_COLUMN = 11


def as_html(view: HistoryView) -> str:
    """The history as one HTML document; the same view gives the same page.

    Args:
        view: The history; everything in it is treated as text, never as markup.

    Returns:
        HTML that fetches nothing and runs nothing. At most 5 MB at a thousand benchmarks of a
        thousand runs.
    """
    shown = MOST_PLOTS
    settings: list[tuple[SettingView, list[tuple[SeriesLine, plots.Plot]], int]] = []
    drawn = min(MOST_PLOTS, sum(len(one.lines) for one in view.settings))
    columns = max(60, min(600, _BYTES // _BYTES_A_COLUMN // max(drawn, 1)))
    for setting in view.settings:
        lines = setting.by_news[:shown]
        shown -= len(lines)
        plotted = [(line, plot(line, columns=columns)) for line in lines]
        settings.append((setting, plotted, len(setting.lines) - len(lines)))

    def value(number: float) -> str:
        return words.value_text(number, view.metric, ratio=view.ratio)

    context: dict[str, Any] = {
        "title": view.title,
        "perfkit": view.perfkit,
        "history": view,
        "settings": settings,
        "changes": view.changes[:MOST_CHANGES],
        "more_changes": max(0, len(view.changes) - MOST_CHANGES),
        "value": value,
        "size": (plots.WIDTH, plots.HEIGHT),
    }
    return template("history/history.html.j2").render(context)
