"""Raw events and samples of a load run's segment as tables, with names instead of numbers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from perfkit.analyse.load.covered import covered, without
from perfkit.analyse.load.gather import open_segment
from perfkit.analyse.load.run import counting_starts, steady_stages
from perfkit.recording.events import ANSWERED, CUT_OFF, FAILED

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

    from perfkit.analyse.load.gather import Opened
    from perfkit.recording.load import LoadRecording, SegmentStart
    from perfkit.recording.samples import Samples
    from perfkit.variant import Side

OUTCOMES = {ANSWERED: "answered", FAILED: "failed", CUT_OFF: "cut off"}
NAMES = ("side", "phase", "request", "outcome", "error")
TIMES = ("due", "start", "end", "response", "service", "lateness", "slip")
EVENT_COLUMNS = (*NAMES, *TIMES, "status", "size", "checked", "counted")
SAMPLE_COLUMNS = (
    "side",
    "at",
    "rss",
    "cpu",
    "cpu_seconds",
    "threads",
    "files",
    "switches",
    "processes",
)


def events_frame(recording: LoadRecording, start: SegmentStart) -> pd.DataFrame:
    """One row a request of a segment, in order of the intended start; without the setup's.

    Returns:
        Columns `EVENT_COLUMNS`. Those of `NAMES` are categories, missing where there is none;
        those of `TIMES` seconds: ``due``, ``start`` and ``end`` from the beginning of the load,
        ``response`` = end - due, ``service`` = end - start, ``lateness`` = start - due, ``slip``
        what of that is the generator's own. ``checked``: no check failed. ``counted``: what is
        said of the load without its ramps rests on it.

    Raises:
        RecordingError: A file is missing or none of ours.
    """
    import pandas as pd

    opened = open_segment(recording, start)
    if opened is None:
        return pd.DataFrame(columns=EVENT_COLUMNS)
    found = opened.events
    stages = tuple(stage.name for stage in opened.profile.stages)
    sides = tuple(side.value for side in start.sides)
    target = np.zeros(len(found), dtype=np.int8) if len(sides) == 1 else found.target
    named = {
        "side": _named(target, sides),
        "phase": _named(found.phase, stages),
        "request": _named(found.request, found.requests),
        "outcome": _named(found.outcome, tuple(OUTCOMES.values())),
        "error": _named(found.error, found.errors),
    }
    frame = pd.DataFrame(
        {
            **named,
            "due": found.due,
            "start": found.start,
            "end": found.end,
            "response": found.end - found.due,
            "service": found.end - found.start,
            "lateness": found.start - found.due,
            "slip": found.slip,
            "status": found.status,
            "size": found.size,
            "checked": found.checks == 0,
            "counted": _counted(recording, opened),
        },
        columns=EVENT_COLUMNS,
    )
    return frame.sort_values("due", kind="stable", ignore_index=True)


def samples_frame(recording: LoadRecording, start: SegmentStart) -> pd.DataFrame:
    """One row a look at the services' processes during a segment, side by side in order of time.

    Returns:
        Columns `SAMPLE_COLUMNS`: ``at`` in seconds from the beginning of the load, ``rss`` in
        bytes, ``cpu`` since the look before (1.0 is one CPU), ``cpu_seconds`` and ``switches`` so
        far. What the system does not tell is missing; so is a side that was not looked at.

    Raises:
        RecordingError: A file of events is missing or none of ours.
    """
    import pandas as pd

    opened = open_segment(recording, start)
    looks = {} if opened is None else opened.samples
    parts = [_looks(side, found) for side, found in looks.items()]
    if not parts:
        return pd.DataFrame(columns=SAMPLE_COLUMNS)
    return pd.concat(parts, ignore_index=True)


def _named(numbers: NDArray[Any], texts: tuple[str, ...]) -> pd.Categorical[str]:
    """Names instead of their numbers; -1 is missing."""
    import pandas as pd

    return pd.Categorical.from_codes(numbers, categories=pd.Index(texts, dtype=object))


def _looks(side: Side, found: Samples) -> pd.DataFrame:
    import pandas as pd

    numbers = {
        name: _known(getattr(found, name))
        for name in ("rss", "threads", "files", "switches", "processes")
    }
    spent = _known(found.cpu)
    share = np.full(len(found), np.nan)
    share[1:] = np.diff(spent) / np.diff(found.at)
    columns = {"side": side.value, "at": found.at, "cpu": share, "cpu_seconds": spent, **numbers}
    return pd.DataFrame(columns, columns=SAMPLE_COLUMNS)


def _known(values: NDArray[Any]) -> NDArray[np.float64]:
    """Unknown is NaN, not -1."""
    numbers = values.astype(np.float64)
    return np.where(numbers < 0, np.nan, numbers)


def _counted(recording: LoadRecording, opened: Opened) -> NDArray[np.bool_]:
    """Which requests the figures of the load without ramps rest on, as `gather` chooses them."""
    events, start = opened.events, opened.start
    counts = np.zeros(len(events), dtype=np.bool_)
    if start.level is None and start.id not in {one.id for one in counting_starts(recording)}:
        return counts
    steady = np.array(sorted(steady_stages(opened.profile)))
    cut = recording.run.method.cut_seconds if start.windows else 0.0
    for target in range(len(start.sides)):
        whole = covered(opened.profile, start, target, seconds=opened.seconds, cut=cut)
        stretches = without(whole, *opened.warm_up)
        index = stretches.find(events.due)
        own = index >= 0 if len(start.sides) == 1 else (index >= 0) & (events.target == target)
        counts[own] |= np.isin(stretches.stage[index[own]], steady)
    return counts
