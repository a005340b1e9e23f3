"""One frozen loop count for both sides, and how many turns a block takes."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Sequence

    from perfkit.measure.child import Child
    from perfkit.settings import Method

_MAX_LOOPS = 2**32
_GROWTH = 16
_FEWEST_PAIRS = 4  # two of each order: one disturbed turn does not decide the block
_STRETCH = 4.0  # times its wanted length that a turn may take with what the benchmark does not time
_SLOW = 10  # turns that one loop takes, from which a block is one pair (see `freeze`)


class Pace(NamedTuple):
    """What one loop takes.

    Attributes:
        timed: Seconds that the benchmark reports.
        whole: Seconds with what it does beside (``bench_time_func`` may set something up untimed).
    """

    timed: float
    whole: float


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


def pace(child: Child, wanted: float) -> Pace:
    """Time one loop, with turns that grow until they last about half as long as wanted.

    Or half as long as they may, with what the benchmark does not time.
    """
    longest = _STRETCH * wanted
    loops = 1

    def is_long(turn: Pace) -> bool:
        return turn.timed >= wanted / 2 or turn.whole >= longest / 2 or loops >= _MAX_LOOPS

    while True:
        turn = _turn(child, loops)
        if is_long(turn):
            again = _turn(child, loops)
            turn = Pace(min(turn.timed, again.timed), min(turn.whole, again.whole))
            if is_long(turn):  # else the first was slow, being first
                return Pace(turn.timed / loops, turn.whole / loops)
        growth = min(_GROWTH, wanted / turn.timed, longest / turn.whole)
        loops = min(loops * max(2, math.ceil(growth)), _MAX_LOOPS)


def _turn(child: Child, loops: int) -> Pace:
    turn = child.turn(loops=loops, run_in=0, spin=0)
    return Pace(turn.net, max(turn.net, turn.whole))


def freeze(seconds: Sequence[float], method: Method, *, whole: Sequence[float] = ()) -> Frozen:
    """Choose loop counts from what one loop takes on each side.

    The geometric mean of the sides decides, so that neither is favoured. A benchmark whose single
    loop exceeds a turn gets one loop, no run-in, and fewer pairs; from ten turns
    (50 ms) on one pair only. Nearly all of a block's time goes into turns there, and most of the
    variance lies between processes, so more blocks serve better: the spread that a minute's blocks
    of one, two and four pairs leave is 0.27, 0.25 and 0.26 % (a loop of 190 ms), 0.70, 0.82 and
    0.84 % (130 ms), 0.37, 0.43 and 0.41 % (240 ms; ``tests/measure/slow_pairs.py 25 float richards
    nqueens`` on a busy 2-core machine), while ten blocks take 40 loops instead of 100. Which side
    is first is drawn for each block then; an order effect is small against so long a loop.

    One that spends most of its time on what it does not report gets fewer loops, so that turns last
    at most four times as long as wanted: a block would hardly end otherwise.

    Args:
        seconds: Seconds of one loop on each side.
        method: How turns are to be cut.
        whole: The same with what the benchmark does not time; nothing where that is all it does.
    """
    one = math.exp(sum(map(math.log, seconds)) / len(seconds))
    cost = max([one, *(each / _STRETCH for each in whole)])
    loops = max(1, round(min(method.turn_seconds / one, _MAX_LOOPS)))
    run_in = round(min(method.run_in_seconds / one, _MAX_LOOPS))
    if loops > 1:
        run_in = max(1, run_in)
    share = (method.turn_seconds + method.run_in_seconds) / ((loops + run_in) * cost)
    if cost > one and share < 1:
        loops, run_in = max(1, int(loops * share)), int(run_in * share)
        run_in = max(1, run_in) if loops > 1 else run_in
    turn = (loops + run_in) * cost
    wanted = method.pairs * (method.turn_seconds + method.run_in_seconds)
    pairs = min(method.pairs, max(_FEWEST_PAIRS, 2 * round(wanted / turn / 2)))
    if one >= _SLOW * method.turn_seconds:
        pairs = 1
    return Frozen(loops=loops, run_in=run_in, pairs=pairs, spin=0)


def spin_rounds(child: Child, seconds: float) -> int:
    """Rounds of the busy loop that take so many seconds in this process."""
    rounds = 1000
    while (spun := child.turn(loops=1, run_in=0, spin=rounds).spin) < seconds / 2:
        rounds = math.ceil(rounds * (min(10.0, max(2.0, seconds / spun)) if spun else 10.0))
    return max(1, round(rounds * seconds / spun))
