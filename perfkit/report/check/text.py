"""The terminal's last word on a gate: the verdict, one table, what turned red and why, warnings."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from rich.text import Text

from perfkit.report.terminal import STYLES, caveat, console_of, drawn, fitted
from perfkit.report.view import INCOMPLETE
from perfkit.report.wording import printable
from perfkit.units import format_duration, format_share

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rich.console import Console

    from perfkit.report.check.view import CheckRow, CheckView

_COMMAND = re.compile(r"(?m)^((?:\s|\x1b\[[0-9;]*m)*)::")
_OLD_COMMAND = "##["


def as_text(view: CheckView, *, width: int, color: bool, brief: bool = False) -> str:
    """A judged gate for a terminal, a pipe or the log of a CI job.

    Numbers are never cut: where the table is wider than ``width``, each benchmark's name stands on
    a line of its own above its figures.

    Args:
        view: The gate.
        width: Columns to fill.
        color: Use ANSI styles; without them not a single escape sequence is written.
        brief: The verdict and the rows that are not within their margins only.

    Returns:
        Lines without trailing blanks, paragraphs parted by empty lines; none of them is a workflow
        command to the runner of GitHub Actions.
    """
    console = console_of(width, color=color)
    tone = STYLES[view.outcome.tone] or "bold"
    parts = [drawn(Text(printable(view.verdict), style=tone), console)]
    if view.rows and not brief:
        parts.append(_table(view, console))
    parts.append("\n".join(drawn(line, console) for line in _remarks(view)))
    parts.append("\n".join(drawn(caveat(group), console) for group in view.warnings))
    told = view.result.warnings
    groups = [group for group in view.compared.caveats if group.all[0] not in told]
    groups = [group for group in groups if not brief or group.code == INCOMPLETE]
    parts.append("\n".join(drawn(caveat(group), console) for group in groups))
    if not brief:
        parts.append("\n".join(drawn(line, console) for line in _footer(view)))
    return inert("\n\n".join(part for part in parts if part))


def inert(text: str) -> str:
    """The same text without lines that the runner of GitHub Actions would obey.

    It obeys a line that begins with ``::``, blanks aside, and one with ``##[`` anywhere in it
    (actions/runner, ActionCommand.cs). A benchmark's name, folded by a narrow terminal, may put
    either there. One character of it becomes U+FFFD, as control characters do.

    >>> inert("  ::error::x")
    '  \ufffd:error::x'
    """
    return _COMMAND.sub("\\1\ufffd:", text).replace(_OLD_COMMAND, "\ufffd#[")


def _table(view: CheckView, console: Console) -> str:
    level = format_share(view.compared.confidence, digits=0)
    heads = ["verdict", f"change [{level}]", "allowed", "catches"]
    rows = [(row.label, _figures(row)) for row in view.rows]
    return fitted("benchmark", heads, rows, console, right={"allowed", "catches"})


def _figures(row: CheckRow) -> tuple[Text, ...]:
    style = STYLES[row.tone]
    return (
        Text(f"{row.shape} {row.word}", style=style),
        Text(row.change, style=style),
        Text(row.allowed),
        Text(row.catches),
    )


def _remarks(view: CheckView) -> Iterator[Text]:
    """A line or two for each row that is not plainly within its margin, or was a suspect."""
    for row in (*view.attention, *(one for one in view.rows if not one.open and one.proof)):
        said = "; ".join(part for part in (row.proof, row.reason) if part)
        if said or row.fails:
            word = Text(f" {row.word}", style=STYLES[row.tone])
            yield Text.assemble((row.label, "bold"), word, f": {said}" if said else "")


def _footer(view: CheckView) -> Iterator[Text]:
    yield Text(f"baseline   {printable(view.baseline)}", overflow="fold")
    yield Text(f"candidate  {printable(view.candidate)}", overflow="fold")
    if total := dict(view.compared.seconds).get("total", 0.0):
        yield Text(f"took       {format_duration(total)}")
    yield Text(f"files      {printable(str(view.compared.folder))}", overflow="fold")
