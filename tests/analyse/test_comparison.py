from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from perfkit.analyse.comparison import compare_blocks
from perfkit.analyse.location import locate
from perfkit.analyse.scale import detectable
from perfkit.analyse.stopping import look_confidence
from perfkit.errors import PerfkitError
from perfkit.settings import Metric

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from perfkit.analyse.estimate import Comparison
    from perfkit.block import Block
    from perfkit.settings import Goal

EFFECTS = st.lists(st.floats(-0.25, 0.25, width=32), min_size=1, max_size=15)


def compare(blocks: Sequence[Block], goal: Goal) -> Comparison:
    return compare_blocks(blocks, goal, inner_loops=1, stopped="budget")


def swapped(block: Block) -> Block:
    order = block.order.translate(str.maketrans("BC", "CB"))
    return replace(block, baseline=block.candidate, candidate=block.baseline, order=order)


def test_ratio_and_interval_are_the_locations(
    blocks_of: Callable[..., list[Block]], goal_of: Callable[..., Goal]
) -> None:
    rng = np.random.default_rng(0)
    blocks = blocks_of(rng.normal(0.1, 0.02, 15), rng=rng, peak_rss=(2**20, 2**21))
    goal = goal_of()
    got = compare_blocks(blocks, goal, inner_loops=4, stopped="precision")
    found = locate(got.effects, look_confidence(goal))
    assert (got.ratio.value, got.ratio.low, got.ratio.high) == pytest.approx(np.exp(found))
    assert (got.ratio.confidence, got.ratio.n) == (0.95, 15)
    assert got.baseline.value == pytest.approx(math.exp(-5) / 4, rel=0.01)
    assert got.candidate.value == pytest.approx(math.exp(-4.9) / 4, rel=0.03)
    (memory,) = got.memory
    assert memory.metric is Metric.PEAK_MEMORY
    assert (memory.ratio.value, memory.baseline.value) == pytest.approx((2.0, 2**20))
    assert got.p_value == pytest.approx(2 * 2**-15 * 1.5)  # all above 0; two thirds of alpha a look
    assert (got.benchmark, got.series, got.stopped) == ("json_dumps", "compare", "precision")
    assert got.between_share is not None
    assert 0.5 < got.between_share <= 1


def test_memory_counts_where_both_sides_were_recorded(
    block_of: Callable[..., Block], goal_of: Callable[..., Goal]
) -> None:
    times = [0.01] * 8, [0.01] * 8
    blocks = [block_of(*times, peak_rss=peaks) for peaks in [(100, 200), (None, 300), (100, None)]]
    got = compare(blocks, goal_of())
    (memory,) = got.memory
    assert (memory.ratio.value, memory.ratio.n) == (pytest.approx(2), 1)
    assert compare(blocks[1:], goal_of()).memory == ()


@given(EFFECTS, st.integers(0, 2**32 - 1))
def test_swapping_sides_inverts_the_ratio(
    blocks_of: Callable[..., list[Block]],
    goal_of: Callable[..., Goal],
    effects: list[float],
    seed: int,
) -> None:
    blocks = blocks_of(effects, rng=np.random.default_rng(seed))
    one = compare(blocks, goal_of())
    other = compare([swapped(block) for block in blocks], goal_of())
    assert one.ratio.value * other.ratio.value == pytest.approx(1)
    if math.isfinite(one.ratio.high):
        assert one.ratio.low * other.ratio.high == pytest.approx(1)
    assert one.p_value == pytest.approx(other.p_value)
    assert one.ratio.low <= one.ratio.value <= one.ratio.high
    assert (one.p_value <= 0.05) == (not one.ratio.low <= 1 <= one.ratio.high)


@given(EFFECTS, st.floats(1e-6, 1e6))
def test_unit_of_time_does_not_matter(
    blocks_of: Callable[..., list[Block]],
    goal_of: Callable[..., Goal],
    effects: list[float],
    scale: float,
) -> None:
    rows = {"rng": np.random.default_rng(1)}
    blocks = blocks_of(effects, **rows)
    rows = {"rng": np.random.default_rng(1)}
    change = math.log(scale)
    scaled = blocks_of(effects, baseline=change, candidate=change, **rows)
    one, other = compare(blocks, goal_of()), compare(scaled, goal_of())
    assert other.ratio.value == pytest.approx(one.ratio.value)
    assert other.baseline.value == pytest.approx(one.baseline.value * scale)


@given(st.permutations(range(12)))
def test_order_of_blocks_does_not_matter(
    blocks_of: Callable[..., list[Block]], goal_of: Callable[..., Goal], order: list[int]
) -> None:
    rng = np.random.default_rng(4)
    blocks = blocks_of(rng.normal(0, 0.02, 12), rng=rng)
    got = compare([blocks[position] for position in order], goal_of())
    assert got.ratio == compare(blocks, goal_of()).ratio


@pytest.mark.parametrize("decided", [True, False])
def test_higher_confidence_is_wider(
    blocks_of: Callable[..., list[Block]], goal_of: Callable[..., Goal], *, decided: bool
) -> None:
    rng = np.random.default_rng(4)
    blocks = blocks_of(rng.normal(0, 0.02, 30), rng=rng)
    widths = [
        compare(blocks, goal_of(confidence=level, decided=decided)).ratio.half_width
        for level in (0.8, 0.9, 0.95, 0.99)
    ]
    assert widths == sorted(widths)
    assert widths[0] < widths[-1]


@pytest.mark.parametrize("count", range(1, 10))
def test_few_blocks_give_an_estimate_that_says_so(
    blocks_of: Callable[..., list[Block]], goal_of: Callable[..., Goal], count: int
) -> None:
    blocks = blocks_of([0.1] * count, rng=np.random.default_rng(count))
    got = compare(blocks, goal_of())
    assert got.ratio.value == pytest.approx(math.exp(0.1), rel=0.02)
    (caveat,) = [caveat for caveat in got.caveats if caveat.code == "too-few-blocks"]
    assert f"has {count}" in caveat.text
    assert "needs 10 blocks" in caveat.text
    if count <= 5:
        assert (got.ratio.low, got.ratio.high) == (0, math.inf)
        assert got.detectable == math.inf
        assert got.p_value > 0.05


@pytest.mark.parametrize("ratio", [1.0, 1.25])
@pytest.mark.parametrize("count", [1, 2, 10, 20, 400])
def test_constant_data_neither_fail_nor_warn(
    block_of: Callable[..., Block], goal_of: Callable[..., Goal], ratio: float, count: int
) -> None:
    blocks = [block_of([0.01] * 8, [0.01 * ratio] * 8)] * count
    got = compare(blocks, goal_of())
    assert got.ratio.value == pytest.approx(ratio)
    if count >= 10:
        assert (got.ratio.low, got.ratio.high) == pytest.approx((ratio, ratio))
        assert got.detectable == pytest.approx(0, abs=1e-12)
        assert (got.p_value <= 0.05) == (ratio > 1)
        assert [caveat.code for caveat in got.caveats] == ["no-variation"] if count == 10 else True
    assert got.between_share is None


def test_detectable_change_is_found_with_the_power_it_says(goal_of: Callable[..., Goal]) -> None:
    goal, rng = goal_of(), np.random.default_rng(8)
    level = look_confidence(goal)
    noise = rng.normal(0, 0.02, (4000, 20))
    found = locate(noise, level)
    usual = np.median([detectable(type(found)(*row), 20, goal) for row in zip(*found, strict=True)])
    hits = (locate(noise + np.log1p(usual), level).low > 0).mean()
    assert hits == pytest.approx(0.8, abs=0.03)


def test_error_of_a_bad_turn_passes_through(
    block_of: Callable[..., Block], goal_of: Callable[..., Goal]
) -> None:
    with pytest.raises(PerfkitError, match="no usable time"):
        compare([block_of([0.01] * 8, [0.0] * 8)], goal_of())
