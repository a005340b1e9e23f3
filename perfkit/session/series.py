"""One series of blocks: measured, recorded as it comes, and told of."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, TypeAlias

from perfkit.analyse.comparison import compare_blocks
from perfkit.analyse.effects import block_effects
from perfkit.analyse.scale import uncorrected
from perfkit.analyse.stopping import minimum_blocks
from perfkit.decide.result import Row
from perfkit.decide.verdict import judge
from perfkit.measure.failure import TargetError
from perfkit.recording import Recorder, SeriesEnd, SeriesStart
from perfkit.session.prepare import as_failure
from perfkit.session.progress import BlockDone, Failed, Listener, Note, SeriesDone, SeriesStarted
from perfkit.units import format_duration

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from perfkit.analyse.estimate import Estimate
    from perfkit.block import Block
    from perfkit.decide.gate.telling import Said
    from perfkit.measure.calibrate import Frozen
    from perfkit.measure.lockstep import Bench, Series
    from perfkit.recording import Measured
    from perfkit.session.tasks import Task
    from perfkit.settings import Goal


Rule: TypeAlias = "Callable[[Sequence[Block], Sequence[float], float], str | None]"
"""Blocks, their log ratios and the seconds they took to the reason to stop, if there is one."""

_PAUSE = "pause"
_SHOWN_FROM = 4  # blocks


def seconds_a_block(first: Block) -> float:
    """What each further block will take, from the first, whose loops were calibrated besides."""
    pairs = len(first.order)
    return first.timed_seconds * (pairs + 1) / pairs + first.traced_seconds


@dataclass(slots=True)
class Attempt:
    """Whether what was tried failed."""

    failed: bool = False


@contextmanager
def noting_failure(name: str, recorder: Recorder, listener: Listener) -> Iterator[Attempt]:
    """Records that a benchmark failed; the others go on."""
    attempt = Attempt()
    try:
        yield attempt
    except TargetError as error:
        attempt.failed = True
        failure = as_failure(name, error)
        recorder.append(failure)
        listener(Failed(failure=failure))


@dataclass(slots=True, kw_only=True)
class Clock:
    """Guesses the time left from the series that are done.

    Attributes:
        expected: Seconds a series is expected to take.
        left: Series after the one under way.
        done: Series that are done.
        spent: Wall seconds they took.
        told: Benchmarks of which was told that they take longer than their budget.
        limit: Tells the seconds left of a budget for everything; None without one.
    """

    expected: float
    left: int = 0
    done: int = 0
    spent: float = 0.0
    told: set[str] = field(default_factory=set)
    limit: Callable[[], float] | None = None

    def finished(self, seconds: float) -> None:
        """A series took so long."""
        self.done += 1
        self.spent += seconds
        self.expected = self.spent / self.done

    def seconds_left(self, current: float, least: float) -> float:
        """Expected seconds until the run ends.

        Args:
            current: Until this series does.
            least: The same, were there no time left.
        """
        left = current + self.left * self.expected
        return left if self.limit is None else min(left, max(self.limit(), least))


class Measuring:
    """One series: keeps the blocks so far, and answers whether to stop.

    Attributes:
        blocks: The blocks so far.
        seconds: Measuring time they took.
        over: The series is complete.
    """

    def __init__(
        self,
        task: Task,
        goal: Goal,
        rule: Rule,
        *,
        recorder: Recorder,
        listener: Listener,
        clock: Clock,
        spent: dict[str, float],
        saying: Callable[[Sequence[Block]], Said | None] = lambda _: None,
    ) -> None:
        self._task = task
        self._goal = goal
        self._rule = rule
        self._recorder = recorder
        self._listener = listener
        self._clock = clock
        self._spent = spent
        self._saying = saying
        self.blocks = list(task.blocks)
        self._effects = list(block_effects(task.blocks)) if task.blocks else []
        self.seconds = sum(block.seconds for block in task.blocks)
        self._wall = max(self.seconds, task.took)  # of earlier sittings
        self._frozen = task.series.frozen
        self.over = False

    @property
    def id(self) -> str:
        """``Benchmark.id``."""
        return self._task.id

    @property
    def word(self) -> str | None:
        """What its blocks so far come to, in the gate's words."""
        with self._analysing():
            said = self._saying(self.blocks)
        return None if said is None else said.word

    def visit(self, bench: Bench, pause: Callable[[], bool] = lambda: False) -> None:
        """Measure until the rule ends the series, or until there is to be a pause.

        Args:
            bench: Where it is measured.
            pause: Asked after each block.

        Raises:
            TargetError: A process raised, hung, exited or was killed.
        """
        series = self._task.series
        began = time.perf_counter()
        self._listener(
            SeriesStarted(
                benchmark=series.benchmark.id,
                series=series.name,
                position=self._task.position,
                total=self._task.total,
            )
        )
        reason = self._stop() if self.blocks else None
        if reason is None:
            reason = bench.measure(
                self._continued(),
                first=len(self.blocks),
                sink=self._sink,
                stop=lambda: self._stop() or (_PAUSE if pause() else None),
                foresee=self._foresee,
            )
        self._wall += time.perf_counter() - began
        if reason != _PAUSE:
            self.end(reason)

    def end(self, reason: str) -> None:
        """Record that the series is complete."""
        series = self._task.series
        self.over = True
        self._clock.finished(self._wall)
        self._recorder.append(
            SeriesEnd(
                benchmark=series.benchmark.id,
                series=series.name,
                reason=reason,
                seconds=self._wall,
            )
        )
        with self._analysing():
            row = row_of(self._task.prepared.measured, self.blocks, self._goal, reason)
            said = self._saying(self.blocks)
        count = len(self.blocks)
        self._listener(
            SeriesDone(series=series.name, row=row, blocks=count, seconds=self._wall, said=said)
        )

    def _continued(self) -> Series:
        """The series with the loop counts that its first block froze."""
        return replace(self._task.series, frozen=self._frozen)

    def _sink(self, block: Block, frozen: Frozen, _facts: object) -> None:
        if self._frozen is None:
            self._recorder.append(start_of(block, frozen))
            self._frozen = frozen
            self._foresee(seconds_a_block(block))
        self._recorder.append(block)
        self.blocks.append(block)
        with self._analysing():
            self._effects.extend(block_effects([block]))
            self.seconds += block.seconds
            progress = self._progress()
        self._listener(progress)

    def _foresee(self, each: float) -> None:
        """Say when the budget does not pay for the blocks that are needed in any case."""
        least = minimum_blocks(self._goal)
        if least * each <= self._goal.budget or self.id in self._clock.told:
            return
        self._clock.told.add(self.id)
        text = (
            f"{self.id}: a block takes about {format_duration(each)}, and the {least} that are "
            f"needed about {format_duration(least * each)}; the budget is "
            f"{format_duration(self._goal.budget)}"
        )
        self._listener(Note(text=text))

    def _stop(self) -> str | None:
        with self._analysing():
            return self._rule(self.blocks, self._effects, self.seconds)

    @contextmanager
    def _analysing(self) -> Iterator[None]:
        began = time.perf_counter()
        yield
        self._spent["analysis"] = self._spent.get("analysis", 0.0) + time.perf_counter() - began

    def _progress(self) -> BlockDone:
        series = self._task.series
        count = len(self.blocks)
        ratio = None  # an interval of fewer blocks would only confuse
        if count >= _SHOWN_FROM:
            ratio = uncorrected(self._effects, self._goal.confidence)
        expected = self._expected(ratio)
        each = self.seconds / count
        least = max(minimum_blocks(self._goal) - count, 0) * each
        current = min((expected - count) * each, max(self._goal.budget - self.seconds, least))
        return BlockDone(
            benchmark=series.benchmark.id,
            series=series.name,
            blocks=count,
            expected=expected,
            ratio=ratio,
            seconds_left=self._clock.seconds_left(current, least),
        )

    def _expected(self, ratio: Estimate | None) -> int:
        """Blocks until the precision is reached, were the spread to stay as it is."""
        fewest = minimum_blocks(self._goal)
        if ratio is None or not math.isfinite(ratio.half_width):
            return fewest
        needed = ratio.n * (ratio.half_width / self._goal.precision) ** 2
        affordable = self._goal.budget / (self.seconds / ratio.n)
        return max(fewest, ratio.n, math.ceil(min(needed, affordable)))


def row_of(measured: Measured, blocks: Sequence[Block], goal: Goal, reason: str) -> Row:
    """A benchmark's row as one series has it."""
    comparison = compare_blocks(
        blocks, goal, inner_loops=measured.benchmark.inner_loops, stopped=reason
    )
    return Row(
        id=measured.benchmark.id,
        description=measured.benchmark.description,
        measured=measured,
        comparison=comparison,
        verdict=judge(comparison.ratio, goal.margin),
        memory=(),
        failure=None,
        control=None,
    )


def start_of(block: Block, frozen: Frozen) -> SeriesStart:
    """What is recorded before a series' first block."""
    return SeriesStart(
        benchmark=block.benchmark,
        series=block.series,
        loops=frozen.loops,
        run_in=frozen.run_in,
        pairs=frozen.pairs,
        spin=frozen.spin,
    )
