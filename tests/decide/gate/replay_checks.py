"""Replays recorded checks of a variant against itself through the whole gate, and says how it did.

    python tests/decide/gate/replay_checks.py RUN_DIR [RUN_DIR ...]

Issue 4, sections 4.1 and 4.2: no false red among so many builds, and the bound that supports; and
in how many of 1,000 builds a slowdown of 5 % in one benchmark is red, that benchmark and no other.
"""

from __future__ import annotations

import argparse
from collections import defaultdict
from pathlib import Path

import numpy as np

from perfkit.analyse.effects import block_effects
from perfkit.analyse.proportion import proportion
from perfkit.decide.gate.replay import Pool, replay_gate
from perfkit.plan import GATE
from perfkit.recording import read
from perfkit.units import format_share

BUILDS = 1000
SLOWDOWN = 0.05
NOISIEST = 0.025
"""Block SD up to which a slowdown of 5 % must be found."""


def pools_of(folders: list[Path]) -> list[Pool]:
    """Everything the runs recorded of each benchmark, confirmation and null control included."""
    effects, seconds = defaultdict(list), defaultdict(list)
    for folder in folders:
        recording = read(folder)
        for name in recording.measured:
            for block in recording.blocks:
                if block.benchmark == name:
                    effects[name].append(block_effects([block])[0])
                    seconds[name].append(block.seconds)
    return [
        Pool(
            name=name,
            effects=np.array(found),
            seconds=float(np.mean(seconds[name])),
            margin=GATE.margin,
        )
        for name, found in effects.items()
    ]


def deviation(pool: Pool) -> float:
    """Robust SD of a block effect: what the middle two thirds say."""
    low, high = np.quantile(pool.effects, (0.1587, 0.8413))
    return float(high - low) / 2


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folders", nargs="+", type=Path)
    parser.add_argument("--builds", type=int, default=BUILDS)
    arguments = parser.parse_args()
    pools = pools_of(arguments.folders)
    goal = read(arguments.folders[0]).run.goal
    rng = np.random.default_rng(20261124)
    common = {"error_rate": GATE.error_rate, "rng": rng}

    builds = [replay_gate(pools, goal, slowdown={}, **common) for _ in range(arguments.builds)]
    red = sum(bool(one.red) for one in builds)
    bound = proportion(red, len(builds), 0.95)
    suspects = sum(len(one.suspected) for one in builds) / len(builds)
    lines = [
        f"{len(pools)} benchmarks, {len(builds)} builds without a change:",
        f"  red {red} (95 % bound {format_share(bound.high, digits=2)})",
        f"  too noisy {sum(one.noisy for one in builds)}, {suspects:.2f} suspects a build",
        f"  {np.mean([one.seconds for one in builds]):.0f} s of measuring in the mean",
        f"one benchmark {format_share(SLOWDOWN, digits=0)} slower, margin 2 %:",
    ]
    each = max(1, arguments.builds // len(pools))
    quiet = right = others = 0
    for pool in pools:
        slower = {pool.name: SLOWDOWN}
        found = [replay_gate(pools, goal, slowdown=slower, **common) for _ in range(each)]
        hits = sum(pool.name in one.red for one in found)
        within = deviation(pool) <= NOISIEST
        quiet += each * within
        right += hits * within
        others += sum(bool(set(one.red) - {pool.name}) for one in found)
        note = "" if within else "  (noisier than 2.5 %)"
        lines.append(f"  {pool.name:28} SD {deviation(pool):6.2%}  red {hits / each:6.1%}{note}")
    if quiet:
        share = proportion(right, quiet, 0.95)
        ends = f"[{format_share(share.low)}, {format_share(share.high)}]"
        lines.append(
            f"  SD up to 2.5 %: red {right} of {quiet}, {format_share(share.value)} {ends}"
        )
    lines.append(f"  another one red: {others}")
    print("\n".join(lines))  # noqa: T201 - figures to read


if __name__ == "__main__":
    main()
