"""Whether tracing memory disturbs times: ``python tests/measure/tracing_cost.py [ROUNDS]``.

The same Python on both sides, five blocks without tracing and five with it in turn. For each
benchmark the robust spread of block effects, the time of a loop, a block without the tracing's own
part, and that part; first of the blocks without it, then of those with it.
"""

from __future__ import annotations

import sys
import uuid
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from perfkit.analyse.effects import summarise_blocks
from perfkit.analyse.location import locate, spread
from perfkit.benchmark import Benchmark
from perfkit.measure.launch import Launch
from perfkit.measure.lockstep import Bench, Series
from perfkit.plan.value import METHOD
from perfkit.suite import read_one
from perfkit.variant import Side

if TYPE_CHECKING:
    from perfkit.block import Block

FOLDER = Path(__file__).parents[2] / "benchmarks"
SCRIPTS = ("bm_json", "bm_regex", "bm_logging", "bm_python")
BATCH = 5


def launch_of(name: str) -> Launch:
    script = read_one(FOLDER / f"{name}.py", [])
    if script is None:
        raise FileNotFoundError(name)
    return Launch(python=Path(sys.executable), flags=(), environ=(), script=script, cwd=FOLDER)


def measure(
    bench: Bench, benchmark: Benchmark, launch: Launch, *, trace: bool, first: int
) -> list[Block]:
    found: list[Block] = []
    bench.measure(
        Series(
            benchmark=benchmark,
            name="compare",
            launches=dict.fromkeys(Side, launch),
            seed=1,
            inject=0.0,
            frozen=None,
            trace=trace,
        ),
        first=first,
        sink=lambda block, _frozen, _facts: found.append(block),
        stop=lambda: "enough" if len(found) == BATCH else None,
    )
    return found


def figures(blocks: list[Block]) -> list[float]:
    """Spread of effects in %, time of a loop in µs, milliseconds of a block and of its tracing."""
    found = summarise_blocks(blocks, inner_loops=1)
    own = [block.seconds - block.traced_seconds for block in blocks]
    traced = [block.traced_seconds for block in blocks]
    effects = found.log_ratio
    return [
        float(spread(locate(effects, 0.95), len(effects), 0.95)) * 100,
        float(np.exp(np.median(found.baseline))) * 1e6,
        float(np.median(own)) * 1e3,
        float(np.median(traced)) * 1e3,
    ]


def main(rounds: int) -> None:
    ratios = []
    print("benchmark: SD %, µs a loop, ms a block, ms of tracing: without | with")  # noqa: T201
    with Bench(run=uuid.uuid4().hex, method=METHOD) as bench:
        for launch in map(launch_of, SCRIPTS):
            for number, facts in enumerate(bench.tasks(launch)):
                benchmark = Benchmark(
                    id=facts.name,
                    name=facts.name,
                    script=launch.script,
                    task=number,
                    inner_loops=1,
                    description="",
                )
                blocks: dict[bool, list[Block]] = {False: [], True: []}
                for turn in range(2 * rounds):
                    trace = turn % 4 in {1, 2}
                    first = turn * BATCH
                    blocks[trace] += measure(bench, benchmark, launch, trace=trace, first=first)
                without, traced = (figures(blocks[trace]) for trace in (False, True))
                ratios.append([new / old for new, old in zip(traced[:3], without[:3], strict=True)])
                columns = (" ".join(f"{one:8.2f}" for one in row) for row in (without, traced))
                print(f"{facts.name:20} {' | '.join(columns)}", flush=True)  # noqa: T201
    mean = np.exp(np.mean(np.log(ratios), axis=0))
    error = np.std(np.log(ratios), axis=0, ddof=1) / len(ratios) ** 0.5
    for name, one, deviation in zip(("SD", "time", "block"), mean, error, strict=True):
        print(f"{name}, with / without: {one:.3f} ± {deviation:.3f} (SE over benchmarks)")  # noqa: T201


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 8)
