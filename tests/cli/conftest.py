from __future__ import annotations

import random
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from perfkit.benchmark import Benchmark, Script
from perfkit.block import Block, Failure, SideTurns
from perfkit.plan import GOAL, METHOD
from perfkit.recording import (
    SCHEMA,
    Finish,
    Measured,
    Recorder,
    Run,
    SeriesEnd,
    SideFacts,
)
from perfkit.variant import Interpreter, Side, Variant

if TYPE_CHECKING:
    from collections.abc import Callable

    from perfkit.recording import Line

BOOM = Failure(
    benchmark="bm_boom", side=Side.CANDIDATE, stage="run", reason="ValueError: boom", detail=""
)


@dataclass(frozen=True)
class Answer:
    """What a command line came to."""

    code: int
    out: str
    err: str


@pytest.fixture
def perfkit(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Callable[..., Answer]:
    """Run a command line in an empty folder."""
    from perfkit.cli import main

    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PERFKIT_CACHE", str(tmp_path / "cache"))

    def run(*argv: str) -> Answer:
        code = main(argv)
        captured = capsys.readouterr()
        return Answer(code, captured.out, captured.err)

    return run


def variant(side: Side, version: str) -> Variant:
    interpreter = Interpreter(
        executable=f"/pythons/{version}/bin/python",
        implementation="cpython",
        version=version,
        free_threaded=False,
        build=version,
        config_args="",
        platform="linux-x86_64",
        found_by="test",
    )
    return Variant(side=side, interpreter=interpreter, requirements=(), environ=(), flags=())


@pytest.fixture
def recorded(tmp_path: Path) -> Callable[..., Path]:
    """Write a recorded run: one benchmark that got 10 % slower, failures as asked."""

    def write(
        *failures: Failure, status: str = "finished", command: str = "compare", blocks: int = 12
    ) -> Path:
        folder = tmp_path / "reports" / "a-run"
        recorder = Recorder(folder)
        for line in _lines(failures, status, command, blocks, tmp_path):
            recorder.append(line)
        recorder.close()
        return folder

    return write


def _lines(
    failures: tuple[Failure, ...], status: str, command: str, blocks: int, cwd: Path
) -> list[Line]:
    series = "aa-0" if command == "aa" else "compare"
    chance = random.Random(1)
    made: list[Line] = [_run(command, cwd)]
    if blocks:
        made.append(_measured())
        made += [_block(series, index, chance) for index in range(blocks)]
        made.append(SeriesEnd(benchmark="sums", series=series, reason="precision", seconds=4.0))
    return [*made, *failures, Finish(status=status, seconds={"measure": 4.0, "total": 5.0})]


def _run(command: str, cwd: Path) -> Run:
    return Run(
        schema=SCHEMA,
        id="a-run",
        command=command,
        created="2026-01-31T12:00:00+00:00",
        perfkit="0",
        seed=1,
        goal=GOAL,
        method=METHOD,
        baseline=variant(Side.BASELINE, "3.12.1"),
        candidate=variant(Side.CANDIDATE, "3.13.0"),
        host={"cpus": 2},
        cwd=str(cwd),
        benchmarks=(),
        control=False,
        comparisons=1 if command == "aa" else None,
        inject=0.0,
        policy=None,
        redacted=False,
    )


def _measured() -> Measured:
    script = Script(
        path=Path("/benchmarks/bm_sums.py"),
        label="bm_sums",
        arguments=(),
        requirements=(),
        pins=(),
        requires_python=None,
        digest="0",
    )
    facts = SideFacts(python="/env/bin/python", version="3", pyperf="2.10.0", packages=())
    return Measured(
        benchmark=Benchmark(
            id="sums", name="sums", script=script, task=0, inner_loops=1, description="Adds."
        ),
        baseline=facts,
        candidate=facts,
        intended=(),
        pinned=True,
    )


def _block(series: str, index: int, chance: random.Random) -> Block:
    def turns(scale: float) -> SideTurns:
        wall = tuple(0.005 * scale * chance.gauss(1, 0.002) for _ in range(8))
        return SideTurns(wall=wall, cpu=wall, queued=(0.0,) * 8, peak_rss=10_000_000)

    return Block(
        benchmark="sums",
        series=series,
        index=index,
        loops=100,
        order="BCCBCBBC",
        baseline=turns(1.0),
        candidate=turns(1.1),
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
