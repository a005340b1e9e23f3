"""The exit codes: what each means, and the pure rules that choose one."""

from __future__ import annotations

from enum import IntEnum
from typing import TYPE_CHECKING

from perfkit.errors import NothingFoundError, PerfkitError, PlanError, WritingError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from perfkit.decide.gate.result import GateResult


class ExitCode(IntEnum):
    """What perfkit's exit status says."""

    FINISHED = 0
    SLOWDOWN = 1
    INVALID = 2
    NOTHING = 3
    FAILED = 4
    INTERRUPTED = 130


MEANINGS = {
    ExitCode.FINISHED: "finished, whatever the verdicts",
    ExitCode.SLOWDOWN: "a gate (check, load --gate) found a slowdown",
    ExitCode.INVALID: "invalid options, configuration or paths; nothing was measured",
    ExitCode.NOTHING: "nothing found or measured, none having failed",
    ExitCode.FAILED: "a benchmark failed (the others were measured), or perfkit itself did",
    ExitCode.INTERRUPTED: "interrupted; what was measured is kept and reported",
}

CHECK_MEANINGS = {
    ExitCode.FINISHED: "passed: no slowdown beyond the margin was confirmed",
    ExitCode.SLOWDOWN: "a slowdown (or growth of memory) beyond the margin was confirmed",
    ExitCode.INVALID: "invalid options, policy, revision or paths; nothing was measured",
    ExitCode.NOTHING: "nothing measured; or undecided or too noisy, where the policy says fail",
    ExitCode.FAILED: "a required benchmark failed or is missing, or perfkit itself failed",
    ExitCode.INTERRUPTED: "interrupted; what was measured is kept and reported",
}

LOAD_MEANINGS = {
    ExitCode.FINISHED: "finished, and every threshold holds (or there is none)",
    ExitCode.SLOWDOWN: "a threshold failed, or (--gate) the candidate is worse beyond the margin",
    ExitCode.INVALID: "invalid options, profile or paths; nothing was sent",
    ExitCode.NOTHING: "undecided, nothing measured, or the generator was the bottleneck",
    ExitCode.FAILED: "the service or the engine failed; what was measured is kept",
    ExitCode.INTERRUPTED: "interrupted; what was measured is kept and reported",
}


def _help(meanings: Mapping[ExitCode, str]) -> str:
    r"""For ``--help``; the backspace (``\b``) keeps click from filling the lines."""
    return "\b\nExit codes:\n" + "\n".join(f"  {x:<4d} {text}" for x, text in meanings.items())


HELP = _help(MEANINGS)
CHECK_HELP = _help(CHECK_MEANINGS)
LOAD_HELP = _help(LOAD_MEANINGS)


def of_run(*, interrupted: bool, failed: bool, measured: bool) -> ExitCode:
    """The exit code of a run that reached its report.

    Args:
        interrupted: It was ended by Ctrl-C or a signal.
        failed: At least one benchmark failed.
        measured: At least one benchmark has numbers.
    """
    if interrupted:
        return ExitCode.INTERRUPTED
    if failed:
        return ExitCode.FAILED
    return ExitCode.FINISHED if measured else ExitCode.NOTHING


def of_load(*, interrupted: bool, failed: bool, broken: bool, open_: bool) -> ExitCode:
    """The exit code of a load run that reached its report.

    Args:
        interrupted: It was ended by Ctrl-C or a signal.
        failed: The service or the engine failed.
        broken: A threshold failed, or the gate did.
        open_: Something is undecided, without data, or the generator is not to be believed.
    """
    if interrupted:
        return ExitCode.INTERRUPTED
    if failed:
        return ExitCode.FAILED
    if broken:
        return ExitCode.SLOWDOWN
    return ExitCode.NOTHING if open_ else ExitCode.FINISHED


def of_gate(result: GateResult, *, interrupted: bool) -> ExitCode:
    """The exit code of a gate that reached its report: 4 before 1 before 3."""
    if interrupted:
        return ExitCode.INTERRUPTED
    if not result.fails:
        return ExitCode.FINISHED
    return {"failed": ExitCode.FAILED, "slowdown": ExitCode.SLOWDOWN}.get(
        result.outcome, ExitCode.NOTHING
    )


def worst_of(codes: Sequence[ExitCode]) -> ExitCode:
    """The exit code of several runs told as one."""
    order = (ExitCode.FAILED, ExitCode.SLOWDOWN, ExitCode.NOTHING)
    return next((code for code in order if code in codes), ExitCode.FINISHED)


def of_error(error: PerfkitError) -> ExitCode:
    """The exit code of a run that came to no report.

    Not to be able to write is no invalid input: something may have been measured before.
    """
    problems = error.problems if isinstance(error, PlanError) else (error,)
    if all(isinstance(problem, NothingFoundError) for problem in problems):
        return ExitCode.NOTHING
    return ExitCode.FAILED if isinstance(error, WritingError) else ExitCode.INVALID
