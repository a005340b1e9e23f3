"""One frozen loop count for both sides, and how many turns a block takes."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from perfkit.measure.child import Child
    from perfkit.settings import Method

_MAX_LOOPS = 2**32
_GROWTH = 16
_FEWEST_PAIRS = 4  # two of each order: one disturbed turn does not decide the block


@dataclass(frozen=True, slots=True, kw_only=True)
class Frozen:
    """What stays the same over all the blocks of a series.

    Attributes:
        loops: Loops of a timed turn.
        run_in: Loops of the untimed run-in before it.
        pairs: Pairs of turns in a block.
        spin: Rounds of injected busy loop in the candidate's turns.
    """

    loops: int
    run_in: int
    pairs: int
    spin: int


def seconds_a_loop(child: Child, wanted: float) -> float:
    """Time one loop, with turns that grow until they last about half as long as wanted."""
    loops = 1
    while True:
        wall = child.turn(loops=loops, run_in=0, spin=0).net
        if wall >= wanted / 2 or loops >= _MAX_LOOPS:
            wall = min(wall, child.turn(loops=loops, run_in=0, spin=0).net)
            if wall >= wanted / 2 or loops >= _MAX_LOOPS:  # else the first was slow, being first
                return wall / loops
        loops = min(loops * max(2, math.ceil(min(_GROWTH, wanted / wall))), _MAX_LOOPS)


def freeze(seconds: Sequence[float], method: Method) -> Frozen:
    """Choose loop counts from what one loop takes on each side.

    The geometric mean of the sides decides, so that neither is favoured. A benchmark whose single
    loop exceeds a turn gets one loop, no run-in, and fewer pairs.

    Args:
        seconds: Seconds of one loop on each side.
        method: How turns are to be cut.
    """
    one = math.exp(sum(map(math.log, seconds)) / len(seconds))
    loops = max(1, round(min(method.turn_seconds / one, _MAX_LOOPS)))
    run_in = round(min(method.run_in_seconds / one, _MAX_LOOPS))
    if loops > 1:
        run_in = max(1, run_in)
    turn = (loops + run_in) * one
    wanted = method.pairs * (method.turn_seconds + method.run_in_seconds)
    pairs = min(method.pairs, max(_FEWEST_PAIRS, 2 * round(wanted / turn / 2)))
    return Frozen(loops=loops, run_in=run_in, pairs=pairs, spin=0)


def spin_rounds(child: Child, seconds: float) -> int:
    """Rounds of the busy loop that take so many seconds in this process."""
    rounds = 1000
    while (spun := child.turn(loops=1, run_in=0, spin=rounds).spin) < seconds / 2:
        rounds = math.ceil(rounds * (min(10.0, max(2.0, seconds / spun)) if spun else 10.0))
    return max(1, round(rounds * seconds / spun))
