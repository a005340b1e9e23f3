"""The statistics of a gate: whom to suspect, how often to look again, and what that shows.

A gate looks twice. The first pass (screening) only has to suspect: it looks at the data as often as
it likes and stops as soon as a slowdown beyond the margin is excluded or likely. Red rests on fresh
blocks alone, whose number is fixed before the first of them, so that no look, no choice of the
worst of many and no lucky start is in their p-value. Each tests "the ratio is at most 1 + margin",
one-sided and exactly (signed ranks), and Holm keeps the chance of any false red among the rows that
were suspected: a row that was not suspected cannot become red, and the fresh blocks know nothing of
the choice, so that the family is the suspected rows only.

What this finds and how often it is wrong is shown by simulation (``tests/analyse/test_gate.py``)
and by replaying recorded blocks through the whole gate (``perfkit.decide.gate.replay``).
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from scipy import special

from perfkit.analyse.family import holm, null_differs
from perfkit.analyse.location import (
    POWER,
    Location,
    locate,
    lower_limit,
    signed_rank_p_above,
    spread,
)
from perfkit.analyse.stopping import look_confidence, minimum_blocks, next_look

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from perfkit.settings import Goal

LEAST_CONFIRMING = 20
"""Fresh blocks of a suspected benchmark at least: enough to be red among fifty suspects."""

MOST_CONFIRMING = 60
"""Fresh blocks at most; beyond, minutes go into changes hardly larger than the margin."""

_CONFIRMING_POWER = 0.9
_ROUNDS = 20  # in which the number of blocks settles
_EXCESS_TRUSTED = 0.5  # of what lies beyond the margin: suspects are those that looked worst
_SPREAD_LEVEL = 0.95  # of the interval whose length tells the spread
_SUSPECTED_FROM = 0.5  # of the margin, on the log scale


class Tested(NamedTuple):
    """What the fresh blocks of one suspected row say.

    Attributes:
        p_value: Of "the ratio is at most 1 + margin", adjusted after Holm.
        bound: One-sided lower limit of the log ratio.
        level: Confidence of the limit, that of the row's step.
        red: The slowdown beyond the margin is confirmed.
    """

    p_value: float
    bound: float
    level: float
    red: bool


def is_excluded(found: Location, margin: float) -> bool:
    """Whether the interval of the log ratio excludes a change beyond the margin."""
    return bool(found.high <= math.log1p(margin))


def is_suspect(found: Location, margin: float) -> bool:
    """Whether a change beyond the margin is possible, and looks likely enough to be looked at."""
    edge = math.log1p(margin)
    return bool(found.high > edge and found.value > _SUSPECTED_FROM * edge)


def screened(effects: NDArray[np.float64], goal: Goal) -> Location:
    """The log ratio after the first pass, corrected for the looks it took.

    Args:
        effects: Log ratios of the blocks, shape (n,).
        goal: What was wanted; ``goal.decided`` is set.
    """
    return locate(effects, look_confidence(goal))


def screening_ends(
    effects: NDArray[np.float64], margin: float, goal: Goal, *, blocks: int
) -> str | None:
    """Why the first pass may end for a row, if it may; only at a look, see `next_look`.

    Args:
        effects: Log ratios so far, shape (n,); of memory, some blocks may have none.
        margin: Change that is allowed, as a fraction.
        goal: What is wanted; ``goal.decided`` is set.
        blocks: Number of blocks so far, which says when to look.

    Returns:
        ``"decided"`` when a change beyond the margin is excluded, or when the row is a suspect and
        its interval excludes 1; ``"precision"`` when the interval is half as wide as the margin;
        else None.
    """
    if len(effects) < minimum_blocks(goal) or next_look(blocks - 1, goal) != blocks:
        return None
    found = screened(effects, goal)
    if is_excluded(found, margin) or (is_suspect(found, margin) and found.low > 0):
        return "decided"
    half_width = float(found.high - found.low) / 2
    return "precision" if half_width <= math.log1p(margin) / 2 else None


def blocks_to_confirm(
    found: Location,
    count: int,
    *,
    goal: Goal,
    margin: float,
    allowed: float,
    most: int = MOST_CONFIRMING,
) -> int:
    """How many fresh blocks a suspected row gets.

    As many as find half of the excess over the margin that the first pass showed with 90 % power;
    half, since a row is suspected for looking bad. From `LEAST_CONFIRMING` to `MOST_CONFIRMING`.

    Args:
        found: What `screened` gave.
        count: Number of blocks it rests on.
        goal: What was wanted of the first pass.
        margin: Change that is allowed, as a fraction.
        allowed: Chance of a false red for this row.
        most: More are not affordable; `LEAST_CONFIRMING` are measured in any case.
    """
    excess = _EXCESS_TRUSTED * (float(found.value) - math.log1p(margin))
    deviation = float(spread(found, count, look_confidence(goal)))
    if deviation == 0:
        return LEAST_CONFIRMING
    if excess <= 0 or not math.isfinite(deviation):
        return max(most, LEAST_CONFIRMING)
    blocks = LEAST_CONFIRMING
    for _ in range(_ROUNDS):  # Student's quantiles know how many there are
        free = blocks - 1
        errors = -special.stdtrit(free, allowed) + special.stdtrit(free, _CONFIRMING_POWER)
        wanted = math.ceil(math.pi / 3 * (float(errors) * deviation / excess) ** 2)
        before, blocks = blocks, max(min(wanted, most), LEAST_CONFIRMING)
        if blocks == before:
            break
    return blocks


def confirm(
    effects: Sequence[NDArray[np.float64]], margins: Sequence[float], *, error_rate: float
) -> list[Tested]:
    """Test the fresh blocks of every suspected row.

    Args:
        effects: Log ratios of each row's fresh blocks, shape (n,) each, n ≥ 0.
        margins: Change that is allowed in each row, as a fraction.
        error_rate: Allowed chance of any false red, as a fraction.

    Returns:
        One for each row, in the order given. A row without blocks is not red.
    """
    edges = [math.log1p(margin) for margin in margins]
    p_values = [
        signed_rank_p_above(one, edge) if len(one) else 1.0
        for one, edge in zip(effects, edges, strict=True)
    ]
    adjusted = holm(p_values)
    place = np.empty(len(p_values), dtype=np.intp)
    place[np.argsort(p_values, kind="stable")] = np.arange(len(p_values))
    return [
        Tested(
            p_value=float(adjusted[row]),
            bound=lower_limit(one, level) if len(one) else -math.inf,
            level=level,
            red=bool(adjusted[row] <= error_rate),
        )
        for row, one in enumerate(effects)
        for level in [1 - error_rate / (len(p_values) - int(place[row]))]
    ]


def null_trips(p_values: Sequence[float], benchmarks: Sequence[str], allowed: float) -> list[bool]:
    """Which rows' null controls found a difference, the chance of any false alarm kept.

    Rows of one benchmark rest on the same blocks and are not independent, which the test of their
    number (`family.count_p`) needs: with two rows to each of five benchmarks that say the same it
    would raise five false alarms in a hundred instead of one. So each benchmark has one p-value,
    the smallest of its rows times their number (Bonferroni, whatever they have in common).
    Benchmarks are measured one after the other.

    Args:
        p_values: Two-sided, each in 0 … 1, one a row.
        benchmarks: The benchmark of each row.
        allowed: Chance of a false alarm in the family, such as 0.01.
    """
    of: dict[str, list[float]] = {}
    for name, p_value in zip(benchmarks, p_values, strict=True):
        of.setdefault(name, []).append(p_value)
    together = [min(1.0, len(own) * min(own)) for own in of.values()]
    differs = dict(zip(of, null_differs(together, allowed), strict=True))
    return [
        bool(differs[name]) and len(of[name]) * p_value <= allowed
        for name, p_value in zip(benchmarks, p_values, strict=True)
    ]


def detectable(
    found: Location,
    count: int,
    *,
    goal: Goal,
    margin: float,
    allowed: float,
    most: int = MOST_CONFIRMING,
) -> float:
    """The smallest true change the gate would have found in a row with 80 % power.

    The margin, and beyond it what `blocks_to_confirm` fresh blocks with the first pass's spread
    show at this level. As in `location.detectable_shift`, with the one-sided level.

    Args:
        found: What `screened` gave.
        count: Number of blocks it rests on.
        goal: What was wanted of the first pass.
        margin: Change that is allowed, as a fraction.
        allowed: Chance of a false red for this row.
        most: As for `blocks_to_confirm`.

    Returns:
        A relative change, 0.05 for 5 %; inf where the spread is not known.
    """
    deviation = float(spread(found, count, look_confidence(goal)))
    if not math.isfinite(deviation):
        return math.inf
    edge = math.log1p(margin)
    shift = _shift(deviation, max(most, LEAST_CONFIRMING), allowed)
    for _ in range(10):  # how many blocks it gets depends on how large it is
        place = Location(
            value=np.asarray(edge + shift),
            low=found.low - found.value + edge + shift,
            high=found.high - found.value + edge + shift,
        )
        blocks = blocks_to_confirm(
            place, count, goal=goal, margin=margin, allowed=allowed, most=most
        )
        shift = _shift(deviation, blocks, allowed)
    return math.expm1(edge + shift)


def detectable_with(effects: NDArray[np.float64], *, margin: float, allowed: float) -> float:
    """The same of a row that has its fresh blocks: from their number and their own spread.

    Args:
        effects: Log ratios of the fresh blocks, shape (n,).
        margin: Change that is allowed, as a fraction.
        allowed: Chance of a false red for this row.
    """
    count = len(effects)
    found = locate(effects, _SPREAD_LEVEL) if count else None
    deviation = math.inf if found is None else float(spread(found, count, _SPREAD_LEVEL))
    if not math.isfinite(deviation):
        return math.inf
    return math.expm1(math.log1p(margin) + _shift(deviation, count, allowed))


def _shift(deviation: float, blocks: int, allowed: float) -> float:
    error = deviation * math.sqrt(math.pi / 3 / blocks)
    quantiles = -special.stdtrit(blocks - 1, allowed) + special.stdtrit(blocks - 1, POWER)
    return float(quantiles) * error
