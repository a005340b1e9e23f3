"""Comparisons of breaking points of simulated services, of which the truth is known.

``python tests/analyse/load/simulate_searches.py`` prints, for both models and several ratios, how
often the interval holds the true ratio and how often a difference is told.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from perfkit.analyse.load.search import Search
from perfkit.analyse.load.searches import all_searches, compare_searches, nth_search
from perfkit.analyse.load.value import LoadComparison, LoadMetric, ProbeResult
from perfkit.variant import Side

if TYPE_CHECKING:
    from collections.abc import Callable

SIDES = tuple(Side)


@dataclass(frozen=True, slots=True, kw_only=True)
class Truth:
    """A pair of services.

    Attributes:
        ratio: Capacity of the candidate / the baseline's.
        users: Closed model: throughput stops to rise; else a limit breaks above the capacity.
        noise: Standard deviation of a probe's (logarithm), from window to window.
        between: Of the capacity's, from search to search.
        trials: Searches of each side.
    """

    ratio: float
    users: bool
    noise: float = 0.02
    between: float = 0.03
    trials: int = 6


def probe_of(
    rng: np.random.Generator, capacity: float, truth: Truth
) -> Callable[[float, Side, int], ProbeResult]:
    """What a service answers at a level."""

    def ask(level: float, side: Side, search: int) -> ProbeResult:
        shaken = math.exp(rng.normal(0, truth.noise))
        good = truth.users or level < capacity * shaken
        return ProbeResult(
            trial=0,
            side=side,
            level=level,
            good=good,
            reason="" if good else "p(95)>=200ms",
            throughput=min(level, capacity) / 0.05 * (shaken if truth.users else 1.0),
            p50=0.01,
            p95=0.02,
            error_rate=0.0,
            valid=True,
            search=search,
        )

    return ask


def compare(truth: Truth, seed: int) -> LoadComparison:
    """Search both services as a session does, and compare what was found."""
    rng = np.random.default_rng(seed)
    capacity = math.exp(rng.uniform(math.log(50), math.log(500)))
    first = Search(start=10.0, limit=1e6, resolution=0.1, users=truth.users)
    probes: list[ProbeResult] = []
    for number in range(truth.trials):
        earlier = all_searches(first, probes, SIDES, trials=truth.trials, seed=seed)
        for side in SIDES:
            ratio = truth.ratio if side is Side.CANDIDATE else 1.0
            ask = probe_of(rng, capacity * ratio * math.exp(rng.normal(0, truth.between)), truth)
            rule = nth_search(first, number, side, earlier, trials=truth.trials, seed=seed)
            mine: list[ProbeResult] = []
            while (level := rule.next_level(mine)) is not None:
                mine.append(ask(level, side, number))
            probes += mine
    searches = all_searches(first, probes, SIDES, trials=truth.trials, seed=seed)
    assert all(one.finished for one in searches)
    rows = compare_searches(searches, confidence=0.95, margin=0.05, users=truth.users)
    return next(row for row in rows if row.metric is LoadMetric.BREAKPOINT)


def main() -> None:
    """Print the table."""
    repeats = 400
    for users in (False, True):
        for trials in (6, 12):
            for ratio in (1.0, 0.95, 0.9, 0.8):
                truth = Truth(ratio=ratio, users=users, trials=trials)
                found = [compare(truth, seed).ratio for seed in range(repeats)]
                held = sum(one.low <= ratio <= one.high for one in found) / repeats
                told = sum(one.low > 1 or one.high < 1 for one in found) / repeats
                print(  # noqa: T201 - a script
                    f"{'users' if users else 'rate '} {trials:2d} trials, ratio {ratio:4.2f}: "
                    f"interval holds it {held:6.1%}, difference told {told:6.1%}"
                )


if __name__ == "__main__":
    main()
