"""The whole gate replayed on recorded blocks: how often it is wrong, and what it finds.

Block effects drawn with replacement from what a benchmark recorded when it was measured against
itself, each with a random sign, are blocks of this machine with a true change of exactly zero; a
slowdown is added to one benchmark's. They go through the rules a real check goes through: looks of
the first pass, suspects, number of fresh blocks, Holm, null control. What signs cannot show is a
bias that all blocks share; real checks are there for that. See `perfkit.analyse.replay`.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from perfkit.analyse.gate import (
    blocks_to_confirm,
    confirm,
    is_suspect,
    null_trips,
    screened,
    screening_ends,
)
from perfkit.analyse.location import Location, signed_rank_p
from perfkit.analyse.stopping import minimum_blocks, next_look
from perfkit.decide.gate.rules import NULL_RATE

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from perfkit.settings import Goal


@dataclass(frozen=True, slots=True, kw_only=True)
class Pool:
    """A benchmark's recorded blocks.

    Attributes:
        name: The benchmark.
        effects: Log ratios of its blocks, measured against itself, shape (n,), n > 0.
        seconds: Seconds a block takes.
        margin: Change that is allowed, as a fraction.
    """

    name: str
    effects: NDArray[np.float64]
    seconds: float
    margin: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Build:
    """One replayed check.

    Attributes:
        red: Benchmarks that were red.
        suspected: Benchmarks that were measured again.
        noisy: The null control tripped, so that nothing is red.
        seconds: Measuring time it would have taken.
    """

    red: tuple[str, ...]
    suspected: tuple[str, ...]
    noisy: bool
    seconds: float


def replay_gate(
    pools: Sequence[Pool],
    goal: Goal,
    *,
    error_rate: float,
    slowdown: Mapping[str, float],
    rng: np.random.Generator,
) -> Build:
    """Replay one check.

    Args:
        pools: The suite.
        goal: What is wanted; ``goal.decided`` is set, ``goal.budget`` is each benchmark's.
        error_rate: Allowed chance of any false red, as a fraction.
        slowdown: True slowdown by benchmark, as a fraction; nothing for the others.
        rng: Source of randomness.
    """
    shifts = [math.log1p(slowdown.get(pool.name, 0.0)) for pool in pools]
    passes = [_first_pass(pool, x, goal, rng) for pool, x in zip(pools, shifts, strict=True)]
    again = [
        (pool, shift, found, count)
        for pool, shift, (found, count) in zip(pools, shifts, passes, strict=True)
        if is_suspect(found, pool.margin)
    ]
    planned = [
        blocks_to_confirm(
            found, count, goal=goal, margin=pool.margin, allowed=error_rate / len(again)
        )
        for pool, _, found, count in again
    ]
    fresh = [
        _drawn(one[0], blocks, rng) + one[1] for one, blocks in zip(again, planned, strict=True)
    ]
    nulls = [_drawn(one[0], blocks, rng) for one, blocks in zip(again, planned, strict=True)]
    tested = confirm(fresh, [one[0].margin for one in again], error_rate=error_rate)
    names = [one[0].name for one in again]
    noisy = any(null_trips([signed_rank_p(x) for x in nulls], names, NULL_RATE))
    red = [one[0].name for one, test in zip(again, tested, strict=True) if test.red]
    return Build(
        red=() if noisy else tuple(red),
        suspected=tuple(one[0].name for one in again),
        noisy=noisy,
        seconds=sum(count * pool.seconds for pool, (_, count) in zip(pools, passes, strict=True))
        + sum(2 * n * one[0].seconds for one, n in zip(again, planned, strict=True)),
    )


def _first_pass(
    pool: Pool, shift: float, goal: Goal, rng: np.random.Generator
) -> tuple[Location, int]:
    """Where the first pass of a benchmark ends, and after how many blocks."""
    most = max(minimum_blocks(goal), math.ceil(goal.budget / pool.seconds))
    effects = _drawn(pool, most, rng) + shift
    count = 0
    while (count := next_look(count, goal)) < most:
        if screening_ends(effects[:count], pool.margin, goal, blocks=count):
            break
    count = min(count, most)
    return screened(effects[:count], goal), count


def _drawn(pool: Pool, count: int, rng: np.random.Generator) -> NDArray[np.float64]:
    signs = rng.choice(np.array([-1.0, 1.0]), size=count)
    return np.asarray(rng.choice(pool.effects, size=count) * signs)
