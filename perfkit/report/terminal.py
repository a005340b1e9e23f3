"""What every report for a terminal is drawn with."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

from rich.console import Console
from rich.measure import Measurement
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from perfkit.report.wording import printable

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from rich.console import RenderableType

    from perfkit.report.caveats import CaveatGroup

STYLES = {
    "slower": "bold red",
    "faster": "bold green",
    "equivalent": "",
    "open": "yellow",
    "failed": "bold magenta",
}
_LISTED = 5  # benchmarks named under a caveat before the rest is counted
_INDENT = 2


def console_of(width: int, *, color: bool) -> Console:
    """A console that draws into texts, whatever the environment says."""
    return Console(
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


def drawn(renderable: RenderableType, console: Console) -> str:
    """Lines without trailing blanks."""
    with console.capture() as captured:
        console.print(renderable)
    return "\n".join(line.rstrip() for line in captured.get().splitlines())


def fitted(
    name: str,
    heads: Sequence[str],
    rows: Sequence[tuple[str, Sequence[Text]]],
    console: Console,
    *,
    right: Collection[str],
) -> str:
    """A table whose figures are never cut.

    Where it is wider than the console, each row's name stands on a line of its own above its
    figures, which still align.

    Args:
        name: Heading of the names.
        heads: Headings of the figures.
        rows: ``(name, figures)``.
        console: Its width is the room.
        right: Headings of columns set flush right.
    """
    for padding in (2, 1):
        table = _table([name, *heads], right, padding)
        for label, cells in rows:
            table.add_row(Text(label), *cells)
        if natural_width(table, console) <= console.width:
            return drawn(table, console)
    room = console.width
    for padding in (2, 1):
        table = _table(heads, right, padding)
        for _, cells in rows:
            table.add_row(*cells)
        indented = Padding(table, (0, 0, 0, _INDENT), expand=False)
        if natural_width(indented, console) <= room:
            break
    console.width = max(room, natural_width(indented, console))
    head, *lines = drawn(indented, console).splitlines()
    console.width = room
    names = (drawn(Text(label, overflow="fold"), console) for label, _ in rows)
    pairs = zip(names, lines, strict=True)
    return "\n".join([head, *(f"{label}\n{line}" for label, line in pairs)])


def natural_width(renderable: RenderableType, console: Console) -> int:
    """Columns it would take with nothing cut."""
    options = console.options.update(max_width=1_000_000)
    return Measurement.get(console, options, renderable).maximum


def caveat(group: CaveatGroup) -> RenderableType:
    """A mark, whom it concerns, what is the matter and what to do."""
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
    grid.add_row("!", Text(printable(text), overflow="fold"))
    return grid


def _table(heads: Sequence[str], right: Collection[str], padding: int) -> Table:
    table = Table(box=None, padding=(0, padding, 0, 0), pad_edge=False, header_style="bold")
    for head in heads:
        table.add_column(head, justify="right" if head in right else "left", no_wrap=True)
    return table
