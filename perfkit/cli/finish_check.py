"""The end of a gate: its result on stdout, annotations and a summary for GitHub, its exit code."""

from __future__ import annotations

import os
import shlex
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

from perfkit.cli import output
from perfkit.cli.exit_codes import of_gate
from perfkit.cli.finish import after_verdict, with_reports
from perfkit.errors import PerfkitError, WritingError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from perfkit.cli.exit_codes import ExitCode
    from perfkit.session.check import CheckOutcome


def finish_check(
    outcome: CheckOutcome,
    *,
    copies: Mapping[str, str | None],
    as_json: bool,
    quiet: bool,
    no_color: bool,
) -> ExitCode:
    """Tell a gate's result.

    Args:
        outcome: The judged gate.
        copies: Where to write a report to as well, by the report's file name.
        as_json: Print JSON, and nothing else, on stdout.
        quiet: The verdict in a few lines.
        no_color: Plain text.
    """
    from perfkit.report.check.as_json import as_json as json_of
    from perfkit.report.check.text import as_text

    view = outcome.view
    if as_json:
        output.result(json_of(view))
    else:
        width = shutil.get_terminal_size((100, 24)).columns
        color = output.colour_wanted(no_color=no_color)
        output.result(as_text(view, width=width, color=color, brief=quiet))
    _for_github(outcome)
    code = with_reports(of_gate(outcome.result, interrupted=outcome.interrupted), outcome.unwritten)
    return after_verdict(code, lambda: _copy(outcome, copies))


def after_gate(code: ExitCode, outcome: CheckOutcome, remember: Callable[[], None]) -> ExitCode:
    """Add a judged gate to its history; that it cannot be changes nothing of what it says.

    The store was found to be sound before anything was measured.
    """
    try:
        remember()
    except PerfkitError as error:
        output.note(f"perfkit: warning: {output.describe(error)}")
        store = shlex.quote(str(outcome.recording.run.store))
        again = f"perfkit history --add {shlex.quote(str(outcome.folder))} --store {store}"
        output.note(f"  the run is not in the history; add it later: {output.clean(again)}")
    return code


def _for_github(outcome: CheckOutcome) -> None:
    """Annotations go to stderr, which the runner reads as well: stdout may be JSON."""
    if os.environ.get("GITHUB_ACTIONS") != "true":
        return
    from perfkit.report.check.annotations import as_annotations
    from perfkit.report.check.summary import as_summary

    workspace = Path(os.environ.get("GITHUB_WORKSPACE") or Path.cwd())
    for line in as_annotations(outcome.view, workspace):
        output.command(line)
    path = os.environ.get("GITHUB_STEP_SUMMARY")
    if path:
        try:
            with Path(path).open("a", encoding="utf-8") as file:
                file.write(as_summary(outcome.view))
        except OSError as error:
            output.note(f"perfkit: the job summary cannot be written: {error.strerror}")


def _copy(outcome: CheckOutcome, copies: Mapping[str, str | None]) -> None:
    from perfkit.report.check.files import report_files

    wanted = {name: path for name, path in copies.items() if path}
    if not wanted:
        return
    texts = report_files(outcome.view)
    for name, path in wanted.items():
        try:
            Path(path).parent.mkdir(parents=True, exist_ok=True)
            Path(path).write_text(texts[name], encoding="utf-8")
        except OSError as error:
            raise WritingError(
                f"a report cannot be written: {error.strerror}",
                got=path,
                remedy=f"name another file; the same is in {outcome.folder}",
            ) from error
