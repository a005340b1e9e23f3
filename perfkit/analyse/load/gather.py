"""Which requests count: a segment's raw events, once read, as what each side has to show.

A request counts where it was *due*: at a moment at or after the origin, in a window of its service,
outside the window's first moments and outside the warm-up. An answer counts towards a throughput
where it *ended*.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from perfkit.analyse.load.covered import (
    covered,
    load_seconds,
    profile_of,
    without,
)
from perfkit.analyse.load.warmup import warm_up_of
from perfkit.errors import RecordingError
from perfkit.profile.value import SETUP_PHASE, Profile
from perfkit.recording.events import ANSWERED, FAILED, Events, read_events
from perfkit.recording.load import SegmentStart
from perfkit.recording.samples import Samples, read_samples
from perfkit.variant import Side

if TYPE_CHECKING:
    from collections.abc import Sequence

    from perfkit.recording.load import LoadRecording


_ERROR = 400  # the lowest HTTP status that is one
_TOO_SLOW = 408


@dataclass(frozen=True, slots=True, kw_only=True)
class Opened:
    """A segment, read.

    Attributes:
        start: The segment.
        profile: What was sent.
        seconds: Length of its load.
        events: All its requests but those of the setup.
        samples: By side, their moments from the origin; of sides that were sampled.
        warm_up: ``(begin, end)`` of what its services needed to warm up; both 0.0 for nothing.
    """

    start: SegmentStart
    profile: Profile
    seconds: float
    events: Events
    samples: dict[Side, Samples]
    warm_up: tuple[float, float]


@dataclass(frozen=True, slots=True, kw_only=True)
class Counted:
    """What counts of one side, in one segment or several after each other.

    Attributes:
        begin: Beginning of each stretch, from its segment's origin, shape (m,).
        end: Its end.
        stage: Index of its stage.
        segment: Index of its segment.
        stretch: For each request due in one: which, shape (n,).
        within: Seconds from the stretch's beginning to when it was due.
        response: Seconds from the intended start to the end.
        service: Seconds from the actual start.
        outcome: As recorded.
        checked: No check failed.
        refused: It failed, and the service itself said so: by a status that is an error, other than
            408, with which it complains of a client that is too slow.
        request: Index into ``requests``.
        error: Index into ``errors``, or -1.
        ended: For each answer (of any kind) that ended in one: which stretch, shape (k,).
        ended_within: Seconds from its beginning.
        ended_right: Whether it was a right one.
        ended_request: Index into ``requests``.
        requests: Names.
        errors: Texts.
    """

    begin: NDArray[np.float64]
    end: NDArray[np.float64]
    stage: NDArray[np.int32]
    segment: NDArray[np.int32]
    stretch: NDArray[np.int32]
    within: NDArray[np.float32]
    response: NDArray[np.float64]
    service: NDArray[np.float64]
    outcome: NDArray[np.int8]
    checked: NDArray[np.bool_]
    refused: NDArray[np.bool_]
    request: NDArray[np.int16]
    error: NDArray[np.int16]
    ended: NDArray[np.int32]
    ended_within: NDArray[np.float32]
    ended_right: NDArray[np.bool_]
    ended_request: NDArray[np.int16]
    requests: tuple[str, ...]
    errors: tuple[str, ...]


def open_segment(recording: LoadRecording, start: SegmentStart) -> Opened | None:
    """Read a segment's files, each once.

    Returns:
        The segment; None when its load never began.

    Raises:
        RecordingError: A file is missing or none of ours.
    """
    origin = recording.origins.get(start.id)
    if origin is None:
        return None
    events = read_events([recording.folder / file for file in start.events])
    setup = events.phase == SETUP_PHASE
    if setup.any():
        events = events.where(~setup)
    seconds = load_seconds(recording, start)
    if seconds is None:  # it was killed: what was sent last is its end
        seconds = float(np.max(events.due)) if len(events) else 0.0
    profile = profile_of(recording.run, start)
    samples = {
        side: shifted
        for side, file in start.samples
        if (shifted := _samples(recording, file, origin.clock)) is not None
    }
    warm_up = (0.0, 0.0) if start.level is not None else warm_up_of(events, start, profile, seconds)
    return Opened(
        start=start,
        profile=profile,
        seconds=seconds,
        events=events,
        samples=samples,
        warm_up=warm_up,
    )


def _samples(recording: LoadRecording, file: str, clock: int) -> Samples | None:
    """Samples with their moments from the segment's origin; None when there are none."""
    try:
        found = read_samples([recording.folder / file])
    except RecordingError:
        return None  # a service that was not sampled, or a sampler that was killed early
    if not len(found):
        return None
    columns = {name: getattr(found, name) for name in Samples.__slots__}
    return Samples(**{**columns, "at": found.at - clock * 1e-6})


def gather(opened: Opened, target: int, *, cut: float, warm_up: bool = True) -> Counted:
    """What counts of one of a segment's services.

    Args:
        opened: The segment.
        target: Which service.
        cut: Seconds left out at the beginning of each window.
        warm_up: Whether what it needed to warm up is left out.
    """
    events = opened.events
    stretches = covered(opened.profile, opened.start, target, seconds=opened.seconds, cut=cut)
    if warm_up:
        stretches = without(stretches, *opened.warm_up)
    whole = len(opened.start.sides) == 1
    index = stretches.find(events.due)
    due = index >= 0 if whole else (index >= 0) & (events.target == target)
    ended = stretches.find(events.end)
    over = (ended >= 0) & came(events)
    if not whole:
        over &= events.target == target
    index, ended = index[due], ended[over]
    moments = events.due[due]
    until = events.end[due]
    return Counted(
        begin=stretches.begin,
        end=stretches.end,
        stage=stretches.stage,
        segment=np.zeros(len(stretches.begin), dtype=np.int32),
        stretch=index,
        within=(moments - stretches.begin[index]).astype(np.float32),
        response=until - moments,
        service=until - events.start[due],
        outcome=events.outcome[due],
        checked=events.checks[due] == 0,
        refused=_refused(events.outcome[due], events.status[due]),
        request=events.request[due],
        error=events.error[due],
        ended=ended,
        ended_within=(events.end[over] - stretches.begin[ended]).astype(np.float32),
        ended_right=events.outcome[over] == ANSWERED,
        ended_request=events.request[over],
        requests=events.requests,
        errors=events.errors,
    )


def came(events: Events) -> NDArray[np.bool_]:
    """Whether an answer came, of whatever kind: not where a connection was refused or timed out."""
    found: NDArray[np.bool_] = (events.outcome == ANSWERED) | (
        (events.outcome == FAILED) & (events.status > 0)
    )
    return found


def _refused(outcome: NDArray[np.int8], status: NDArray[np.int16]) -> NDArray[np.bool_]:
    refused: NDArray[np.bool_] = (outcome == FAILED) & (status >= _ERROR) & (status != _TOO_SLOW)
    return refused


def combine(parts: Sequence[Counted]) -> Counted:
    """Several segments of one side after each other; at least one."""
    if len(parts) == 1:
        return parts[0]
    requests: dict[str, int] = {}
    errors: dict[str, int] = {}
    columns: dict[str, list[NDArray[np.generic]]] = {}
    before = 0
    for number, part in enumerate(parts):
        names = _renumber(part.requests, requests)
        texts = _renumber(part.errors, errors)
        changed = {
            "segment": np.full(len(part.begin), number, dtype=np.int32),
            "stretch": part.stretch + np.int32(before),
            "ended": part.ended + np.int32(before),
            "request": names[part.request],
            "ended_request": names[part.ended_request],
            "error": np.where(part.error < 0, np.int16(-1), texts[part.error]),
        }
        before += len(part.begin)
        for name in _ARRAYS:
            columns.setdefault(name, []).append(changed.get(name, getattr(part, name)))
    arrays = {name: np.concatenate(columns.pop(name)) for name in _ARRAYS}
    return Counted(**arrays, requests=tuple(requests), errors=tuple(errors))


_ARRAYS = tuple(name for name in Counted.__slots__ if name not in {"requests", "errors"})


def _renumber(names: Sequence[str], known: dict[str, int]) -> NDArray[np.int16]:
    """For each old number the new one; one more at the end, so that -1 finds something."""
    return np.array([known.setdefault(name, len(known)) for name in names] + [-1], dtype=np.int16)
