"""A recorded run to the plan that goes on with it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from perfkit.errors import PerfkitError, PlanError
from perfkit.plan.value import Plan
from perfkit.suite import select

if TYPE_CHECKING:
    from perfkit.recording import Recording
    from perfkit.variant import Variant


def resume_plan(recording: Recording) -> Plan:
    """The plan of an interrupted run: what was asked for then, found again now.

    Args:
        recording: The run; its interpreters and benchmarks must still be there.

    Raises:
        PlanError: With everything that stands in the way.
    """
    run = recording.run
    cwd = Path(run.cwd)
    selection = select(run.benchmarks, cwd=cwd)
    problems = [*selection.problems]
    if run.redacted:
        problems.append(
            PerfkitError(
                "the run cannot be resumed: its credentials were not recorded",
                got=str(recording.folder),
                remedy="start it again; what was measured stays readable with 'perfkit show'",
            )
        )
    missing = {v.interpreter.executable: v for v in (run.baseline, run.candidate) if _is_gone(v)}
    problems += [
        PerfkitError(
            f"the {variant.side}'s interpreter is gone",
            got=executable,
            remedy=f"install Python {variant.interpreter.label} there again",
        )
        for executable, variant in missing.items()
    ]
    if problems:
        raise PlanError(problems)
    return Plan(
        command=run.command,
        baseline=run.baseline,
        candidate=run.candidate,
        goal=run.goal,
        method=run.method,
        scripts=selection.scripts,
        patterns=selection.patterns,
        benchmarks=run.benchmarks,
        control=run.control,
        seed=run.seed,
        output=recording.folder.absolute().parent,
        comparisons=run.comparisons,
        inject=run.inject,
        policy=None,  # its text is in the recording, whatever has become of the file
        cwd=cwd,
        download=False,
    )


def _is_gone(variant: Variant) -> bool:
    return not Path(variant.interpreter.executable).is_file()
