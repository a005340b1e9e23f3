"""What the generator says of itself, look by look."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pytest
from made_load_runs import Requests, arrivals

from perfkit.analyse.load.health import Slips, health
from perfkit.recording.load import WorkerHealth

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from made_load_runs import Maker

    from perfkit.analyse.load.value import Health

CALM = tuple(WorkerHealth(second=float(k), cpu=0.05, lag=0.001, waited=0.01) for k in (1, 2, 3))


@pytest.fixture
def said(maker: Callable[..., Maker]) -> Callable[[Sequence[WorkerHealth]], Health]:
    made = maker()
    due = arrivals(100, 3)
    made.add(0, Requests(due, np.full(len(due), 0.02)), seconds=3.0)
    (end,) = made.recording().ends.values()
    (worker,) = end.workers

    def say(looks: Sequence[WorkerHealth]) -> Health:
        ends = [replace(end, workers=(replace(worker, health=tuple(looks)),))]
        found = health(ends, Slips(), planned=True)
        assert found is not None
        return found

    return say


def test_what_is_left_to_write_at_the_end_is_no_busy_second(
    said: Callable[[Sequence[WorkerHealth]], Health],
) -> None:
    """72 ms at full CPU after three calm seconds: 2.3 % of the time, not a quarter of the looks."""
    tail = WorkerHealth(second=3.072, cpu=0.98, lag=0.001, waited=0.9)
    found = said([*CALM, tail])
    assert found.cpu_busy == pytest.approx(0.072 / 3.072)
    assert found.cpu_max == 0.05
    assert found.waited == pytest.approx((3 * 0.01 + 0.072 * 0.9) / 3.072)


def test_whole_seconds_that_are_busy_count(
    said: Callable[[Sequence[WorkerHealth]], Health],
) -> None:
    busy = WorkerHealth(second=4.0, cpu=0.98, lag=0.001)
    found = said([*CALM, busy])
    assert (found.cpu_busy, found.cpu_max) == (0.25, 0.98)
    assert found.waited == pytest.approx(0.01)
    assert said([]).cpu_busy == 0.0
    assert said([WorkerHealth(second=0.07, cpu=0.4, lag=0.0)]).cpu_max == 0.4
