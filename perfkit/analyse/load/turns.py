"""Neighbouring turns of two services compared by pairs: what a trial's effect might be instead.

A trial's effect is the ratio of percentiles over all its turns (`trials`): of what its users saw.
The robust location of the ratios of neighbouring turns is another figure, of the typical turn, and
blind to a stall that only one service has now and then, which is what p95 and p99 are there for. So
it is not used for verdicts; it is here to be tried on recorded runs.

Standard deviation of one trial's log ratio in per cent when there is no difference, p50 / p95 /
mean (simulated: 20 s at 500/s, 250 trials; a machine both share that drifts over 1 s, or that
stalls for 0.3 s every 5 s):

| machine | turns | over all turns | pairs, Hodges–Lehmann | pairs, mean |
|---|---|---|---|---|
| calm | 1 s | 1.0 / 1.7 / 0.8 | 1.0 / 1.7 / 0.9 | 1.0 / 1.7 / 0.8 |
| drifts | 2.5 s | 12.8 / 13.8 / 12.6 | 13.3 / 13.6 / 13.2 | 12.7 / 13.1 / 12.6 |
| drifts | 1 s | 7.7 / 10.4 / 8.1 | 7.9 / 8.1 / 7.9 | 7.8 / 8.1 / 7.8 |
| drifts | 0.25 s | 2.8 / 3.9 / 2.7 | 2.7 / 3.2 / 2.7 | 2.6 / 3.1 / 2.6 |
| stalls | 1 s | 3.0 / 58 / 24 | 2.8 / 15 / 9 | 6.4 / 24 / 15 |
| stalls | 0.25 s | 2.2 / 48 / 22 | 1.4 / 2.1 / 1.2 | 8.0 / 8.0 / 7.3 |

What helps most is a short turn, whichever figure is taken.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from perfkit.analyse.load.groups import group_quantiles
from perfkit.recording.events import ANSWERED

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from perfkit.analyse.load.gather import Opened


def turn_ratios(opened: Opened, quantile: float, *, cut: float) -> NDArray[np.float64]:
    """Log ratios, second service / first, of a response time's quantile in neighbouring turns.

    Args:
        opened: A segment whose services take turns.
        quantile: Above 0 and below 1.
        cut: Seconds left out at the beginning of each turn.

    Returns:
        One for each pair of turns in which both services answered.
    """
    windows = sorted(opened.start.windows, key=lambda window: window.begin)
    windows = windows[: len(windows) // 2 * 2]
    if not windows:
        return np.empty(0)
    begin = np.array([window.begin for window in windows])
    end = np.array([window.end for window in windows])
    target = np.array([window.target for window in windows])
    events = opened.events
    turn = np.searchsorted(begin, events.due, side="right") - 1
    good = (turn >= 0) & (events.outcome == ANSWERED)
    good &= (events.due >= begin[turn] + cut) & (events.due < end[turn])
    good &= events.target == target[turn]
    response = (events.end - events.due)[good]
    (found,) = group_quantiles(response, turn[good].astype(np.int16), len(windows), (quantile,))
    order = np.argsort(
        target.reshape(-1, 2), axis=1
    )  # of each pair: the first service's turn first
    pairs = np.take_along_axis(np.log(found).reshape(-1, 2), order, axis=1)
    ratios: NDArray[np.float64] = pairs[:, 1] - pairs[:, 0]
    return ratios[np.isfinite(ratios)]
