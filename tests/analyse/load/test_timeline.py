"""One side over time."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
from made_load_runs import Requests, arrivals

from perfkit.analyse.load.run import analyse_load
from perfkit.profile.value import Stage

if TYPE_CHECKING:
    from collections.abc import Callable

    from made_load_runs import Maker

    from perfkit.analyse.load.value import Timeline

STAGES = (Stage(name="hold", seconds=60.0, target=100.0, role="hold"),)


def over_time(maker: Callable[..., Maker], seconds: float) -> Timeline:
    """100 requests/s that each take 0.3 s, and what was in flight when the load ended comes in."""
    made = maker(STAGES)
    due = arrivals(100, seconds)
    reason = "finished" if seconds == 60.0 else "aborted"
    made.add(0, Requests(due, np.full(len(due), 0.3)), reason=reason, seconds=seconds)
    return analyse_load(made.recording()).sides[0].timeline


@pytest.mark.parametrize("seconds", [60.0, 12.02, 12.15])
def test_the_end_is_no_spike(maker: Callable[..., Maker], seconds: float) -> None:
    """Over its true width; hardly anything of a window is not shown at all."""
    found = over_time(maker, seconds)
    rates = found.throughput[np.isfinite(found.throughput)]
    assert rates.max() <= 110
    assert found.sent[np.isfinite(found.sent)] == pytest.approx(100, rel=0.06)
    missing = len(found.seconds) - len(rates)
    assert missing == (1 if seconds == 12.02 else 0)
