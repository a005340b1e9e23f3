"""When to stop measuring: looks at the block effects that are corrected for.

Whoever looks more often has more chances to be wrong, so each look uses a higher confidence than
the one that is promised for the whole rule. How much higher was calibrated by simulation over
true changes of 0 … 20 %, 10 … 160 blocks and many shapes of noise; what must hold is kept in
``tests/analyse/test_coverage.py``, which prints the figures when it is run as a script.

* Looking at the *width* alone costs little, and looking after every block costs no more than
  looking rarely (94.5 % either way at a level of 0.96) but saves a tenth of the blocks. So there
  every look has two thirds of alpha, and looks are one block apart (5 % from 40 blocks on).
* Looking at the *verdict* costs much (28 % false alarms when it is done naively after every
  block). So there looks are spaced by the square root of two, and each has a sixth of alpha.

Found at 95 % with up to 40 blocks, over all shapes, 4000 series each: with the width 95.3 – 97.7 %
are covered (normal, SD 2 %: 95.3 %, 22 blocks; SD 1.5 %: 95.6 %, 15 blocks), with the verdict
96.8 – 99.6 %. The verdict's excess is the price of staying honest on noisy machines: with an SD of
6 % and up to 160 blocks 95.3 % are left.

Tried and rejected for the width: 10, 12, 14, 17, 20, … (factor 1.2: 21.4 blocks where every block
takes 19.7) and factor 1.41 (23.7). For the verdict: factor 1.2 (needs less alpha, ends no sooner),
factor 2 (ends later), and three tenths of alpha (5 % fewer blocks, but 92 % covered at an SD of 5 %
and 160 blocks). A budget does not look at the data, so it may end the rule anywhere at no cost.

Limit: exponential block effects with an SD of 3 %, where a narrow interval is a biased one, are
covered in 94 %. Block effects of unlike lognormal sides (skewness 2 or so) are covered in 95 %.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from perfkit.analyse.location import Location, fewest_values, locate

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from perfkit.settings import Goal

MINIMUM_BLOCKS = 10
"""Blocks measured in any case: below, widths are too uncertain to stop on."""

RELATIVE_PRECISION = 0.1
"""A change is known well enough when its half-width is a tenth of it: +20 % needs no ±1 %."""

_WIDTH_SHARE = 2 / 3
_VERDICT_SHARE = 1 / 6
_VERDICT_SPACING = math.sqrt(2)
_WIDTH_SPACING = 20  # one block more for every so many


def look_confidence(goal: Goal) -> float:
    """The confidence of the interval at each look, so that the whole rule keeps the goal's.

    >>> from perfkit.settings import Goal
    >>> goal = Goal(confidence=0.95, precision=0.01, margin=0.02, budget=12.0, decided=False)
    >>> round(look_confidence(goal), 4)
    0.9667
    """
    share = _VERDICT_SHARE if goal.decided else _WIDTH_SHARE
    return 1 - share * (1 - goal.confidence)


def minimum_blocks(goal: Goal) -> int:
    """Blocks needed before anything can be said: ten, and enough for the confidence to exist."""
    return max(MINIMUM_BLOCKS, fewest_values(1 - look_confidence(goal)))


def next_look(count: int, goal: Goal) -> int:
    """Number of blocks at the next look.

    Args:
        count: Blocks measured so far, 0 or more.
        goal: What is wanted.

    Returns:
        The smallest scheduled number of blocks above ``count``.
    """
    look = minimum_blocks(goal)
    while look <= count:
        look = (
            round(look * _VERDICT_SPACING)
            if goal.decided
            else look + max(1, look // _WIDTH_SPACING)
        )
    return look


def should_stop(
    effects: Sequence[float] | NDArray[np.float64], elapsed_seconds: float, goal: Goal
) -> str | None:
    """Why measuring may end now, if it may.

    Args:
        effects: Log ratios of the blocks so far, shape (n,).
        elapsed_seconds: Measuring time spent on this benchmark.
        goal: What is wanted.

    Returns:
        ``"precision"``, ``"decided"`` (only when the goal asks for it), ``"budget"``, or None to
        go on. Between looks only the budget is tested; below `minimum_blocks` not even that.
    """
    count = len(effects)
    if count < minimum_blocks(goal):
        return None
    if next_look(count - 1, goal) == count:
        found = locate(effects, look_confidence(goal))
        if is_precise(found, goal):
            return "precision"
        if goal.decided and is_decided(found, goal):
            return "decided"
    return "budget" if elapsed_seconds >= goal.budget else None


def is_precise(found: Location, goal: Goal) -> NDArray[np.bool_]:
    """Whether the half-width is at most the goal's precision, or a tenth of the change.

    On the log scale, so relative to the ratio, and the same whichever side is the baseline.
    """
    wanted = np.maximum(math.log1p(goal.precision), RELATIVE_PRECISION * np.abs(found.value))
    return (found.high - found.low) / 2 <= wanted


def is_decided(found: Location, goal: Goal) -> NDArray[np.bool_]:
    """Whether the interval excludes "no difference" or lies inside the margin's band."""
    edge = math.log1p(goal.margin)
    return (found.low > 0) | (found.high < 0) | ((found.low >= -edge) & (found.high <= edge))
