"""Samples of a service's processes: one row a look, streamed to disk beside the raw events.

Every figure is of the whole process tree at that moment. Source of the columns: proc(5), psutil.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np
from numpy.typing import NDArray

from perfkit.recording.arrow import read_columns

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

COLUMNS: Final[dict[str, str]] = {
    "at": "int64",  # µs on CLOCK_MONOTONIC of the machine perfkit runs on
    "rss": "int64",  # bytes, of all processes added up; pages they share count for each
    "cpu": "int64",  # µs of CPU time so far, processes that ended included; never falls
    "threads": "int32",
    "files": "int32",  # open file descriptors
    "switches": "int64",  # context switches so far, voluntary or not; never falls
    "processes": "int32",
}
"""-1 stands for what the system does not tell."""

_MICRO = 1e-6


@dataclass(frozen=True, slots=True, kw_only=True)
class Samples:
    """Looks at a service's processes: arrays of shape (n,), in order of time.

    Attributes:
        at: Seconds on the machine's monotonic clock; `SegmentOrigin.clock` is on the same one.
        rss: Bytes of resident memory; -1 when unknown, as for all that follow.
        cpu: Seconds of CPU time so far.
        threads: Threads.
        files: Open file descriptors.
        switches: Context switches so far.
        processes: Processes.
    """

    at: NDArray[np.float64]
    rss: NDArray[np.int64]
    cpu: NDArray[np.float64]
    threads: NDArray[np.int32]
    files: NDArray[np.int32]
    switches: NDArray[np.int64]
    processes: NDArray[np.int32]

    def __len__(self) -> int:
        return len(self.at)

    def where(self, mask: NDArray[np.bool_]) -> Samples:
        """Those for which ``mask`` holds."""
        return Samples(**{name: getattr(self, name)[mask] for name in COLUMNS})

    def between(self, begin: float, end: float) -> Samples:
        """Those from one moment to another, both in seconds and within."""
        return self.where((self.at >= begin) & (self.at <= end))


def read_samples(paths: Sequence[Path]) -> Samples:
    """The samples of one or several files, in order of time; a cut batch at the end is left out.

    Raises:
        RecordingError: A file is missing or none of ours.
    """
    columns = read_columns(paths, COLUMNS)
    order = np.argsort(columns["at"], kind="stable")
    arrays = {name: values[order] for name, values in columns.items()}
    cpu = arrays["cpu"].astype(np.float64)
    return Samples(
        **{
            **arrays,
            "at": arrays["at"].astype(np.float64) * _MICRO,
            "cpu": np.where(cpu < 0, -1.0, cpu * _MICRO),
        }
    )
