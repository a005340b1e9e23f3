"""From turns to block effects: each block becomes one number, its robust log ratio.

Turns that ran first and turns that ran second are located apart and averaged, so whatever the
second place in a pair costs (cold caches) cancels exactly, also when the order is not balanced.
Within a place the location is the interquartile mean (25 % trimmed): one disturbed turn in four
does no harm. The median of all turns was rejected: with an order effect it sits in the gap between
two clusters.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from perfkit.errors import PerfkitError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

    from perfkit.block import Block

_TRIM = 0.25


class TurnGroup(NamedTuple):
    """The turns of the blocks that have the same number of pairs in each order.

    Attributes:
        rows: Positions of the blocks, shape (k,).
        baseline: Log seconds of a whole turn, in time order, shape (k, pairs).
        candidate: The same of the candidate, paired by position.
        baseline_first: Whether the baseline ran first, shape (k, pairs); all rows have equal sums.
    """

    rows: NDArray[np.intp]
    baseline: NDArray[np.float64]
    candidate: NDArray[np.float64]
    baseline_first: NDArray[np.bool_]


class BlockEffects(NamedTuple):
    """What every block says, in block order, each of shape (n,).

    Attributes:
        log_ratio: Log of candidate / baseline.
        baseline: Log seconds of one iteration under the baseline.
        candidate: Log seconds of one iteration under the candidate.
        order: Log ratio where the candidate ran second less where it ran first; 0 if unknown.
        within_variance: Sampling variance of ``log_ratio`` due to its turns; NaN if unknown.
        baseline_trend: Change of the baseline's log time from the first turn to the last, along
            the least-squares line; 0 for one turn. Below 0 while it still warms up.
        candidate_trend: The same of the candidate.
    """

    log_ratio: NDArray[np.float64]
    baseline: NDArray[np.float64]
    candidate: NDArray[np.float64]
    order: NDArray[np.float64]
    within_variance: NDArray[np.float64]
    baseline_trend: NDArray[np.float64]
    candidate_trend: NDArray[np.float64]


def block_effects(blocks: Sequence[Block]) -> NDArray[np.float64]:
    """The log ratio candidate / baseline of each block, shape (n,).

    Raises:
        PerfkitError: A turn's time is not a positive number, or sides have different turns.
    """
    return summarise_blocks(blocks, inner_loops=1).log_ratio


def summarise_blocks(blocks: Sequence[Block], *, inner_loops: int) -> BlockEffects:
    """Everything that is computed once a block.

    Args:
        blocks: At least one block.
        inner_loops: Iterations in one loop of the benchmark.

    Raises:
        PerfkitError: There are no blocks, a turn's time is not a positive number, or the sides
            have different numbers of turns.
    """
    if not blocks:
        raise PerfkitError(
            "no blocks to analyse",
            got=0,
            allowed="one block or more",
            remedy="Measure the benchmark first.",
        )
    result = BlockEffects(*(np.empty(len(blocks)) for _ in BlockEffects._fields))
    for group in turn_groups(blocks):
        ratio, order, variance = _balanced(group.candidate - group.baseline, group.baseline_first)
        result.log_ratio[group.rows] = ratio
        result.order[group.rows] = order
        result.within_variance[group.rows] = variance
        result.baseline[group.rows] = _balanced(group.baseline, group.baseline_first)[0]
        result.candidate[group.rows] = _balanced(group.candidate, group.baseline_first)[0]
        result.baseline_trend[group.rows] = _trend(group.baseline)
        result.candidate_trend[group.rows] = _trend(group.candidate)
    iterations = np.log(np.array([block.loops for block in blocks], dtype=np.float64) * inner_loops)
    return result._replace(
        baseline=result.baseline - iterations, candidate=result.candidate - iterations
    )


def turn_groups(blocks: Sequence[Block]) -> Iterator[TurnGroup]:
    """Cut blocks into groups of the same shape, checked, as arrays.

    Raises:
        PerfkitError: As `summarise_blocks`.
    """
    shapes: dict[tuple[int, int], list[int]] = {}
    for row, block in enumerate(blocks):
        pairs = len(block.order)
        if not pairs == len(block.baseline.wall) == len(block.candidate.wall) > 0:
            raise PerfkitError(
                f"block {block.index} of {block.benchmark} does not hold pairs of turns",
                got=(len(block.baseline.wall), len(block.candidate.wall), block.order),
                allowed="as many turns a side as letters in the order, at least one",
                remedy="Drop the block from the recording and measure it again.",
            )
        shapes.setdefault((pairs, block.order.count("B")), []).append(row)
    for (pairs, _), rows in shapes.items():
        members = [blocks[row] for row in rows]
        letters = np.frombuffer("".join(block.order for block in members).encode(), dtype="S1")
        yield TurnGroup(
            rows=np.array(rows),
            baseline=_log_times(members, [block.baseline.net for block in members]),
            candidate=_log_times(members, [block.candidate.net for block in members]),
            baseline_first=letters.reshape(len(rows), pairs) == b"B",
        )


def _log_times(blocks: list[Block], times: list[tuple[float, ...]]) -> NDArray[np.float64]:
    seconds = np.array(times, dtype=np.float64)
    good = np.isfinite(seconds) & (seconds > 0)
    if not good.all():
        row, turn = np.argwhere(~good)[0]
        raise PerfkitError(
            f"turn {turn}, block {blocks[row].index} of {blocks[row].benchmark} has no usable time",
            got=float(seconds[row, turn]),
            allowed="seconds above 0",
            remedy="Let each turn run longer, or correct what bench_time_func returns.",
        )
    return np.log(seconds)


def _balanced(
    values: NDArray[np.float64], baseline_first: NDArray[np.bool_]
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """Location, order effect and sampling variance of each row, order effects cancelled."""
    rows, pairs = values.shape
    count = int(baseline_first[0].sum())
    by_order = np.argsort(~baseline_first, axis=1, kind="stable")
    values = np.take_along_axis(values, by_order, axis=1)
    parts = [part for part in (values[:, :count], values[:, count:]) if part.shape[1]]
    places = [trimmed_mean(part, _TRIM) for part in parts]
    spreads = [_trimmed_variance(part) for part in parts]
    location = np.mean(places, axis=0)
    order = places[0] - places[1] if 0 < count < pairs else np.zeros(rows)
    return location, order, np.sum(spreads, axis=0) / len(parts) ** 2


def trimmed_mean(values: NDArray[np.float64], share: float) -> NDArray[np.float64]:
    """Means along the last axis without that share of the values at each end.

    As ``scipy.stats.trim_mean``, whose import would take longer than all else before measuring.
    """
    count = values.shape[-1]
    cut = int(share * count)
    kept = np.partition(values, (cut, count - cut - 1), axis=-1)[..., cut : count - cut]
    return np.asarray(kept.mean(axis=-1))


def _trimmed_variance(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Sampling variance of each row's trimmed mean, from its Winsorized sum of squares.

    Source: R. R. Wilcox, "Introduction to Robust Estimation and Hypothesis Testing", 4th ed.,
    2017, section 3.3.2, in K. K. Yuen's form SSD_w / (h (h - 1)) with h values left.
    """
    count = values.shape[1]
    cut = int(_TRIM * count)
    left = count - 2 * cut
    if left < 2:  # noqa: PLR2004 - a variance needs two values
        return np.full(len(values), np.nan)
    ordered = np.sort(values, axis=1)
    held = np.clip(ordered, ordered[:, [cut]], ordered[:, [count - 1 - cut]])
    squares = held.var(axis=1) * count
    return np.asarray(squares / (left * (left - 1)))


def _trend(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Least-squares slope of each row times the distance from its first to its last value."""
    place = np.arange(values.shape[1]) - (values.shape[1] - 1) / 2
    scale = (values.shape[1] - 1) / max(float(place @ place), 1.0)
    return np.asarray(values @ place * scale)
