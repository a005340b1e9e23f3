"""What the generator processes say of themselves, made of the engine's lines."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Any

from perfkit.recording.load import WorkerHealth, WorkerReport

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

_FATES = ("answered", "failed", "cut_off")


class Reports:
    """Collects them second by second, so that they are there even if the engine dies.

    Args:
        files: Files of raw events, one a worker.
    """

    def __init__(self, files: Sequence[Path]) -> None:
        self._files = files
        self._health: dict[int, list[WorkerHealth]] = {}
        self._told: dict[int, tuple[int, int]] = {}

    def add(self, told: dict[str, Any], worker: int) -> None:
        """A second of one of them."""
        health = WorkerHealth(
            second=told["second"], cpu=told["cpu"], lag=told["lag"], waited=told.get("waited")
        )
        self._health.setdefault(worker, []).append(health)
        sent, _ = self._told.get(worker, (0, 0))
        self._told[worker] = sent + told["sent"], told["unsent"]

    def finished(self, end: dict[str, Any]) -> tuple[WorkerReport, ...]:
        """The reports of an engine that came to its own end.

        Args:
            end: What it said then: of all its workers, or of itself.
        """
        return tuple(self._report(0, one) for one in end.get("workers", [end]))

    def unfinished(self) -> tuple[WorkerReport, ...]:
        """The reports of an engine that did not: what is on the disk counts."""
        found = []
        for worker, file in enumerate(self._files):
            fates = dict(zip(_FATES, _count(file), strict=True))
            sent, unsent = self._told.get(worker, (0, 0))
            found.append(
                self._report(
                    worker,
                    {
                        **fates,
                        "sent": max(sent, sum(fates.values())),
                        "unsent": unsent,
                        "complete": False,
                    },
                )
            )
        return tuple(found)

    def _report(self, worker: int, told: dict[str, Any]) -> WorkerReport:
        fates = {name: told[name] for name in _FATES}
        worker = told.get("worker", worker)
        return WorkerReport(
            worker=worker,
            host=told.get("host", ""),
            clock_offset=told.get("clock_offset", 0.0),
            clock_error=told.get("clock_error", 0.0),
            sent=told["sent"],
            **fates,
            in_flight=told["sent"] - sum(fates.values()),
            unsent=told["unsent"],
            complete=told["complete"],
            health=tuple(self._health.get(worker, ())),
        )


def _count(file: Path) -> tuple[int, int, int]:
    """Requests of the load that were answered, failed, and cut off, as far as they were written."""
    import numpy as np

    from perfkit.errors import RecordingError
    from perfkit.recording.arrow import read_batches
    from perfkit.recording.events import ANSWERED, CUT_OFF, FAILED

    counts = {ANSWERED: 0, FAILED: 0, CUT_OFF: 0}
    with contextlib.suppress(RecordingError):
        for batch in read_batches(file, ("outcome", "phase")):
            outcomes = batch["outcome"][np.greater_equal(batch["phase"], 0)]
            for outcome in counts:
                counts[outcome] += int(np.count_nonzero(outcomes == outcome))
    return counts[ANSWERED], counts[FAILED], counts[CUT_OFF]
