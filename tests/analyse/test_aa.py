from __future__ import annotations

import math
from typing import TYPE_CHECKING

import pytest

from perfkit.analyse.aa import injected_ratio, summarise_aa
from perfkit.analyse.estimate import Comparison, Estimate
from perfkit.analyse.proportion import proportion
from perfkit.errors import PerfkitError

if TYPE_CHECKING:
    from collections.abc import Callable

    from perfkit.block import Block
    from perfkit.settings import Goal


def comparison(low: float, value: float, high: float, stopped: str = "precision") -> Comparison:
    ratio = Estimate(value=value, low=low, high=high, confidence=0.95, n=20)
    return Comparison(
        benchmark="x", series="aa-0", ratio=ratio, baseline=ratio, candidate=ratio,
        memory=(), detectable=0.0, p_value=1.0,
        effects=(), between_share=None, stopped=stopped, caveats=(),
    )  # fmt: skip


def test_identical_sides(goal_of: Callable[..., Goal]) -> None:
    comparisons = [
        comparison(0.99, 1.0, 1.01),
        comparison(1.001, 1.01, 1.02),
        comparison(0.97, 0.98, 0.99, "budget"),
        comparison(0.98, 1.02, 1.06, "budget"),
    ]
    got = summarise_aa(comparisons, [4.0, 4.0, 12.0, 12.0], goal_of(), truths=[1.0] * 4)
    assert got.comparisons == 4
    assert got.covered == proportion(2, 4, 0.95)
    assert got.different == proportion(2, 4, 0.95)
    assert got.found == proportion(1, 4, 0.95)
    assert got.found_precise == proportion(1, 2, 0.95)
    assert got.precise == proportion(2, 4, 0.95)
    assert got.rms_error == pytest.approx(math.sqrt((0 + 1 + 4 + 4) / 4) / 100)
    assert got.half_width == pytest.approx(0.01)
    assert got.seconds == pytest.approx(8)
    assert got.figure_of_merit == pytest.approx(0.015 * math.sqrt(8))


def test_injected_slowdown(goal_of: Callable[..., Goal]) -> None:
    comparisons = [comparison(1.01, 1.02, 1.03), comparison(0.99, 1.00, 1.01)]
    got = summarise_aa(comparisons, [1.0, 1.0], goal_of(), truths=[1.02, 1.02])
    assert got.found == proportion(1, 2, 0.95)
    assert got.covered == proportion(1, 2, 0.95)
    assert got.rms_error == pytest.approx(0.02 / 1.02 / math.sqrt(2))


def test_no_comparison_reached_the_precision(goal_of: Callable[..., Goal]) -> None:
    got = summarise_aa([comparison(0.9, 1, 1.1, "budget")], [1.0], goal_of(), truths=[1.0])
    assert got.found_precise.n == 0
    assert math.isnan(got.found_precise.value)


@pytest.mark.parametrize(("count", "seconds", "truths"), [(0, 0, 0), (1, 2, 1), (2, 2, 1)])
def test_figures_must_match(
    goal_of: Callable[..., Goal], count: int, seconds: int, truths: int
) -> None:
    with pytest.raises(PerfkitError, match="A/A summary"):
        summarise_aa(
            [comparison(0.9, 1, 1.1)] * count, [1.0] * seconds, goal_of(), truths=[1.0] * truths
        )


def test_achieved_injection_is_relative_to_the_turn(block_of: Callable[..., Block]) -> None:
    turns = [0.01] * 8, [0.0102] * 8
    blocks = [block_of(*turns, loops=7, injected=added) for added in (0.0002, 0.0003, 0.0002)]
    assert injected_ratio(blocks[:1]) == pytest.approx(1.02)
    assert 1.02 <= injected_ratio(blocks) <= 1.03
    assert injected_ratio([block_of(*turns)]) == 1.0
