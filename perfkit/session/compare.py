"""`perfkit compare`: plan → provision → measure → analyse → decide → report."""

from __future__ import annotations

from typing import TYPE_CHECKING

from perfkit.plan import resume_plan
from perfkit.recording import Recording, read
from perfkit.session import sitting
from perfkit.session.outcome import Outcome, outcome_of, write_reports

if TYPE_CHECKING:
    from pathlib import Path

    from perfkit.plan import Plan
    from perfkit.session.progress import Listener
    from perfkit.session.sitting import Sat


def run(plan: Plan, *, listener: Listener) -> Outcome:
    """Compare two variants and write every report.

    Raises:
        NothingFoundError: There is no benchmark, and none failed.
        RecordingError: The run folder cannot be written.
    """
    return _concluded(sitting.sit(plan, listener))


def resume(folder: Path, *, listener: Listener) -> Outcome:
    """Go on with an interrupted run.

    Raises:
        RecordingError: The folder holds no run that can be read.
        PlanError: Something the run needs is not there any more or has changed.
    """
    plan = resume_plan(read(folder))
    return _concluded(sitting.resume(folder, plan, listener))


def _concluded(sat: Sat) -> Outcome:
    def report(recording: Recording, interrupted: bool) -> Outcome:  # noqa: FBT001 - as in Sat
        outcome = outcome_of(recording, interrupted=interrupted)
        write_reports(outcome)
        return outcome

    return sitting.conclude(sat, report)
