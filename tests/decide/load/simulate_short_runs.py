"""How often does "none of so many requests took longer" pass a threshold that does not hold?

``python tests/decide/load/simulate_short_runs.py [REPEATS]`` prints the second table of
`perfkit.decide.load.threshold`: runs of one service for ten seconds in which 5 % of all requests
are slow, either each by itself or all of a spell; the limit is their 95th percentile.
"""

from __future__ import annotations

import sys
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
from scipy import signal
from simulate_thresholds import CONFIDENCE, EMPTY, judged

from perfkit.analyse.load.longrun import even_blocks, witnesses
from perfkit.analyse.load.percentiles import percentiles, place
from perfkit.decide.load.result import Holds

if TYPE_CHECKING:
    from collections.abc import Callable

    from perfkit.analyse.load.value import Summary

Rng = np.random.Generator
Run = tuple[np.ndarray, np.ndarray]  # moments and response times
SECONDS = 10.0
SHARE = 0.05
LIMIT, SLOW = 1.0, 10.0


def quick(rng: Rng, due: np.ndarray) -> np.ndarray:
    """About 20 ms; half of the logarithm's variance is shared by neighbours, over a second."""
    steps = 100
    keep = np.exp(-1 / steps)
    noise = rng.normal(size=int(SECONDS * steps) + 1) * np.sqrt(1 - keep**2)
    noise[0] = rng.normal()
    shared = signal.lfilter([1], [1, -keep], noise)[(due * steps).astype(int)]
    return 0.02 * np.exp(0.35 * (shared + rng.normal(size=len(due))))


def moments(rng: Rng, requests: int) -> np.ndarray:
    """Poisson arrivals."""
    return np.sort(rng.random(rng.poisson(requests)) * SECONDS)


def scattered(rng: Rng, requests: int) -> Run:
    """Each request is slow by itself."""
    due = moments(rng, requests)
    return due, np.where(rng.random(len(due)) < SHARE, SLOW, quick(rng, due))


def none_slow(rng: Rng, requests: int) -> Run:
    """A healthy service."""
    due = moments(rng, requests)
    return due, quick(rng, due)


def in_spells(blocks: float) -> Callable[[Rng, int], Run]:
    """All requests of a spell are slow; a spell lasts so many blocks of time."""

    def draw(rng: Rng, requests: int) -> Run:
        due = moments(rng, requests)
        lasting = blocks * SECONDS / len(even_blocks(SECONDS, requests))
        gap = lasting * (1 - SHARE) / SHARE
        # Long before the run, so that it begins at any moment of a spell or a gap.
        begin = -rng.random() * (gap + lasting) - 10 * gap
        slow = np.zeros(len(due), dtype=np.bool_)
        while (begin := begin + rng.exponential(gap)) < SECONDS:
            slow |= (due >= begin) & (due < begin + lasting)
            begin += lasting
        return due, np.where(slow, SLOW, quick(rng, due))

    return draw


CASES: dict[str, Callable[[Rng, int], Run]] = {
    "each by itself": scattered,
    "in spells of half a block": in_spells(0.5),
    "of a block": in_spells(1),
    "of 2 blocks": in_spells(2),
    "of 4 blocks": in_spells(4),
    "of 16 blocks": in_spells(16),
}


def summary_of(due: np.ndarray, times: np.ndarray, quantile: float) -> Summary:
    """What the analysis makes of a run of one stage without failures."""
    blocks = even_blocks(SECONDS, len(due))
    block = np.minimum(due / SECONDS * len(blocks), len(blocks) - 1).astype(np.int32)
    placed = place(times, block, blocks)
    found = percentiles(placed, [quantile], CONFIDENCE)[0]
    return replace(
        EMPTY,
        with_failures=((quantile, found),),
        trials=1,
        by_trial=(),
        slowest=float(times.max()),
        blocks=witnesses(placed.counts(), blocks),
    )


def passes(
    draw: Callable[[Rng, int], Run], requests: int, repeats: int, limit: float = LIMIT
) -> tuple[int, int]:
    """Of so many runs, those that pass; those that pass by the interval alone."""
    rng = np.random.default_rng(5)
    found = np.zeros(2, dtype=int)
    for _ in range(repeats):
        summary = summary_of(*draw(rng, requests), 1 - SHARE)
        alone = replace(summary, blocks=0)
        found += [judged(one, 1 - SHARE, limit) is Holds.PASS for one in (summary, alone)]
    return int(found[0]), int(found[1])


def main(repeats: int) -> None:
    for name, draw in [*CASES.items(), ("none is slow", none_slow)]:
        cells = []
        for requests in (300, 600, 3000):
            both, alone = (100 * one / repeats for one in passes(draw, requests, repeats))
            cells.append(f"{both:.1f} ({alone:.1f})")
        sys.stdout.write(f"| {name} | {' | '.join(cells)} |\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 2000)
