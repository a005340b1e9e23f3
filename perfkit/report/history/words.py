"""Figures of a history in words: values by their metric, changes, trends in a line of text."""

from __future__ import annotations

import math
import statistics
from typing import TYPE_CHECKING, Final

from perfkit.settings import Metric
from perfkit.units import (
    format_bytes,
    format_bytes_interval,
    format_change,
    format_change_interval,
    format_seconds,
    format_seconds_interval,
)

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

METRICS: Final = {
    Metric.TIME: "time",
    Metric.PEAK_MEMORY: "peak memory",
    Metric.TRACED_MEMORY: "traced memory",
}
BARS = "▁▂▃▄▅▆▇█"
GAP = "·"
_CALM = 0.04  # a trend that moves less than this is not drawn as if it moved


def value_text(value: float, metric: Metric, *, ratio: bool) -> str:
    """``"1.23 ms"``, ``"26.2 MiB"``, or a ratio as a change: ``"+3.4 %"``."""
    if ratio:
        return format_change(value)
    return format_seconds(value) if metric is Metric.TIME else format_bytes(value)


def interval_text(
    value: float | None, low: float | None, high: float | None, metric: Metric, *, ratio: bool
) -> str:
    """The same with its interval, or ``"–"``."""
    if value is None:
        return "–"
    ends = (-math.inf if low is None else low, math.inf if high is None else high)
    if ratio:
        return format_change_interval(value, *ends)
    written = format_seconds_interval if metric is Metric.TIME else format_bytes_interval
    return written(value, *ends)


def confidence_text(p_value: float) -> str:
    """How sure a change point is: ``"99.9 %"``; never 100."""
    if p_value < 1e-6:  # noqa: PLR2004 - more digits would claim more than the method can
        return "> 99.9999 %"
    digits = max(1, math.ceil(-math.log10(p_value)) - 2)
    floor = math.floor((1 - p_value) * 100 * 10**digits) / 10**digits
    return f"{floor:.{digits}f} %"


def sparkline(values: NDArray[np.float64], *, columns: int) -> str:
    """A trend in one line: medians of neighbouring runs, ``·`` where none has a value."""
    columns = min(columns, len(values))
    numbers = values.tolist()  # plain floats: numpy's calls cost more than so few numbers
    levels = []
    for column in range(columns):
        start, end = (len(numbers) * (column + step) // columns for step in (0, 1))
        part = [number for number in numbers[start:end] if math.isfinite(number)]
        levels.append(statistics.median(part) if part else math.nan)
    known = [level for level in levels if math.isfinite(level)]
    if not known:
        return GAP * columns
    low, high = min(known), max(known)
    missing = max(0.0, _CALM * high - (high - low))
    low, high = low - missing / 2, high + missing / 2
    return "".join(_bar(level, low, high) for level in levels)


def _bar(level: float, low: float, high: float) -> str:
    if not math.isfinite(level):
        return GAP
    share = (level - low) / (high - low) if high > low else 0.5
    return BARS[min(int(share * len(BARS)), len(BARS) - 1)]
