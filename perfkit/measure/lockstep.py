"""Measures series of blocks: two processes alive together, turn by turn, on one CPU.

The next block's processes start on the other CPUs while this one is measured, since starting them
is what a block costs most (see README, "What a comparison costs").
"""

from __future__ import annotations

import os
import secrets
import threading
import time
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack
from itertools import count
from typing import TYPE_CHECKING, Self

from perfkit.block import Block, SideTurns
from perfkit.machine import cpus, host
from perfkit.machine.guardian import Guardian
from perfkit.measure.calibrate import Frozen, freeze, pace, spin_rounds
from perfkit.measure.child import GRACE_SECONDS, HURRY_SECONDS, Child, TaskFacts, Turn
from perfkit.measure.failure import TargetError
from perfkit.measure.memory import Memory, Tracer
from perfkit.measure.origins import check_origins
from perfkit.measure.pair import FIRST, OTHER, SIDES, Pair, Series, draw_for, start_pair
from perfkit.measure.schedule import balanced_order
from perfkit.variant import Side

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from types import TracebackType

    from perfkit.measure.launch import Launch
    from perfkit.settings import Method

__all__ = ["Bench", "Pair", "Series"]

_MOST_PAIRS = 3  # times the wanted number; beyond, ten blocks cost more than they gain


class Bench:
    """The place where measuring happens: CPUs, a starter thread, and a guardian.

    Use as a context manager: nothing it started is left when it is closed.
    """

    def __init__(self, *, run: str, method: Method) -> None:
        """Prepare for a run of that id."""
        self.method = method
        self._run = f"{run}.{secrets.token_hex(4)}"  # another sitting of the run is not ours
        self.placement = cpus.place(pin=method.pin)
        self._lock = threading.Lock()
        self._closed = False
        self._living: list[Child] = []
        self._resources = ExitStack()
        self._tracer = Tracer(timeout=method.timeout)

    def __enter__(self) -> Self:
        self._finisher = self._resources.enter_context(ThreadPoolExecutor(1, "finish"))
        where = self.placement.starting
        self._starter = self._resources.enter_context(
            ThreadPoolExecutor(1, "start", cpus.move_this_thread, (where,))
        )
        self._resources.enter_context(Guardian(self._run))  # closes first: the threads wait for
        return self  # processes, and it ends them even when `__exit__` is interrupted

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        with self._resources:
            self._starter.shutdown(wait=False, cancel_futures=True)
            with self._lock:
                self._closed = True
                living = self._living
            for child in living:
                child.leave(GRACE_SECONDS if error is None else HURRY_SECONDS)
            for child in living:
                child.finish()

    def tasks(self, launch: Launch) -> list[TaskFacts]:
        """Learn a script's tasks by running it once.

        Raises:
            TargetError: It raised, exited or hung.
        """
        environ = launch.environment(os.environ, hash_seed=1, run=self._mark())
        child = self._spawn(Side.BASELINE, launch, launch.command("list"), environ)
        try:
            return child.tasks()
        except BaseException:
            child.leave(HURRY_SECONDS)
            raise
        finally:
            child.finish()

    def start(self, series: Series, index: int) -> Future[Pair]:
        """Begin to start a block's processes."""
        drawn = draw_for(series, index)
        return self._starter.submit(start_pair, series, drawn, mark=self._mark, spawn=self._spawn)

    def discard(self, pending: Future[Pair] | None) -> None:
        """End processes that were started ahead and are not needed, once they are parked."""
        if pending is not None and not pending.cancel():
            pending.add_done_callback(self._end_unneeded)

    def measure(
        self,
        series: Series,
        *,
        first: int,
        sink: Callable[[Block, Frozen, Mapping[Side, TaskFacts]], None],
        stop: Callable[[], str | None],
        foresee: Callable[[float], None] = lambda _seconds: None,
    ) -> str:
        """Measure blocks until told to stop.

        Args:
            series: What to measure.
            first: Index of the first block.
            sink: Called with each block as soon as it is complete.
            stop: Called after each block; a reason ends the series.
            foresee: Called once with the seconds that each block will take about, as soon as a loop
                of the baseline turns out to be slow; a block may be long in coming then.

        Returns:
            The reason.

        Raises:
            TargetError: A process raised, hung, exited or was killed.
        """
        jobs = ((series, index) for index in count(first))
        return self._go(jobs, {series.name: series.frozen}, sink, stop, foresee) or ""

    def alternate(
        self,
        several: Sequence[Series],
        *,
        blocks: Sequence[tuple[str, int]],
        sink: Callable[[Block, Frozen, Mapping[Side, TaskFacts]], None],
    ) -> None:
        """Measure a fixed sequence of blocks of several series of one benchmark.

        Args:
            several: What to measure; names differ.
            blocks: Name of the series and index of each block, in order.
            sink: As for `measure`.

        Raises:
            TargetError: As `measure`.
        """
        by_name = {series.name: series for series in several}
        frozen = {series.name: series.frozen for series in several}
        self._go(((by_name[name], index) for name, index in blocks), frozen, sink, lambda: None)

    def _go(
        self,
        jobs: Iterator[tuple[Series, int]],
        frozen: dict[str, Frozen | None],
        sink: Callable[[Block, Frozen, Mapping[Side, TaskFacts]], None],
        stop: Callable[[], str | None],
        foresee: Callable[[float], None] = lambda _seconds: None,
    ) -> str | None:
        """Measure block after block until there is no more, or a reason to stop."""
        job = next(jobs, None)
        pending = self.start(*job) if job else None
        try:
            while job is not None:
                series, index = job
                waited = time.perf_counter()
                pair = self._await(pending)
                wait = time.perf_counter() - waited
                job = next(jobs, None)
                try:
                    pending = self.start(*job) if job and self.method.overlap else None
                    block, loops = self._block(
                        series,
                        pair,
                        index=index,
                        frozen=frozen[series.name],
                        wait=wait,
                        ahead=pending,
                        foresee=foresee,
                    )
                except BaseException:
                    self._end(pair, HURRY_SECONDS)
                    raise
                self._end(pair, GRACE_SECONDS)
                frozen[series.name] = loops
                sink(block, loops, pair.facts)
                if reason := stop():
                    return reason
                if job and pending is None:
                    pending = self.start(*job)
        finally:
            self.discard(pending)
        return None

    def _mark(self) -> str:
        """What a process of this run carries in its environment; its own, and of fixed length."""
        return f"{self._run}.{secrets.token_hex(4)}"

    def _spawn(
        self, side: Side, launch: Launch, command: list[str], environ: dict[str, str]
    ) -> Child:
        with self._lock:  # a process is started and known, or not started
            if self._closed:
                raise TargetError("the bench is closed", side=side, stage="start", detail="")
            child = Child(command, environ, launch.cwd, side=side, timeout=self.method.timeout)
            self._living = [*(other for other in self._living if not other.reaped), child]
        return child

    def _await(self, pending: Future[Pair] | None) -> Pair:
        """The pair, once started; nothing is measured meanwhile, so it may use every CPU."""
        if pending is None:
            raise ValueError("nothing was started")
        if not pending.done():
            for child in self._living:
                if child.starting:
                    child.pin(None)
        return pending.result()

    def _end(self, pair: Pair, seconds: float) -> None:
        """Let both scripts clean up, away from the measuring CPU and from this thread."""
        for child in pair.children.values():
            if not child.reaped:  # else its id may be another's by now
                cpus.move(child.pid, self.placement.starting)
            child.leave(seconds)
            self._finisher.submit(child.finish)

    def _end_unneeded(self, pending: Future[Pair]) -> None:
        if not pending.cancelled() and pending.exception() is None:
            self._end(pending.result(), GRACE_SECONDS)

    def _block(
        self,
        series: Series,
        pair: Pair,
        *,
        index: int,
        frozen: Frozen | None,
        wait: float,
        ahead: Future[Pair] | None,
        foresee: Callable[[float], None],
    ) -> tuple[Block, Frozen]:
        for child in pair.children.values():
            child.pin(self.placement.measuring)
        began = time.perf_counter()
        warm_up = self.method.warm_up_pairs
        if frozen is None:
            frozen = self._calibrate(series, pair, foresee)
            warm_up = warm_up if frozen.pairs > 1 else 0  # calibration was enough of that
        for _ in range(warm_up):
            _turns(pair, frozen, "B")
        stolen = host.stolen(self.placement.measuring)
        started, timed = time.time(), time.perf_counter()
        order, turns = _timed(pair, frozen, ahead)
        ended = time.perf_counter()
        steal = host.stolen_share(stolen, host.stolen(self.placement.measuring))
        if index == 0:
            check_origins(series, pair)
        candidate = turns[Side.CANDIDATE]
        memory = self._tracer.read(series, pair, call_seconds=candidate[-1].wall / frozen.loops)
        block = Block(
            benchmark=series.benchmark.id,
            series=series.name,
            index=index,
            loops=frozen.loops,
            order=order,
            baseline=_side(turns, Side.BASELINE, memory),
            candidate=_side(turns, Side.CANDIDATE, memory),
            hash_seed=pair.drawn.hash_seed,
            started=started,
            startup_seconds=pair.seconds,
            wait_seconds=wait,
            run_in_seconds=timed - began,
            timed_seconds=ended - timed,
            steal=steal,
            load=host.load(),
            injected=sum(turn.spin for turn in candidate) / len(candidate),
            traced_seconds=memory.seconds,
        )
        return block, frozen

    def _calibrate(self, series: Series, pair: Pair, foresee: Callable[[float], None]) -> Frozen:
        children = pair.children
        began = time.perf_counter()
        paces = [pace(children[SIDES[0]], self.method.turn_seconds)]
        if freeze([paces[0].timed], self.method).pairs == 1:  # so that two loops were timed
            foresee((time.perf_counter() - began) * (self.method.warm_up_pairs + 1))
        paces.append(pace(children[SIDES[1]], self.method.turn_seconds))
        timed, whole = zip(*paces, strict=True)
        frozen = freeze(timed, self.method, whole=whole)
        if not series.inject:
            return frozen
        wanted = series.inject * timed[0] * frozen.loops
        return Frozen(
            loops=frozen.loops,
            run_in=frozen.run_in,
            pairs=frozen.pairs,
            spin=spin_rounds(children[Side.CANDIDATE], wanted),
        )


def _timed(
    pair: Pair, frozen: Frozen, ahead: Future[Pair] | None
) -> tuple[str, dict[Side, list[Turn]]]:
    """The block's turns; more of them while the next block's processes are still starting.

    That time would be lost otherwise, and on a busy machine most of a block effect's variance is
    its turns' own. How long a start takes says nothing about the ratio, so it may decide.
    """
    seed = pair.drawn.order_seed
    order = balanced_order(frozen.pairs, seed)
    turns = _turns(pair, frozen, order)
    while ahead is not None and not ahead.done() and len(order) < _MOST_PAIRS * frozen.pairs:
        more = balanced_order(2, seed + len(order))
        order += more
        for side, extra in _turns(pair, frozen, more).items():
            turns[side].extend(extra)
    return order, turns


def _turns(pair: Pair, frozen: Frozen, order: str) -> dict[Side, list[Turn]]:
    turns: dict[Side, list[Turn]] = {side: [] for side in SIDES}
    for letter in order:
        for side in FIRST[letter]:
            spin = frozen.spin if side is Side.CANDIDATE else 0
            turn = pair.children[side].turn(loops=frozen.loops, run_in=frozen.run_in, spin=spin)
            turns[side].append(turn)
    return turns


def _side(turns: Mapping[Side, list[Turn]], side: Side, memory: Memory) -> SideTurns:
    """One side's turns; time in line counts only where both sides of a pair of turns know theirs.

    Else a side that starts a child process would be timed by the wall against a side that is not.
    """
    queued = [
        (own.queued or 0.0) if own.queued is not None and other.queued is not None else 0.0
        for own, other in zip(turns[side], turns[OTHER[side]], strict=True)
    ]
    return SideTurns(
        wall=tuple(turn.wall for turn in turns[side]),
        cpu=tuple(turn.cpu for turn in turns[side]),
        queued=tuple(queued),
        peak_rss=memory.peak_rss[side],
        peak_traced=memory.traced[side].peak,
        untraced=memory.traced[side].reason,
    )
