"""The raw observation: one block, a fresh process of each side measured in lock step."""

from __future__ import annotations

import math
from dataclasses import dataclass
from operator import sub

from perfkit.variant import Side


@dataclass(frozen=True, slots=True, kw_only=True)
class SideTurns:
    """What one side's process did in a block.

    Attributes:
        wall: Seconds of each timed turn as the benchmark reports them, in time order
            (whole turn: divide by loops times inner loops for the time of one iteration).
        cpu: Seconds of CPU time (process, its threads and children) around each turn, same length.
        queued: Seconds of each turn in which it could have run but other programs had the CPU,
            same length; 0.0 where the system does not tell.
        peak_rss: Peak resident memory in bytes (VmHWM), or None where the system does not tell.
        peak_traced: Peak bytes above the start that one call allocates, by tracemalloc after the
            timed turns; None where it was not or could not be traced, for commands, and in older
            recordings.
        untraced: Why it could not be traced; empty otherwise.
    """

    wall: tuple[float, ...]
    cpu: tuple[float, ...]
    queued: tuple[float, ...]
    peak_rss: int | None
    peak_traced: int | None = None
    untraced: str = ""

    @property
    def net(self) -> tuple[float, ...]:
        """Seconds of each turn less those in line for the CPU: what is compared."""
        return tuple(map(sub, self.wall, self.queued))


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """One block. The unit of inference: turns are never independent samples.

    Attributes:
        benchmark: ``Benchmark.id``.
        series: ``"compare"``, ``"control"`` (baseline against itself), or ``"aa-0"``, ….
        index: Position within the series, from 0.
        loops: The frozen loop count of every turn, the same on both sides.
        order: One letter a pair of turns: ``"B"`` baseline ran first, ``"C"`` candidate did.
        baseline: The baseline's turns; ``len(wall) == len(order)``.
        candidate: The candidate's turns; paired with the baseline's by position.
        hash_seed: PYTHONHASHSEED of both processes.
        started: Seconds since the epoch at the first turn.
        startup_seconds: Wall time from spawn until both sides were parked at their task.
        wait_seconds: The part of it during which nothing was being measured.
        run_in_seconds: Wall time of warm-up turns and calibration.
        timed_seconds: Wall time of the timed turns, hand-over included.
        steal: Share of CPU time stolen by the hypervisor meanwhile, or None when unknown.
        load: One-minute load average, or None when unknown.
        injected: Seconds of busy loop added to a candidate turn, mean over the turns; else 0.0.
        traced_seconds: Wall time of tracing a call of each side; 0.0 in older recordings.
    """

    benchmark: str
    series: str
    index: int
    loops: int
    order: str
    baseline: SideTurns
    candidate: SideTurns
    hash_seed: int
    started: float
    startup_seconds: float
    wait_seconds: float
    run_in_seconds: float
    timed_seconds: float
    steal: float | None
    load: float | None
    injected: float
    traced_seconds: float = 0.0

    @property
    def unusable(self) -> str | None:
        """Why nothing can be computed from it, if so: a turn without a time, half a pair."""
        pairs = len(self.order)
        sides = (self.baseline, self.candidate)
        lengths = {len(x) for side in sides for x in (side.wall, side.cpu, side.queued)}
        if lengths != {pairs} or not pairs or set(self.order) - {"B", "C"}:
            return "it does not hold pairs of turns"
        for side, turns in zip(Side, sides, strict=True):
            for number, seconds in enumerate(turns.net):
                if not 0 < seconds < math.inf:
                    return f"turn {number} of the {side} took {seconds:g} s"
        return None if self.loops > 0 else f"its turns have {self.loops} loops"

    @property
    def seconds(self) -> float:
        """Wall time it took, less start-up that overlapped: what the budget is spent on."""
        parts = (self.wait_seconds, self.run_in_seconds, self.timed_seconds, self.traced_seconds)
        return sum(parts)


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """A benchmark that could not be measured.

    Attributes:
        benchmark: ``Benchmark.id``, or the script's label when its tasks could not be learnt.
        side: The side that failed, or None when it is not one side's fault.
        stage: ``"provision"``, ``"start"`` or ``"run"``.
        reason: One line: the last exception line, or what happened ("no answer within 60 s").
        detail: Tail of standard error, or the tool's own words; may be empty.
        names: Where ``benchmark`` is a script's label, names of benchmarks that are written in it;
            empty in older recordings.
    """

    benchmark: str
    side: Side | None
    stage: str
    reason: str
    detail: str
    names: tuple[str, ...] = ()
