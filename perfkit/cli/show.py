"""``perfkit show``."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from perfkit.cli import options
from perfkit.cli.finish import finish

if TYPE_CHECKING:
    from perfkit.cli.exit_codes import ExitCode


@click.command(short_help="Render a recorded run again, without measuring.")
@click.argument("run_dir")
@options.speech
def show(*, run_dir: str, as_json: bool, quiet: bool, no_color: bool) -> ExitCode:
    """Render every file of a recorded run again, and print its table.

    RUN_DIR is a folder that an earlier run named at its end. Nothing is measured; works on an
    interrupted run too. Exits 4 if a benchmark failed in that run, 3 if it measured nothing.

    \b
      perfkit show reports/2026-01-31-3.12-vs-3.13-ab12
      perfkit show reports/2026-01-31-3.12-vs-3.13-ab12 --json | jq .benchmarks
    """  # noqa: D301 - click wants a real backspace
    from perfkit.session import show as session

    # To have shown an interrupted run is no interruption.
    outcome = replace(session.show(Path(run_dir)), interrupted=False)
    return finish(outcome, as_json=as_json, quiet=quiet, no_color=no_color)
