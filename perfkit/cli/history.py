"""``perfkit history``."""

from __future__ import annotations

import shlex
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

import click
from click.core import ParameterSource

from perfkit.cli import output
from perfkit.cli.exit_codes import ExitCode
from perfkit.cli.where import current_folder
from perfkit.errors import PerfkitError

if TYPE_CHECKING:
    from perfkit.session.history import Question

_DEFAULT = Path("reports", "history.sqlite")
_METRICS = ["time", "peak-memory", "traced-memory"]
_TELLING = {"benchmark": "BENCHMARK", "as_json": "--json"}  # options by other names than their own


@click.command(short_help="List, plot and search the history of many runs for changes.")
@click.argument("benchmark", metavar="[BENCHMARK]", required=False)
@click.option(
    "--metric",
    type=click.Choice(_METRICS),
    default="time",
    help="What to look at.  [default: time]",
)
@click.option(
    "--value",
    type=click.Choice(["candidate", "ratio"]),
    default="candidate",
    help="The candidate's own value, or candidate / baseline.  [default: candidate]",
)
@click.option(
    "--limit",
    type=click.IntRange(1, 1_000_000),
    metavar="N",
    help="Only the last N runs.  [default: 200 in a list, else 1000]",
)
@click.option("--html", metavar="FILE", help="Write a page with plots, readable offline.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON, and nothing else.")
@click.option(
    "--store", metavar="FILE", help="The history's file.  [default: reports/history.sqlite]"
)
@click.option(
    "--add", metavar="RUN_DIR", multiple=True, help="First add a recorded run.  [repeatable]"
)
@click.option("--repair", is_flag=True, help="Only save what a damaged file still holds.")
@click.option("--no-color", is_flag=True, help="Plain text; NO_COLOR does the same.")
def history(
    *,
    benchmark: str | None,
    metric: str,
    value: str,
    limit: int | None,
    html: str | None,
    as_json: bool,
    store: str | None,
    add: tuple[str, ...],
    repair: bool,
    no_color: bool,
) -> ExitCode:
    """List what a history holds, and where its benchmarks changed.

    Runs are added by 'perfkit compare --store FILE' and 'perfkit check --store FILE', or by
    store = "FILE" in [tool.perfkit]. BENCHMARK is a name, shown run by run, or a pattern such as
    'json_*'. A change point is told with the run where it began, its size and its confidence.

    Runs on different machines, Pythons or pinned requirements are never put into one line.

    \b
      perfkit history
      perfkit history json_dumps --value ratio
      perfkit history 'json_*' --html history.html
      perfkit history --add reports/2026-01-31-3.12-vs-3.13-ab12cd
      perfkit history --repair
    """  # noqa: D301 - click wants a real backspace
    cwd = current_folder()
    path = _file(store, cwd)
    if repair:
        _refuse_beside_repair()
        return _repair(path, named=store is not None)
    from perfkit.session.history import Question
    from perfkit.session.history import add as add_runs
    from perfkit.settings import Metric

    if add:
        added = add_runs([cwd / folder for folder in add], path)
        output.note(f"perfkit: added {_counted(added, 'run')} to {_name(path)}")
    question = Question(
        store=path,
        benchmark=benchmark,
        metric=Metric(metric),
        ratio=value == "ratio",
        limit=limit,
        plots=html is not None,
    )
    page = None if html is None else cwd / html
    return _show(question, page=page, as_json=as_json, no_color=no_color)


def _file(store: str | None, cwd: Path) -> Path:
    """The option, else what pyproject.toml says, else reports/history.sqlite."""
    if store is not None:
        try:
            return (cwd / Path(store).expanduser()).absolute()
        except (RuntimeError, ValueError) as error:  # no such home, a NUL
            raise PerfkitError(f"--store is no usable path ({error})", got=store) from error
    if (cwd / "pyproject.toml").exists():
        # Only then: to read the settings takes as long as to find all change points.
        from perfkit.plan.store import configured_store

        return configured_store(cwd) or cwd / _DEFAULT
    return cwd / _DEFAULT


def _show(question: Question, *, page: Path | None, as_json: bool, no_color: bool) -> ExitCode:
    from perfkit.session.history import look, write_page

    view = look(question)
    if page is not None:
        write_page(view, page)
        output.note(f"perfkit: wrote {_name(page)}")
    if as_json:
        from perfkit.report.history.as_json import as_json as rendered

        output.result(rendered(view))
    elif page is None:
        from perfkit.report.history.text import as_text

        width = shutil.get_terminal_size((100, 24)).columns
        output.result(as_text(view, width=width, color=output.colour_wanted(no_color=no_color)))
    return ExitCode.FINISHED


def _refuse_beside_repair() -> None:
    """A repair adds and shows nothing, so that nothing that was asked for is left out unsaid."""
    context = click.get_current_context()
    beside = [
        _TELLING.get(name, f"--{name}")
        for name in context.params
        if name not in {"repair", "store", "no_color"}
        and context.get_parameter_source(name) is ParameterSource.COMMANDLINE
    ]
    if beside:
        raise PerfkitError(
            f"--repair and {', '.join(beside)} cannot be given together",
            allowed="--store beside --repair",
            remedy="repair first, then add or look",
        )


def _repair(path: Path, *, named: bool) -> ExitCode:
    """Save what can be saved, and say how what could not comes back."""
    from perfkit.history import repair

    done = repair(path)
    counted = f"{_counted(done.runs, 'run')}, {_counted(done.rows, 'row')}"
    if done.kept is None:
        output.result(f"nothing is wrong with {_name(path)}: {counted}")
        return ExitCode.FINISHED
    output.result(f"saved {counted} into {_name(path)}; the damaged file is {_name(done.kept)}")
    for run in done.cut:
        output.result(f"  only a part of run {output.clean(run)} could be read")
    for run in done.bare:
        output.result(f"  no row of run {output.clean(run)} could be read: it was saved without")
    if done.cut or done.bare:
        where = f" --store {shlex.quote(str(path))}" if named else ""
        output.result("what is missing comes back from the runs' own folders, each with")
        output.result(output.clean(f"  perfkit history --add RUN_DIR{where}"))
    return ExitCode.FINISHED if done.rows or not done.bare else ExitCode.NOTHING


def _counted(number: int, what: str) -> str:
    return f"{number} {what}{'' if number == 1 else 's'}"


def _name(path: Path) -> str:
    return output.clean(str(path))
