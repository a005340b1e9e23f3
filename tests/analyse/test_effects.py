from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from scipy import stats

from perfkit.analyse.effects import block_effects, summarise_blocks, trimmed_mean
from perfkit.errors import PerfkitError

if TYPE_CHECKING:
    from collections.abc import Callable

    from perfkit.block import Block


@pytest.mark.parametrize("shape", [(1,), (4,), (3, 1), (5, 8), (2, 41)])
@pytest.mark.parametrize("share", [0.1, 0.25])
def test_trimmed_mean_is_scipys(shape: tuple[int, ...], share: float) -> None:
    values = np.random.default_rng(1).standard_cauchy(shape)
    assert np.array_equal(trimmed_mean(values, share), stats.trim_mean(values, share, axis=-1))


def test_effect_is_the_log_ratio(block_of: Callable[..., Block]) -> None:
    block = block_of([0.01] * 8, [0.011] * 8)
    assert block_effects([block]) == pytest.approx([math.log(1.1)])


@pytest.mark.parametrize("order", ["BC", "BCCB", "BBC", "BCBCB", "BCCBBCBC"])
def test_cost_of_running_second_cancels(block_of: Callable[..., Block], order: str) -> None:
    baseline = [0.01 * (1.07 if letter == "C" else 1) for letter in order]
    candidate = [0.012 * (1.07 if letter == "B" else 1) for letter in order]
    summary = summarise_blocks([block_of(baseline, candidate, order)], inner_loops=1)
    assert summary.log_ratio == pytest.approx([math.log(1.2)])
    assert summary.order == pytest.approx([2 * math.log(1.07)])


def test_time_in_line_for_the_cpu_does_not_count(block_of: Callable[..., Block]) -> None:
    block = block_of([0.01] * 8, [0.015] * 8)
    waiting = replace(block.candidate, queued=(0.005,) * 8)
    summary = summarise_blocks([replace(block, candidate=waiting)], inner_loops=1)
    assert summary.log_ratio == pytest.approx([0], abs=1e-12)
    assert np.exp(summary.candidate) == pytest.approx([0.01])


def test_one_order_only_is_taken_as_it_is(block_of: Callable[..., Block]) -> None:
    summary = summarise_blocks([block_of([0.01], [0.02], "C")], inner_loops=1)
    assert summary.log_ratio == pytest.approx([math.log(2)])
    assert summary.order == pytest.approx([0])


def test_interquartile_mean_of_each_order_by_hand(block_of: Callable[..., Block]) -> None:
    logs = [0.0, 0.1, 0.3, 9.0, 1.0, 1.2, 1.3, -9.0]  # in order B: 0 … 9, in order C: -9 … 1.3
    block = block_of([1.0] * 8, np.exp(logs).tolist(), "BBBBCCCC")
    assert block_effects([block]) == pytest.approx([((0.1 + 0.3) / 2 + (1.0 + 1.2) / 2) / 2])


def test_disturbed_turn_in_each_order_does_no_harm(block_of: Callable[..., Block]) -> None:
    candidate = [0.01] * 8
    candidate[0] = candidate[1] = 0.5
    assert block_effects([block_of([0.01] * 8, candidate)]) == pytest.approx([0])


def test_seconds_are_of_one_iteration(block_of: Callable[..., Block]) -> None:
    blocks = [
        block_of([0.01] * 8, [0.02] * 8, loops=10),
        block_of([0.02] * 8, [0.04] * 8, loops=20),
    ]
    summary = summarise_blocks(blocks, inner_loops=5)
    assert np.exp(summary.baseline) == pytest.approx([0.0002, 0.0002])
    assert np.exp(summary.candidate) == pytest.approx([0.0004, 0.0004])


def test_blocks_of_different_shape_keep_their_places(block_of: Callable[..., Block]) -> None:
    blocks = [
        block_of([1.0] * 2, [1.1] * 2, "BC"),
        block_of([1.0] * 4, [1.2] * 4, "CBBC"),
        block_of([1.0] * 2, [1.3] * 2, "CB"),
        block_of([1.0] * 4, [1.4] * 4, "CBBB"),
    ]
    assert np.exp(block_effects(blocks)) == pytest.approx([1.1, 1.2, 1.3, 1.4])


def test_trend_is_the_change_from_first_turn_to_last(block_of: Callable[..., Block]) -> None:
    falling = np.exp(np.linspace(-4.0, -4.14, 8)).tolist()
    summary = summarise_blocks([block_of(falling, [0.01] * 8)], inner_loops=1)
    assert summary.baseline_trend == pytest.approx([-0.14])
    assert summary.candidate_trend == pytest.approx([0])


def test_within_variance_is_that_of_the_effect() -> None:
    rng = np.random.default_rng(2)
    logs = rng.normal(0, 0.02, (4000, 8))
    from perfkit.analyse.effects import _balanced

    first = np.tile([True, False] * 4, (4000, 1))
    location, _, variance = _balanced(logs, first)
    assert variance.mean() == pytest.approx(location.var(), rel=0.15)


@pytest.mark.parametrize("bad", [0.0, -0.01, math.nan, math.inf])
@pytest.mark.parametrize("side", [0, 1])
def test_unusable_times_are_named(block_of: Callable[..., Block], bad: float, side: int) -> None:
    times = [[0.01] * 8, [0.01] * 8]
    times[side][3] = bad
    blocks = [block_of([0.01] * 8, [0.01] * 8), block_of(*times, index=7)]
    with pytest.raises(PerfkitError, match="turn 3, block 7 of json_dumps") as caught:
        block_effects(blocks)
    assert repr(caught.value.got) == repr(bad)


@pytest.mark.parametrize(
    ("baseline", "candidate", "order"),
    [([0.01], [0.01] * 2, "BC"), ([0.01], [0.01], "BC"), ([], [], "")],
)
def test_turns_must_be_pairs(
    block_of: Callable[..., Block], baseline: list[float], candidate: list[float], order: str
) -> None:
    with pytest.raises(PerfkitError, match="does not hold pairs of turns"):
        block_effects([block_of(baseline, candidate, order)])


def test_no_blocks_is_an_error() -> None:
    blocks: list[Any] = []
    with pytest.raises(PerfkitError, match="no blocks"):
        block_effects(blocks)
