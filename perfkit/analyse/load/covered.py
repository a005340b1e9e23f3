"""Which stretches of a segment count for a side: pure arithmetic of stages, windows and cuts."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from perfkit.profile.probe import probe_profile
from perfkit.profile.schedule import stage_bounds

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from perfkit.profile.value import Profile
    from perfkit.recording.load import LoadRecording, LoadRun, SegmentStart


class Stretches(NamedTuple):
    """Stretches of time that count, in order; arrays of shape (m,).

    Attributes:
        begin: Seconds from the segment's origin.
        end: The same.
        stage: Index of the stage each lies in.
    """

    begin: NDArray[np.float64]
    end: NDArray[np.float64]
    stage: NDArray[np.int32]

    def find(self, moments: NDArray[np.float64]) -> NDArray[np.int32]:
        """The stretch each moment lies in; -1 outside all."""
        if not len(self.begin):
            return np.full(len(moments), -1, dtype=np.int32)
        index = np.searchsorted(self.begin, moments, side="right").astype(np.int32) - 1
        index[(index >= 0) & (moments >= self.end[index])] = -1
        return index

    def within(self, begin: float, end: float) -> float:
        """Seconds of them that lie between two moments."""
        overlap = np.minimum(self.end, end) - np.maximum(self.begin, begin)
        return float(np.maximum(overlap, 0.0).sum())


def profile_of(run: LoadRun, start: SegmentStart) -> Profile:
    """What was sent in a segment: the run's profile, or a probe's steady level."""
    if start.level is None or run.search is None:
        return run.profile
    return probe_profile(
        run.profile,
        level=start.level,
        settle_seconds=run.search.settle_seconds,
        hold_seconds=run.search.hold_seconds,
    )


def load_seconds(recording: LoadRecording, start: SegmentStart) -> float | None:
    """Seconds from the origin to the end of a segment's load; None when it was killed."""
    end = recording.ends.get(start.id)
    return None if end is None else end.seconds


def covered(
    profile: Profile, start: SegmentStart, target: int, *, seconds: float, cut: float
) -> Stretches:
    """What of a segment is one service's: its windows, stage by stage.

    Args:
        profile: Whose stages.
        start: The segment with its windows.
        target: Which of its services.
        seconds: Length of the load.
        cut: Seconds left out at the beginning of each window.
    """
    windows = [
        (window.begin + cut, min(window.end, seconds))
        for window in sorted(start.windows, key=lambda one: one.begin)
        if window.target == target
    ] or [(0.0, seconds)]
    found = []
    for low, high in windows:
        for stage, (begin, end) in enumerate(stage_bounds(profile)):
            if max(low, begin) < min(high, end):
                found.append((max(low, begin), min(high, end), stage))
    return _stretches(found)


def without(stretches: Stretches, begin: float, end: float) -> Stretches:
    """What is left when everything between two moments is taken out."""
    found = []
    for low, high, stage in zip(*(column.tolist() for column in stretches), strict=True):
        parts = ((low, min(high, begin)), (max(low, end), high))
        found += [(*part, stage) for part in parts if part[0] < part[1]]
    return _stretches(found)


def _stretches(found: list[tuple[float, float, int]]) -> Stretches:
    columns = np.array(found, dtype=np.float64).reshape(-1, 3)
    return Stretches(columns[:, 0], columns[:, 1], columns[:, 2].astype(np.int32))
