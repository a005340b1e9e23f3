"""What to know before trusting a comparison, and what to do about it.

A check speaks only when the matter is both significant (at 1 % over blocks, so clean data keep it
silent) and large enough to count against the wanted precision.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from perfkit.analyse.location import locate, signed_rank_p, spread
from perfkit.analyse.modes import two_modes
from perfkit.analyse.stopping import RELATIVE_PRECISION, look_confidence, minimum_blocks
from perfkit.caveat import Caveat
from perfkit.units import format_seconds, format_share

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

    from perfkit.analyse.effects import BlockEffects
    from perfkit.analyse.estimate import Comparison
    from perfkit.block import Block
    from perfkit.settings import Goal

_SIGNIFICANCE = 0.01
_STEAL = 0.01  # share of CPU time from which the hypervisor's part is worth a word
_OUTLYING = 6.0  # robust standard deviations: one clean run in a thousand has such a block
_HALF = 0.5


PRECISION = "precision-not-reached"
"""Code of the caveat that an interval is wider than was wanted."""

TIME = "--time"
"""The option that limits the time of each benchmark."""

TIME_TOTAL = "--time-total"
"""The option that limits the time of all of them together."""


class _Case(NamedTuple):
    blocks: Sequence[Block]
    summary: BlockEffects
    comparison: Comparison
    goal: Goal
    limit: str

    def caveat(self, code: str, text: str, remedy: str) -> Caveat:
        return Caveat(code=code, text=text, remedy=remedy, benchmark=self.comparison.benchmark)


def diagnose(
    blocks: Sequence[Block],
    summary: BlockEffects,
    comparison: Comparison,
    goal: Goal,
    limit: str = TIME,
) -> tuple[Caveat, ...]:
    """Everything a reader of one comparison should know.

    Args:
        blocks: The blocks it was computed from.
        summary: Their effects.
        comparison: The comparison; its own caveats are not looked at.
        goal: What was wanted.
        limit: The option that limits its time, `TIME` or `TIME_TOTAL`.
    """
    case = _Case(blocks, summary, comparison, goal, limit)
    return tuple(caveat for check in _CHECKS if (caveat := check(case)) is not None)


def diagnose_goal(goal: Goal) -> tuple[Caveat, ...]:
    """What is doubtful in a goal before anything is measured; concerns the whole run."""
    if goal.margin >= 2 * goal.precision:
        return ()
    return (
        Caveat(
            code="margin-below-precision",
            text=f"the margin of {format_share(goal.margin)} is less than twice the precision of "
            f"±{format_share(goal.precision)}, so equal speed can hardly be shown",
            remedy=f"Set --margin to {format_share(2 * goal.precision)} or more, or --precision "
            f"to {format_share(goal.margin / 2, digits=2)} or less.",
            benchmark=None,
        ),
    )


def _too_few_blocks(case: _Case) -> Caveat | None:
    have, need = case.comparison.ratio.n, minimum_blocks(case.goal)
    if have >= need:
        return None
    return case.caveat(
        "too-few-blocks",
        f"needs {need} blocks or more for a {case.goal.confidence * 100:.4g} % interval that "
        f"holds, has {have}",
        "Resume the run with --resume, or measure again.",
    )


def _budget_stretched(case: _Case) -> Caveat | None:
    need = minimum_blocks(case.goal)
    spent = [block.seconds for block in case.blocks[:need]]
    longest = max(spent, default=0.0)
    alone = longest > case.goal.budget
    if not alone and (len(spent) < need or sum(spent[:-1]) <= case.goal.budget):
        return None
    taken = f"{len(spent)} blocks took" if len(spent) > 1 else "a block took"
    one = f"; one alone took {format_seconds(longest)}" if alone and len(spent) > 1 else ""
    return case.caveat(
        "budget-stretched",
        f"{taken} {format_seconds(sum(spent))}, more than the budget of "
        f"{format_seconds(case.goal.budget)}{one}",
        f"Raise {case.limit}, or let one loop of the benchmark do less.",
    )


def _precision_not_reached(case: _Case) -> Caveat | None:
    ratio, goal = case.comparison.ratio, case.goal
    if case.comparison.stopped == "decided" or not 0 < ratio.low < ratio.high < math.inf:
        return None
    half_width = math.log(ratio.high / ratio.low) / 2
    wanted = max(math.log1p(goal.precision), RELATIVE_PRECISION * abs(math.log(ratio.value)))
    if half_width <= wanted:
        return None
    blocks = math.ceil(ratio.n * (half_width / wanted) ** 2)
    each = sum(block.seconds for block in case.blocks) / len(case.blocks)
    remedy = f"Raise {TIME} to about {math.ceil(blocks * each)} ({blocks} blocks)."
    if case.limit == TIME_TOTAL:
        more = math.ceil((blocks - len(case.blocks)) * each)
        remedy = f"Raise {TIME_TOTAL} by about {more} s ({blocks} blocks of this benchmark)."
    text = (
        f"the interval's half-width is {format_share(half_width, digits=2)}, wanted was "
        f"{format_share(wanted, digits=2)}"
    )
    if goal.decided and goal.precision == goal.margin / 2:
        text += ", half the margin"
    share = case.comparison.between_share
    if share is not None and share >= _HALF:
        text += f"; {format_share(share, digits=0)} of the variance lies between blocks"
        remedy += " More blocks help; longer turns would not."
    elif share is not None:
        text += f"; {format_share(1 - share, digits=0)} of the variance lies within blocks"
        remedy += " Longer or more turns in a block help as well."
    return case.caveat(PRECISION, text, remedy)


def _warm_up_visible(case: _Case) -> Caveat | None:
    trends = {
        "baseline": _shift(case.summary.baseline_trend, case.goal.precision),
        "candidate": _shift(case.summary.candidate_trend, case.goal.precision),
    }
    faster = [f"the {side}'s by {format_share(-t)}" for side, t in trends.items() if t < 0]
    if not faster:
        return None
    return case.caveat(
        "warm-up-visible",
        f"turns still get shorter within a block, {' and '.join(faster)}",
        "Do one-time work before the timed function, or measure longer blocks.",
    )


def _order_effect(case: _Case) -> Caveat | None:
    # The side that runs second loses in one order and wins in the other: twice the effect.
    second = _shift(case.summary.order / 2, case.goal.precision)
    if not second:
        return None
    return case.caveat(
        "order-effect",
        f"a turn that runs second takes {format_share(abs(second))} "
        f"{'longer' if second > 0 else 'less'} than one that runs first",
        "The ratio is balanced against it; read the times of each side with care.",
    )


def _several_modes(case: _Case) -> Caveat | None:
    summary, least = case.summary, 2 * case.goal.precision
    named = {
        "block effects": summary.log_ratio,
        "baseline's times": summary.baseline,
        "candidate's times": summary.candidate,
    }
    for name, values in named.items():
        modes = two_modes(values)
        if modes is None or modes.upper - modes.lower < least:
            continue
        return case.caveat(
            "several-modes",
            f"the {name} fall into two groups {format_share(math.expm1(modes.upper - modes.lower))}"
            f" apart ({modes.lower_count} and {modes.upper_count} blocks)",
            "Look for what differs from process to process: memory layout, hash seed, CPU, cache.",
        )
    return None


def _steal_seen(case: _Case) -> Caveat | None:
    known = [block.steal for block in case.blocks if block.steal is not None]
    if not known or np.mean(known) < _STEAL:
        return None
    return case.caveat(
        "steal-seen",
        f"the hypervisor took {format_share(float(np.mean(known)))} of the CPU time, up to "
        f"{format_share(max(known))} during a block",
        "Measure on a machine of your own, or at a quieter hour.",
    )


def _outlying_blocks(case: _Case) -> Caveat | None:
    effects, level = case.summary.log_ratio, look_confidence(case.goal)
    found = locate(effects, level)
    usual = float(spread(found, len(effects), level))
    away = np.abs(effects - found.value)
    limit = max(_OUTLYING * usual, 2 * case.goal.precision)
    count = int((away > limit).sum())
    if not count:
        return None
    return case.caveat(
        "outlying-blocks",
        f"{count} of {len(effects)} blocks {'lies' if count == 1 else 'lie'} far from the others, "
        "up to "
        f"{format_share(float(np.expm1(away.max())))} off",
        "The estimate hardly feels them; if they recur, close what else runs on the machine.",
    )


def _memory_not_traced(case: _Case) -> Caveat | None:
    reasons = {
        side: next((turns.untraced for turns in sides if turns.untraced), "")
        for side, sides in {
            "baseline": [block.baseline for block in case.blocks],
            "candidate": [block.candidate for block in case.blocks],
        }.items()
    }
    failed = [f"on the {side} ({reason})" for side, reason in reasons.items() if reason]
    if not failed:
        return None
    return case.caveat(
        "memory-not-traced",
        f"a call could not be traced by tracemalloc {' and '.join(failed)}; its times are unharmed",
        "Take the peak memory of the processes instead.",
    )


def _no_variation(case: _Case) -> Caveat | None:
    effects = case.comparison.effects
    if len(effects) == 1 or max(effects) > min(effects):
        return None
    return case.caveat(
        "no-variation",
        f"all {len(effects)} blocks gave exactly the same ratio",
        "Check that the benchmark reports times it measured.",
    )


_CHECKS: tuple[Callable[[_Case], Caveat | None], ...] = (
    _too_few_blocks,
    _budget_stretched,
    _precision_not_reached,
    _outlying_blocks,
    _several_modes,
    _warm_up_visible,
    _order_effect,
    _steal_seen,
    _no_variation,
    _memory_not_traced,
)


def _shift(values: NDArray[np.float64], least: float) -> float:
    """Location of values over blocks if it is significant and at least so large, else 0."""
    if signed_rank_p(values) > _SIGNIFICANCE:
        return 0.0
    value = float(locate(values, _HALF).value)
    return value if abs(value) >= least else 0.0
