"""Small charts of one benchmark: geometry only, the HTML template draws them."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from perfkit.units import time_unit

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np
    from numpy.typing import NDArray

    from perfkit.analyse.estimate import Estimate
    from perfkit.report.rows import RowView

WIDTH, HEIGHT = 340.0, 190.0
LEFT, RIGHT, TOP, BOTTOM = 46.0, 332.0, 10.0, 158.0
_BINS = 28
_TAIL = 0.5  # per cent of the turns at either end that may lie outside the histogram
_TICKS = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Tick:
    """A labelled place on an axis, in SVG units."""

    at: float
    label: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Effects:
    """Block effects in order, in SVG units.

    Attributes:
        points: A circle a block.
        ticks: Of the vertical axis.
        zero: Where "no change" lies.
        band: Top and bottom of the margin's band.
        interval: Top and bottom of the ratio's interval, or None when it has none.
        estimate: Where the ratio lies.
        blocks: Number of blocks.
    """

    points: tuple[tuple[float, float], ...]
    ticks: tuple[Tick, ...]
    zero: float
    band: tuple[float, float]
    interval: tuple[float, float] | None
    estimate: float
    blocks: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Distribution:
    """Times of one iteration over all turns of both sides, in SVG units.

    Attributes:
        baseline: Outline of the baseline's histogram, an SVG path.
        candidate: Outline of the candidate's.
        ticks: Of the horizontal axis.
        beyond: Turns that lie outside the axis.
        turns: Turns of both sides.
    """

    baseline: str
    candidate: str
    ticks: tuple[Tick, ...]
    beyond: int
    turns: int


def block_effects(row: RowView, *, margin: float) -> Effects | None:
    """Lay out the effect of each block; None where nothing was measured."""
    if row.comparison is None:
        return None
    ratio, effects = row.comparison.ratio, row.comparison.effects
    ends = [math.log(end) for end in (ratio.low, ratio.high)] if _has_interval(ratio) else []
    half = math.log1p(margin)
    values = [*effects, *ends, math.log(ratio.value), -half, half]
    low, high = min(values), max(values)
    low, high = low - 0.06 * (high - low), high + 0.06 * (high - low)

    def y(value: float) -> float:
        return round(BOTTOM - (value - low) / (high - low) * (BOTTOM - TOP), 2)

    step = (RIGHT - LEFT) / max(len(effects), 1)
    percent = nice_ticks(math.expm1(low) * 100, math.expm1(high) * 100, _TICKS)
    return Effects(
        points=tuple(
            (round(LEFT + (index + 0.5) * step, 2), y(effect))
            for index, effect in enumerate(effects)
        ),
        ticks=tuple(
            Tick(at=y(math.log1p(tick / 100)), label=f"{tick:+g} %" if tick else "0")
            for tick in percent
        ),
        zero=y(0),
        band=(y(half), y(-half)),
        interval=(y(ends[1]), y(ends[0])) if ends else None,
        estimate=y(math.log(ratio.value)),
        blocks=len(effects),
    )


def distribution(row: RowView) -> Distribution | None:
    """Lay out the turns' times; None where nothing was measured."""
    import numpy as np

    if not row.series:
        return None
    sides = [
        np.concatenate(
            [
                np.asarray(side.net) / (block.loops * row.inner_loops)
                for block, side in zip(row.series, turns, strict=True)
            ]
        )
        for turns in (
            [block.baseline for block in row.series],
            [block.candidate for block in row.series],
        )
    ]
    both = np.concatenate(sides)
    low, high = (float(end) for end in np.percentile(both, [_TAIL, 100 - _TAIL]))
    low, high = (low, high) if high > low else (low * 0.99, high * 1.01)
    edges = np.linspace(low, high, _BINS + 1)
    counts = [np.histogram(side, edges)[0] for side in sides]
    highest = max(1, *(int(count.max()) for count in counts))
    scale, unit = time_unit(float(np.median(both)))
    return Distribution(
        baseline=_outline(counts[0], highest),
        candidate=_outline(counts[1], highest),
        ticks=tuple(
            Tick(
                at=round(LEFT + (tick * scale - low) / (high - low) * (RIGHT - LEFT), 2),
                label=f"{tick:g} {unit}",
            )
            for tick in nice_ticks(low / scale, high / scale, _TICKS)
        ),
        beyond=len(both) - sum(int(count.sum()) for count in counts),
        turns=len(both),
    )


def nice_ticks(low: float, high: float, about: int) -> list[float]:
    """Round numbers (1, 2 or 5 times a power of ten) between two ends, about so many.

    >>> nice_ticks(-3.2, 7.9, 4)
    [-2.0, 0.0, 2.0, 4.0, 6.0]
    """
    rough = (high - low) / about
    power = 10.0 ** math.floor(math.log10(rough))
    step = min((power * factor for factor in (1, 2, 5, 10)), key=lambda one: abs(one - rough))
    first, last = math.ceil(low / step), math.floor(high / step)
    return [float(f"{index * step:.10g}") for index in range(first, last + 1)]


def _outline(counts: NDArray[np.int64] | Sequence[int], highest: int) -> str:
    step = (RIGHT - LEFT) / len(counts)
    path = [f"M{LEFT:g} {BOTTOM:g}"]
    for index, count in enumerate(counts):
        top = BOTTOM - count / highest * (BOTTOM - TOP)
        path.append(f"V{top:.1f}H{LEFT + (index + 1) * step:.1f}")
    return "".join([*path, f"V{BOTTOM:g}"])


def _has_interval(ratio: Estimate) -> bool:
    return ratio.low > 0 and math.isfinite(ratio.high)
