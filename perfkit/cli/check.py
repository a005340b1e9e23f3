"""``perfkit check``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from perfkit.cli import options
from perfkit.cli.exit_codes import CHECK_HELP
from perfkit.cli.finish_check import after_gate, finish_check
from perfkit.cli.progress import listening
from perfkit.cli.resuming import nothing_else, resumed
from perfkit.cli.where import current_folder

if TYPE_CHECKING:
    from perfkit.cli.exit_codes import ExitCode

_POLICY = frozenset(
    {"margin", "margins", "memory_margin", "metrics", "required", "error_rate"}
    | {"on_inconclusive", "on_noise"}
)


@click.command(epilog=CHECK_HELP, short_help="Fail a build on slowdowns, and not on noise.")
@options.benchmarks
@options.revisions
@options.sides
@options.provision
@options.gate
@options.files
@options.store
@click.option(
    "--recording", metavar="RUN_DIR", help="Judge a recorded run again; nothing is measured."
)
@options.resume
@options.check_files
@options.speech
def check(
    *,
    resume: str | None,
    recording: str | None,
    junit: str | None,
    comment: str | None,
    as_json: bool,
    quiet: bool,
    no_color: bool,
    **given: object,
) -> ExitCode:
    """Decide whether a build may pass: fails on slowdowns, not on noise.

    Everything is measured once; what looks slower is measured again with fresh blocks, the baseline
    against itself in between. A build fails only if these alone show a slowdown beyond the margin.

    \b
    This working tree against a revision, both under this Python:
      perfkit check --baseline-rev main
    Two Pythons; two versions of a dependency; a recorded run under another margin:
      perfkit check --baseline 3.12 --candidate 3.13
      perfkit check --baseline-with "pydantic==2.11.*" --candidate-with "pydantic==2.12.*"
      perfkit check --recording reports/RUN --margin 5%
    Five minutes for everything, and memory as well:
      perfkit check --baseline-rev main --time-total 5m --metrics time --metrics peak-memory

    The policy can stand in [tool.perfkit.check] of pyproject.toml; the command line wins.
    'perfkit init' writes one, and a workflow for GitHub.
    """  # noqa: D301 - click wants a real backspace
    from perfkit.plan.checks import writable_files

    writable_files({"--junit": junit, "--comment": comment})
    copies = {"junit.xml": junit, "comment.md": comment}
    speech = {"as_json": as_json, "quiet": quiet, "no_color": no_color}
    if resume is not None:
        nothing_else({**given, "recording": recording, "junit": junit, "comment": comment})
        return resumed(resume, given, as_json=as_json, quiet=quiet, no_color=no_color)
    from perfkit.plan.check import make_check_plan

    if recording is not None:
        nothing_else(
            {name: value for name, value in given.items() if name not in _POLICY},
            what="--recording measures nothing",
        )
        from perfkit.session.check import judge_again

        policy = {name: given[name] for name in _POLICY}
        judged = judge_again(Path(recording), policy, cwd=current_folder())
        return finish_check(judged, copies=copies, **speech)
    plan = make_check_plan(given, cwd=current_folder())
    from perfkit.session import check as session
    from perfkit.session.outcome import remember

    with listening(quiet=quiet, no_color=no_color) as listener:
        outcome = session.run(plan, listener=listener)
    code = finish_check(outcome, copies=copies, **speech)
    return after_gate(code, outcome, lambda: remember(outcome))
