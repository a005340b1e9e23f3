"""One side of a segment over time, window by window; ramps, warm-up and all."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from perfkit.analyse.load.covered import covered
from perfkit.analyse.load.gather import came
from perfkit.analyse.load.groups import group_quantiles
from perfkit.analyse.load.resources import cpu_between
from perfkit.analyse.load.value import Timeline
from perfkit.profile.schedule import levels_at
from perfkit.recording.events import ANSWERED, CUT_OFF, FAILED

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from perfkit.analyse.load.covered import Stretches
    from perfkit.analyse.load.gather import Opened
    from perfkit.recording.samples import Samples

MOST_WINDOWS = 600
_LONG = 60.0  # seconds from which a window has one second or more
_WIDTHS = (0.05, 0.1, 0.2, 0.25, 0.5, 1.0, 2.0, 5.0, 10.0, 15.0, 30.0, 60.0, 120.0, 300.0, 600.0)
_PERCENTILES = (0.5, 0.95, 0.99)
_LEAST_SHARE = 0.25
"""Share of the longest window's time below which a window has no rates: a few answers in the
moment before the load ended early would look like a spike."""


def window_width(seconds: float, turn: float = 0.0) -> float:
    """Length of the windows of a timeline.

    Args:
        seconds: Length of the load.
        turn: Length of a turn, where two services take turns: a window holds a pair of them.

    >>> window_width(3600), window_width(300), window_width(12)
    (10.0, 1.0, 0.2)
    """
    least = max(seconds / MOST_WINDOWS, 1.0 if seconds >= _LONG else seconds / _LONG)
    if turn:
        return 2 * turn * max(int(np.ceil(least / (2 * turn))), 1)
    return next((width for width in _WIDTHS if width >= least * (1 - 1e-9)), least)


def timeline(opened: Opened, target: int) -> Timeline:
    """What one service of a segment did over time.

    Where two services take turns, rates and CPU are those of the time in which it had the load.
    The last window may be short, where the load ended early: what is in it is over its own time.
    """
    events = opened.events
    windows = opened.start.windows
    width = window_width(opened.seconds, windows[0].end - windows[0].begin if windows else 0.0)
    count = max(int(np.ceil(opened.seconds / width - 1e-9)), 1)
    edges = np.arange(count + 1, dtype=np.float64) * width
    own = covered(opened.profile, opened.start, target, seconds=opened.seconds, cut=0.0)
    spent = _own_seconds(own, edges)
    spent[spent < _LEAST_SHARE * np.max(spent)] = np.nan
    mine = events.target == target
    window = np.floor(events.due / width)
    sent = mine & (window >= 0) & (window < count)
    right = sent & (events.outcome == ANSWERED)
    group = window[right].astype(np.int16)
    due, end = events.due[right], events.end[right]
    response = group_quantiles(end - due, group, count, _PERCENTILES)
    (service,) = group_quantiles(end - events.start[right], group, count, (0.95,))
    over = sent & (events.outcome != CUT_OFF)
    # What comes in after the load is over belongs to no second of it.
    ended = events.end[mine & came(events) & (events.end < opened.seconds)]
    answers = _count(np.minimum(np.floor(ended[ended >= 0] / width), count - 1), count)
    failures = _count(window[sent & (events.outcome == FAILED)], count)
    samples = opened.samples.get(opened.start.sides[target])
    with np.errstate(invalid="ignore", divide="ignore"):
        return Timeline(
            seconds=(edges[:-1] + edges[1:]) / 2,
            width=width,
            level=levels_at(opened.profile, (edges[:-1] + edges[1:]) / 2),
            sent=_count(window[sent], count) / spent,
            throughput=answers / spent,
            errors=failures / _count(window[over], count),
            p50=response[0],
            p95=response[1],
            p99=response[2],
            service_p95=service,
            rss=_rss(samples, edges),
            cpu=np.full(count, np.nan) if samples is None else cpu_between(samples, edges) / spent,
        )


def _count(window: NDArray[np.float64], count: int) -> NDArray[np.float64]:
    return np.bincount(window.astype(np.int64), minlength=count).astype(np.float64)


def _own_seconds(own: Stretches, edges: NDArray[np.float64]) -> NDArray[np.float64]:
    """Seconds of each window in which the service had the load."""
    lengths = own.end - own.begin
    before = np.concatenate([[0.0], np.cumsum(lengths)])
    index = np.searchsorted(own.begin, edges, side="right") - 1
    inside = np.clip(edges - own.begin[index], 0.0, lengths[index]) if len(lengths) else 0.0
    spent: NDArray[np.float64] = np.diff(np.where(index >= 0, before[index] + inside, 0.0))
    return spent


def _rss(samples: Samples | None, edges: NDArray[np.float64]) -> NDArray[np.float64]:
    """Median resident memory of each window."""
    count = len(edges) - 1
    if samples is None:
        return np.full(count, np.nan)
    window = np.floor(samples.at / (edges[1] - edges[0]))
    good = (window >= 0) & (window < count) & (samples.rss >= 0)
    values = samples.rss[good].astype(np.float64)
    (medians,) = group_quantiles(values, window[good].astype(np.int16), count, (0.5,))
    return np.asarray(medians)
