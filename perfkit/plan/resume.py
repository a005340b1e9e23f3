"""A recorded run to the plan that goes on with it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from perfkit.errors import PerfkitError, PlanError
from perfkit.plan.revisions import WORKING_TREE
from perfkit.plan.value import Plan
from perfkit.suite import select, select_local

if TYPE_CHECKING:
    from perfkit.recording import Recording
    from perfkit.suite import Selection
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
    selection = _selection(recording)
    problems = [*selection.problems]
    if run.redacted:
        problems.append(credentials_missing(recording.folder))
    problems += gone_interpreters(run.baseline, run.candidate)
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
        gate=run.gate,
        unpaired=recording.unpaired,
        notes=(),
        store=Path(run.store) if run.store is not None else None,
        chosen=bool(run.chosen),
    )


def _selection(recording: Recording) -> Selection:
    """The scripts of the run, found again; those of a commit stay where they were."""
    revision = recording.run.candidate.revision
    found = select if revision is None else select_local
    selection = found(recording.run.benchmarks, cwd=Path(recording.run.cwd))
    apart = {one.label for one in recording.unpaired}
    scripts = tuple(one for one in selection.scripts if one.label not in apart)
    if revision is not None and not revision.startswith(WORKING_TREE):
        known = {
            one.benchmark.script.label: one.benchmark.script for one in recording.measured.values()
        }
        return replace(selection, scripts=tuple(known.values()), problems=())
    if revision is not None:
        return replace(selection, scripts=scripts, problems=())  # one side alone may have a path
    return replace(selection, scripts=scripts)


def credentials_missing(folder: Path) -> PerfkitError:
    """Why a run with credentials in its requirements cannot be gone on with."""
    return PerfkitError(
        "the run cannot be resumed: its credentials were not recorded",
        got=str(folder),
        remedy="start it again; what was measured stays readable with 'perfkit show'",
    )


def gone_interpreters(*variants: Variant | None) -> list[PerfkitError]:
    """A problem for each interpreter that is not there any more."""
    missing = {
        one.interpreter.executable: one
        for one in variants
        if one is not None and not Path(one.interpreter.executable).is_file()
    }
    return [
        PerfkitError(
            f"the {variant.side}'s interpreter is gone",
            got=executable,
            remedy=f"install Python {variant.interpreter.label} there again",
        )
        for executable, variant in missing.items()
    ]
