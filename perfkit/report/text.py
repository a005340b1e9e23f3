"""The terminal's last word: one table, the geometric mean, caveats, where the files are."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.text import Text

from perfkit.report.memory import memory_summary
from perfkit.report.terminal import STYLES, caveat, console_of, drawn, fitted
from perfkit.report.view import INCOMPLETE
from perfkit.report.wording import printable
from perfkit.units import format_duration, format_share

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rich.console import Console

    from perfkit.report.memory import MemoryLine
    from perfkit.report.rows import RowView
    from perfkit.report.view import View


def as_text(view: View, *, width: int, color: bool, brief: bool = False) -> str:
    """A finished run for a terminal or a pipe.

    Names and numbers are never cut: where the table is wider than ``width``, each benchmark's name
    stands on a line of its own above its figures.

    Args:
        view: The run.
        width: Columns to fill.
        color: Use ANSI styles; without them not a single escape sequence is written.
        brief: The verdict, the failures, the geometric mean and how to go on only.

    Returns:
        Lines without trailing blanks, paragraphs parted by empty lines.
    """
    console = console_of(width, color=color)
    parts = [drawn(Text(printable(view.verdict), style="bold"), console)]
    if view.rows and not brief:
        parts.append(_table(view, console))
        parts += _memory(view, console)
    parts += [drawn(_failure(row), console) for row in view.failures]
    if view.geometric_mean is not None:
        parts.append(drawn(Text.assemble("Altogether ", (view.mean, "bold")), console))
    groups = [group for group in view.caveats if not brief or group.code == INCOMPLETE]
    parts += ["\n".join(drawn(caveat(group), console) for group in groups)]
    if not brief:
        parts += ["\n".join(drawn(line, console) for line in _footer(view))]
    return "\n\n".join(part for part in parts if part)


def _table(view: View, console: Console) -> str:
    change = f"change [{format_share(view.confidence, digits=0)}]"
    heads = ["baseline", "candidate", change, "verdict", "detectable"]
    rows = [(printable(row.id), _figures(row)) for row in view.rows]
    right = {"baseline", "candidate", "detectable"}
    return fitted("benchmark", heads, rows, console, right=right)


def _figures(row: RowView) -> tuple[Text, ...]:
    style = STYLES[row.tone]
    return (
        Text(row.baseline),
        Text(row.candidate),
        Text(row.change, style=style),
        Text(row.word, style=style),
        Text(row.detectable),
    )


def _memory(view: View, console: Console) -> Iterator[str]:
    """What is larger or smaller; the rest is counted."""
    changed = [line for line in view.memory if line.changed]
    if changed:
        change = f"change [{format_share(view.confidence, digits=0)}]"
        heads = ["memory", "baseline", "candidate", change, "verdict"]
        rows = [(printable(line.benchmark), _memory_figures(line)) for line in changed]
        yield fitted("benchmark", heads, rows, console, right={"baseline", "candidate"})
    if summary := memory_summary(view.memory, view.margin):
        yield drawn(Text(summary), console)


def _memory_figures(line: MemoryLine) -> tuple[Text, ...]:
    style = STYLES[line.tone]
    plain = (Text(line.name), Text(line.baseline), Text(line.candidate))
    return (*plain, Text(line.change, style=style), Text(line.word, style=style))


def _failure(row: RowView) -> Text:
    if row.failure is None:
        return Text()
    side = f" on the {row.failure.side}" if row.failure.side else ""
    name = printable(row.id)
    return Text.assemble(
        (f"{name} failed{side}: ", STYLES["failed"]), printable(row.failure.reason)
    )


def _footer(view: View) -> Iterator[Text]:
    yield Text(f"baseline   {printable(view.baseline)}", overflow="fold")
    yield Text(f"candidate  {printable(view.candidate)}", overflow="fold")
    if total := dict(view.seconds).get("total", 0.0):
        yield Text(f"took       {format_duration(total)}")
    yield Text(f"files      {printable(str(view.folder))}", overflow="fold")
