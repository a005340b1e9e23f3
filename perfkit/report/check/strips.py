"""A small drawing for each row: its interval beside the margin. Geometry; the template draws."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from perfkit.analyse.estimate import Estimate
    from perfkit.report.check.view import CheckRow

WIDTH, HEIGHT = 200.0, 18.0
_SPAN = 8.0  # times its least reach that the scale may go
_MOST = 0.9  # share of the rows that lie wholly within the scale
_ROOM = 0.05  # share of the width that is left free at either end


@dataclass(frozen=True, slots=True, kw_only=True)
class Strip:
    """One row's drawing, in SVG units; all rows share one scale.

    Attributes:
        zero: Where "no change" lies.
        margin: Where the margin ends; red begins beyond it.
        line: Ends of the interval, cut at the drawing's own; None where there is none.
        point: The estimate, or None when it lies outside.
        catch: The smallest change it would have caught, or None when that lies outside.
    """

    zero: float
    margin: float
    line: tuple[float, float] | None
    point: float | None
    catch: float | None


def strips(rows: Sequence[CheckRow]) -> tuple[Strip | None, ...]:
    """Lay out every row that has numbers on one scale; a wild row does not flatten the others."""
    ratios = [row.row.ratio for row in rows if row.row.ratio is not None]
    margin = max((row.row.margin for row in rows if row.row.ratio is not None), default=0.0)
    right = _reach([ratio.high - 1 for ratio in ratios], 1.5 * margin)
    left = _reach([1 - ratio.low for ratio in ratios], 0.5 * margin)

    def place(value: float) -> float:
        share = (value + left) / ((left + right) or 1.0)
        return round(WIDTH * (_ROOM + share * (1 - 2 * _ROOM)), 1)

    return tuple(_strip(row, row.row.ratio, place) if row.row.ratio else None for row in rows)


def _reach(ends: Sequence[float], least: float) -> float:
    """How far the scale goes: as far as most rows do, and not many times as far as the margin."""
    known = sorted(end for end in ends if math.isfinite(end))
    most = known[math.ceil(_MOST * len(known)) - 1] if known else 0.0
    return max(least, min(most, _SPAN * least))


def _strip(row: CheckRow, ratio: Estimate, place: Callable[[float], float]) -> Strip:
    catch = row.row.detectable
    bounded = math.isfinite(ratio.low) and math.isfinite(ratio.high)
    low, high = (_clipped(place(end - 1)) for end in (ratio.low, ratio.high)) if bounded else (0, 0)
    return Strip(
        zero=place(0.0),
        margin=place(row.row.margin),
        line=(low, high) if bounded else None,
        point=_inside(place(ratio.value - 1)),
        catch=_inside(place(catch)) if catch is not None and math.isfinite(catch) else None,
    )


def _clipped(at: float) -> float:
    return min(max(at, 0.0), WIDTH)


def _inside(at: float) -> float | None:
    return at if 0 <= at <= WIDTH else None
