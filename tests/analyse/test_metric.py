from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from perfkit.analyse.comparison import compare_blocks
from perfkit.analyse.effects import block_effects
from perfkit.analyse.metric import TRACED_FLOOR, compare_memory, metric_effects
from perfkit.settings import Metric

if TYPE_CHECKING:
    from collections.abc import Callable

    from perfkit.block import Block
    from perfkit.settings import Goal

TIMES = ([0.01] * 8, [0.011] * 8)
PEAK, TRACED = Metric.PEAK_MEMORY, Metric.TRACED_MEMORY


@pytest.fixture
def made(block_of: Callable[..., Block]) -> Callable[..., list[Block]]:
    """Blocks with the given pairs of traced peaks, or of resident ones."""

    def build(pairs: list[Any], name: str = "peak_traced", **facts: Any) -> list[Block]:
        return [
            block_of(*TIMES, index=index, **{name: pair}, **facts)
            for index, pair in enumerate(pairs)
        ]

    return build


def test_effects_of_each_metric(made: Callable[..., list[Block]]) -> None:
    blocks = made([(10_000, 20_000), (None, 20_000), (10_000, None)], peak_rss=(2**20, 2**19))
    assert metric_effects(blocks, Metric.TIME) == pytest.approx(block_effects(blocks))
    assert np.exp(metric_effects(blocks, PEAK)) == pytest.approx([0.5] * 3)
    assert np.exp(metric_effects(blocks, TRACED)) == pytest.approx([2.0])


@pytest.mark.parametrize("metric", [PEAK, TRACED])
def test_what_older_recordings_lack_is_no_error(
    made: Callable[..., list[Block]], goal_of: Callable[..., Goal], metric: Metric
) -> None:
    blocks = made([(None, None)] * 12)
    assert metric_effects(blocks, metric).shape == (0,)
    assert compare_memory(blocks, metric, goal_of()) is None
    assert compare_memory([], metric, goal_of()) is None


def test_a_peak_that_never_varies_is_known_exactly(
    made: Callable[..., list[Block]], goal_of: Callable[..., Goal]
) -> None:
    found = compare_memory(made([(80_200, 104_200)] * 12), TRACED, goal_of())
    assert found is not None
    ratio = found.ratio
    assert (ratio.low, ratio.value, ratio.high) == pytest.approx((104_200 / 80_200,) * 3)
    assert (found.baseline.value, found.candidate.value) == pytest.approx((80_200, 104_200))
    assert found.p_value < 0.001
    assert found.detectable == pytest.approx(0)
    same = compare_memory(made([(80_200, 80_200)] * 12), TRACED, goal_of())
    assert same is not None
    assert (same.ratio.value, same.p_value) == (1.0, 1.0)


@pytest.mark.parametrize(
    ("pair", "ratio"),
    [
        ((0, 0), None),
        ((100, TRACED_FLOOR), None),
        ((TRACED_FLOOR, 0), None),
        ((0, 2 * TRACED_FLOOR), 2.0),
        ((4 * TRACED_FLOOR, 24), 0.25),
        ((TRACED_FLOOR + 1, 24), TRACED_FLOOR / (TRACED_FLOOR + 1)),
    ],
)
def test_a_few_bytes_are_no_finding(
    made: Callable[..., list[Block]],
    goal_of: Callable[..., Goal],
    pair: tuple[int, int],
    ratio: float | None,
) -> None:
    found = compare_memory(made([pair] * 12), TRACED, goal_of())
    assert (found and found.ratio.value) == (ratio and pytest.approx(ratio))
    resident = compare_memory(made([(1000, 1100)] * 12, "peak_rss"), PEAK, goal_of())
    assert resident is not None  # the floor is of what a call allocates alone


def test_the_interval_covers_noisy_sizes(
    made: Callable[..., list[Block]], goal_of: Callable[..., Goal]
) -> None:
    rng = np.random.default_rng(3)
    hits = 0
    for _ in range(200):
        sizes = 24e6 * np.exp(rng.normal(0, 0.004, (12, 2))) * [1, 1.01]
        pairs = [tuple(pair) for pair in sizes.astype(int).tolist()]
        found = compare_memory(made(pairs, "peak_rss"), PEAK, goal_of())
        assert found is not None
        hits += found.ratio.low <= 1.01 <= found.ratio.high
    assert hits >= 185  # 96.7 % at each look: 193 expected


def test_a_side_that_cannot_be_traced_is_told(
    made: Callable[..., list[Block]], goal_of: Callable[..., Goal]
) -> None:
    blocks = made([(100, None)] * 12, untraced=("", "ValueError: not while I am watched"))
    got = compare_blocks(blocks, goal_of(), inner_loops=1, stopped="budget")
    (caveat,) = [one for one in got.caveats if one.code == "memory-not-traced"]
    assert "on the candidate (ValueError: not while I am watched)" in caveat.text
    assert "baseline" not in caveat.text
    assert got.memory == ()
