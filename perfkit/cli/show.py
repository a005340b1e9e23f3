"""``perfkit show``."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from perfkit.cli import options
from perfkit.cli.finish import finish, finish_load, finish_together
from perfkit.cli.finish_check import finish_check

if TYPE_CHECKING:
    from perfkit.cli.exit_codes import ExitCode


@click.command(short_help="Render recorded runs again, without measuring.")
@click.argument("run_dirs", metavar="RUN_DIR...", nargs=-1, required=True)
@options.speech
def show(*, run_dirs: tuple[str, ...], as_json: bool, quiet: bool, no_color: bool) -> ExitCode:
    """Render every file of a recorded run again, and print its table.

    RUN_DIR is a folder that an earlier run named at its end. Nothing is measured; works on an
    interrupted run too. Exits as the run itself did, but never with 130.

    A run of 'perfkit compare' and one or more of 'perfkit load', all of the same two variants,
    make one Performance Benchmarking report: combined-report.html and .yaml in the first's folder.

    \b
      perfkit show reports/2026-01-31-3.12-vs-3.13-ab12
      perfkit show reports/2026-01-31-3.12-vs-3.13-ab12 --json | jq .benchmarks
      perfkit show reports/2026-01-31-3.12-vs-3.13-ab12 reports/2026-01-31-load-*
    """  # noqa: D301 - click wants a real backspace
    folders = [Path(one) for one in run_dirs]
    if len(folders) > 1:
        from perfkit.session.combine import show_together

        together = show_together(folders)
        return finish_together(together, as_json=as_json, quiet=quiet, no_color=no_color)
    from perfkit.session import show as session
    from perfkit.session.outcome import Outcome

    speech: dict[str, bool] = {"as_json": as_json, "quiet": quiet, "no_color": no_color}
    shown = session.show(folders[0])
    # To have shown an interrupted run is no interruption.
    if isinstance(shown, Outcome):  # first: the other kinds are not imported for it
        return finish(replace(shown, interrupted=False), **speech)
    from perfkit.session.load.outcome import LoadOutcome

    if isinstance(shown, LoadOutcome):
        return finish_load(replace(shown, interrupted=False), **speech)
    from perfkit.session.check import CheckOutcome

    if isinstance(shown, CheckOutcome):
        return finish_check(replace(shown, interrupted=False), copies={}, **speech)
    return finish(replace(shown, interrupted=False), **speech)
