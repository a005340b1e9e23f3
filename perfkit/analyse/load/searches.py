"""Several searches for a breaking point, side by side: a pair of searches is a trial.

One search gives an interval, but not how far another one of the same service would have come, so
that no verdict can rest on a pair of them. Of several pairs, each gives one effect, the logarithm
of candidate / baseline between the geometric middles of what they found, and those effects are
compared as those of any load (`perfkit.analyse.load.trials`).

**Where a search begins is drawn**, for each side and search on its own: uniformly on the scale of
logarithms over one doubling. All levels that a search tries are its first times a power of two
(by eighths, at a resolution of 10 %), so that without it every search would cut the scale at the
same places, and a difference of less than a cell would be 0 or a whole cell in every one of them.
With it the error of a middle is uniform over a cell, hence symmetric, and independent from search
to search (dither: L. Schuchman, "Dither signals and their effect on quantization noise", IEEE
Transactions on Communication Technology 12, 1964). Nothing in it tells the sides apart, so that
under "no difference" an effect is as likely as its negative, whatever a search does: that is what
the signed-rank interval needs for its level to hold.

**Whole users** cannot be cut finer, whatever is drawn: the interval is widened by one user.
"""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import dataclass, replace
from random import Random
from statistics import median, median_high, median_low
from typing import TYPE_CHECKING

from perfkit.analyse.load.trials import TrialSide, compare_trials
from perfkit.analyse.load.value import Breakpoint, LoadMetric
from perfkit.variant import Side

if TYPE_CHECKING:
    from collections.abc import Sequence

    from perfkit.analyse.load.search import Search
    from perfkit.analyse.load.value import LoadComparison, ProbeResult


@dataclass(frozen=True, slots=True, kw_only=True)
class Searched:
    """One search of every side.

    Attributes:
        points: What each side's probes say, baseline first; sides without a probe are left out.
        finished: None of them has a level left to probe.
    """

    points: tuple[Breakpoint, ...]
    finished: bool

    @property
    def told(self) -> bool:
        """Whether every side's breaking point was found: neither out of reach nor invalid."""
        return all(one.valid and one.low > 0 and one.high < math.inf for one in self.points)


def nth_search(
    first: Search, number: int, side: Side, earlier: Sequence[Searched], *, trials: int, seed: int
) -> Search:
    """How one of several searches begins.

    The first begins where it was told to; later ones near what the first has found, by a rule that
    does not tell the sides apart. A single one begins at its level exactly.

    Args:
        first: The search that was asked for.
        number: Number of this one, from 0.
        side: Whose it is.
        earlier: The searches before it.
        trials: Searches of each side in all.
        seed: Of the run.
    """
    if trials == 1:
        return first
    about = first.start
    if number > 0:
        found = [math.log(one) for one in map(middle, earlier[0].points) if math.isfinite(one)]
        about = math.exp(sum(found) / len(found)) if found else about
    share = Random(f"{seed} search {number} {side}").random()  # noqa: S311 - no secret
    return replace(first, start=max(about * 2 ** (share - 1), first.lowest))


def all_searches(
    first: Search, probes: Sequence[ProbeResult], sides: Sequence[Side], *, trials: int, seed: int
) -> tuple[Searched, ...]:
    """What the probes of a run say, search by search.

    Args:
        first: The search that was asked for.
        probes: All of them, in the order run.
        sides: Whose breaking points are searched for.
        trials: Searches of each side that were asked for.
        seed: Of the run.
    """
    found: list[Searched] = []
    for number in sorted({one.search for one in probes}):
        mine = [one for one in probes if one.search == number]
        rules = {
            side: nth_search(first, number, side, found, trials=trials, seed=seed) for side in sides
        }
        of = {side: [one for one in mine if one.side is side] for side in sides}
        found.append(
            Searched(
                points=tuple(
                    rules[side].breakpoint_of(side, of[side]) for side in sides if of[side]
                ),
                finished=all(rules[side].next_level(of[side]) is None for side in sides),
            )
        )
    return tuple(found)


def typical(points: Sequence[Breakpoint]) -> Breakpoint:
    """Several searches of one side in one: medians of their ends, and all their probes.

    Invalid ones count only while there is no other; that there was one is said all the same.
    """
    counting = [one for one in points if one.valid] or list(points)
    most = [one.max_throughput for one in counting if one.max_throughput is not None]
    reasons = Counter(one.reason for one in counting if one.reason)
    return replace(
        points[0],
        low=median_low(one.low for one in counting),
        high=median_high(one.high for one in counting),
        reason=reasons.most_common(1)[0][0] if reasons else "",
        max_throughput=median(most) if most else None,
        valid=all(one.valid for one in points),
        searches=len(points),
        probes=tuple(probe for one in points for probe in one.probes),
    )


def compare_searches(
    searches: Sequence[Searched], *, confidence: float, margin: float, users: bool
) -> tuple[LoadComparison, ...]:
    """Compare the breaking points and the highest throughputs of two sides.

    Args:
        searches: Those of both sides that are finished.
        confidence: Coverage of the intervals; infinite with fewer than six searches at 95 %.
        margin: For which ``trials_needed`` is said.
        users: Levels are whole numbers of users.
    """
    sides = [[_figures(number, one, side) for number, one in enumerate(searches)] for side in Side]
    found = compare_trials(*sides, confidence=confidence, margin=margin)
    if not users:
        return found
    lowest = min((point.low for one in searches for point in one.points if point.low), default=1.0)
    return tuple(
        _widened(one, 1 + 1 / lowest) if one.metric is LoadMetric.BREAKPOINT else one
        for one in found
    )


def middle(found: Breakpoint) -> float:
    """The geometric middle of what a search found; nan where an end is open, or it is invalid."""
    told = found.valid and found.low > 0 and found.high < math.inf
    return math.sqrt(found.low * found.high) if told else math.nan


def _figures(number: int, searched: Searched, side: Side) -> TrialSide:
    point = next((one for one in searched.points if one.side is side), None)
    most = None if point is None or not point.valid else point.max_throughput
    figures = {
        LoadMetric.BREAKPOINT: math.nan if point is None else middle(point),
        LoadMetric.MAX_THROUGHPUT: math.nan if most is None else most,
    }
    return TrialSide(number, side, figures)


def _widened(one: LoadComparison, factor: float) -> LoadComparison:
    """By half a user of each side."""
    ratio = replace(one.ratio, low=one.ratio.low / factor, high=one.ratio.high * factor)
    return replace(one, ratio=ratio)
