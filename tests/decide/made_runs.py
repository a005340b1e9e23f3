"""Recorded runs made of blocks whose effects are known: what every judge's tests begin with."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from perfkit.benchmark import Benchmark, Script
from perfkit.block import Block, SideTurns
from perfkit.decide.judge import COMPARE
from perfkit.plan import GOAL, METHOD
from perfkit.recording import SCHEMA, Measured, Recording, Run, SeriesEnd, SideFacts
from perfkit.variant import Interpreter, Side, Variant

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from perfkit.block import Failure

FACTS = SideFacts(python="/env/bin/python", version="3.12.1", pyperf="2.10.0", packages=())
PYTHON = Interpreter(
    executable="/opt/python",
    implementation="cpython",
    version="3.12.1",
    free_threaded=False,
    build="3.12.1",
    config_args="",
    platform="linux-x86_64",
    found_by="test",
)


def variant(side: Side) -> Variant:
    return Variant(side=side, interpreter=PYTHON, requirements=(), environ=(), flags=())


def run(command: str = "compare", **changes: Any) -> Run:
    made = Run(
        schema=SCHEMA,
        id="a-run",
        command=command,
        created="2026-01-31T12:00:00+00:00",
        perfkit="0",
        seed=1,
        goal=GOAL,
        method=METHOD,
        baseline=variant(Side.BASELINE),
        candidate=variant(Side.CANDIDATE),
        host={},
        cwd="/",
        benchmarks=(),
        control=True,
        comparisons=None,
        inject=0.0,
        policy=None,
        redacted=False,
    )
    return replace(made, **changes)


def measured(name: str, *, pinned: bool = True) -> Measured:
    script = Script(
        path=Path(f"/bm_{name}.py"),
        label=f"bm_{name}",
        arguments=(),
        requirements=(),
        pins=(),
        requires_python=None,
        digest="0",
    )
    benchmark = Benchmark(
        id=name, name=name, script=script, task=0, inner_loops=1, description=f"Does {name}."
    )
    return Measured(
        benchmark=benchmark, baseline=FACTS, candidate=FACTS, intended=(), pinned=pinned
    )


def blocks(
    name: str,
    ratio: float,
    *,
    series: str = COMPARE,
    count: int = 14,
    spread: float = 0.01,
    memory: float = 1.0,
) -> list[Block]:
    """Blocks of 0.2 s whose effects lie evenly about a ratio, in an order of chance."""
    order = np.random.default_rng(3).permutation(count)
    scales = ratio * np.exp(np.linspace(-spread, spread, count)[order])
    return [
        Block(
            benchmark=name,
            series=series,
            index=index,
            loops=10,
            order="BCCB",
            baseline=_turns(0.005, 1.0),
            candidate=_turns(0.005 * float(scale), memory),
            hash_seed=index,
            started=1.7e9 + index,
            startup_seconds=0.3,
            wait_seconds=0.1,
            run_in_seconds=0.02,
            timed_seconds=0.08,
            steal=0.0,
            load=0.5,
            injected=0.0,
        )
        for index, scale in enumerate(scales)
    ]


def _turns(seconds: float, size: float) -> SideTurns:
    return SideTurns(
        wall=(seconds,) * 4,
        cpu=(seconds,) * 4,
        queued=(0.0,) * 4,
        peak_rss=round(20e6 * size),
        peak_traced=round(1e6 * size),
    )


def recorded(
    begun: Run,
    made: Sequence[Block],
    *,
    names: Iterable[str],
    failures: Iterable[Failure] = (),
    pinned: bool = True,
    reason: str = "precision",
    **changes: Any,
) -> Recording:
    """A run whose every series took 2 s."""
    keys = dict.fromkeys((block.benchmark, block.series) for block in made)
    whole = Recording(
        folder=Path("a-run"),
        run=begun,
        measured={name: measured(name, pinned=pinned) for name in names},
        starts={},
        blocks=tuple(made),
        failures={one.benchmark: one for one in failures},
        ends={
            key: SeriesEnd(benchmark=key[0], series=key[1], reason=reason, seconds=2.0)
            for key in keys
        },
        unpaired=(),
        confirming=None,
        finishes=(),
        cut=False,
    )
    return replace(whole, **changes)
