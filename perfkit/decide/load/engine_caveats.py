"""What the engine of a run noted, and what to know of a load that k6 has sent."""

from __future__ import annotations

from typing import TYPE_CHECKING

from perfkit.caveat import run_caveat
from perfkit.profile.value import Model

if TYPE_CHECKING:
    from collections.abc import Iterator

    from perfkit.caveat import Caveat
    from perfkit.recording.load import LoadRecording

_K6 = "k6"
_MOST_NOTES = 3


def engine_caveats(recording: LoadRecording) -> Iterator[Caveat]:
    """What the engine noted, and where it says less than perfkit's own."""
    yield from _notes(recording)
    run = recording.run
    if run.method.engine != _K6:
        return
    yield run_caveat(
        "k6-engine",
        "the load was sent by k6, which tells neither how late its requests left nor how long it "
        "was held up, so that only its CPU and its counts were judged",
        "never compare these figures with those of another engine",
    )
    if run.profile.model is Model.OPEN:
        yield run_caveat(
            "k6-never-late",
            "requests for which no user was free were left out by k6 and not sent late: response "
            "times are service times, and a stall shows in the unsent requests only",
            "take the default engine where the service may stall",
        )
    if run.mode == "compare" and run.candidate is not None:
        yield run_caveat(
            "k6-in-turn",
            "the two sides were measured one after the other in each trial, since k6 knows no "
            "turns, so that slow changes of the machine widen every interval",
            "measure more trials, or take the default engine",
        )


def _notes(recording: LoadRecording) -> Iterator[Caveat]:
    """Each once, whatever number of segments had it."""
    notes = list(dict.fromkeys(text for end in recording.ends.values() for text in end.notes))
    if notes:
        more = f"; and {len(notes) - _MOST_NOTES} more" if len(notes) > _MOST_NOTES else ""
        yield run_caveat(
            "engine-notes",
            f"the engine noted: {'; '.join(notes[:_MOST_NOTES])}{more}",
            "see whether the load is still the one that was meant",
        )
