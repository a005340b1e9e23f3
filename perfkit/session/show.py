"""`perfkit show`: read a recorded run and render it again, without measuring."""

from __future__ import annotations

from typing import TYPE_CHECKING

from perfkit.recording import read
from perfkit.session import aa, outcome

if TYPE_CHECKING:
    from pathlib import Path

    from perfkit.session.aa import AaOutcome
    from perfkit.session.outcome import Outcome


def load(folder: Path) -> Outcome | AaOutcome:
    """Read and judge a recorded run; nothing is written.

    Raises:
        RecordingError: The folder holds no run that can be read.
    """
    recording = read(folder)
    finishes = recording.finishes
    interrupted = not finishes or finishes[-1].status == "interrupted"
    judge = aa.outcome_of if recording.run.command == "aa" else outcome.outcome_of
    return judge(recording, interrupted=interrupted)


def show(folder: Path) -> Outcome | AaOutcome:
    """Read a recorded run and write its reports again.

    Raises:
        RecordingError: The folder holds no run, or cannot be written.
    """
    shown = load(folder)
    if isinstance(shown, outcome.Outcome):
        outcome.write_reports(shown)
    else:
        aa.write_report(shown)
    return shown
