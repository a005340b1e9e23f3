"""`perfkit compare`: plan → provision → measure → analyse → decide → report."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from perfkit.plan import resume_plan
from perfkit.recording import read
from perfkit.session import sitting
from perfkit.session.outcome import Outcome, outcome_of, unwritten, write_reports

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
    return sitting.conclude(sitting.sit(plan, listener), _report)


def resume(folder: Path, *, listener: Listener) -> Outcome:
    """Go on with an interrupted run.

    Raises:
        RecordingError: The folder holds no run that can be read.
        PlanError: Something the run needs is not there any more or has changed.
    """
    plan = resume_plan(read(folder))
    return sitting.conclude(sitting.resume(folder, plan, listener), _report)


def _report(sat: Sat) -> Outcome:
    outcome = outcome_of(sat.recording, interrupted=sat.interrupted)
    return replace(outcome, unwritten=unwritten(partial(write_reports, outcome)))
