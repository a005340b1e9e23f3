"""Measures series of blocks: two processes alive together, turn by turn, on one CPU.

The next block's processes start on the other CPUs while this one is measured, since starting them
is what a block costs most (see README, "What a comparison costs").
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

from perfkit.benchmark import Benchmark
from perfkit.block import Block, SideTurns
from perfkit.measure import cpus, host
from perfkit.measure.calibrate import Frozen, freeze, seconds_a_loop, spin_rounds
from perfkit.measure.child import Child, TaskFacts, Turn
from perfkit.measure.failure import TargetError
from perfkit.measure.guardian import Guardian
from perfkit.measure.launch import Launch, padded
from perfkit.measure.schedule import Draw, balanced_order, draw
from perfkit.variant import Side

if TYPE_CHECKING:
    from types import TracebackType

    from perfkit.settings import Method

_SIDES = (Side.BASELINE, Side.CANDIDATE)
_FIRST = {"B": _SIDES, "C": _SIDES[::-1]}


@dataclass(frozen=True, slots=True, kw_only=True)
class Series:
    """A series of blocks to be measured.

    Attributes:
        benchmark: The benchmark.
        name: ``"compare"``, ``"control"`` or ``"aa-N"``.
        launches: How each side is started.
        seed: Root of its random choices.
        inject: Slowdown to inject into the candidate, as a fraction.
        frozen: The loop counts when they are known already (a resumed or later series), or None.
    """

    benchmark: Benchmark
    name: str
    launches: Mapping[Side, Launch]
    seed: int
    inject: float
    frozen: Frozen | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Pair:
    """Both processes of a block, parked at their task.

    Attributes:
        children: By side.
        facts: What each told of its task.
        drawn: The block's random choices.
        seconds: Time from spawn until both were parked.
    """

    children: Mapping[Side, Child]
    facts: Mapping[Side, TaskFacts]
    drawn: Draw
    seconds: float


class Bench:
    """The place where measuring happens: CPUs, a starter thread, and a guardian.

    Use as a context manager: nothing it started is left when it is closed.
    """

    def __init__(self, *, run: str, method: Method) -> None:
        """Prepare for a run of that id."""
        self.method = method
        self._run = run
        self.placement = cpus.place(pin=method.pin)
        self._starting: list[Child] = []
        self._resources = ExitStack()

    def __enter__(self) -> Self:
        self._resources.enter_context(Guardian(self._run))
        where = self.placement.starting
        self._starter = self._resources.enter_context(
            ThreadPoolExecutor(1, "start", cpus.move_this_thread, (where,))
        )
        self._finisher = self._resources.enter_context(ThreadPoolExecutor(1, "finish"))
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._resources.close()

    def tasks(self, launch: Launch) -> list[TaskFacts]:
        """Learn a script's tasks by running it once.

        Raises:
            TargetError: It raised, exited or hung.
        """
        environ = launch.environment(os.environ, hash_seed=1, run=self._run)
        child = self._spawn(Side.BASELINE, launch, launch.command("list"), environ)
        try:
            return child.tasks()
        finally:
            child.finish()

    def start(self, series: Series, index: int) -> Future[Pair]:
        """Begin to start a block's processes."""
        return self._starter.submit(self._start, series, draw_for(series, index))

    def discard(self, pending: Future[Pair] | None) -> None:
        """End processes that were started ahead and are not needed."""
        if pending is not None and not pending.cancel():
            with suppress(TargetError):
                self._end(pending.result())

    def measure(
        self,
        series: Series,
        *,
        first: int,
        sink: Callable[[Block, Frozen, Mapping[Side, TaskFacts]], None],
        stop: Callable[[], str | None],
    ) -> str:
        """Measure blocks until told to stop.

        Args:
            series: What to measure.
            first: Index of the first block.
            sink: Called with each block as soon as it is complete.
            stop: Called after each block; a reason ends the series.

        Returns:
            The reason.

        Raises:
            TargetError: A process raised, hung, exited or was killed.
        """
        frozen = series.frozen
        index = first
        pending: Future[Pair] | None = self.start(series, index)
        try:
            while True:
                waited = time.perf_counter()
                pair = self._await(pending)
                wait = time.perf_counter() - waited
                pending = self.start(series, index + 1) if self.method.overlap else None
                try:
                    block, frozen = self._block(series, index, pair, frozen, wait)
                finally:
                    self._end(pair)
                sink(block, frozen, pair.facts)
                if reason := stop():
                    return reason
                index += 1
                pending = pending or self.start(series, index)
        finally:
            self.discard(pending)

    def _spawn(
        self, side: Side, launch: Launch, command: list[str], environ: dict[str, str]
    ) -> Child:
        return Child(command, environ, launch.cwd, side=side, timeout=self.method.timeout)

    def _start(self, series: Series, drawn: Draw) -> Pair:
        began = time.perf_counter()
        launches = series.launches
        task = str(series.benchmark.task)
        commands = {side: launches[side].command(task) for side in _SIDES}
        environs = padded(
            tuple(
                (
                    commands[side],
                    launches[side].environment(
                        os.environ, hash_seed=drawn.hash_seed, run=self._run
                    ),
                )
                for side in _SIDES
            ),
            drawn.layout,
        )
        order = _FIRST["BC"[drawn.order_seed % 2]]
        ready = dict(zip(_SIDES, environs, strict=True))
        self._starting = []
        try:
            for side in order:
                child = self._spawn(side, launches[side], commands[side], ready[side])
                self._starting.append(child)
            children = {child.side: child for child in self._starting}
            facts = {side: _expect(children[side], series.benchmark) for side in _SIDES}
        except BaseException:
            for child in self._starting:
                child.kill()
            raise
        return Pair(
            children=children, facts=facts, drawn=drawn, seconds=time.perf_counter() - began
        )

    def _await(self, pending: Future[Pair] | None) -> Pair:
        """The pair, once started; nothing is measured meanwhile, so it may use every CPU."""
        if pending is None:
            raise ValueError("nothing was started")
        if not pending.done():
            for child in self._starting:
                child.pin(None)
        return pending.result()

    def _end(self, pair: Pair) -> None:
        """Let both scripts clean up, away from the measuring CPU and from this thread."""
        for child in pair.children.values():
            cpus.move(child.pid, self.placement.starting)
            self._finisher.submit(child.finish)

    def _block(
        self, series: Series, index: int, pair: Pair, frozen: Frozen | None, wait: float
    ) -> tuple[Block, Frozen]:
        for child in pair.children.values():
            child.pin(self.placement.measuring)
        began = time.perf_counter()
        if frozen is None:
            frozen = self._calibrate(series, pair)
        for _ in range(self.method.warm_up_pairs):
            _turns(pair, frozen, "B")
        stolen = host.stolen(self.placement.measuring)
        started, timed = time.time(), time.perf_counter()
        order = balanced_order(frozen.pairs, pair.drawn.order_seed)
        turns = _turns(pair, frozen, order)
        ended = time.perf_counter()
        candidate = turns[Side.CANDIDATE]
        block = Block(
            benchmark=series.benchmark.id,
            series=series.name,
            index=index,
            loops=frozen.loops,
            order=order,
            baseline=_side(turns[Side.BASELINE], pair.children[Side.BASELINE]),
            candidate=_side(candidate, pair.children[Side.CANDIDATE]),
            hash_seed=pair.drawn.hash_seed,
            started=started,
            startup_seconds=pair.seconds,
            wait_seconds=wait,
            run_in_seconds=timed - began,
            timed_seconds=ended - timed,
            steal=host.stolen_share(stolen, host.stolen(self.placement.measuring)),
            load=host.load(),
            injected=sum(turn.spin for turn in candidate) / len(candidate),
        )
        return block, frozen

    def _calibrate(self, series: Series, pair: Pair) -> Frozen:
        children = pair.children
        seconds = [seconds_a_loop(children[side], self.method.turn_seconds) for side in _SIDES]
        frozen = freeze(seconds, self.method)
        if not series.inject:
            return frozen
        wanted = series.inject * seconds[0] * frozen.loops
        return Frozen(
            loops=frozen.loops,
            run_in=frozen.run_in,
            pairs=frozen.pairs,
            spin=spin_rounds(children[Side.CANDIDATE], wanted),
        )


def draw_for(series: Series, index: int) -> Draw:
    """The random choices of a series' block."""
    return draw(series.seed, series.benchmark.id, series.name, index)


def _expect(child: Child, benchmark: Benchmark) -> TaskFacts:
    facts = child.wait_parked()
    if facts.name != benchmark.name:
        raise TargetError(
            f"task {benchmark.task} is called {facts.name!r} here, {benchmark.name!r} elsewhere",
            side=child.side,
            stage="start",
            detail="",
        )
    return facts


def _turns(pair: Pair, frozen: Frozen, order: str) -> dict[Side, list[Turn]]:
    turns: dict[Side, list[Turn]] = {side: [] for side in _SIDES}
    for letter in order:
        for side in _FIRST[letter]:
            spin = frozen.spin if side is Side.CANDIDATE else 0
            turn = pair.children[side].turn(loops=frozen.loops, run_in=frozen.run_in, spin=spin)
            turns[side].append(turn)
    return turns


def _side(turns: list[Turn], child: Child) -> SideTurns:
    return SideTurns(
        wall=tuple(turn.wall for turn in turns),
        cpu=tuple(turn.cpu for turn in turns),
        peak_rss=child.peak_rss(),
    )
