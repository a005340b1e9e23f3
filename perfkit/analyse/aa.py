"""What comparisons with a known truth say of the method itself."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from perfkit.analyse.effects import summarise_blocks
from perfkit.analyse.estimate import Estimate
from perfkit.analyse.location import locate
from perfkit.analyse.proportion import proportion
from perfkit.errors import PerfkitError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from perfkit.analyse.estimate import Comparison
    from perfkit.block import Block
    from perfkit.settings import Goal


@dataclass(frozen=True, slots=True, kw_only=True)
class Accuracy:
    """How good a set of comparisons with a known truth was.

    Attributes:
        comparisons: Their number.
        covered: Share whose interval holds the true ratio.
        different: Share whose interval excludes 1: false alarms when nothing was injected.
        found: Share whose interval lies wholly above 1: what is asked for when something was.
        found_precise: The same among the comparisons that reached the wanted precision.
        precise: Share that reached the wanted precision.
        rms_error: Root mean square of estimated / true ratio - 1.
        half_width: Median half-width of the ratio's interval.
        seconds: Mean seconds a comparison.
        figure_of_merit: ``rms_error`` x sqrt(``seconds``): what longer measuring does not change.
    """

    comparisons: int
    covered: Estimate
    different: Estimate
    found: Estimate
    found_precise: Estimate
    precise: Estimate
    rms_error: float
    half_width: float
    seconds: float
    figure_of_merit: float


def summarise_aa(
    comparisons: Sequence[Comparison],
    seconds: Sequence[float],
    goal: Goal,
    *,
    truths: Sequence[float],
) -> Accuracy:
    """Judge comparisons whose true ratio is known.

    Args:
        comparisons: One or more.
        seconds: Measuring time of each.
        goal: What was wanted of them; its confidence is that of the shares' exact intervals too.
        truths: True ratio of each: 1.0, or what `injected_ratio` says.

    Raises:
        PerfkitError: There are no comparisons, or the lengths differ.
    """
    count = len(comparisons)
    if not count or {count} != {len(seconds), len(truths)}:
        raise PerfkitError(
            "an A/A summary needs comparisons, each with its seconds and its true ratio",
            got=(count, len(seconds), len(truths)),
            allowed="three equal numbers above 0",
            remedy="Pass one figure a comparison.",
        )
    ratios = [comparison.ratio for comparison in comparisons]
    found = np.array([ratio.low > 1 for ratio in ratios])
    lower = np.array([ratio.high < 1 for ratio in ratios])
    holds = [r.low <= truth <= r.high for r, truth in zip(ratios, truths, strict=True)]
    precise = np.array([comparison.stopped == "precision" for comparison in comparisons])
    errors = np.array([ratio.value for ratio in ratios]) / np.asarray(truths) - 1
    rms_error = float(np.sqrt(np.mean(errors**2)))
    each = float(np.mean(seconds))
    return Accuracy(
        comparisons=count,
        covered=proportion(sum(holds), count, goal.confidence),
        different=proportion(int((found | lower).sum()), count, goal.confidence),
        found=proportion(int(found.sum()), count, goal.confidence),
        found_precise=proportion(int(found[precise].sum()), int(precise.sum()), goal.confidence),
        precise=proportion(int(precise.sum()), count, goal.confidence),
        rms_error=rms_error,
        half_width=float(np.median([ratio.half_width for ratio in ratios])),
        seconds=each,
        figure_of_merit=rms_error * math.sqrt(each),
    )


def injected_ratio(blocks: Sequence[Block]) -> float:
    """The true ratio of an A/A series with a busy loop injected into the candidate's turns.

    Args:
        blocks: One benchmark's blocks, at least one.

    Returns:
        1 + injected seconds / the baseline's turn, by the robust location of its logarithm; 1.0
        where nothing was injected.
    """
    turns = np.exp(summarise_blocks(blocks, inner_loops=1).baseline)
    turns *= np.array([block.loops for block in blocks])
    added = np.array([block.injected for block in blocks])
    return float(np.exp(locate(np.log1p(added / turns), 0.5).value))
