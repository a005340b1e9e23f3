"""``perfkit init``."""

from __future__ import annotations

import os
import shutil
import textwrap
from typing import TYPE_CHECKING

import click

from perfkit.cli import output
from perfkit.cli.exit_codes import ExitCode
from perfkit.cli.where import current_folder

if TYPE_CHECKING:
    from pathlib import Path

    from perfkit.session.init import Initial, Step

_DONE = {"write": "wrote", "extend": "extended", "replace": "replaced", "leave": "left"}


@click.command(short_help="Settings, a first benchmark and a workflow for this project.")
@click.option("--force", is_flag=True, help="Replace files that are there (never settings).")
@click.option("--dry-run", is_flag=True, help="Only show what would be written.")
@click.option(
    "--requirement",
    metavar="REQ",
    help="What the workflow installs perfkit from.  [default: as the perfkit that runs]",
)
def init(*, force: bool, dry_run: bool, requirement: str | None) -> ExitCode:
    """Make this folder ready for 'perfkit check', here and on GitHub.

    \b
    Writes
      pyproject.toml          [tool.perfkit] and [tool.perfkit.check], added at the end
      benchmarks/bm_first.py  a first benchmark
      .gitignore              a line for the reports, in a git repository
      .github/workflows/performance.yml          checks each pull request; may only read
      .github/workflows/performance-comment.yml  comments on it; runs nothing of it

    What is there is left as it is, and said so.
    """  # noqa: D301 - click wants a real backspace
    from perfkit.session import init as session

    cwd = current_folder()
    initial = session.prepare(cwd, force=force, requirement=requirement)
    if dry_run:
        for step in initial.steps:
            _show(step, cwd)
        output.note("perfkit: nothing was written (--dry-run)")
        return ExitCode.FINISHED
    session.write(initial)
    rows = [(_DONE[step.act], _near(step.path, cwd), step.note) for step in initial.steps]
    output.result(output.table(("", "file", ""), rows))
    output.note(_next(initial, shutil.get_terminal_size((100, 24)).columns))
    return ExitCode.FINISHED


def _show(step: Step, cwd: Path) -> None:
    lines = [f"would {step.act} {_near(step.path, cwd)}: {step.note}"]
    lines += [f"    {line}".rstrip() for line in step.added.splitlines()]
    output.result("\n".join(map(output.clean, lines)) + "\n\n")


def _next(initial: Initial, width: int) -> str:
    """What the user does now, in lines of no more than so many characters."""
    own = " --with ." if initial.project.package else ""
    commands = {
        f"perfkit list --names{own}": "do the benchmarks run?",
        "perfkit check --baseline-rev HEAD": "this working tree against the last commit",
    }
    widest = max(map(len, commands))
    commit = (
        "Commit the benchmarks to the main branch: a pull request can be judged only by those that "
        "both sides have. So the one that brings the first cannot be: its check exits with 3, "
        "nothing measured. Merge it all the same."
    )
    words = [commit]
    if initial.project.repository is None:
        words.append("This folder is in no git repository: the workflows wait until it is.")
    if not initial.certain:
        words.append(
            f"The workflow installs {output.clean(initial.requirement)}, which may not be where "
            "this perfkit came from; name the source with --force --requirement."
        )
    lines = ["", "Next: put what matters to your users into benchmarks/, then"]
    lines += [f"  {command:<{widest}}  {meaning}" for command, meaning in commands.items()]
    for paragraph in words:
        lines += textwrap.wrap(paragraph, max(width, 40), break_on_hyphens=False)
    return "\n".join(lines)


def _near(path: Path, cwd: Path) -> str:
    return os.path.relpath(path, cwd.resolve())
