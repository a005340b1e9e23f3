"""A benchmark's blocks to one comparison."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from perfkit.analyse.diagnostics import diagnose
from perfkit.analyse.effects import summarise_blocks, trimmed_mean
from perfkit.analyse.estimate import Comparison, Estimate
from perfkit.analyse.location import detectable_shift, locate, signed_rank_p, spread
from perfkit.analyse.stopping import look_confidence

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from perfkit.analyse.effects import BlockEffects
    from perfkit.analyse.location import Location
    from perfkit.block import Block
    from perfkit.settings import Goal


def compare_blocks(
    blocks: Sequence[Block], goal: Goal, *, inner_loops: int, stopped: str
) -> Comparison:
    """Estimate how the candidate compares with the baseline.

    Args:
        blocks: One benchmark's blocks of one series, at least one. Below ten the result says how
            many are missing; where even the interval cannot exist it is 0 … inf.
        goal: What was wanted; its looks are corrected for.
        inner_loops: Iterations in one loop of the benchmark.
        stopped: Why measuring ended: ``"precision"``, ``"decided"``, ``"budget"``,
            ``"interrupted"``.

    Returns:
        The comparison with its caveats. The ratio is the robust location of the block effects,
        not the quotient of the two times: drift that both sides share is in the times only.

    Raises:
        PerfkitError: There are no blocks, or a turn's time is not a positive number.
    """
    summary = summarise_blocks(blocks, inner_loops=inner_loops)
    effects = summary.log_ratio
    found = locate(effects, look_confidence(goal))
    memory = _peak_memory(blocks)
    comparison = Comparison(
        benchmark=blocks[0].benchmark,
        series=blocks[0].series,
        ratio=_estimate(found, len(effects), goal),
        baseline=_locate(summary.baseline, goal),
        candidate=_locate(summary.candidate, goal),
        baseline_rss=_locate(memory[0], goal) if memory.size else None,
        candidate_rss=_locate(memory[1], goal) if memory.size else None,
        rss_ratio=_locate(memory[1] - memory[0], goal) if memory.size else None,
        detectable=_detectable(found, len(effects), goal),
        p_value=_p_value(effects, goal),
        effects=tuple(effects.tolist()),
        between_share=_between_share(found, summary, goal),
        stopped=stopped,
        caveats=(),
    )
    return replace(comparison, caveats=diagnose(blocks, summary, comparison, goal))


def _locate(logs: NDArray[np.float64], goal: Goal) -> Estimate:
    return _estimate(locate(logs, look_confidence(goal)), len(logs), goal)


def _estimate(found: Location, count: int, goal: Goal) -> Estimate:
    """From the log scale to the scale itself."""
    return Estimate(
        value=float(np.exp(found.value)),
        low=float(np.exp(found.low)),
        high=float(np.exp(found.high)),
        confidence=goal.confidence,
        n=count,
    )


def _peak_memory(blocks: Sequence[Block]) -> NDArray[np.float64]:
    """Log bytes, shape (2, n), of the blocks in which both sides were recorded; maybe empty."""
    known = [
        (block.baseline.peak_rss, block.candidate.peak_rss)
        for block in blocks
        if block.baseline.peak_rss and block.candidate.peak_rss
    ]
    return np.log(np.array(known, dtype=np.float64).T)


def _p_value(effects: NDArray[np.float64], goal: Goal) -> float:
    """At most 1 - confidence exactly when the ratio's interval excludes 1."""
    looks = (1 - goal.confidence) / (1 - look_confidence(goal))
    return min(1.0, signed_rank_p(effects) * looks)


def _detectable(found: Location, count: int, goal: Goal) -> float:
    """As a relative change."""
    return float(np.expm1(detectable_shift(found, count, look_confidence(goal))))


def _between_share(found: Location, summary: BlockEffects, goal: Goal) -> float | None:
    """Share of the block effects' variance that their turns do not explain.

    One-way random effects (Kalibera & Jones, "Rigorous benchmarking in reasonable time", 2013),
    with the robust variance of the effects and the turns' own sampling variance.
    """
    total = float(spread(found, len(summary.log_ratio), look_confidence(goal))) ** 2
    within = float(trimmed_mean(summary.within_variance, 0.1))
    if not (np.isfinite(total) and np.isfinite(within) and total > 0):
        return None
    return min(1.0, max(0.0, 1 - within / total))
