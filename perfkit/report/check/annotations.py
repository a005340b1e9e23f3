"""Annotations of GitHub Actions: workflow commands, a line each, ten at most."""

from __future__ import annotations

import os
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from perfkit.decide.gate.result import GateVerdict
from perfkit.report import wording
from perfkit.report.check import words

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from perfkit.report.check.view import CheckRow, CheckView

LIMIT = 10
"""GitHub shows no more of one kind and step; perfkit's are that many altogether."""
_LONGEST = 1000  # characters of a message


def as_annotations(view: CheckView, workspace: Path) -> tuple[str, ...]:
    """What a reviewer must see beside the code: errors first, then warnings.

    Args:
        view: The gate.
        workspace: Root of the checkout (``$GITHUB_WORKSPACE``): a benchmark script inside it is
            named as the annotation's file.

    Returns:
        ``::error title=…::…`` and ``::warning …`` lines, escaped as the runner reads them
        (actions/toolkit, command.ts): ``%``, carriage returns and line feeds everywhere, ``:`` and
        ``,`` in properties as well.
    """
    found = sorted(_all(view, workspace), key=lambda one: one[0] != "error")
    more = len(found) - LIMIT
    shown = found if more <= 0 else found[: LIMIT - 1]
    lines = [text for _, text in shown]
    if more > 0:
        rest = {level for level, _ in found[LIMIT - 1 :]}
        level = "error" if "error" in rest else "warning"
        said = f"{more + 1} more of these; the job summary and report.html name all of them"
        lines.append(_command(level, "perfkit check", "", said))
    return tuple(lines)


def _all(view: CheckView, workspace: Path) -> Iterator[tuple[str, str]]:
    noisy = [row for row in view.rows if row.row.verdict is GateVerdict.TOO_NOISY]
    if noisy or view.result.tripped:
        level = "error" if any(row.fails for row in noisy) else "warning"
        yield level, _command(level, "perfkit check: machine too noisy", "", view.verdict)
    elif not any(row.row.ratio for row in view.rows):
        level = "error" if view.fails else "warning"
        yield level, _command(level, "perfkit check", "", view.verdict)
    rows = [row for row in view.rows if row.open and row not in noisy]
    for row in rows:
        level = "error" if row.fails else "warning"
        title = f"perfkit check: {row.label}: {row.word}"
        yield level, _command(level, title, _file(row, workspace), _message(row))
    told = {verdict.replace(" ", "-") for verdict in GateVerdict}
    for group in view.warnings:
        for one in group.all:
            if one.code not in told:
                said = wording.sentences(one.text, one.remedy)
                yield "warning", _command("warning", "perfkit check", "", said)


def _message(row: CheckRow) -> str:
    said = "; ".join(part for part in (row.evidence, row.reason) if part)
    where = f"{row.change}, where {row.allowed} is allowed" if row.row.ratio else row.word
    return said or where


def _file(row: CheckRow, workspace: Path) -> str:
    """The script's path inside the checkout; empty when it lies elsewhere."""
    if row.script is None:
        return ""
    inside = os.path.relpath(os.path.normpath(row.script), os.path.normpath(workspace))
    return "" if ".." in PurePosixPath(inside).parts else inside


def _command(level: str, title: str, file: str, message: str) -> str:
    properties = [f"title={_escaped(title)}"]
    properties += [f"file={_escaped(file)}"] if file else []
    said = wording.printable(words.cut(message, _LONGEST)).replace("%", "%25")
    return f"::{level} {','.join(properties)}::{said}"


def _escaped(value: str) -> str:
    """A property's value; what `printable` leaves holds no line breaks."""
    one = wording.printable(value).replace("%", "%25")
    return one.replace(":", "%3A").replace(",", "%2C")
