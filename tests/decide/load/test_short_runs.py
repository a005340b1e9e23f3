"""A percentile without an upper end, and a limit that no request exceeded."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from made_load_runs import Requests, arrivals, conditions
from scipy import stats
from simulate_short_runs import CASES, none_slow, passes

from perfkit.analyse.load.run import analyse_load
from perfkit.decide.load.result import Holds
from perfkit.decide.load.threshold import judge_threshold
from perfkit.profile.value import Stage

if TYPE_CHECKING:
    from collections.abc import Callable

    from made_load_runs import Maker

    from perfkit.decide.load.result import ThresholdVerdict

STAGES = (
    Stage(name="up", seconds=2.0, target=50.0, role="ramp"),
    Stage(name="hold", seconds=8.0, target=50.0, role="hold"),
)
DOUBT = 0.01  # a binomial p-value below it is a significant excess
# What the docstring of `threshold` states for spells of up to a block: together, and by this alone.
FALSE_PASS, OF_THIS = 0.05, 0.025


def judged(
    maker: Callable[..., Maker], text: str, *, requests: int = 400, **columns: Any
) -> ThresholdVerdict:
    """10 % of the requests, one after the other, take 50 to 100 ms, the others 10: no upper end."""
    made = maker(STAGES, start=50.0, thresholds=conditions(text))
    hold = 2 + arrivals(requests / 8, 8)
    due = np.concatenate([arrivals(50, 2), hold])
    response = np.where((due > 6) & (due < 6.8), 0.05 + 0.05 * (due - 6) / 0.8, 0.01)
    last = np.arange(len(due)) == len(due) - 1
    if "waited" in columns:
        response = np.where(last, columns["waited"], response)
    outcome = np.where(last, columns.get("outcome", 0), 0)
    made.add(0, Requests(due, response, outcome=outcome))
    (side,) = analyse_load(made.recording()).sides
    return judge_threshold(made.profile.thresholds[0], side, made.profile)


@pytest.mark.parametrize("text", ["p(95)<1s", "p(95)@hold<1s", "p(95)<=101ms", "p(95)>=1s"])
def test_none_took_longer(maker: Callable[..., Maker], text: str) -> None:
    found = judged(maker, text)
    assert found.value is not None
    assert math.isinf(found.value.high)
    assert found.holds is (Holds.FAIL if ">" in text else Holds.PASS)
    assert found.reason == "none of 400 requests took longer"


@pytest.mark.parametrize(
    ("text", "columns"),
    [
        ("p(95)<90ms", {}),  # some took longer
        ("p(95)<1s", {"requests": 240}),  # 60 blocks; 72 are needed
        ("p(99)<1s", {}),  # 100 blocks; 368 are needed
        ("p(95)<1s", {"outcome": 1}),  # one failed
        ("p(95)<1s", {"outcome": 2, "waited": 3.0}),  # one would have taken longer
    ],
)
def test_what_does_not_tell(
    maker: Callable[..., Maker], text: str, columns: dict[str, Any]
) -> None:
    found = judged(maker, text, **columns)
    assert found.holds is Holds.INCONCLUSIVE
    assert found.reason.startswith("no bound: ")


@pytest.mark.parametrize(
    ("text", "but"),
    [("p(95)<1s", "about 288 are needed"), ("p(99)<1s", "they are too few")],
)
def test_how_many_requests_would_do_is_said_where_none_took_longer(
    maker: Callable[..., Maker], text: str, but: str
) -> None:
    assert judged(maker, text, requests=240).reason == (
        f"no bound: none of 240 requests took longer, but {but} to be sure"
    )


def test_why_there_is_no_bound(maker: Callable[..., Maker]) -> None:
    assert judged(maker, "p(95)<90ms").reason == "no bound: slow ones came too close together"


@pytest.mark.parametrize("case", ["each by itself", "in spells of half a block", "of a block"])
@pytest.mark.parametrize("requests", [300, 600])
def test_what_does_not_hold_seldom_passes(case: str, requests: int) -> None:
    repeats = 250
    found, alone = passes(CASES[case], requests, repeats)
    for count, most in ((found, FALSE_PASS), (found - alone, OF_THIS)):
        assert stats.binomtest(count, repeats, most, alternative="greater").pvalue > DOUBT


def test_few_blocks_pass_no_more_than_before() -> None:
    found, alone = passes(CASES["of 4 blocks"], 100, 100)
    assert found == alone > 0


def test_a_healthy_service_passes() -> None:
    found, alone = passes(none_slow, 600, 50)
    assert found == 50
    assert alone < 40
