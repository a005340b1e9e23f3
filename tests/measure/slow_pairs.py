"""How many pairs of turns a block of a slow benchmark needs: ``slow_pairs.py [BLOCKS] [NAME …]``.

The same Python on both sides, pyperformance's benchmarks of a loop or more than 50 ms, one loop a
turn. Each block runs eight pairs of turns, none thrown away; smaller blocks are cut out of them:
the first pair of each order that comes, then the next, behind a warm-up pair or without one. For
each design: the robust spread of block effects, seconds a block (with what starting its processes
kept the CPU waiting), and the spread that a minute of such blocks leaves (spread / sqrt(blocks)).
"""

from __future__ import annotations

import sys
import uuid
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pyperformance

from perfkit.analyse.effects import block_effects
from perfkit.analyse.location import locate, spread
from perfkit.benchmark import Benchmark
from perfkit.measure.calibrate import Frozen
from perfkit.measure.launch import Launch
from perfkit.measure.lockstep import Bench, Series
from perfkit.plan.value import METHOD
from perfkit.suite import select
from perfkit.variant import Side

if TYPE_CHECKING:
    from perfkit.block import Block, SideTurns

DATA = Path(pyperformance.__file__).parent / "data-files" / "benchmarks"
NAMES = ("float", "go", "nqueens")
ALL = 8  # pairs of turns that are measured
DESIGNS = ((0, 1), (0, 2), (0, 4), (1, 1), (1, 2), (1, 4), (1, 6))
LEVEL = 0.95


def record(bench: Bench, name: str, count: int) -> list[Block]:
    (script, *_) = select([str(DATA / f"bm_{name}")], cwd=DATA).scripts
    launch = Launch(python=Path(sys.executable), flags=(), environ=(), script=script, cwd=DATA)
    facts = bench.tasks(launch)[0]
    found: list[Block] = []
    bench.measure(
        Series(
            benchmark=Benchmark(
                id=name,
                name=facts.name,
                script=script,
                task=0,
                inner_loops=facts.inner_loops,
                description="",
            ),
            name="compare",
            launches=dict.fromkeys(Side, launch),
            seed=1,
            inject=0.0,
            frozen=Frozen(loops=1, run_in=0, pairs=ALL, spin=0),
            trace=False,
        ),
        first=0,
        sink=lambda block, _frozen, _facts: found.append(block),
        stop=lambda: "enough" if len(found) == count else None,
    )
    return found


def cut(block: Block, warm_up: int, pairs: int) -> Block:
    """The block as it would have been with fewer pairs, balanced as a block is."""
    left = list(range(warm_up, len(block.order)))
    chosen = left[:1]
    if pairs > 1:
        by_order = [[i for i in left if block.order[i] == letter] for letter in "BC"]
        chosen = sorted(i for one in by_order for i in one[: pairs // 2])

    def side(turns: SideTurns) -> SideTurns:
        return replace(
            turns,
            **{k: tuple(getattr(turns, k)[i] for i in chosen) for k in ("wall", "cpu", "queued")},
        )

    return replace(
        block,
        order="".join(block.order[i] for i in chosen),
        baseline=side(block.baseline),
        candidate=side(block.candidate),
        timed_seconds=block.timed_seconds * (warm_up + pairs) / len(block.order),
    )


def main() -> None:
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 20
    method = replace(METHOD, warm_up_pairs=0)
    with Bench(run=uuid.uuid4().hex, method=method) as bench:
        for name in sys.argv[2:] or NAMES:
            blocks = record(bench, name, count)
            loop = np.median([x for block in blocks for x in block.baseline.net])
            print(f"{name}: a loop takes {1000 * loop:.0f} ms, {count} blocks")  # noqa: T201
            print("  warm-up  pairs  spread   s/block  spread a minute")  # noqa: T201
            for warm_up, pairs in DESIGNS:
                cuts = [cut(block, warm_up, pairs) for block in blocks]
                effects = block_effects(cuts)
                sd = float(spread(locate(effects, LEVEL), len(effects), LEVEL))
                each = float(np.median([block.seconds for block in cuts]))
                minute = sd / np.sqrt(60 / each)
                line = f"  {warm_up:7} {pairs:6} {sd:7.2%} {each:9.2f} {minute:10.2%}"
                print(line, flush=True)  # noqa: T201


if __name__ == "__main__":
    main()
