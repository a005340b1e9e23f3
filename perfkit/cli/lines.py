"""Progress where there is no terminal: a line when something ends, none a block."""

from __future__ import annotations

from typing import TYPE_CHECKING

from perfkit.cli import output, wording
from perfkit.session.progress import (
    Failed,
    LoadDone,
    LoadSecond,
    LoadStarted,
    Note,
    SeriesDone,
    SeriesStarted,
    Stage,
    Started,
)

if TYPE_CHECKING:
    from perfkit.session.progress import Event

_SPEAK_SECONDS = 10.0
"""How often a load test that goes on says how it goes."""


class PlainLines:
    """A listener that prints to stderr."""

    def __init__(self) -> None:
        self._stage = ""
        self._count = ""
        self._spoke = 0.0

    def __call__(self, event: Event) -> None:
        """Print what an event has to say, if anything."""
        match event:
            case Stage() if event.name != self._stage:
                self._stage = event.name
                output.note(f"{wording.STAGES.get(event.name, event.name)} ({event.total})")
            case Started():
                output.note(f"recording to {output.clean(str(event.folder))}")
            case Note():
                output.note(f"note: {output.clean(event.text)}")
            case SeriesStarted():
                self._count = f"[{event.position + 1}/{event.total}] "
            case SeriesDone():
                output.note(f"{self._count}{_done(event)}")
            case Failed():
                name = output.clean(event.failure.benchmark)
                output.note(f"{self._count}{name}: {wording.failure(event.failure)}")
            case LoadStarted():
                output.note(f"{wording.load_label(event)}: {wording.length(event.seconds)}")
                self._spoke = 0.0
            case LoadSecond() if event.second - self._spoke >= _SPEAK_SECONDS:
                self._spoke = event.second
                output.note(f"  {wording.load_second(event)}")
            case LoadDone():
                output.note(f"{output.clean(event.what)}: {output.clean(event.result)}")
            case _:
                pass


def _done(event: SeriesDone) -> str:
    label = wording.series_label(event.row.id, event.series)
    comparison = event.row.comparison
    numbers = "" if comparison is None else f"{wording.interval(comparison.ratio)}, "
    return f"{label}: {numbers}{event.row.verdict}; {wording.effort(event)}"
