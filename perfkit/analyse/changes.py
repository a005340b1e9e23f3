"""Change points of a history: where its level moved, by how much, and how sure that is.

Three steps: propose, weigh, size.

1. Splits are proposed by seeded binary segmentation (S. Kovács, P. Bühlmann, H. Li, A. Munk,
   "Seeded binary segmentation", Biometrika 110, 2023): the best split of each of some intervals
   of every length, so that a bump is found as well as a step. Values are cut at a running median
   ± 2.5 robust standard deviations first, so that no single run makes a split.
2. Each split is weighed by the rank sums of the levels on its two sides (Wilcoxon), as Student's t
   (R. L. Iman, W. J. Conover, American Statistician 35, 1981), against the chance that the best of
   all splits of the same runs looks as good when nothing has changed (B. Lausen, M. Schumacher,
   "Maximally selected rank statistics", Biometrics 48, 1992). Neighbouring runs that resemble each
   other count for less, by their lag-1 autocorrelation. The weakest split goes and the rest is
   weighed again, until all hold.
3. Its size is the Hodges–Lehmann shift between the levels, with its interval.

No seeds and no clock: the same history has the same change points.

Libraries were tried on the same 200 histories of 100 runs (noise of 2 %; with a step of 5 % before
the last 20 runs; otava at its defaults, ruptures at penalty 4 ln n). False alarms / steps found:

| noise | apache-otava 0.8.0 | ruptures 1.1.10 (KernelCPD) | this |
|---|---|---|---|
| normal | 7 % / 98 % | 0 % / 100 % | 0 % / 99 % |
| 3 % of runs off by 20 to 30 % | 26 % / 61 % | 83 % / 91 % | 0.5 % / 100 % |
| neighbours alike (0.3) | 36 % / 97 % | 18 % / 97 % | 0 % / 92 % |
| of 30 runs, normal, 6 after the step | 2 % / 95 % | 3 % / 87 % | 0 % / 36 % |

otava brings 36 packages (gRPC and BigQuery among them) and pins numpy to 2.2.0. ruptures brings
none, but has neither significance nor sizes, takes 1.1 s to import and does not install on Python
3.14. So a step is told later here than elsewhere, and nearly always rightly; over a hundred runs
of 2 % noise, 3 % of them far off, one of 5 % is found in 55 % of cases after 8 runs, 85 % after 10,
97 % after 15, and none where there is none (``tests/analyse/simulate_changes.py``, 1500 histories).

Tried and left: the cut values themselves or normal scores instead of ranks. They find a step some
runs earlier, and false ones in up to 50 % of histories whose noise comes in bursts.

Limits: a level of fewer than four runs is not seen; a slow drift is told as several steps. Of 1000
histories in which nothing happened, at most 3 have a change point with independent noise, 12 with
neighbours that are alike by 0.3, 33 by 0.5.
"""

from __future__ import annotations

import itertools
import math
import statistics
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from perfkit.analyse.estimate import Estimate

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import ArrayLike, NDArray

SHORTEST = 4
"""Runs a level must last to be seen."""

ERROR_RATE = 0.002
"""Chance that a history in which nothing happened shows a change point."""

SMALLEST = 0.01
"""Changes below this are not told, as a fraction."""

CONFIDENCE = 0.95
"""Of the interval of a change's size."""

_CUT = 2.5  # robust standard deviations from the running median
_WINDOW = 7  # runs of the running median
_NEAR = 50  # runs on either side that size a change
_DECAY = math.sqrt(0.5)  # from one length of seeded intervals to the next
_NOTABLE = 1.1  # times what the highest of so many standardised values comes to
_MAD = 0.6745  # median absolute deviation of a standard normal
_ALL = 1 - 1e-15  # of the ranks' variance: more is not told from all of it
_QUANTILE = statistics.NormalDist().inv_cdf((1 + CONFIDENCE) / 2)
_FEW = 60  # values in two levels whose orders are counted
_MOST_ALIKE = 0.9  # autocorrelation that is believed


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """A change point.

    Attributes:
        index: Position of the first value of the new level.
        ratio: New level / old level, with its interval; ``n`` counts the values on both sides.
        p_value: Chance of such a split, or a clearer one, when nothing has changed.
    """

    index: int
    ratio: Estimate
    p_value: float


class _Shift(NamedTuple):
    """A difference of two levels of logarithms, its interval, the values it rests on."""

    value: float
    low: float
    high: float
    number: int


class _Splits(NamedTuple):
    """All that seeded intervals allow, each an array of the same length."""

    start: NDArray[np.intp]
    split: NDArray[np.intp]
    end: NDArray[np.intp]
    scale: NDArray[np.float64]

    def where(self, chosen: NDArray[np.bool_]) -> _Splits:
        """Those that are chosen."""
        return _Splits(self.start[chosen], self.split[chosen], self.end[chosen], self.scale[chosen])


def find_changes(
    values: ArrayLike, *, error_rate: float = ERROR_RATE, smallest: float = SMALLEST
) -> tuple[Change, ...]:
    """Where the level of a history moved.

    Args:
        values: Finite positive numbers in the order of time, shape (n,); gaps are left out.
        error_rate: Chance of any false change point.
        smallest: Smallest change that is told, as a fraction.

    Returns:
        The change points in the order of time; none below eight values.
    """
    logs = np.log(np.asarray(values, dtype=np.float64))
    if len(logs) < 2 * SHORTEST or logs.min() == logs.max():
        return ()
    levels = _Levels(logs)
    held = _proposed(logs)
    while held:
        pairs = list(zip([0, *held], held, [*held[1:], len(logs)], strict=False))
        alike = levels.alikeness([0, *held, len(logs)])
        weights = [_p_value(levels.height(*pair), *pair, alike) for pair in pairs]
        worst = int(np.argmax(weights))
        if weights[worst] > error_rate:
            held.pop(worst)
            continue
        shifts = [_shift(logs, *pair, alike) for pair in pairs]
        worst = int(np.argmin([abs(shift.value) for shift in shifts]))
        if abs(shifts[worst].value) < math.log1p(smallest):
            held.pop(worst)
            continue
        return tuple(map(_change, held, shifts, weights))
    return ()


class _Levels:
    """Rank statistics of stretches of a history; each is computed once."""

    def __init__(self, logs: NDArray[np.float64]) -> None:
        self._logs = logs
        self._rests: dict[tuple[int, int], NDArray[np.float64]] = {}
        self._heights: dict[tuple[int, int, int], float] = {}

    def alikeness(self, edges: Sequence[int]) -> float:
        """Lag-1 autocorrelation of the ranks within their levels, 0 … 0.9."""
        parts = [self._rest(a, b) for a, b in itertools.pairwise(edges)]
        rest = np.concatenate(parts)
        power = float(rest @ rest)
        if power == 0.0:
            return 0.0
        # Taking the levels' means away biases it downwards, by about 1 / length of a level; half
        # a standard error is forgiven, as a chance likeness would cost many findings.
        found = float(rest[:-1] @ rest[1:]) / power + len(parts) / len(rest)
        return min(max(found - 0.5 / math.sqrt(len(rest)), 0.0), _MOST_ALIKE)

    def height(self, start: int, split: int, end: int) -> float:
        """Rank sum before the split in its standard deviations, of runs unlike each other."""
        key = (start, split, end)
        if key not in self._heights:
            ranks = _ranks(self._logs[start:end])
            count, left = end - start, split - start
            spread = float(np.var(ranks, ddof=1)) * left * (count - left) / count
            off = abs(float(ranks[:left].sum()) - left * (count + 1) / 2)
            self._heights[key] = off / math.sqrt(spread) if spread else 0.0
        return self._heights[key]

    def _rest(self, start: int, end: int) -> NDArray[np.float64]:
        key = (start, end)
        if key not in self._rests:
            ranks = _ranks(self._logs[start:end])
            self._rests[key] = (ranks - ranks.mean()) / len(ranks)
        return self._rests[key]


def _change(index: int, shift: _Shift, p_value: float) -> Change:
    ratio = Estimate(
        value=math.exp(shift.value),
        low=math.exp(shift.low),
        high=math.exp(shift.high),
        confidence=CONFIDENCE,
        n=shift.number,
    )
    return Change(index=index, ratio=ratio, p_value=p_value)


def _proposed(logs: NDArray[np.float64]) -> list[int]:
    """Splits that stand out: the best of those left, one after the other."""
    cut = _cut(logs)
    steps = np.diff(cut)
    noise = _middle(np.abs(steps - _middle(steps))) / _MAD or float(np.std(steps))
    noise /= math.sqrt(2)
    if noise == 0.0:
        return []
    found: list[int] = []
    all_splits = _seeded(len(logs))
    heights = np.abs(_contrasts(cut / noise, all_splits))
    there = heights > _NOTABLE * math.sqrt(2 * math.log(len(logs)))
    splits = all_splits.where(there)
    heights = heights[there]
    while len(heights):
        best = int(splits.split[int(np.argmax(heights))])
        found.append(best)
        # An interval is of use while it holds no split yet.
        free = (splits.end <= best) | (splits.start >= best)
        splits = splits.where(free)
        heights = heights[free]
    return sorted(found)


def _contrasts(values: NDArray[np.float64], at: _Splits) -> NDArray[np.float64]:
    """Differences of the means on both sides, in standard errors of values of variance 1."""
    sums = np.concatenate(([0.0], np.cumsum(values - values[0])))
    middle = sums[at.split]
    left = (middle - sums[at.start]) / (at.split - at.start)
    right = (sums[at.end] - middle) / (at.end - at.split)
    return np.asarray((right - left) * at.scale)


@lru_cache(maxsize=64)
def _seeded(count: int) -> _Splits:
    """Every split of every seeded interval of so many values."""
    parts: list[tuple[NDArray[np.intp], NDArray[np.intp], NDArray[np.intp]]] = []
    length = float(count)
    while length >= 2 * SHORTEST:
        number = 2 * math.ceil(count / length) - 1
        starts = np.linspace(0, count - length, number)
        for start in np.unique(np.floor(starts).astype(np.intp)):
            end = min(count, math.ceil(start + length))
            inner = np.arange(start + SHORTEST, end - SHORTEST + 1)
            parts.append((np.full_like(inner, start), inner, np.full_like(inner, end)))
        length *= _DECAY
    start, split, end = (np.concatenate(one) for one in zip(*parts, strict=True))
    left, right = split - start, end - split
    return _Splits(start, split, end, np.sqrt(left * right / (left + right)))


def _cut(logs: NDArray[np.float64]) -> NDArray[np.float64]:
    """The values, those far from the median of their neighbours cut."""
    reach = _WINDOW // 2
    padded = np.concatenate((logs[reach:0:-1], logs, logs[-2 : -2 - reach : -1]))
    windows = np.lib.stride_tricks.sliding_window_view(padded, _WINDOW)
    middles = np.partition(windows, reach, axis=1)[:, reach]
    off = logs - middles
    noise = _middle(np.abs(off)) / _MAD or float(np.std(np.diff(logs)))
    return np.asarray(middles + np.clip(off, -_CUT * noise, _CUT * noise))


def _middle(values: NDArray[np.float64]) -> float:
    """The median, or for an even number the value above it."""
    half = len(values) // 2
    return float(np.partition(values, half)[half])


def _p_value(height: float, start: int, split: int, end: int, alike: float) -> float:
    """Chance that the best split of these values is at least as good as this one.

    The share of the ranks' variance that the split explains gives Student's t with n - 2 degrees of
    freedom, which D. L. Wallace's transformation makes normal ("Bounds on normal approximations to
    Student's and the chi-square distributions", Annals of Mathematical Statistics 30, 1959).
    """
    count = end - start
    share = min(height * height * (1 - alike) / (1 + alike) / (count - 1), _ALL)
    height = math.sqrt(-(count - 2) * math.log1p(-share)) * (8 * count - 15) / (8 * count - 13)
    # No order of so few values is rarer than this one split.
    floor = 2 / math.comb(count, split - start) if count <= _FEW else 0.0
    return min(1.0, max(floor, _best_of_all(height, SHORTEST / count)))


def _best_of_all(height: float, edge: float) -> float:
    """P(the highest of all standardised splits ≥ height), Lausen & Schumacher, 1992."""
    if height <= 1:
        return 1.0
    density = math.exp(-height * height / 2) / math.sqrt(2 * math.pi)
    odds = math.log((1 - edge) ** 2 / edge**2)
    return density * (height - 1 / height) * odds + 4 * density / height


def _shift(logs: NDArray[np.float64], start: int, split: int, end: int, alike: float) -> _Shift:
    """Hodges–Lehmann shift of the second level against the first, with its interval.

    Source: M. Hollander, D. A. Wolfe, E. Chicken, "Nonparametric Statistical Methods", 3rd ed.,
    2014, sections 4.2 and 4.3; the large-sample rank, widened for the autocorrelation.
    """
    before = logs[max(start, split - _NEAR) : split]
    after = logs[split : min(end, split + _NEAR)]
    count, total = len(before) + len(after), len(before) * len(after)
    steps = np.sort((after[:, None] - before[None, :]).ravel())
    spread = math.sqrt(total * (count + 1) / 12 * (1 + alike) / (1 - alike))
    reach = _QUANTILE * spread
    rank = math.floor(total / 2 - 0.5 - reach)
    value = float(steps[(total - 1) // 2] + steps[total // 2]) / 2
    if rank < 0:
        return _Shift(value, -math.inf, math.inf, count)
    return _Shift(value, float(steps[rank]), float(steps[total - 1 - rank]), count)


def _ranks(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Ranks from 1; ties share theirs."""
    order = np.argsort(values, kind="stable")
    ordered = values[order]
    ranks = np.empty(len(values))
    ranks[order] = np.arange(1.0, len(values) + 1)
    if (ordered[1:] == ordered[:-1]).any():
        first = np.searchsorted(ordered, values, side="left")
        last = np.searchsorted(ordered, values, side="right")
        ranks = (first + last + 1) / 2
    return ranks
