"""``perfkit aa``."""

from __future__ import annotations

import click

from perfkit.cli import options
from perfkit.cli.exit_codes import HELP, ExitCode
from perfkit.cli.finish import finish
from perfkit.cli.progress import listening
from perfkit.cli.resuming import resumed
from perfkit.cli.where import current_folder


@click.command(epilog=HELP, short_help="Compare a Python with itself: how far to trust a result.")
@options.benchmarks
@click.option("--python", metavar="PYTHON", help="Which one.  [default: the one running perfkit]")
@click.option(
    "--comparisons", metavar="N", help="Comparisons in all, spread over benchmarks.  [default: 60]"
)
@click.option(
    "--inject", metavar="SHARE", help="Slow one side down by this much: how often is it found?"
)
@options.provision
@options.goal
@options.files
@options.resume
@options.speech
def aa(
    *, resume: str | None, as_json: bool, quiet: bool, no_color: bool, **given: object
) -> ExitCode:
    """Compare a Python with itself, many times, with all that a real comparison does.

    The truth is "no difference": whatever is found is error. Reports the rate of false alarms,
    the error of the ratio, how precise the intervals were and what a comparison costs in time.

    \b
    On this machine, with the default suite:
      perfkit aa
    A quick look with one benchmark:
      perfkit aa --python 3.12 --comparisons 10 benchmarks/bm_json.py
    Would a slowdown of 2% be found?
      perfkit aa --inject 2%
    """  # noqa: D301 - click wants a real backspace
    from perfkit.plan import make_plan

    if resume is not None:
        return resumed(resume, given, as_json=as_json, quiet=quiet, no_color=no_color)
    plan = make_plan(given, command="aa", cwd=current_folder())
    from perfkit.session import aa as session  # after the plan: a typo is answered at once

    with listening(quiet=quiet, no_color=no_color) as listener:
        outcome = session.run(plan, listener=listener)
    return finish(outcome, as_json=as_json, quiet=quiet, no_color=no_color)
