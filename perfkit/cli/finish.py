"""The end of a run: its result on stdout, its exit code."""

from __future__ import annotations

import json
import math
import shlex
import shutil
from typing import TYPE_CHECKING

from perfkit.cli import output, wording
from perfkit.cli.exit_codes import ExitCode, of_load, of_run, worst_of
from perfkit.errors import PerfkitError

if TYPE_CHECKING:
    from collections.abc import Callable

    from perfkit.errors import WritingError
    from perfkit.session.aa import AaOutcome
    from perfkit.session.combine import CombinedOutcome
    from perfkit.session.load.outcome import LoadOutcome
    from perfkit.session.outcome import Outcome


def after_verdict(code: ExitCode, work: Callable[[], None]) -> ExitCode:
    """Do what comes after the verdict; a problem is told, and never hides what was found.

    Returns:
        The verdict's own code, or 4 when that is 0 and the work failed.
    """
    try:
        work()
    except PerfkitError as error:
        output.problem(error)
        return code or ExitCode.FAILED
    return code


def with_reports(code: ExitCode, unwritten: WritingError | None) -> ExitCode:
    """Tell that reports could not be written, which never hides what was found."""
    if unwritten is None:
        return code
    output.problem(unwritten)
    return code or ExitCode.FAILED


def finish(outcome: Outcome | AaOutcome, *, as_json: bool, quiet: bool, no_color: bool) -> ExitCode:
    """Tell a run's result."""
    from perfkit.session.outcome import Outcome

    if not isinstance(outcome, Outcome):
        output.result(_aa_json(outcome) if as_json else _aa_text(outcome, quiet=quiet))
        code = of_run(
            interrupted=outcome.interrupted,
            failed=bool(outcome.result.failures),
            measured=outcome.result.accuracy is not None,
        )
    else:
        output.result(_json(outcome) if as_json else _text(outcome, quiet=quiet, no_color=no_color))
        code = _code_of(outcome)
    return with_reports(code, outcome.unwritten)


def finish_together(
    outcome: CombinedOutcome, *, as_json: bool, quiet: bool, no_color: bool
) -> ExitCode:
    """Tell the result of several runs as one; the exit code is that of the one that fared worst."""
    from perfkit.report.load.combine import as_combined_json, as_combined_text

    found = outcome.combined
    if as_json:
        output.result(as_combined_json(found.view, found.loads))
    else:
        width = shutil.get_terminal_size((100, 24)).columns
        color = output.colour_wanted(no_color=no_color)
        output.result(
            as_combined_text(found.view, found.loads, width=width, color=color, brief=quiet)
        )
        if not quiet:
            output.result(
                f"\ncombined   {output.clean(str(outcome.folder / 'combined-report.html'))}"
            )
    codes = [_code_of(outcome.compared), *map(code_of_load, outcome.loads)]
    code = worst_of([code for code in codes if code is not ExitCode.INTERRUPTED])
    return with_reports(code, outcome.unwritten)


def finish_load(outcome: LoadOutcome, *, as_json: bool, quiet: bool, no_color: bool) -> ExitCode:
    """Tell a load run's result."""
    from perfkit.report.load.as_json import as_json as json_of
    from perfkit.report.load.as_text import as_text

    view = outcome.view
    if as_json:
        output.result(json_of(view))
    else:
        width = shutil.get_terminal_size((100, 24)).columns
        color = output.colour_wanted(no_color=no_color)
        output.result(as_text(view, width=width, color=color, brief=quiet))
    code = code_of_load(outcome)
    if outcome.interrupted:
        output.note(_go_on(outcome))
    return with_reports(code, outcome.unwritten)


def _go_on(outcome: LoadOutcome) -> str:
    """What to do after a Ctrl-C, to be copied as it is."""
    from perfkit.decide.load.caveats import resumable

    if not resumable(outcome.recording.run):
        if not outcome.result.breakpoints and not any(x.overall.sent for x in outcome.result.sides):
            return "perfkit: interrupted; nothing was measured, a new run begins anew"
        return "perfkit: interrupted; what was measured is kept, a new run begins anew"
    folder = shlex.quote(output.clean(str(outcome.folder)))
    return f"perfkit: interrupted; go on with: perfkit load --resume {folder}"


def _code_of(outcome: Outcome) -> ExitCode:
    rows = outcome.result.rows
    return of_run(
        interrupted=outcome.interrupted,
        failed=any(row.failure is not None for row in rows),
        measured=any(row.comparison is not None for row in rows),
    )


def code_of_load(outcome: LoadOutcome) -> ExitCode:
    """What a load run comes to."""
    from perfkit.decide.load.standing import load_standing

    standing = load_standing(outcome.recording, outcome.result)
    return of_load(
        interrupted=outcome.interrupted,
        failed=standing.failed,
        broken=standing.broken,
        open_=standing.undecided,
    )


def _text(outcome: Outcome, *, quiet: bool, no_color: bool) -> str:
    from perfkit.report.text import as_text

    return as_text(
        outcome.view,
        width=shutil.get_terminal_size((100, 24)).columns,
        color=output.colour_wanted(no_color=no_color),
        brief=quiet,
    )


def _json(outcome: Outcome) -> str:
    from perfkit.report.as_json import as_json

    return as_json(outcome.view)


def _aa_text(outcome: AaOutcome, *, quiet: bool) -> str:
    from perfkit.report import aa

    found = aa.lines(outcome.recording, outcome.result)
    widest = max((len(label) for label, _ in found), default=0)
    rows = [] if quiet else aa.rows(outcome.result)
    parts = (
        aa.headline(outcome.recording, outcome.result),
        "\n".join(f"  {label:<{widest}}  {value}" for label, value in found),
        output.table(aa.COLUMNS, rows) if rows else "",
        "\n".join(
            f"{output.clean(one.benchmark)}: {wording.failure(one)}"
            for one in outcome.result.failures
        ),
        "" if quiet else f"files: {output.clean(str(outcome.folder))}",
    )
    return "\n\n".join(part for part in parts if part)


def _aa_json(outcome: AaOutcome) -> str:
    """The content of report.yaml, with the folder."""
    from perfkit.report.aa import document

    found = document(outcome.recording, outcome.result)
    return json.dumps(_finite({**found, "Folder": str(outcome.folder)}), indent=2)


def _finite(value: object) -> object:
    """The same without what JSON cannot say: NaN and infinities become null."""
    if isinstance(value, dict):
        return {key: _finite(one) for key, one in value.items()}
    if isinstance(value, list):
        return [_finite(one) for one in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value
