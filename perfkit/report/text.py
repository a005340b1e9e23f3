"""The terminal's last word: one table, the geometric mean, caveats, where the files are."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

from rich.console import Console
from rich.measure import Measurement
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from perfkit.report.wording import printable
from perfkit.units import format_duration, format_share

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rich.console import RenderableType

    from perfkit.report.rows import RowView
    from perfkit.report.view import CaveatGroup, View

_STYLES = {
    "slower": "bold red",
    "faster": "bold green",
    "equivalent": "",
    "open": "yellow",
    "failed": "bold magenta",
}
_LISTED = 5  # benchmarks named under a caveat before the rest is counted
_INDENT = 2


def as_text(view: View, *, width: int, color: bool, brief: bool = False) -> str:
    """A finished run for a terminal or a pipe.

    Names and numbers are never cut: where the table is wider than ``width``, each benchmark's name
    stands on a line of its own above its figures.

    Args:
        view: The run.
        width: Columns to fill.
        color: Use ANSI styles; without them not a single escape sequence is written.
        brief: The verdict, the failures and the geometric mean only.

    Returns:
        Lines without trailing blanks, paragraphs parted by empty lines.
    """
    console = Console(
        file=io.StringIO(),
        width=width,
        force_terminal=color,
        color_system="standard" if color else None,
        no_color=not color,
        legacy_windows=False,
        highlight=False,
        markup=False,
        emoji=False,
    )
    parts = [_drawn(Text(printable(view.verdict), style="bold"), console)]
    if view.rows and not brief:
        parts.append(_table(view, console))
    parts += [_drawn(_failure(row), console) for row in view.failures]
    if view.geometric_mean is not None:
        parts.append(_drawn(Text.assemble("Altogether ", (view.mean, "bold")), console))
    if not brief:
        parts += ["\n".join(_drawn(_caveat(group), console) for group in view.caveats)]
        parts += ["\n".join(_drawn(line, console) for line in _footer(view))]
    return "\n\n".join(part for part in parts if part)


def _drawn(renderable: RenderableType, console: Console) -> str:
    with console.capture() as captured:
        console.print(renderable)
    return "\n".join(line.rstrip() for line in captured.get().splitlines())


def _table(view: View, console: Console) -> str:
    for padding in (2, 1):
        table = Table(box=None, padding=(0, padding, 0, 0), pad_edge=False, header_style="bold")
        table.add_column("benchmark", no_wrap=True)
        _add_figures(table, view)
        for row in view.rows:
            table.add_row(Text(printable(row.id)), *_figures(row))
        if _natural_width(table, console) <= console.width:
            return _drawn(table, console)
    return _stacked(view, console)


def _stacked(view: View, console: Console) -> str:
    """The figures as one table, so that they align, with each name on a line above its own."""
    table = Table(box=None, padding=(0, 2, 0, 0), pad_edge=False, header_style="bold")
    _add_figures(table, view)
    for row in view.rows:
        table.add_row(*_figures(row))
    indented = Padding(table, (0, 0, 0, _INDENT), expand=False)
    room = console.width
    console.width = max(room, _natural_width(indented, console))
    head, *lines = _drawn(indented, console).splitlines()
    console.width = room
    names = (_drawn(Text(printable(row.id), overflow="fold"), console) for row in view.rows)
    pairs = zip(names, lines, strict=True)
    return "\n".join([head, *(f"{name}\n{line}" for name, line in pairs)])


def _natural_width(renderable: RenderableType, console: Console) -> int:
    options = console.options.update(max_width=1_000_000)
    return Measurement.get(console, options, renderable).maximum


def _add_figures(table: Table, view: View) -> None:
    table.add_column("baseline", justify="right", no_wrap=True)
    table.add_column("candidate", justify="right", no_wrap=True)
    table.add_column(f"change [{format_share(view.confidence, digits=0)}]", no_wrap=True)
    table.add_column("verdict", no_wrap=True)
    table.add_column("detectable", justify="right", no_wrap=True)


def _figures(row: RowView) -> tuple[Text, ...]:
    style = _STYLES[row.tone]
    return (
        Text(row.baseline),
        Text(row.candidate),
        Text(row.change, style=style),
        Text(row.word, style=style),
        Text(row.detectable),
    )


def _failure(row: RowView) -> Text:
    if row.failure is None:
        return Text()
    side = f" on the {row.failure.side}" if row.failure.side else ""
    name = printable(row.id)
    return Text.assemble(
        (f"{name} failed{side}: ", _STYLES["failed"]), printable(row.failure.reason)
    )


def _caveat(group: CaveatGroup) -> RenderableType:
    named = [printable(name) for name in group.benchmarks]
    more = f" and {len(named) - _LISTED} more" if len(named) > _LISTED else ""
    text = group.sentences
    if group.alike and named:
        text = f"{', '.join(named[:_LISTED])}{more}: {text}"
    elif named:
        text = f"{named[0]}: {text}"
        if others := named[1:_LISTED]:
            text = f"{text} Likewise {', '.join(others)}{more}."
    grid = Table.grid(padding=(0, 1, 0, 0))
    grid.add_row("!", Text(printable(text)))
    return grid


def _footer(view: View) -> Iterator[Text]:
    yield Text(f"baseline   {printable(view.baseline)}", overflow="fold")
    yield Text(f"candidate  {printable(view.candidate)}", overflow="fold")
    if total := dict(view.seconds).get("total", 0.0):
        yield Text(f"took       {format_duration(total)}")
    yield Text(f"files      {printable(str(view.folder))}", overflow="fold")
