"""Recordings of gates, made of blocks whose effects are known."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from perfkit.benchmark import Benchmark, Script
from perfkit.block import Block, SideTurns
from perfkit.decide.gate.rules import CONFIRM, CONFIRM_CONTROL
from perfkit.decide.judge import COMPARE
from perfkit.plan import GATE, GOAL, METHOD
from perfkit.recording import (
    SCHEMA,
    Confirming,
    Finish,
    Measured,
    Recording,
    Run,
    SeriesEnd,
    SideFacts,
    Unpaired,
)
from perfkit.settings import Metric
from perfkit.variant import Interpreter, Side, Variant

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

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


class Made:
    """Builds recordings: a benchmark is given by the ratio of its blocks in each series."""

    policy = GATE

    @staticmethod
    def blocks(
        name: str,
        ratio: float,
        *,
        series: str = COMPARE,
        count: int = 14,
        spread: float = 0.01,
        memory: float = 1.0,
    ) -> list[Block]:
        order = np.random.default_rng(3).permutation(count)
        scales = ratio * np.exp(np.linspace(-spread, spread, count)[order])

        def turns(seconds: float, size: float) -> SideTurns:
            return SideTurns(
                wall=(seconds,) * 4,
                cpu=(seconds,) * 4,
                queued=(0.0,) * 4,
                peak_rss=round(20e6 * size),
                peak_traced=round(1e6 * size),
            )

        return [
            Block(
                benchmark=name,
                series=series,
                index=index,
                loops=10,
                order="BCCB",
                baseline=turns(0.005, 1.0),
                candidate=turns(0.005 * float(scale), memory),
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

    def fresh(self, name: str, ratio: float, *, null: float = 1.0, **about: Any) -> list[Block]:
        """Fresh blocks of a suspect, and its null control."""
        about = {"count": 20, **about}
        return [
            *self.blocks(name, ratio, series=CONFIRM, **about),
            *self.blocks(name, null, series=CONFIRM_CONTROL, **{**about, "memory": 1.0}),
        ]

    @staticmethod
    def measured(name: str) -> Measured:
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
            benchmark=benchmark, baseline=FACTS, candidate=FACTS, intended=(), pinned=True
        )

    def recording(
        self,
        blocks: Sequence[Block],
        *,
        names: Sequence[str] = (),
        failures: Sequence[Failure] = (),
        unpaired: Sequence[Unpaired] = (),
        planned: Mapping[str, int] | None = None,
        command: str = "check",
        finished: bool = True,
    ) -> Recording:
        keys = dict.fromkeys((block.benchmark, block.series) for block in blocks)
        known = dict.fromkeys([*(name for name, _ in keys), *names])
        fresh = {name: 20 for name, series in keys if series == CONFIRM}
        sides = {
            str(side): Variant(side=side, interpreter=PYTHON, requirements=(), environ=(), flags=())
            for side in Side
        }
        return Recording(
            folder=Path("a-run"),
            run=Run(
                schema=SCHEMA,
                id="a-run",
                command=command,
                created="2026-01-31T12:00:00+00:00",
                perfkit="0",
                seed=1,
                goal=replace(GOAL, decided=True),
                method=METHOD,
                host={},
                cwd="/",
                benchmarks=(),
                control=False,
                comparisons=None,
                inject=0.0,
                policy=None,
                redacted=False,
                gate=GATE if command == "check" else None,
                **sides,
            ),
            measured={name: self.measured(name) for name in known},
            starts={},
            blocks=tuple(blocks),
            failures={one.benchmark: one for one in failures},
            ends={
                key: SeriesEnd(benchmark=key[0], series=key[1], reason="decided", seconds=2.0)
                for key in keys
            },
            unpaired=tuple(unpaired),
            confirming=Confirming(
                blocks=tuple((planned or fresh).items()),
                suspected=tuple((name, Metric.TIME) for name in planned or fresh),
            ),
            finishes=(Finish(status="finished" if finished else "interrupted", seconds={}),),
            cut=False,
        )


@pytest.fixture
def made() -> Made:
    return Made()
