"""``perfkit list``."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from perfkit.cli import options, output
from perfkit.cli.exit_codes import ExitCode
from perfkit.cli.where import current_folder

if TYPE_CHECKING:
    from pathlib import Path


@click.command(name="list", short_help="List the benchmark scripts found.")
@options.benchmarks
def list_command(*, benchmarks: tuple[str, ...]) -> ExitCode:
    """List the benchmark scripts that 'perfkit compare' would measure here.

    \b
      perfkit list
      perfkit list benchmarks/bm_json.py path/to/pyperformance/benchmarks
    """  # noqa: D301 - click wants a real backspace
    from perfkit.plan import select_benchmarks
    from perfkit.suite import description

    cwd = current_folder()
    scripts = select_benchmarks(benchmarks, cwd=cwd).scripts
    if not scripts:
        output.note("perfkit: no benchmark found")
        return ExitCode.NOTHING
    rows = [(script.label, _near(script.path, cwd), description(script.path)) for script in scripts]
    output.result(output.table(("benchmark", "script", "what it stands for"), rows))
    return ExitCode.FINISHED


def _near(path: Path, cwd: Path) -> str:
    return str(path.relative_to(cwd) if path.is_relative_to(cwd) else path)
