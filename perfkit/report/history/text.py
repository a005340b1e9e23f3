"""A history for a terminal or a pipe."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.text import Text

from perfkit.report.history.columns import Cell, columns
from perfkit.report.terminal import STYLES, console_of, drawn
from perfkit.report.wording import printable

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rich.console import Console

    from perfkit.report.history.view import (
        ChangeLine,
        HistoryView,
        RunLine,
        SeriesLine,
        SettingView,
    )

SHOWN_RUNS = 20
"""Runs of one benchmark that are listed; the others are in --json and on the page."""

_COMMIT = 7  # digits of a commit


def as_text(view: HistoryView, *, width: int, color: bool) -> str:
    """A list of benchmarks, or one benchmark run by run.

    Args:
        view: The history.
        width: Columns to fill.
        color: Use ANSI styles; without them not a single escape sequence is written.

    Returns:
        Lines without trailing blanks, paragraphs parted by empty lines.
    """
    console = console_of(width, color=color)
    parts = [drawn(Text(view.sentence, style="bold"), console)]
    for setting in view.settings:
        runs = f"{setting.runs} run{'' if setting.runs == 1 else 's'}"
        title = f"{setting.title} ({runs}, {setting.days})"
        parts.append(drawn(Text(title, style="bold"), console))
        shown = _details if setting.details else _list
        parts.append(shown(setting, console, color=color))
    parts.append("\n".join(drawn(Text(f"! {note}"), console) for note in view.notes))
    parts.append(drawn(Text(f"history  {printable(str(view.store))}", overflow="fold"), console))
    return "\n\n".join(part for part in parts if part)


def _list(setting: SettingView, console: Console, *, color: bool) -> str:
    heads = ("benchmark", "last", "values", "trend", "last change point")
    rows = [_figures(line) for line in setting.by_news]
    return columns(heads, rows, right={1, 2}, width=console.width, color=color)


def _figures(line: SeriesLine) -> tuple[Cell, ...]:
    last, style = line.last, ""
    if line.since:
        last = f"{last} ({_ago(line.since)})"
        style = STYLES["open"]
    change = Cell("–")
    if line.changes:
        latest = line.changes[-1]
        change = Cell(f"{latest.text} since {printable(latest.when)}", STYLES[latest.tone])
    return (Cell(line.name), Cell(last, style), Cell(str(line.count)), Cell(line.trend), change)


def _ago(runs: int) -> str:
    return f"{_count(runs, 'run')} ago"


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"


def _details(setting: SettingView, console: Console, *, color: bool) -> str:
    parts = []
    for line in setting.lines:
        counts = f"{_count(line.count, 'value')}, {_count(line.gaps, 'gap')}"
        parts += [f"{line.trend}  {counts}", *_changes(line, console)]
    parts.append("")
    heads = ("when", "value", "said then", "commit", "run")
    rows = [_run(line) for line in setting.details[:SHOWN_RUNS]]
    parts.append(columns(heads, rows, right=(), width=console.width, color=color))
    if (more := len(setting.details) - SHOWN_RUNS) > 0:
        parts.append(f"{more} earlier run{'' if more == 1 else 's'}: see --json or --html")
    return "\n".join(parts)


def _changes(line: SeriesLine, console: Console) -> Iterator[str]:
    for change in reversed(line.changes):
        yield drawn(_sentence(change), console)


def _sentence(change: ChangeLine) -> Text:
    commit = f", commit {printable(change.run.commit[:_COMMIT])}" if change.run.commit else ""
    gap = f"; {change.doubt}" if change.doubt else ""
    return Text.assemble(
        (change.text, STYLES[change.tone]),
        f" since {printable(change.when)}, run {printable(change.run.id)}{commit}",
        f" (confidence {change.confidence}{gap})",
    )


def _run(line: RunLine) -> tuple[Cell, ...]:
    value, style = line.text, ""
    if line.change is not None:
        value, style = f"{value}  ← {line.change.text}", STYLES[line.change.tone]
    return (
        Cell(printable(line.run.created[:16].replace("T", " "))),
        Cell(value, style),
        Cell(printable(line.verdict) or "not measured"),
        Cell(printable((line.run.commit or "–")[:_COMMIT])),
        Cell(printable(line.run.id)),
    )
