"""Starts a block's two processes and brings both to their task."""

from __future__ import annotations

import math
import os
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from perfkit.benchmark import Benchmark
from perfkit.measure.calibrate import Frozen
from perfkit.measure.child import HURRY_SECONDS, Child, TaskFacts
from perfkit.measure.failure import TargetError
from perfkit.measure.launch import Launch, padded
from perfkit.measure.schedule import Draw, draw
from perfkit.variant import Side

SIDES = (Side.BASELINE, Side.CANDIDATE)
OTHER = {Side.BASELINE: Side.CANDIDATE, Side.CANDIDATE: Side.BASELINE}
FIRST = {"B": SIDES, "C": SIDES[::-1]}

Spawn = Callable[[Side, Launch, list[str], dict[str, str]], Child]


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
        trace: Trace a call's allocations at the end of each block.
        trace_below: But for a call that takes so many seconds or more: tracing multiplies them.
    """

    benchmark: Benchmark
    name: str
    launches: Mapping[Side, Launch]
    seed: int
    inject: float
    frozen: Frozen | None
    trace: bool = True
    trace_below: float = math.inf


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


def draw_for(series: Series, index: int) -> Draw:
    """The random choices of a series' block."""
    return draw(series.seed, series.benchmark.id, series.name, index)


def start_pair(series: Series, drawn: Draw, *, mark: Callable[[], str], spawn: Spawn) -> Pair:
    """Start both processes and wait until they are parked.

    Args:
        series: What is to be measured.
        drawn: The block's random choices.
        mark: Gives each process its mark; all of one length.
        spawn: Starts a process.

    Raises:
        TargetError: One could not be started, raised, exited or hung; none is left then.
    """
    began = time.perf_counter()
    starts = _starts(series, drawn, mark)
    started: list[Child] = []
    try:
        for side in FIRST["BC"[drawn.order_seed % 2]]:
            child = spawn(side, series.launches[side], *starts[side])
            started.append(child)
        children = {child.side: child for child in started}
        facts = {side: _expect(children[side], series.benchmark) for side in SIDES}
        _check_alike(facts)
    except BaseException:
        for child in started:
            child.leave(HURRY_SECONDS)
        for child in started:
            child.finish()
        raise
    return Pair(children=children, facts=facts, drawn=drawn, seconds=time.perf_counter() - began)


def _starts(
    series: Series, drawn: Draw, mark: Callable[[], str]
) -> dict[Side, tuple[list[str], dict[str, str]]]:
    """Command and environment of each side, equal in size."""
    task = str(series.benchmark.task)
    launches = [series.launches[side] for side in SIDES]
    commands = [launch.command(task) for launch in launches]
    environs = [
        launch.environment(os.environ, hash_seed=drawn.hash_seed, run=mark()) for launch in launches
    ]
    padding = padded(tuple(zip(commands, environs, strict=True)), drawn.layout)
    return dict(zip(SIDES, zip(commands, padding, strict=True), strict=True))


def _check_alike(facts: Mapping[Side, TaskFacts]) -> None:
    clocks = {side: facts[side].clock for side in SIDES}
    if len(set(clocks.values())) > 1:
        told = ", ".join(f"{side}: {clock}" for side, clock in clocks.items())
        raise TargetError(
            f"the sides cannot be timed alike ({told})", side=None, stage="start", detail=""
        )


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
