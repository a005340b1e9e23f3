from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
import pytest
from made_load_runs import Requests, arrivals

from perfkit.analyse.load.gather import open_segment
from perfkit.analyse.load.turns import turn_ratios
from perfkit.analyse.location import locate
from perfkit.recording.load import Window
from perfkit.variant import Side

if TYPE_CHECKING:
    from collections.abc import Callable

    from made_load_runs import Maker

BOTH = (Side.BASELINE, Side.CANDIDATE)


def test_pairs_of_turns_share_the_machine(maker: Callable[..., Maker]) -> None:
    made = maker(sides=BOTH)
    rng = np.random.default_rng(0)
    first = rng.permutation(np.arange(15) % 2)
    targets = [target for one in first for target in (one, 1 - one)]
    windows = tuple(
        Window(begin=float(k), end=k + 1.0, target=int(target)) for k, target in enumerate(targets)
    )
    due = arrivals(200, 30)
    target = np.array(targets)[np.floor(due).astype(int)]
    mood = np.exp(rng.normal(0, 0.5, 15))[np.floor(due / 2).astype(int)]
    response = rng.lognormal(-4, 0.2, len(due)) * mood * np.where(target == 1, 1.1, 1.0)
    name = made.add(0, Requests(due, response, target=target), windows=windows)
    recording = made.recording()
    opened = open_segment(recording, recording.starts[name])
    assert opened is not None
    ratios = turn_ratios(opened, 0.5, cut=0.1)
    assert len(ratios) == 15
    found = locate(ratios, 0.95)
    assert found.low < math.log(1.1) < found.high
    assert found.high - found.low < 0.06


@pytest.mark.parametrize("windows", [(), (Window(begin=0.0, end=30.0, target=0),)])
def test_without_pairs_there_is_nothing(
    maker: Callable[..., Maker], windows: tuple[Window, ...]
) -> None:
    made = maker(sides=BOTH)
    due = arrivals(100, 30)
    name = made.add(0, Requests(due, np.full(len(due), 0.01)), windows=windows)
    recording = made.recording()
    opened = open_segment(recording, recording.starts[name])
    assert opened is not None
    assert len(turn_ratios(opened, 0.5, cut=0.0)) == 0
