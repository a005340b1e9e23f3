"""`perfkit show`: read a recorded run and render it again, without measuring."""

from __future__ import annotations

from typing import TYPE_CHECKING

from perfkit.recording import kind_of_run, read
from perfkit.session import aa, check, outcome

if TYPE_CHECKING:
    from pathlib import Path

    from perfkit.session.aa import AaOutcome
    from perfkit.session.check import CheckOutcome
    from perfkit.session.load.outcome import LoadOutcome
    from perfkit.session.outcome import Outcome


def load(folder: Path) -> Outcome | AaOutcome | CheckOutcome | LoadOutcome:
    """Read and judge a recorded run; nothing is written.

    Raises:
        RecordingError: The folder holds no run that can be read.
    """
    if kind_of_run(folder) == "load":
        return _load(folder)
    recording = read(folder)
    finishes = recording.finishes
    interrupted = not finishes or finishes[-1].status == "interrupted"
    if recording.run.command == "check":
        return check.outcome_of(recording, interrupted=interrupted)
    judge = aa.outcome_of if recording.run.command == "aa" else outcome.outcome_of
    return judge(recording, interrupted=interrupted)


def _load(folder: Path) -> LoadOutcome:
    from perfkit.recording.load import read_load
    from perfkit.session.load.outcome import load_outcome_of

    recording = read_load(folder)
    finishes = recording.finishes
    interrupted = not finishes or finishes[-1].status == "interrupted"
    return load_outcome_of(recording, interrupted=interrupted)


def show(folder: Path) -> Outcome | AaOutcome | CheckOutcome | LoadOutcome:
    """Read a recorded run and write its reports again.

    Raises:
        RecordingError: The folder holds no run, or cannot be written.
    """
    shown = load(folder)
    if isinstance(shown, outcome.Outcome):
        outcome.write_reports(shown)
    elif isinstance(shown, aa.AaOutcome):
        aa.write_report(shown)
    elif isinstance(shown, check.CheckOutcome):
        check.write_reports(shown)
    else:
        from perfkit.session.load.outcome import write_load_reports

        write_load_reports(shown)
    return shown
