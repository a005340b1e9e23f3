"""Measures every series of a run that is not complete yet, one after the other."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from perfkit.analyse.stopping import should_stop
from perfkit.session.series import Clock, Measuring, noting_failure

if TYPE_CHECKING:
    from collections.abc import Sequence

    from perfkit.block import Block
    from perfkit.measure.lockstep import Bench
    from perfkit.plan import Plan
    from perfkit.recording import Recorder
    from perfkit.session.progress import Listener
    from perfkit.session.series import Rule
    from perfkit.session.tasks import Task
    from perfkit.settings import Goal


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
    clock = Clock(expected=plan.goal.budget)
    rule = _rule(plan.goal)
    for number, task in enumerate(tasks):
        name = task.series.benchmark.id
        if name in failed:
            continue
        clock.left = len(tasks) - number - 1
        one = Measuring(
            task, plan.goal, rule, recorder=recorder, listener=listener, clock=clock, spent=spent
        )
        with noting_failure(name, recorder, listener) as outcome:
            one.visit(bench)
        if outcome.failed:
            failed.add(name)


def _rule(goal: Goal) -> Rule:
    def rule(_blocks: Sequence[Block], effects: Sequence[float], elapsed: float) -> str | None:
        return should_stop(np.array(effects), elapsed, goal)

    return rule
