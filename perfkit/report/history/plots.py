"""A series as a small SVG: one mark a run, or a range where runs are many; gaps stay gaps.

Hand-drawn, unlike the other reports' plots: a thousand of them must fit into five megabytes.
Numbers only go into the markup, never text.
"""

from __future__ import annotations

import itertools
import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray  # noqa: TC002 - a field's type

from perfkit.report.history.view import SeriesLine, levels

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

WIDTH, HEIGHT = 600, 100
"""Size in SVG units; the page stretches the drawing, lines keep their width."""

_EDGE = 6  # units free above and below
_MARK = 3  # units of the smallest range that is still seen
_DOTS = 200  # runs that are drawn as dots
_LEAST_RANGE = 0.04  # relative: what moves less is not drawn as if it moved


@dataclass(frozen=True, slots=True, kw_only=True)
class Plot:
    """What the template draws.

    Attributes:
        marks: Path of the values: a stroke from the least to the greatest of a column.
        dots: Every column is one run, and few enough that each can be a dot.
        levels: Path of the levels between change points.
        changes: ``(x, tone)`` of each change point.
        gaps: Path of the areas without a value.
        low: Value at the lower edge.
        high: Value at the upper edge.
        below: Values below the lower edge are drawn on it.
        above: Values above the upper edge are drawn on it.
    """

    marks: str
    dots: bool
    levels: str
    changes: tuple[tuple[str, str], ...]
    gaps: str
    low: float
    high: float
    below: bool
    above: bool


def plot(line: SeriesLine, *, columns: int) -> Plot:
    """Draw a series over all runs of its setting.

    Args:
        line: The series.
        columns: At most so many columns; more runs share one.
    """
    runs = len(line.series.setting.runs)
    values = np.concatenate((np.full(line.series.first, math.nan), line.series.values))
    low, high = _range(line.series.present)
    scale = _Scale(runs=runs, low=low, high=high)
    edges = np.linspace(0, runs, min(columns, runs) + 1).astype(int).tolist()
    parts = [_Part(start, end, values[start:end]) for start, end in itertools.pairwise(edges)]
    dots = len(parts) == runs <= _DOTS
    return Plot(
        marks="".join(_marks(parts, scale, least=0.0 if dots else _MARK)),
        dots=dots,
        levels="".join(
            f"M{scale.x(start)} {scale.y(value)}H{scale.x(end + 1)}"
            for start, end, value in levels(line)
        ),
        changes=tuple((scale.x(change.place), change.tone) for change in line.changes),
        gaps="".join(_gaps(parts, line.series.first, scale)),
        low=low,
        high=high,
        below=bool((line.series.present < low).any()),
        above=bool((line.series.present > high).any()),
    )


class _Part(NamedTuple):
    """The runs of one column; ``end`` is the first of the next."""

    start: int
    end: int
    values: NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Scale:
    """From runs and values to SVG units."""

    runs: int
    low: float
    high: float

    def x(self, place: float) -> str:
        return _short(place / self.runs * WIDTH)

    def y(self, value: float) -> str:
        return _short(self.height(value))

    def height(self, value: float) -> float:
        share = (value - self.low) / (self.high - self.low)
        return HEIGHT - _EDGE - share * (HEIGHT - 2 * _EDGE)


def _range(values: NDArray[np.float64]) -> tuple[float, float]:
    """Ends of the vertical axis; a few far outliers do not flatten everything else."""
    numbers = np.quantile(values, (0.0, 0.25, 0.5, 0.75, 1.0)).tolist()
    low, quarter, middle, three, high = (float(number) for number in numbers)
    reach = max(8 * (three - quarter), _LEAST_RANGE * middle)
    low, high = max(low, middle - reach), min(high, middle + reach)
    missing = max(0.0, _LEAST_RANGE * middle - (high - low)) / 2
    return low - missing, high + missing


def _marks(parts: Sequence[_Part], scale: _Scale, *, least: float) -> Iterator[str]:
    for part in parts:
        known = [number for number in part.values.tolist() if math.isfinite(number)]
        if not known:
            continue
        ends = (min(max(number, scale.low), scale.high) for number in (max(known), min(known)))
        top, bottom = map(scale.height, ends)
        if bottom - top < least:
            middle = (top + bottom) / 2
            top, bottom = middle - least / 2, middle + least / 2
        yield f"M{scale.x((part.start + part.end) / 2)} {_short(top)}v{_short(bottom - top)}"


def _gaps(parts: Sequence[_Part], first: int, scale: _Scale) -> Iterator[str]:
    """Areas of columns next to each other in which no run has a value, after the first value."""
    empty = [part.start >= first and not np.isfinite(part.values).any() for part in parts]
    for is_empty, group in itertools.groupby(zip(empty, parts, strict=True), lambda one: one[0]):
        if is_empty:
            area = [part for _, part in group]
            left, right = scale.x(area[0].start), scale.x(area[-1].end)
            yield f"M{left} 0H{right}V{HEIGHT}H{left}z"


def _short(number: float) -> str:
    """One decimal, without what says nothing."""
    return f"{number:.1f}".removesuffix(".0")
