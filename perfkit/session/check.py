"""`perfkit check`: a gate that fails on slowdowns, not on noise."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING

from perfkit.decide.gate.judge import judge_gate
from perfkit.decide.gate.result import GateResult
from perfkit.errors import PerfkitError, WritingError
from perfkit.plan import GATE, resume_plan
from perfkit.plan.check import make_policy
from perfkit.recording import Recording, kind_of_run, read
from perfkit.report.check.view import CheckView, build_check_view
from perfkit.session import sitting
from perfkit.session.gate_names import check_named
from perfkit.session.outcome import policy_of, unwritten, write_whole

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from perfkit.decide.gate.result import GateRow
    from perfkit.plan import Plan
    from perfkit.session.progress import Listener
    from perfkit.session.sitting import Sat
    from perfkit.settings import GatePolicy


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckOutcome:
    """A judged gate.

    Attributes:
        recording: The raw observations.
        result: Rows and outcome.
        view: The same, ready for every report.
        interrupted: The last sitting was ended by Ctrl-C or SIGTERM.
        unwritten: Why its reports could not be written, or None.
    """

    recording: Recording
    result: GateResult
    view: CheckView
    interrupted: bool
    unwritten: WritingError | None = None

    @property
    def folder(self) -> Path:
        """The run folder."""
        return self.recording.folder

    @property
    def passed(self) -> bool:
        """The build may go on."""
        return not (self.result.fails or self.interrupted)

    def __getitem__(self, name: str) -> GateRow:
        """The time of a benchmark by its id.

        Raises:
            KeyError: There is none of that name.
        """
        for row in self.result.rows:
            if row.id == name:
                return row
        known = ", ".join(dict.fromkeys(row.id for row in self.result.rows))
        raise KeyError(f"no benchmark {name!r}; there are: {known}")


def run(plan: Plan, *, listener: Listener) -> CheckOutcome:
    """Measure both sides and judge by the plan's policy; every report is written.

    Raises:
        NothingFoundError: There is no benchmark, and none failed.
        PlanError: A name pattern of the policy fits no benchmark; nothing was measured.
        RecordingError: The run folder cannot be written.
    """
    return sitting.conclude(sitting.sit(plan, listener), _report)


def resume(folder: Path, *, listener: Listener) -> CheckOutcome:
    """Go on with an interrupted run.

    Raises:
        RecordingError: The folder holds no run that can be read.
        PlanError: Something the run needs is not there any more or has changed.
    """
    plan = resume_plan(read(folder))
    return sitting.conclude(sitting.resume(folder, plan, listener), _report)


def judge_again(folder: Path, options: Mapping[str, object], *, cwd: Path) -> CheckOutcome:
    """Judge a recorded run by another policy; nothing is measured, nothing is written.

    Args:
        folder: A run of ``check`` or ``compare``; of the latter nothing can be red, since it has
            no fresh blocks.
        options: What is said of the policy, laid over the run's own.
        cwd: Folder that relative paths start from.

    Raises:
        RecordingError: The folder holds no run that can be read.
        PerfkitError: It is a run of ``aa``, or something about the policy is wrong.
    """
    if kind_of_run(folder) == "load":
        raise PerfkitError(
            "a run of 'perfkit load' cannot be judged by this gate",
            got=str(folder),
            allowed="a run of 'perfkit check' or 'perfkit compare'",
            remedy="'perfkit show' judges it again; 'perfkit load --gate' is a gate of its own",
        )
    recording = read(folder)
    if recording.run.command == "aa":
        raise PerfkitError(
            "a run of 'perfkit aa' cannot be judged by a gate",
            got=str(folder),
            allowed="a run of 'perfkit check' or 'perfkit compare'",
            remedy="its report says what it found",
        )
    policy = make_policy(options, cwd=cwd, recorded=recording.run.gate or GATE)
    check_named(recording, policy, [name for name, value in options.items() if value])
    return outcome_of(recording, interrupted=False, policy=policy)


def outcome_of(
    recording: Recording, *, interrupted: bool, policy: GatePolicy | None = None
) -> CheckOutcome:
    """Judge a recording, by the policy it was measured under unless another is given."""
    result = judge_gate(recording, policy or recording.run.gate or GATE)
    view = build_check_view(recording, result, policy_of(recording))
    return CheckOutcome(recording=recording, result=result, view=view, interrupted=interrupted)


def write_reports(outcome: CheckOutcome) -> None:
    """Write every report beside the recording.

    Raises:
        WritingError: A file cannot be written; the recording itself is complete.
    """
    from perfkit.report.as_pyperf import as_pyperf
    from perfkit.report.check.files import report_files

    files = {
        **report_files(outcome.view),
        **{f"{side}.json": text for side, text in as_pyperf(outcome.recording).items()},
    }
    for name, text in files.items():
        write_whole(outcome.folder / name, text)


def _report(sat: Sat) -> CheckOutcome:
    outcome = outcome_of(sat.recording, interrupted=sat.interrupted)
    return replace(outcome, unwritten=unwritten(partial(write_reports, outcome)))
