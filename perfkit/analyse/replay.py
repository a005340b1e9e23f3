"""The stopping rule as a whole, applied to many series of block effects at once.

Sixty real A/A comparisons miss a true false-alarm rate of 10 % more often than not. Replaying what
they recorded gives a tight figure: block effects drawn with replacement from a recorded series,
each with a random sign, are A/A data with this machine's spread and tails and with a true change
of exactly zero. They are not centred first: without a difference their location is zero, and
taking out an estimate of it would make them look quieter than they were. What signs cannot show
is a bias that all blocks share; the count over real comparisons is there for that.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from perfkit.analyse.estimate import Estimate
from perfkit.analyse.location import locate
from perfkit.analyse.proportion import proportion
from perfkit.analyse.stopping import (
    is_decided,
    is_precise,
    look_confidence,
    minimum_blocks,
    next_look,
)
from perfkit.errors import PerfkitError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import ArrayLike, NDArray

    from perfkit.settings import Goal

_MOST_BLOCKS = 100  # a longer series would take minutes to replay and hardly change the rate
_ROWS_AT_ONCE = 1000  # keeps the Walsh averages in the processor's cache


class Ends(NamedTuple):
    """Where the rule ended for each series, each of shape (rows,).

    Attributes:
        blocks: Number of blocks used.
        value: Log ratio.
        low: Lower end of its interval.
        high: Upper end.
        precise: Whether the wanted precision was reached.
    """

    blocks: NDArray[np.int64]
    value: NDArray[np.float64]
    low: NDArray[np.float64]
    high: NDArray[np.float64]
    precise: NDArray[np.bool_]


@dataclass(frozen=True, slots=True, kw_only=True)
class Replay:
    """What the whole rule does with recorded A/A block effects.

    Attributes:
        false_alarms: Share of replays that call a difference, with an exact interval; its ``n``
            is the number of replays.
        blocks: Mean number of blocks at which the rule ended.
        half_width: Median half-width of the ratio's interval.
        precise: Share of replays that reached the wanted precision.
    """

    false_alarms: Estimate
    blocks: float
    half_width: float
    precise: float


def replay(
    series: Sequence[ArrayLike],
    goal: Goal,
    *,
    repeats: int,
    rng: np.random.Generator,
    seconds_a_block: float,
) -> Replay:
    """Put recorded A/A block effects with random signs through the whole stopping rule.

    Args:
        series: Block effects (log ratios) of each recorded comparison, shape (n,) each; every
            replay draws from one of them, so that quiet and noisy benchmarks stay apart.
        goal: What was wanted.
        repeats: Number of replays.
        rng: Source of randomness.
        seconds_a_block: Measuring time of a block; with the goal's budget it gives the longest
            series (at most 100 blocks).

    Raises:
        PerfkitError: There is nothing to replay.
    """
    pools = [np.asarray(effects, dtype=np.float64) for effects in series]
    if not pools or min(len(pool) for pool in pools) == 0:
        raise PerfkitError(
            "no block effects to replay",
            got=[len(pool) for pool in pools],
            allowed="one effect or more in each series",
            remedy="Measure first: perfkit aa.",
        )
    affordable = min(_MOST_BLOCKS, math.ceil(goal.budget / seconds_a_block))
    most = max(minimum_blocks(goal), affordable)
    share = np.bincount(rng.integers(len(pools), size=repeats), minlength=len(pools))
    drawn = [rng.choice(pool, size=(times, most)) for pool, times in zip(pools, share, strict=True)]
    signs = rng.choice(np.array([-1.0, 1.0]), size=(repeats, most))
    ends = apply_rule(np.concatenate(drawn) * signs, goal)
    alarms = int(((ends.low > 0) | (ends.high < 0)).sum())
    return Replay(
        false_alarms=proportion(alarms, repeats, goal.confidence),
        blocks=float(ends.blocks.mean()),
        half_width=float(np.median((np.exp(ends.high) - np.exp(ends.low)) / 2)),
        precise=float(ends.precise.mean()),
    )


def apply_rule(effects: NDArray[np.float64], goal: Goal) -> Ends:
    """`stopping.should_stop` for many series at once, the budget ending with the last column.

    Args:
        effects: Log ratios, shape (rows, blocks); ``blocks`` is at least `minimum_blocks`.
        goal: What is wanted.
    """
    rows = len(effects)
    ends = Ends(
        blocks=np.zeros(rows, dtype=np.int64),
        value=np.empty(rows),
        low=np.empty(rows),
        high=np.empty(rows),
        precise=np.zeros(rows, dtype=np.bool_),
    )
    for start in range(0, rows, _ROWS_AT_ONCE):
        part = slice(start, start + _ROWS_AT_ONCE)
        _apply_rule(effects[part], goal, Ends._make(column[part] for column in ends))
    return ends


def _apply_rule(effects: NDArray[np.float64], goal: Goal, ends: Ends) -> None:
    """The same for as many rows as memory likes, written into ``ends``."""
    rows, most = effects.shape
    level = look_confidence(goal)
    going = np.arange(rows)
    count = 0
    while len(going):
        count = min(next_look(count, goal), most)
        found = locate(effects[going, :count], level)
        # The budget may end between looks, where the width is not looked at.
        look = next_look(count - 1, goal) == count
        precise = is_precise(found, goal) & look
        stop = precise | (is_decided(found, goal) & look & goal.decided) | (count == most)
        ended = going[stop]
        ends.blocks[ended] = count
        for column, values in zip(ends[1:], (*found, precise), strict=True):
            column[ended] = values[stop]
        going = going[~stop]
