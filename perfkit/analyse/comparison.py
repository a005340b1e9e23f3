"""A benchmark's blocks to one comparison."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from perfkit.analyse.diagnostics import TIME, diagnose
from perfkit.analyse.effects import summarise_blocks, trimmed_mean
from perfkit.analyse.estimate import Comparison
from perfkit.analyse.location import locate, spread
from perfkit.analyse.metric import MEMORY, compare_memory
from perfkit.analyse.scale import detectable, from_logs, located, p_value
from perfkit.analyse.stopping import look_confidence

if TYPE_CHECKING:
    from collections.abc import Sequence

    from perfkit.analyse.effects import BlockEffects
    from perfkit.analyse.location import Location
    from perfkit.block import Block
    from perfkit.settings import Goal


def compare_blocks(
    blocks: Sequence[Block], goal: Goal, *, inner_loops: int, stopped: str, limit: str = TIME
) -> Comparison:
    """Estimate how the candidate compares with the baseline.

    Args:
        blocks: One benchmark's blocks of one series, at least one. Below ten the result says how
            many are missing; where even the interval cannot exist it is 0 … inf.
        goal: What was wanted; its looks are corrected for.
        inner_loops: Iterations in one loop of the benchmark.
        stopped: Why measuring ended: ``"precision"``, ``"decided"``, ``"budget"``,
            ``"interrupted"``.
        limit: The option that limits its time, for what is advised.

    Returns:
        The comparison with its caveats. The ratio is the robust location of the block effects,
        not the quotient of the two times: drift that both sides share is in the times only.

    Raises:
        PerfkitError: There are no blocks, or a turn's time is not a positive number.
    """
    summary = summarise_blocks(blocks, inner_loops=inner_loops)
    effects = summary.log_ratio
    found = locate(effects, look_confidence(goal))
    memory = [compare_memory(blocks, metric, goal) for metric in MEMORY]
    comparison = Comparison(
        benchmark=blocks[0].benchmark,
        series=blocks[0].series,
        ratio=from_logs(found, len(effects), goal),
        baseline=located(summary.baseline, goal),
        candidate=located(summary.candidate, goal),
        memory=tuple(one for one in memory if one is not None),
        detectable=detectable(found, len(effects), goal),
        p_value=p_value(effects, goal),
        effects=tuple(effects.tolist()),
        between_share=_between_share(found, summary, goal),
        stopped=stopped,
        caveats=(),
    )
    return replace(comparison, caveats=diagnose(blocks, summary, comparison, goal, limit))


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
