"""What blocks of time bear witness to."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from perfkit.analyse.load.longrun import Blocks, witnesses


def cut(*bounds: int, independent: bool = False) -> Blocks:
    edges = () if independent else bounds
    return Blocks(lengths=np.ones(bounds[-1]), bounds=edges, independent=independent)


@pytest.mark.parametrize(
    ("totals", "blocks", "expected"),
    [
        ([4, 3, 5], cut(0, 3), 3),
        ([4, 0, 5], cut(0, 3), 2),
        ([4, 0, 5], cut(0, 3, independent=True), 2),
        ([4, 4, 4, 4], cut(0, 2, 4), 4),
        ([1, 1, 9, 9], cut(0, 2, 4), 2),
        ([1, 1, 0, 0], cut(0, 2, 4), 2),
        ([0, 0], cut(0, 2), 0),
    ],
)
def test_witnesses(totals: list[int], blocks: Blocks, expected: int) -> None:
    assert witnesses(np.array(totals), blocks) == expected


@given(
    st.lists(
        st.tuples(st.integers(1, 40), st.integers(1, 50), st.floats(0, 0.99)),
        min_size=1,
        max_size=5,
    )
)
def test_no_stage_can_hide_what_the_bound_excludes(stages: list[tuple[int, int, float]]) -> None:
    """Each stage: blocks, requests a block, share of blocks all of whose requests have it."""
    totals = np.repeat([each for _, each, _ in stages], [number for number, _, _ in stages])
    bounds = np.cumsum([0, *(number for number, _, _ in stages)]).tolist()
    spared = math.prod((1 - hit) ** number for number, _, hit in stages)
    requests = sum(number * each for number, each, _ in stages)
    share = sum(number * each * hit for number, each, hit in stages) / requests
    assert spared <= (1 - share) ** witnesses(totals, cut(*bounds)) * (1 + 1e-9)
