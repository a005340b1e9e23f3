"""A table of many rows for a terminal: what `perfkit.report.terminal.fitted` does, but quickly.

rich takes three seconds for a thousand rows, which is more than finding them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from rich.cells import cell_len
from rich.color import ColorSystem
from rich.style import Style

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

_INDENT = 2


class Cell(NamedTuple):
    """Text on one line and how it looks."""

    text: str
    style: str = ""


def columns(
    heads: Sequence[str],
    rows: Sequence[Sequence[Cell]],
    *,
    right: Collection[int],
    width: int,
    color: bool,
) -> str:
    """Lay rows out; where they are wider than ``width``, the first cell gets a line of its own.

    Args:
        heads: One for each column.
        rows: Their cells; text that is printable.
        right: Columns set flush right.
        width: Columns of the terminal; nothing is cut where it does not suffice.
        color: Use ANSI styles.
    """
    table = [[Cell(head, "bold") for head in heads], *rows]
    widths = [max(cell_len(row[at].text) for row in table) for at in range(len(heads))]
    if sum(widths) + 2 * (len(widths) - 1) <= width:
        return "\n".join(_line(row, widths, right, color=color) for row in table)
    rest = {at - 1 for at in right}
    lines = []
    for number, row in enumerate(table):
        if number:
            lines.append(_painted(row[0].text, row[0].style, color=color))
        lines.append(" " * _INDENT + _line(row[1:], widths[1:], rest, color=color))
    return "\n".join(lines)


def _line(
    row: Sequence[Cell], widths: Sequence[int], right: Collection[int], *, color: bool
) -> str:
    parts = []
    for at, (cell, width) in enumerate(zip(row, widths, strict=True)):
        blanks = " " * (width - cell_len(cell.text))
        text = _painted(cell.text, cell.style, color=color)
        parts.append(blanks + text if at in right else text + blanks)
    return "  ".join(parts).rstrip()


def _painted(text: str, style: str, *, color: bool) -> str:
    if not (color and style):
        return text
    return Style.parse(style).render(text, color_system=ColorSystem.STANDARD)
