"""``--resume``: go on with a recorded run, whichever command began it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from perfkit.cli.finish import after_verdict, finish, finish_load
from perfkit.cli.progress import listening

if TYPE_CHECKING:
    from collections.abc import Mapping

    from perfkit.cli.exit_codes import ExitCode


def resumed(
    folder: str, given: Mapping[str, object], *, as_json: bool, quiet: bool, no_color: bool
) -> ExitCode:
    """Measure what is missing and tell the result.

    Raises:
        UsageError: Something else was asked for: the recorded run says it all.
    """
    nothing_else(given)
    from perfkit.recording import kind_of_run, read
    from perfkit.session import aa, compare
    from perfkit.session.outcome import remember

    if kind_of_run(Path(folder)) == "load":
        from perfkit.session.load import run as load

        with listening(quiet=quiet, no_color=no_color) as listener:
            found = load.resume(Path(folder), listener=listener)
        return finish_load(found, as_json=as_json, quiet=quiet, no_color=no_color)
    command = read(Path(folder)).run.command
    if command == "check":
        from perfkit.cli.finish_check import after_gate, finish_check
        from perfkit.session import check

        with listening(quiet=quiet, no_color=no_color) as listener:
            gate = check.resume(Path(folder), listener=listener)
        code = finish_check(gate, copies={}, as_json=as_json, quiet=quiet, no_color=no_color)
        return after_gate(code, gate, lambda: remember(gate))
    if command == "aa":
        with listening(quiet=quiet, no_color=no_color) as listener:
            null = aa.resume(Path(folder), listener=listener)
        return finish(null, as_json=as_json, quiet=quiet, no_color=no_color)
    with listening(quiet=quiet, no_color=no_color) as listener:
        outcome = compare.resume(Path(folder), listener=listener)
    code = finish(outcome, as_json=as_json, quiet=quiet, no_color=no_color)
    return after_verdict(code, lambda: remember(outcome))


def nothing_else(
    given: Mapping[str, object], what: str = "--resume takes everything from the recorded run"
) -> None:
    """Insist that nothing was said beside ``--resume``, or beside what ``what`` says.

    Raises:
        UsageError: Something else was asked for: the recorded run says it all.
    """
    others = [name for name, value in given.items() if value not in (None, ())]
    if others:
        spelled = ", ".join(map(_spelled, others))
        raise click.UsageError(
            f"{what}; leave out {spelled}",
            ctx=click.get_current_context(),
        )


def _spelled(name: str) -> str:
    named = {"benchmarks": "BENCHMARK", "profile": "PROFILE"}
    return named.get(name) or f"--{name.rstrip('_').replace('_', '-')}"
