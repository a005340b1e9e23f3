"""``perfkit compare``."""

from __future__ import annotations

import click

from perfkit.cli import options
from perfkit.cli.exit_codes import HELP, ExitCode
from perfkit.cli.finish import after_verdict, finish
from perfkit.cli.progress import listening
from perfkit.cli.resuming import resumed
from perfkit.cli.where import current_folder


@click.command(epilog=HELP, short_help="Measure whether one Python is slower than another.")
@options.benchmarks
@options.sides
@options.provision
@options.goal
@click.option(
    "--control",
    is_flag=True,
    default=None,
    help="Also compare the baseline with itself: does this machine see ghosts?",
)
@options.files
@options.store
@options.resume
@options.speech
def compare(
    *, resume: str | None, as_json: bool, quiet: bool, no_color: bool, **given: object
) -> ExitCode:
    """Measure whether the candidate is faster or slower than the baseline.

    BENCHMARK is a pyperf script, a folder with bm_*.py or bm_*/run_benchmark.py, or a name
    pattern such as 'json_*'. Without any, benchmarks/ in the current folder is measured, else
    the suite that comes with perfkit.

    \b
    Two Pythons, the default suite:
      perfkit compare --baseline 3.12 --candidate 3.13
    One library in two versions, on one Python:
      perfkit compare --baseline 3.12 --candidate 3.12 \\
          --baseline-with "pydantic==2.10.*" --candidate-with "pydantic==2.11.*"
    Your own package under a new Python, looking at two benchmarks:
      perfkit compare --baseline 3.12 --with . benchmarks 'json_*' 'load_*'
    The JIT, and the free-threaded build with the GIL switched off:
      perfkit compare --baseline 3.13 --candidate 3.13 --candidate-env PYTHON_JIT=1
      perfkit compare --baseline 3.13 --candidate 3.13t --candidate-flag "-X gil=0"

    Shares are written 1% or 0.01; times 20, 20s or 2m. Every option can also stand in
    [tool.perfkit] of pyproject.toml (baseline = "3.12"); the command line wins.
    """  # noqa: D301 - click wants a real backspace
    from perfkit.plan import make_plan

    if resume is not None:
        return resumed(resume, given, as_json=as_json, quiet=quiet, no_color=no_color)
    plan = make_plan(given, command="compare", cwd=current_folder())
    from perfkit.session import compare as session  # after the plan: a typo is answered at once
    from perfkit.session.outcome import remember

    with listening(quiet=quiet, no_color=no_color) as listener:
        outcome = session.run(plan, listener=listener)
    code = finish(outcome, as_json=as_json, quiet=quiet, no_color=no_color)
    return after_verdict(code, lambda: remember(outcome))
