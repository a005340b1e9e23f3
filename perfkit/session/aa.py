"""`perfkit aa`: a variant against itself, through the same pipeline."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING

from perfkit.decide.aa import AaResult, judge_aa
from perfkit.errors import WritingError
from perfkit.plan import resume_plan
from perfkit.recording import Recording, read
from perfkit.session import sitting
from perfkit.session.outcome import unwritten, write_whole

if TYPE_CHECKING:
    from pathlib import Path

    from perfkit.plan import Plan
    from perfkit.session.progress import Listener
    from perfkit.session.sitting import Sat


@dataclass(frozen=True, slots=True, kw_only=True)
class AaOutcome:
    """A variant measured against itself.

    Attributes:
        recording: The raw observations.
        result: What they say of the method.
        interrupted: The last sitting was ended by Ctrl-C or SIGTERM.
        unwritten: Why its reports could not be written, or None.
    """

    recording: Recording
    result: AaResult
    interrupted: bool
    unwritten: WritingError | None = None

    @property
    def folder(self) -> Path:
        """The run folder."""
        return self.recording.folder


def run(plan: Plan, *, listener: Listener) -> AaOutcome:
    """Measure a variant against itself and write the report.

    Raises:
        NothingFoundError: There is no benchmark, and none failed.
        RecordingError: The run folder cannot be written.
    """
    return sitting.conclude(sitting.sit(plan, listener), _report)


def resume(folder: Path, *, listener: Listener) -> AaOutcome:
    """Go on with an interrupted run.

    Raises:
        RecordingError: The folder holds no run that can be read.
        PlanError: Something the run needs is not there any more or has changed.
    """
    plan = resume_plan(read(folder))
    return sitting.conclude(sitting.resume(folder, plan, listener), _report)


def outcome_of(recording: Recording, *, interrupted: bool) -> AaOutcome:
    """Judge a recorded ``aa`` run."""
    return AaOutcome(recording=recording, result=judge_aa(recording), interrupted=interrupted)


def write_report(outcome: AaOutcome) -> None:
    """Write ``report.yaml`` beside the recording.

    Raises:
        WritingError: The file cannot be written; the recording itself is complete.
    """
    from perfkit.report.aa import as_yaml

    write_whole(outcome.folder / "report.yaml", as_yaml(outcome.recording, outcome.result))


def _report(sat: Sat) -> AaOutcome:
    outcome = outcome_of(sat.recording, interrupted=sat.interrupted)
    return replace(outcome, unwritten=unwritten(partial(write_report, outcome)))
