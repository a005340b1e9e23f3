"""Time left, and when a gate's first pass of a benchmark may end."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

sys.path.append(str(Path(__file__).parents[1] / "decide"))

from made_runs import blocks, measured

from perfkit.plan import GATE, GOAL
from perfkit.session.gate import _rule
from perfkit.session.series import Clock
from perfkit.settings import Metric


def test_time_left_is_at_most_what_a_budget_for_everything_leaves() -> None:
    clock = Clock(expected=100.0, left=3)
    assert clock.seconds_left(10.0, 5.0) == 310.0
    clock.limit = lambda: 40.0
    assert clock.seconds_left(10.0, 5.0) == 40.0
    clock.limit = lambda: -3.0
    assert clock.seconds_left(10.0, 5.0) == 5.0  # needed in any case


@pytest.mark.parametrize("known", [0, 3, 10])
def test_memory_that_blocks_have_no_more_is_not_waited_for(known: int) -> None:
    """Tracing may be given up after some blocks: time is decided all the same."""
    goal = replace(GOAL, decided=True, budget=1e9)
    policy = replace(GATE, metrics=(Metric.TIME, Metric.TRACED_MEMORY))
    task: Any = SimpleNamespace(series=SimpleNamespace(benchmark=measured("a").benchmark))
    rule = _rule(task, policy, goal)
    some = blocks("a", 1.0, count=10)
    some = [_traced(one, 1000 if number < known else None) for number, one in enumerate(some)]
    assert rule(some, [0.001 * (-1) ** number for number in range(10)], 1.0) == "decided"


def _traced(block: Any, size: int | None) -> Any:
    sides = {
        side: replace(getattr(block, side), peak_traced=size) for side in ("baseline", "candidate")
    }
    return replace(block, **sides)
