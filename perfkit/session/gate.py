"""Measures for a gate: a first pass over everything, then fresh blocks of what it suspects.

With a budget for the whole suite the first pass goes round: everything gets its first ten blocks,
then time goes to rows that are still open, those with the fewest blocks first. A part of the budget
is kept for the fresh blocks, on which red rests; what these leave goes to rows that are open still
(`perfkit.decide.gate.planning` says which may have it).
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from perfkit.analyse.gate import screening_ends
from perfkit.analyse.metric import metric_effects
from perfkit.analyse.scale import uncorrected
from perfkit.analyse.stopping import minimum_blocks, next_look
from perfkit.decide.gate.planning import (
    OVER,
    confirming,
    late_confirming,
    seconds_of_fresh,
    spent,
    still_open,
    wall_seconds,
    wanted_seconds,
)
from perfkit.decide.gate.rules import CONFIRM, CONFIRM_CONTROL, margin_of, names_of
from perfkit.decide.gate.telling import SUSPECTED, said_of_first_pass, said_of_fresh_blocks
from perfkit.decide.judge import COMPARE
from perfkit.measure.lockstep import Bench
from perfkit.plan import Plan
from perfkit.recording import Recorder, Recording, SeriesEnd, read
from perfkit.session.progress import BlockDone, Listener, Note, SeriesDone, SeriesStarted
from perfkit.session.series import (
    Clock,
    Measuring,
    Rule,
    noting_failure,
    row_of,
    start_of,
)
from perfkit.session.tasks import Task, again_tasks, late_tasks
from perfkit.settings import GatePolicy, Metric
from perfkit.units import format_duration

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from perfkit.block import Block
    from perfkit.measure.calibrate import Frozen
    from perfkit.session.prepare import Prepared
    from perfkit.settings import Goal

_SCREENING_SHARE = 0.6  # of a budget for the whole suite; the rest is for fresh blocks


@dataclass(frozen=True, slots=True, kw_only=True)
class _Work:
    """What measuring a gate needs at every step."""

    plan: Plan
    policy: GatePolicy
    bench: Bench
    recorder: Recorder
    listener: Listener
    spent: dict[str, float]


def measure_gate(
    tasks: Sequence[Task],
    prepared: Sequence[Prepared],
    plan: Plan,
    bench: Bench,
    *,
    recorder: Recorder,
    listener: Listener,
    spent: dict[str, float],
) -> None:
    """Measure both passes; a benchmark that fails is recorded and left out.

    Args:
        tasks: What is still to be measured.
        prepared: Everything that can be measured.
        plan: What was asked for, with its policy.
        bench: Where it is measured.
        recorder: Where it is recorded, as it comes.
        listener: Told of it.
        spent: Wall seconds by stage, to which those of ``"analysis"`` are added.
    """
    if plan.gate is None:
        raise ValueError("a gate without a policy")
    work = _Work(
        plan=plan, policy=plan.gate, bench=bench, recorder=recorder, listener=listener, spent=spent
    )
    _screen([task for task in tasks if task.series.name == COMPARE], work)
    known = read(recorder.folder)
    if known.confirming is None:
        recorder.append(confirming(known, plan.gate))
        known = read(recorder.folder)
    _confirm(known, prepared, work)
    if plan.gate.budget is not None:
        _spend_what_is_left(prepared, work, plan.gate.budget)


def _screen(tasks: Sequence[Task], work: _Work) -> None:
    clock = Clock(expected=work.plan.goal.budget, left=len(tasks))
    open_ = [_measuring(task, work, clock) for task in tasks]
    if work.policy.budget is None:
        for number, one in enumerate(open_):
            clock.left = len(open_) - number - 1
            _visit(one, work)
        return
    _go_round(open_, work, clock, budget=work.policy.budget)


def _measuring(task: Task, work: _Work, clock: Clock) -> Measuring:
    return Measuring(
        task,
        work.plan.goal,
        _rule(task, work.policy, work.plan.goal),
        recorder=work.recorder,
        listener=work.listener,
        clock=clock,
        spent=work.spent,
        saying=lambda blocks: said_of_first_pass(
            blocks, task.prepared.measured, work.policy, work.plan.goal
        ),
    )


def _visit(one: Measuring, work: _Work, pause: Callable[[], bool] = lambda: False) -> bool:
    """Measure on; whether the series is still open afterwards."""
    with noting_failure(one.id, work.recorder, work.listener) as attempt:
        one.visit(work.bench, pause)
    return not (one.over or attempt.failed)


def _go_round(open_: list[Measuring], work: _Work, clock: Clock, *, budget: float) -> None:
    """Look by look, those with the fewest blocks first, until nothing is open or time is up.

    First with a part of the budget kept for fresh blocks; once it is known how many are wanted,
    with what they leave.
    """
    so_far = _paid(open_, work)
    clock.limit = lambda: budget - so_far()
    left = _visits(open_, work, clock, may=lambda: so_far() < _SCREENING_SHARE * budget)
    if left:
        limit = budget - wanted_seconds(read(work.recorder.folder), work.policy)
        left = _visits(left, work, clock, may=lambda: so_far() < limit)
    for one in left:
        one.end("budget")
    first = spent(x for x in read(work.recorder.folder).blocks if x.series == COMPARE)
    least = minimum_blocks(work.plan.goal)
    if open_ and first > budget and all(len(one.blocks) <= least for one in open_):
        text = f"the first pass took {format_duration(first)}, more than the "
        total = f"{format_duration(budget)} of --time-total: every benchmark gets {least} blocks"
        work.listener(Note(text=text + total))


def _paid(open_: Sequence[Measuring], work: _Work) -> Callable[[], float]:
    """Tells the seconds of measuring of the whole run so far, these series' own as they grow."""
    earlier = spent(read(work.recorder.folder).blocks) - sum(one.seconds for one in open_)
    return lambda: earlier + sum(one.seconds for one in open_)


def _spend_what_is_left(prepared: Sequence[Prepared], work: _Work, budget: float) -> None:
    """Go on with the first pass of rows that are still open; who becomes a suspect is confirmed."""
    folder, policy = work.recorder.folder, work.policy
    while True:
        known = read(folder)
        if more := late_confirming(known, policy):
            work.recorder.append(more)
            _confirm(read(folder), prepared, work)
            continue
        tasks = late_tasks(work.plan, prepared, known, still_open(known, policy))
        clock = Clock(expected=0.0, left=len(tasks))
        open_ = [_measuring(task, work, clock) for task in tasks]
        so_far = _paid(open_, work)
        clock.limit = lambda so_far=so_far: budget - so_far()
        found = _visits(
            open_,
            work,
            clock,
            may=lambda so_far=so_far: so_far() < budget,  # type: ignore[misc]
            until=lambda one: one.word == SUSPECTED,
        )
        for one in found:
            if len(one.blocks) > len(known.series(one.id, COMPARE)):
                one.end("budget")
        if len(read(folder).blocks) == len(known.blocks):
            return  # nothing was open, or nothing more is to be had


def _visits(
    open_: list[Measuring],
    work: _Work,
    clock: Clock,
    *,
    may: Callable[[], bool],
    until: Callable[[Measuring], bool] = lambda _: False,
) -> list[Measuring]:
    """Go round while there is time left to spend, or until a series is such; what is open then."""
    goal = work.plan.goal
    left = list(open_)
    while left:
        left.sort(key=lambda one: len(one.blocks))
        one = left[0]
        if len(one.blocks) >= minimum_blocks(goal) and not may():
            return left
        clock.left = len(left) - 1
        look = next_look(len(one.blocks), goal)
        if not _visit(one, work, lambda one=one, look=look: len(one.blocks) >= look):  # type: ignore[misc]
            left.remove(one)
        if until(one):
            return left
    return []


def _rule(task: Task, policy: GatePolicy, goal: Goal) -> Rule:
    """Ends the first pass of a benchmark once every metric that is judged is decided."""
    names = names_of(task.series.benchmark)
    margins = {metric: margin_of(policy, metric, names) for metric in policy.metrics}

    def rule(blocks: Sequence[Block], effects: Sequence[float], elapsed: float) -> str | None:
        every = [
            (one, np.array(effects) if one is Metric.TIME else metric_effects(blocks, one), margin)
            for one, margin in margins.items()
        ]
        # A metric that blocks have not (any more), such as a command's memory, is not waited for.
        found = [
            screening_ends(one, margin, goal, blocks=len(blocks))
            for metric, one, margin in every
            if len(metric_effects(blocks[-1:], metric))
        ]
        if found and all(found):
            return "decided" if "decided" in found else "precision"
        is_enough = len(blocks) >= minimum_blocks(goal)
        return "budget" if is_enough and elapsed >= goal.budget else None

    return rule


def _confirm(known: Recording, prepared: Sequence[Prepared], work: _Work) -> None:
    """Fresh blocks of every suspected benchmark that has not got all of them yet."""
    if known.confirming is None:
        return
    planned = {name: count for name, count in known.confirming.blocks if name not in known.failures}
    missing = {
        name: count - len(known.series(name, CONFIRM))
        for name, count in planned.items()
        if (name, CONFIRM) not in known.ends
    }
    budget = work.policy.budget
    if missing and budget is not None:
        needed = spent(known.blocks) + seconds_of_fresh(missing, known)
        if needed > OVER * budget:
            ready = sum(took for stage, took in work.spent.items() if stage != "analysis")
            took = format_duration(ready + wall_seconds(known, missing))
            need = "1 suspect needs" if len(missing) == 1 else f"{len(missing)} suspects need"
            text = f"the fresh blocks that {need} at least will take longer than --time-total: "
            work.listener(Note(text=f"{text}about {took} in all, the environments included"))
    for position, name in enumerate(planned):
        if name not in missing:
            continue
        del missing[name]
        after = seconds_of_fresh(missing, known)
        compare, control = again_tasks(work.plan, prepared, known, name)
        with noting_failure(name, work.recorder, work.listener):
            again = _Again(compare, control, work, planned=planned[name], after=after)
            again.run(position, len(planned))


class _Again:
    """Fresh blocks of one benchmark, the null control's between them."""

    def __init__(
        self, compare: Task, control: Task, work: _Work, *, planned: int, after: float
    ) -> None:
        self._tasks = (compare, control)
        self._work = work
        self._planned = planned
        self._after = after  # seconds that the other suspects will take
        self._blocks = {task.series.name: list(task.blocks) for task in self._tasks}

    def run(self, position: int, total: int) -> None:
        """Measure what is missing, in turn; the number was fixed before."""
        began = time.perf_counter()
        compare = self._tasks[0]
        self._tell(
            SeriesStarted(benchmark=compare.id, series=CONFIRM, position=position, total=total)
        )
        missing = [
            (task.series.name, index)
            for index in range(self._planned)
            for task in self._tasks
            if index >= len(task.blocks)
        ]
        series = [task.series for task in self._tasks]
        self._work.bench.alternate(series, blocks=missing, sink=self._sink)
        earlier = sum(block.seconds for task in self._tasks for block in task.blocks)
        seconds = earlier + time.perf_counter() - began
        for task in reversed(self._tasks):  # CONFIRM last: whoever finds it finds both
            self._work.recorder.append(
                SeriesEnd(
                    benchmark=task.id, series=task.series.name, reason="planned", seconds=seconds
                )
            )
        blocks = self._blocks[CONFIRM]
        row = row_of(compare.prepared.measured, blocks, self._work.plan.goal, "planned")
        known = read(self._work.recorder.folder)
        said = said_of_fresh_blocks(known, self._work.policy, compare.id)
        self._tell(
            SeriesDone(series=CONFIRM, row=row, blocks=len(blocks), seconds=seconds, said=said)
        )

    def _tell(self, event: SeriesStarted | BlockDone | SeriesDone) -> None:
        self._work.listener(event)

    def _sink(self, block: Block, frozen: Frozen, _facts: object) -> None:
        mine = self._blocks[block.series]
        if not mine:
            self._work.recorder.append(start_of(block, frozen))
        self._work.recorder.append(block)
        mine.append(block)
        fresh = self._blocks[CONFIRM]
        if block.series == CONFIRM_CONTROL:
            effects = metric_effects(fresh, Metric.TIME)
            self._tell(
                BlockDone(
                    benchmark=block.benchmark,
                    series=CONFIRM,
                    blocks=len(fresh),
                    expected=self._planned,
                    ratio=uncorrected(effects, self._work.plan.goal.confidence),
                    seconds_left=2 * block.seconds * (self._planned - len(fresh)) + self._after,
                )
            )
