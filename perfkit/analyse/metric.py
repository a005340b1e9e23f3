"""What of a benchmark is compared: its time, or one of two measures of memory.

Memory is compared as time is: a log ratio a block, both sides under the same hash seed and stack
size, then the robust location with its interval. Peak resident memory (RSS) is of the whole
process: interpreter, imports, the benchmark's data, and what the timed turns needed. The traced
peak is of one call of the benchmark alone, so a change of it is not drowned in the interpreter's
20 MiB; it misses what extensions take from the system themselves.

Below `TRACED_FLOOR` bytes a traced peak is a handful of objects, and a share of it no finding: a
side below counts as that much, and where both are below in every block there is nothing to judge.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from perfkit.analyse.effects import block_effects
from perfkit.analyse.estimate import MemoryComparison
from perfkit.analyse.location import locate
from perfkit.analyse.scale import detectable, from_logs, located, p_value
from perfkit.analyse.stopping import look_confidence
from perfkit.settings import Metric

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from perfkit.block import Block, SideTurns
    from perfkit.settings import Goal

MEMORY = (Metric.PEAK_MEMORY, Metric.TRACED_MEMORY)

TRACED_FLOOR = 4096
"""Bytes that a smaller traced peak counts as: a page, some dozens of small objects."""


def metric_effects(blocks: Sequence[Block], metric: Metric) -> NDArray[np.float64]:
    """Log ratio candidate / baseline of each block in which both sides have the metric.

    Args:
        blocks: Blocks of one benchmark; for time at least one.
        metric: What is compared.

    Returns:
        Shape (n,), in block order; for memory n may be less than the number of blocks, or 0.

    Raises:
        PerfkitError: The metric is time and there are no blocks, or one has no usable times.
    """
    if metric is Metric.TIME:
        return block_effects(blocks)
    baseline, candidate = _log_sizes(blocks, metric)
    return np.asarray(candidate - baseline)


def compare_memory(blocks: Sequence[Block], metric: Metric, goal: Goal) -> MemoryComparison | None:
    """Estimate how the candidate's memory compares with the baseline's.

    Args:
        blocks: One benchmark's blocks of one series.
        metric: Peak or traced memory.
        goal: What was wanted; its looks are corrected for, although none was at memory.

    Returns:
        The comparison over the blocks in which both sides have the metric; None when none has, or
        when no traced peak reaches `TRACED_FLOOR`.
    """
    baseline, candidate = _log_sizes(blocks, metric)
    count = len(baseline)
    if not count or (
        metric is Metric.TRACED_MEMORY
        and max(baseline.max(), candidate.max()) <= np.log(TRACED_FLOOR)
    ):
        return None
    effects = candidate - baseline
    found = locate(effects, look_confidence(goal))
    return MemoryComparison(
        metric=metric,
        ratio=from_logs(found, count, goal),
        baseline=located(baseline, goal),
        candidate=located(candidate, goal),
        detectable=detectable(found, count, goal),
        p_value=p_value(effects, goal),
    )


def _log_sizes(blocks: Sequence[Block], metric: Metric) -> NDArray[np.float64]:
    """Log bytes, shape (2, n), of the blocks in which both sides are known."""
    read = _peak if metric is Metric.PEAK_MEMORY else _traced
    pairs = [(read(block.baseline), read(block.candidate)) for block in blocks]
    known = [pair for pair in pairs if None not in pair]
    return np.log(np.array(known, dtype=np.float64).reshape(-1, 2).T)


def _peak(side: SideTurns) -> int | None:
    return side.peak_rss or None


def _traced(side: SideTurns) -> int | None:
    return None if side.peak_traced is None else max(side.peak_traced, TRACED_FLOOR)
