"""Measures every series of a run that is not complete yet, and records as it goes."""

from __future__ import annotations

import math
import time
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from perfkit.analyse.comparison import compare_blocks
from perfkit.analyse.effects import block_effects
from perfkit.analyse.estimate import Estimate
from perfkit.analyse.location import locate
from perfkit.analyse.stopping import minimum_blocks, should_stop
from perfkit.block import Block
from perfkit.decide.judge import COMPARE, CONTROL
from perfkit.decide.result import Row
from perfkit.decide.verdict import judge
from perfkit.measure.calibrate import Frozen
from perfkit.measure.failure import TargetError
from perfkit.measure.lockstep import Bench, Series
from perfkit.recording import Recorder, Recording, SeriesEnd, SeriesStart
from perfkit.session.prepare import Prepared, as_failure
from perfkit.session.progress import BlockDone, Failed, Listener, SeriesDone, SeriesStarted
from perfkit.variant import Side

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from perfkit.measure.launch import Launch
    from perfkit.plan import Plan

_SHOWN_FROM = 4  # blocks: an interval of fewer would only confuse


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """A series to be measured, with what is known of it already.

    Attributes:
        prepared: The benchmark.
        series: The series.
        blocks: Its blocks from earlier sittings.
        position: Position among the run's series, from 0.
        total: Number of series in the run.
    """

    prepared: Prepared
    series: Series
    blocks: tuple[Block, ...]
    position: int
    total: int


def unfinished(plan: Plan, known: Recording) -> dict[tuple[str, str], int]:
    """Benchmark and series of what is still to be measured, with its position in the run.

    In ``aa`` the comparisons go round all benchmarks recorded, failed ones included, so that each
    has its own whenever the run is gone on with.
    """
    return {
        key: position
        for position, key in enumerate(_wanted(plan, known))
        if key not in known.ends and key[0] not in known.failures
    }


def _wanted(plan: Plan, known: Recording) -> list[tuple[str, str]]:
    names = list(known.measured)
    if plan.comparisons is not None:
        count = plan.comparisons if names else 0
        return [(names[number % len(names)], f"aa-{number}") for number in range(count)]
    series = [COMPARE, CONTROL] if plan.control else [COMPARE]
    return [(name, one) for name in names for one in series]


def tasks_of(plan: Plan, prepared: Sequence[Prepared], known: Recording) -> list[Task]:
    """The series that are still to be measured, in order."""
    by_name = {one.measured.benchmark.id: one for one in prepared}
    total = len(_wanted(plan, known))
    return [
        Task(
            prepared=by_name[name],
            series=_series(
                plan, by_name[name], name=series, start=known.starts.get((name, series))
            ),
            blocks=known.series(name, series),
            position=position,
            total=total,
        )
        for (name, series), position in unfinished(plan, known).items()
    ]


def _series(plan: Plan, one: Prepared, *, name: str, start: SeriesStart | None) -> Series:
    return Series(
        benchmark=one.measured.benchmark,
        name=name,
        launches=_null(one.launches) if name == CONTROL else one.launches,
        seed=plan.seed,
        inject=plan.inject,
        frozen=_frozen(start) if start is not None else None,
    )


def cost(block: Block) -> float:
    """Seconds of measuring a block took, of which the budget is paid."""
    return block.wait_seconds + block.run_in_seconds + block.timed_seconds


def measure(
    tasks: Sequence[Task],
    plan: Plan,
    bench: Bench,
    recorder: Recorder,
    listener: Listener,
    *,
    spent: dict[str, float],
) -> None:
    """Measure series after series; a benchmark that fails is recorded and left out.

    Args:
        tasks: What is to be measured.
        plan: What was asked for.
        bench: Where it is measured.
        recorder: Where it is recorded, as it comes.
        listener: Told of it.
        spent: Wall seconds by stage, to which those of ``"analysis"`` are added.
    """
    failed: set[str] = set()
    clock = _Clock(expected=plan.goal.budget)
    for number, task in enumerate(tasks):
        name = task.series.benchmark.id
        if name in failed:
            continue
        clock.left = len(tasks) - number - 1
        try:
            _Measuring(task, plan, recorder, listener, clock=clock, spent=spent).run(bench)
        except TargetError as error:
            failed.add(name)
            failure = as_failure(name, error)
            recorder.append(failure)
            listener(Failed(failure=failure))


@dataclass(slots=True, kw_only=True)
class _Clock:
    """Guesses the time left from the series that are done."""

    expected: float
    left: int = 0
    done: int = 0
    spent: float = 0.0

    def finished(self, seconds: float) -> None:
        self.done += 1
        self.spent += seconds
        self.expected = self.spent / self.done

    def seconds_left(self, current: float) -> float:
        return current + self.left * self.expected


class _Measuring:
    """One series: keeps the blocks so far, and answers whether to stop."""

    def __init__(
        self,
        task: Task,
        plan: Plan,
        recorder: Recorder,
        listener: Listener,
        *,
        clock: _Clock,
        spent: dict[str, float],
    ) -> None:
        self._task = task
        self._goal = plan.goal
        self._recorder = recorder
        self._listener = listener
        self._clock = clock
        self._spent = spent
        self._blocks = list(task.blocks)
        self._effects = list(block_effects(task.blocks)) if task.blocks else []
        self._elapsed = sum(map(cost, task.blocks))
        self._started = task.series.frozen is not None

    def run(self, bench: Bench) -> None:
        series = self._task.series
        began = time.perf_counter() - self._elapsed  # of earlier sittings
        self._listener(
            SeriesStarted(
                benchmark=series.benchmark.id,
                series=series.name,
                position=self._task.position,
                total=self._task.total,
            )
        )
        reason = self._stop() if self._blocks else None
        if reason is None:
            first = len(self._blocks)
            reason = bench.measure(series, first=first, sink=self._sink, stop=self._stop)
        seconds = time.perf_counter() - began
        self._clock.finished(seconds)
        self._recorder.append(
            SeriesEnd(
                benchmark=series.benchmark.id, series=series.name, reason=reason, seconds=seconds
            )
        )
        with self._analysing():
            row = self._row(reason)
        self._listener(
            SeriesDone(series=series.name, row=row, blocks=len(self._blocks), seconds=seconds)
        )

    def _sink(self, block: Block, frozen: Frozen, _facts: object) -> None:
        if not self._started:
            self._recorder.append(
                SeriesStart(
                    benchmark=block.benchmark,
                    series=block.series,
                    loops=frozen.loops,
                    run_in=frozen.run_in,
                    pairs=frozen.pairs,
                    spin=frozen.spin,
                )
            )
            self._started = True
        self._recorder.append(block)
        self._blocks.append(block)
        with self._analysing():
            self._effects.extend(block_effects([block]))
            self._elapsed += cost(block)
            progress = self._progress()
        self._listener(progress)

    def _stop(self) -> str | None:
        with self._analysing():
            return should_stop(np.array(self._effects), self._elapsed, self._goal)

    @contextmanager
    def _analysing(self) -> Iterator[None]:
        began = time.perf_counter()
        yield
        self._spent["analysis"] = self._spent.get("analysis", 0.0) + time.perf_counter() - began

    def _progress(self) -> BlockDone:
        series = self._task.series
        count = len(self._blocks)
        ratio = _shown(self._effects, self._goal.confidence) if count >= _SHOWN_FROM else None
        expected = self._expected(ratio)
        each = self._elapsed / count
        current = min(max(expected - count, 0) * each, self._goal.budget)
        return BlockDone(
            benchmark=series.benchmark.id,
            series=series.name,
            blocks=count,
            expected=expected,
            ratio=ratio,
            seconds_left=self._clock.seconds_left(current),
        )

    def _expected(self, ratio: Estimate | None) -> int:
        """Blocks until the precision is reached, were the spread to stay as it is."""
        fewest = minimum_blocks(self._goal)
        if ratio is None or not math.isfinite(ratio.half_width):
            return fewest
        needed = ratio.n * (ratio.half_width / self._goal.precision) ** 2
        affordable = self._goal.budget / (self._elapsed / ratio.n)
        return max(fewest, ratio.n, math.ceil(min(needed, affordable)))

    def _row(self, reason: str) -> Row:
        measured = self._task.prepared.measured
        comparison = compare_blocks(
            self._blocks,
            self._goal,
            inner_loops=measured.benchmark.inner_loops,
            stopped=reason,
        )
        return Row(
            id=measured.benchmark.id,
            description=measured.benchmark.description,
            measured=measured,
            comparison=comparison,
            verdict=judge(comparison.ratio, self._goal.margin),
            failure=None,
            control=None,
        )


def _shown(effects: Sequence[float], confidence: float) -> Estimate:
    """The running estimate; for display only, since it is not corrected for being looked at."""
    found = locate(np.array(effects), confidence)
    return Estimate(
        value=float(np.exp(found.value)),
        low=float(np.exp(found.low)),
        high=float(np.exp(found.high)),
        confidence=confidence,
        n=len(effects),
    )


def _null(launches: Mapping[Side, Launch]) -> dict[Side, Launch]:
    return dict.fromkeys(Side, launches[Side.BASELINE])


def _frozen(start: SeriesStart) -> Frozen:
    return Frozen(loops=start.loops, run_in=start.run_in, pairs=start.pairs, spin=start.spin)
