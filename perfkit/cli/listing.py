"""``perfkit list``."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from perfkit.cli import options, output
from perfkit.cli.exit_codes import ExitCode, of_run
from perfkit.cli.progress import listening
from perfkit.cli.where import current_folder

if TYPE_CHECKING:
    from pathlib import Path


@click.command(name="list", short_help="List the benchmarks found.")
@options.benchmarks
@click.option("--names", is_flag=True, help="Run each script once to learn its benchmarks' names.")
@click.option("--python", metavar="PYTHON", help="For --names.  [default: the one running perfkit]")
@options.provision
def list_command(*, names: bool, benchmarks: tuple[str, ...], **given: object) -> ExitCode:
    """List what 'perfkit compare' would measure here.

    Without --names the scripts, at once. With it the benchmarks they hold, which is also how to
    try out a name pattern; that makes environments, as measuring does.

    \b
      perfkit list
      perfkit list benchmarks/bm_json.py path/to/pyperformance/benchmarks
      perfkit list --names 'json_*'
    """  # noqa: D301 - click wants a real backspace
    cwd = current_folder()
    if names:
        return _list_names({"benchmarks": benchmarks, **given}, cwd)
    from perfkit.plan import select_benchmarks
    from perfkit.suite import description

    selection = select_benchmarks(benchmarks, cwd=cwd)
    if selection.patterns:
        output.note("perfkit: name patterns are left out here; see them at work with --names")
    if not selection.scripts:
        output.note("perfkit: no benchmark found")
        return ExitCode.NOTHING
    rows = [(one.label, _near(one.path, cwd), description(one.path)) for one in selection.scripts]
    output.result(output.table(("script", "path", "what it stands for"), rows))
    return ExitCode.FINISHED


def _list_names(given: dict[str, object], cwd: Path) -> ExitCode:
    from perfkit.plan import make_plan

    plan = make_plan(given, command="aa", cwd=cwd)
    from perfkit.session.listing import list_benchmarks

    with listening(quiet=False, no_color=False) as listener:
        found = list_benchmarks(plan, listener=listener)
    benchmarks = [one.measured.benchmark for one in found.benchmarks]
    rows = [(one.id, _near(one.script.path, cwd), one.description) for one in benchmarks]
    if rows:
        output.result(output.table(("benchmark", "script", "what it stands for"), rows))
    elif not found.failures:
        output.note("perfkit: no benchmark found")
    return of_run(interrupted=False, failed=bool(found.failures), measured=bool(rows))


def _near(path: Path, cwd: Path) -> str:
    return str(path.relative_to(cwd) if path.is_relative_to(cwd) else path)
