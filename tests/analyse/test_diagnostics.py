"""Each caveat fires when it should, and clean data keep all of them silent."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from scipy import stats

from perfkit.analyse.comparison import compare_blocks
from perfkit.analyse.diagnostics import diagnose_goal
from perfkit.analyse.modes import two_modes

if TYPE_CHECKING:
    from collections.abc import Callable

    from perfkit.block import Block
    from perfkit.caveat import Caveat
    from perfkit.settings import Goal


@pytest.fixture
def caveats(
    blocks_of: Callable[..., list[Block]], goal_of: Callable[..., Goal]
) -> Callable[..., dict[str, Caveat]]:
    """Caveats of blocks with given effects, by code."""

    def build(
        effects: Any, *, stopped: str = "budget", goal: dict[str, Any] | None = None, **facts: Any
    ) -> dict[str, Caveat]:
        rng = np.random.default_rng(11)
        blocks = blocks_of(effects, rng=rng, **facts)
        got = compare_blocks(blocks, goal_of(**(goal or {})), inner_loops=1, stopped=stopped)
        assert all(caveat.benchmark == "json_dumps" for caveat in got.caveats)
        return {caveat.code: caveat for caveat in got.caveats}

    return build


def quiet(count: int = 20, spread: float = 0.008) -> np.ndarray:
    """Evenly spaced normal quantiles in a fixed, shuffled order."""
    quantiles = stats.norm.ppf((np.arange(count) + 0.5) / count)
    return spread * np.random.default_rng(0).permutation(quantiles)


def test_clean_data_are_silent(caveats: Callable[..., dict[str, Caveat]]) -> None:
    for count in (10, 20, 40):
        assert caveats(quiet(count)) == {}
    assert caveats(quiet() + 0.2) == {}


@pytest.mark.parametrize(
    ("margin", "precision", "fires"),
    [(0.02, 0.01, False), (0.019, 0.01, True), (0.02, 0.011, True), (0.05, 0.01, False)],
)
def test_margin_below_precision(
    goal_of: Callable[..., Goal], margin: float, precision: float, *, fires: bool
) -> None:
    got = diagnose_goal(goal_of(margin=margin, precision=precision))
    assert [caveat.code for caveat in got] == ["margin-below-precision"] * fires
    assert all(caveat.benchmark is None for caveat in got)


def test_margin_caveat_says_what_would_do(goal_of: Callable[..., Goal]) -> None:
    (caveat,) = diagnose_goal(goal_of(margin=0.01))
    assert "margin of 1.0 %" in caveat.text
    assert "±1.0 %" in caveat.text
    assert "--margin to 2.0 %" in caveat.remedy
    assert "--precision to 0.50 %" in caveat.remedy


def test_too_few_blocks(caveats: Callable[..., dict[str, Caveat]]) -> None:
    assert "needs 10 blocks or more for a 95 % interval" in caveats(quiet(9))["too-few-blocks"].text
    assert "too-few-blocks" not in caveats(quiet(10))


@pytest.mark.parametrize(("each", "fires"), [(1.0, False), (1.25, False), (1.4, True), (2.0, True)])
def test_budget_stretched(
    caveats: Callable[..., dict[str, Caveat]], each: float, *, fires: bool
) -> None:
    got = caveats(quiet(10), wait_seconds=0.0, run_in_seconds=0.0, timed_seconds=each)
    assert ("budget-stretched" in got) == fires
    if each == 2.0:
        assert "10 blocks took 20.0 s" in got["budget-stretched"].text
        assert "12.0 s" in got["budget-stretched"].text


@pytest.mark.parametrize(
    ("count", "text"),
    [
        (1, "a block took 29.0 s, more than the budget of 12.0 s"),
        (2, "2 blocks took 58.0 s, more than the budget of 12.0 s; one alone took 29.0 s"),
        (10, "10 blocks took 290 s, more than the budget of 12.0 s; one alone took 29.0 s"),
    ],
)
def test_a_block_that_takes_longer_than_the_budget(
    caveats: Callable[..., dict[str, Caveat]], count: int, text: str
) -> None:
    got = caveats(quiet(count), wait_seconds=0.0, run_in_seconds=0.0, timed_seconds=29.0)
    assert got["budget-stretched"].text.endswith(text)


def test_overlapped_start_up_is_no_measuring_time(
    caveats: Callable[..., dict[str, Caveat]],
) -> None:
    assert caveats(quiet(10), startup_seconds=100.0) == {}


def test_precision_not_reached_for_variance_between(
    caveats: Callable[..., dict[str, Caveat]],
) -> None:
    got = caveats(quiet(20, 0.04))["precision-not-reached"]
    assert "lies between blocks" in got.text
    assert "longer turns would not" in got.remedy
    blocks = int(got.remedy.split("(")[1].split()[0])
    seconds = int(got.remedy.split("about ")[1].split()[0])
    # A half-width shrinks with the root of the number of blocks, which take 0.3 s each.
    half_width = float(got.text.split("half-width is ")[1].split()[0]) / 100
    assert blocks == pytest.approx(20 * (half_width / math.log1p(0.01)) ** 2, rel=0.02)
    assert seconds == math.ceil(blocks * 0.3)


def test_precision_not_reached_for_variance_within(
    caveats: Callable[..., dict[str, Caveat]],
) -> None:
    got = caveats(np.zeros(40), noise=0.2)["precision-not-reached"]
    assert "lies within blocks" in got.text
    assert "Longer or more turns" in got.remedy


def test_precision_is_not_missed_where_a_verdict_was_wanted(
    caveats: Callable[..., dict[str, Caveat]],
) -> None:
    assert "precision-not-reached" not in caveats(quiet(20, 0.04), stopped="decided")


def test_warm_up_visible(caveats: Callable[..., dict[str, Caveat]]) -> None:
    falling = np.linspace(0.03, 0, 8)
    both = caveats(quiet(), baseline=falling, candidate=falling)["warm-up-visible"]
    assert "the baseline's by 3." in both.text
    assert "the candidate's by 3." in both.text
    one = caveats(quiet(), candidate=falling)["warm-up-visible"]
    assert "baseline" not in one.text
    assert "warm-up-visible" not in caveats(quiet(), baseline=falling[::-1])
    assert "warm-up-visible" not in caveats(quiet(), baseline=falling / 10)


def test_order_effect(caveats: Callable[..., dict[str, Caveat]]) -> None:
    got = caveats(quiet(), second=0.03)["order-effect"]
    assert "runs second takes" in got.text
    assert "longer" in got.text
    assert float(got.text.split("takes ")[1].split()[0]) == pytest.approx(3.0, abs=0.4)
    assert "less" in caveats(quiet(), second=-0.03)["order-effect"].text
    assert "order-effect" not in caveats(quiet(), second=0.003)


def test_several_modes_of_effects(caveats: Callable[..., dict[str, Caveat]]) -> None:
    got = caveats(quiet() / 4 + np.resize([0.0, 0.0, 0.06], 20), noise=0.001)["several-modes"]
    assert "block effects fall into two groups" in got.text
    assert "(14 and 6 blocks)" in got.text
    assert float(got.text.split("groups ")[1].split()[0]) == pytest.approx(6.2, abs=0.5)


def test_several_modes_of_times_that_the_ratio_cancels(
    caveats: Callable[..., dict[str, Caveat]],
) -> None:
    shift = np.resize([0.0, 0.08], 20)[:, None]
    got = caveats(quiet(), baseline=shift, candidate=shift)["several-modes"]
    assert "baseline's times" in got.text


def test_small_modes_do_not_matter(caveats: Callable[..., dict[str, Caveat]]) -> None:
    effects = quiet() / 8 + np.resize([0.0, 0.015], 20)
    assert two_modes(effects) is not None
    assert "several-modes" not in caveats(effects, noise=0.0001)


def test_steal_seen(caveats: Callable[..., dict[str, Caveat]]) -> None:
    assert "5.0 %" in caveats(quiet(), steal=0.05)["steal-seen"].text
    assert "steal-seen" not in caveats(quiet(), steal=0.009)
    assert "steal-seen" not in caveats(quiet(), steal=None)


def test_outlying_blocks(caveats: Callable[..., dict[str, Caveat]]) -> None:
    effects = quiet(40)
    effects[7] = math.log(1.18)
    got = caveats(effects, noise=0.001)["outlying-blocks"]
    assert "1 of 40 blocks lies far" in got.text
    assert "up to 18." in got.text


def test_no_variation(block_of: Callable[..., Block], goal_of: Callable[..., Goal]) -> None:
    same = [block_of([0.01] * 8, [0.02] * 8)]
    for count, expected in ((1, []), (12, ["no-variation"])):
        got = compare_blocks(same * count, goal_of(), inner_loops=1, stopped="budget")
        assert [c.code for c in got.caveats if c.code != "too-few-blocks"] == expected


def test_two_modes_by_hand() -> None:
    found = two_modes([1.0, 1.1, 0.9, 1.0, 1.0, 1.0, 5.0, 5.1, 4.9, 5.0])
    assert found is not None
    assert (found.lower, found.upper) == pytest.approx((1.0, 5.0))
    assert (found.lower_count, found.upper_count) == (6, 4)


@pytest.mark.parametrize(
    "values", [[1.0] * 12, [0.0] * 5 + [9.0] * 4, [1.0, 1.1] * 6 + [50.0], list(range(30))]
)
def test_one_mode(values: list[float]) -> None:
    found = two_modes(values)
    assert found is None or found.upper - found.lower < 0.2


@pytest.mark.slow
@pytest.mark.parametrize("count", [10, 20, 40])
@pytest.mark.parametrize("tails", ["normal", "heavy"])
def test_clean_data_seldom_speak(
    blocks_of: Callable[..., list[Block]], goal_of: Callable[..., Goal], count: int, tails: str
) -> None:
    rng, goal, repeats = np.random.default_rng(count), goal_of(), 400
    fired: dict[str, int] = {}
    for _ in range(repeats):
        drawn = rng.normal(size=count) if tails == "normal" else rng.standard_t(5, count) / 1.3
        process = 0.02 * rng.normal(size=(count, 1))
        blocks = blocks_of(0.01 * drawn, rng=rng, baseline=process, candidate=process)
        got = compare_blocks(blocks, goal, inner_loops=1, stopped="precision")
        for caveat in got.caveats:
            fired[caveat.code] = fired.get(caveat.code, 0) + 1
    fired.pop("precision-not-reached", None)  # true of some of these data
    for code, times in fired.items():
        assert stats.binomtest(times, repeats, 0.02, alternative="greater").pvalue > 0.01, code
