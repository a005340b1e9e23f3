"""`perfkit show`: read a recorded run and render it again, without measuring.

What judges and renders a kind of run is imported for that kind only: planning and measuring, which
come with the other kinds, take longer to import than a short run takes to judge.
"""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, TypeAlias

from perfkit.recording import kind_of_run, read

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from perfkit.session.aa import AaOutcome
    from perfkit.session.check import CheckOutcome
    from perfkit.session.load.outcome import LoadOutcome
    from perfkit.session.outcome import Outcome

    Shown: TypeAlias = Outcome | AaOutcome | CheckOutcome | LoadOutcome


def load(folder: Path) -> Shown:
    """Read and judge a recorded run; nothing is written.

    Raises:
        RecordingError: The folder holds no run that can be read.
    """
    return _judged(folder)[0]


def show(folder: Path) -> Shown:
    """Read a recorded run and write its reports again.

    Raises:
        RecordingError: The folder holds no run that can be read.
    """
    from perfkit.session.outcome import unwritten

    shown, write = _judged(folder)
    return replace(shown, unwritten=unwritten(write))


def _judged(folder: Path) -> tuple[Shown, Callable[[], None]]:
    """A run, and what writes its reports."""
    if kind_of_run(folder) == "load":
        return _judged_load(folder)
    recording = read(folder)
    finishes = recording.finishes
    interrupted = not finishes or finishes[-1].status == "interrupted"
    if recording.run.command == "check":
        from perfkit.session import check

        gate = check.outcome_of(recording, interrupted=interrupted)
        return gate, partial(check.write_reports, gate)
    if recording.run.command == "aa":
        from perfkit.session import aa

        null = aa.outcome_of(recording, interrupted=interrupted)
        return null, partial(aa.write_report, null)
    from perfkit.session import outcome

    compared = outcome.outcome_of(recording, interrupted=interrupted)
    return compared, partial(outcome.write_reports, compared)


def _judged_load(folder: Path) -> tuple[LoadOutcome, Callable[[], None]]:
    from perfkit.recording.load import read_load
    from perfkit.session.load.outcome import load_outcome_of, write_load_reports

    recording = read_load(folder)
    finishes = recording.finishes
    interrupted = not finishes or finishes[-1].status == "interrupted"
    loaded = load_outcome_of(recording, interrupted=interrupted)
    return loaded, partial(write_load_reports, loaded)
