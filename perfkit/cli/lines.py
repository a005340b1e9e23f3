"""Progress where there is no terminal: a line when something ends, and now and then between."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from perfkit.cli import output, wording
from perfkit.session.progress import (
    BlockDone,
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
    from collections.abc import Callable

    from perfkit.session.progress import Event

_SPEAK_SECONDS = 10.0
"""How often what goes on says how it goes."""


class PlainLines:
    """A listener that prints to stderr."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        """``clock`` tells seconds."""
        self._clock = clock
        self._told = clock()
        self._stage = ""
        self._count = ""
        self._spoke = 0.0
        self._unit = ""

    def __call__(self, event: Event) -> None:
        """Print what an event has to say, if anything."""
        if isinstance(event, BlockDone):
            if self._clock() - self._told < _SPEAK_SECONDS:
                return
            output.note(f"{self._count}{wording.block(event)}")
        elif not isinstance(event, SeriesStarted):
            self._tell(event)
        else:
            self._count = f"[{event.position + 1}/{event.total}] "
            return
        self._told = self._clock()

    def _tell(self, event: Event) -> None:
        match event:
            case Stage() if event.name != self._stage:
                self._stage = event.name
                output.note(f"{wording.STAGES.get(event.name, event.name)} ({event.total})")
            case Started():
                output.note(f"recording to {output.clean(str(event.folder))}")
            case Note():
                output.note(f"note: {output.clean(event.text)}")
            case SeriesDone():
                output.note(f"{self._count}{_done(event)}")
            case Failed():
                name = output.clean(event.failure.benchmark)
                output.note(f"{self._count}{name}: {wording.failure(event.failure)}")
            case LoadStarted():
                output.note(f"{wording.load_label(event)}: {wording.length(event.seconds)}")
                self._spoke, self._unit = 0.0, event.level_name
            case LoadSecond() if event.second - self._spoke >= _SPEAK_SECONDS:
                self._spoke = event.second
                output.note(f"  {wording.load_second(event, self._unit)}")
            case LoadDone():
                output.note(f"{output.clean(event.what)}: {output.clean(event.result)}")
            case _:
                pass


def _done(event: SeriesDone) -> str:
    said = ", ".join(filter(None, wording.numbers(event)))
    return f"{wording.done_label(event)}: {said}; {wording.effort(event)}"
