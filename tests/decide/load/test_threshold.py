from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from made_load_runs import Requests, arrivals, conditions

from perfkit.analyse.load.run import analyse_load
from perfkit.decide.load.judge import judge_load
from perfkit.decide.load.result import Holds
from perfkit.decide.load.threshold import judge_threshold
from perfkit.profile.threshold import parse_threshold
from perfkit.profile.value import Check, Stage
from perfkit.variant import Side

if TYPE_CHECKING:
    from collections.abc import Callable

    from made_load_runs import Maker

    from perfkit.decide.load.result import ThresholdVerdict

STAGES = (
    Stage(name="up", seconds=5.0, target=100.0, role="ramp"),
    Stage(name="hold", seconds=20.0, target=100.0, role="hold"),
    Stage(name="more", seconds=20.0, target=100.0, role="hold"),
)
AT = np.arange(-1.0, 46.0, 0.2)


def judged(
    maker: Callable[..., Maker], text: str, *, failed: float = 0.0, count: int | None = None
) -> ThresholdVerdict:
    made = maker(STAGES, start=0.0, thresholds=conditions(text))
    due = arrivals(100, 45)[:count]
    rng = np.random.default_rng(2)
    response = rng.lognormal(math.log(0.02), 0.3, len(due)) * np.where(due > 25, 4, 1)
    samples = {Side.BASELINE: {"at": AT, "cpu": np.clip(AT, 0, 45) * 0.4}}
    outcome = (rng.random(len(due)) < failed).astype(int)
    made.add(0, Requests(due, response, outcome=outcome), samples=samples)
    (side,) = analyse_load(made.recording()).sides
    return judge_threshold(made.profile.thresholds[0], side, made.profile)


@pytest.mark.parametrize(
    ("text", "holds"),
    [
        ("p(95)<150ms", Holds.PASS),
        ("p(95)<50ms", Holds.FAIL),
        ("p(95)@hold<50ms", Holds.PASS),
        ("p(95)@more<50ms", Holds.FAIL),
        ("p(95)@up<50ms", Holds.PASS),
        ("p(97.5)@hold<100ms", Holds.PASS),
        ("p(50)@hold<20ms", Holds.INCONCLUSIVE),
        ("med<1s", Holds.PASS),
        ("avg@more>70ms", Holds.PASS),
        ("min>100ms", Holds.FAIL),
        ("max<10s", Holds.PASS),
        ("rate(errors)<1%", Holds.PASS),
        ("rate(checks)>99%", Holds.NO_DATA),
        ("throughput>90/s", Holds.PASS),
        ("goodput<=90/s", Holds.FAIL),
        ("rss<280MB", Holds.PASS),
        ("cpu<30%", Holds.FAIL),
    ],
)
def test_the_whole_interval_counts(maker: Callable[..., Maker], text: str, holds: Holds) -> None:
    found = judged(maker, text)
    assert found.holds is holds, found
    assert (found.value is None) == (holds is Holds.NO_DATA)
    if holds in {Holds.NO_DATA, Holds.INCONCLUSIVE}:
        assert found.reason
    if found.value is not None:
        assert found.value.n > 0


def test_failures_are_slower_than_any_answer(maker: Callable[..., Maker]) -> None:
    found = judged(maker, "p(95)<10s", failed=0.2)
    assert found.holds is Holds.FAIL
    assert found.value is not None
    assert math.isinf(found.value.low)


def test_few_requests_are_inconclusive(maker: Callable[..., Maker]) -> None:
    found = judged(maker, "p(99)<10s", count=700)
    assert found.holds is Holds.INCONCLUSIVE
    assert found.reason == (
        "no bound: none of 200 requests took longer, but they are too few to be sure"
    )


def few(maker: Callable[..., Maker], text: str, outcome: list[int]) -> ThresholdVerdict:
    """An answer takes 10 ms; a failure does as well, and may have been a refused connection."""
    made = maker(STAGES[1:2], thresholds=conditions(text))
    due = arrivals(len(outcome) / 20, 20)
    made.add(0, Requests(due, np.full(len(due), 0.01), outcome=np.array(outcome)))
    (side,) = analyse_load(made.recording()).sides
    return judge_threshold(made.profile.thresholds[0], side, made.profile)


@pytest.mark.parametrize(
    ("text", "outcome", "said"),
    [
        ("med<100ms", [1] * 5, "too many failed (5 of 5), but 5 requests are too few to be sure"),
        (
            "p(95)<100ms",
            [0] * 53 + [1] * 47,
            "too many failed (47 of 100), but they came too close together to be sure",
        ),
        ("p(95)<100ms", [*[0] * 49, 1, *[0] * 49, 1] * 2, "no bound: too many failed (4 of 200)"),
        (
            "p(95)<100ms",
            [0] * 20,
            "no bound: none of 20 requests took longer, but about 288 are needed to be sure",
        ),
        (
            "p(99)<100ms",
            [0] * 400,
            "no bound: none of 400 requests took longer, but they are too few to be sure",
        ),
    ],
)
def test_why_it_is_open(
    maker: Callable[..., Maker], text: str, outcome: list[int], said: str
) -> None:
    found = few(maker, text, outcome)
    assert (found.holds, found.reason) == (Holds.INCONCLUSIVE, said)


@pytest.mark.parametrize(
    ("outcome", "said"),
    [
        ([1] * 5, "5 of 5 failed, slower than any answer"),
        ([0] * 99 + [1], "1 of 100 failed, slower than any answer"),
    ],
)
def test_a_failure_is_the_longest(
    maker: Callable[..., Maker], outcome: list[int], said: str
) -> None:
    found = few(maker, "max<2s", outcome)
    assert (found.holds, found.reason) == (Holds.FAIL, said)
    assert found.value is not None
    assert (found.value.value, found.value.n) == (math.inf, len(outcome))


def test_who_was_cut_off_had_waited(maker: Callable[..., Maker]) -> None:
    made = maker(STAGES[1:2], thresholds=conditions("max<2s"))
    made.add(0, Requests(arrivals(0.2, 20), np.array([0.01, 0.01, 0.01, 3]), outcome=[0, 0, 0, 2]))
    (side,) = analyse_load(made.recording()).sides
    found = judge_threshold(made.profile.thresholds[0], side, made.profile)
    assert found.holds is Holds.FAIL
    assert found.reason == "a request that was cut off had waited so long already"


@pytest.mark.parametrize(
    ("outcome", "said"), [([1] * 5, "no right answer"), ([2] * 5, "nothing was answered")]
)
@pytest.mark.parametrize("text", ["avg<1s", "min<1s"])
def test_without_a_right_answer(
    maker: Callable[..., Maker], text: str, outcome: list[int], said: str
) -> None:
    found = few(maker, text, outcome)
    assert (found.holds, found.reason) == (Holds.NO_DATA, said)


@pytest.mark.parametrize(
    "text", ["p(95)@more<10s", "avg@more<10s", "throughput@more>1/s", "rate(errors)@more<99%"]
)
def test_no_data_is_no_pass(maker: Callable[..., Maker], text: str) -> None:
    made = maker(STAGES, start=0.0, thresholds=conditions(text))
    due = arrivals(100, 20)
    made.add(0, Requests(due, np.full(len(due), 0.01)), seconds=20.0)
    (side,) = analyse_load(made.recording()).sides
    found = judge_threshold(made.profile.thresholds[0], side, made.profile)
    assert found.holds is Holds.NO_DATA
    assert found.reason == "stage 'more' was not reached"


def test_nothing_sent_is_no_data(maker: Callable[..., Maker]) -> None:
    texts = ("p(95)<1s", "throughput<1/s", "rate(errors)<1%", "max<1s", "rss<1GB", "cpu<50%")
    made = maker(thresholds=conditions(*texts))
    made.add(0, Requests(np.empty(0), np.empty(0)))
    (side,) = analyse_load(made.recording()).sides
    for one in made.profile.thresholds:
        assert judge_threshold(one, side, made.profile).holds is Holds.NO_DATA


def test_checks_of_time(maker: Callable[..., Maker]) -> None:
    made = maker(thresholds=conditions("rate(checks)>90%", "rate(checks)>99%"))
    scenario = made.profile.scenario
    check = Check(name="quick", status=None, body=None, seconds=0.1)
    request = replace(scenario.requests[0], checks=(check,))
    made.profile = replace(made.profile, scenario=replace(scenario, requests=(request,)))
    due = arrivals(100, 30)
    slow = np.arange(len(due)) % 20 == 0
    made.add(0, Requests(due, np.full(len(due), 0.01), checks=slow.astype(int)))
    (side,) = analyse_load(made.recording()).sides
    holds = [judge_threshold(x, side, made.profile).holds for x in made.profile.thresholds]
    assert holds == [Holds.PASS, Holds.FAIL]


@pytest.mark.parametrize(
    ("text", "holds"),
    [
        ("p(95)<50ms for 10s", Holds.FAIL),
        ("p(95)@hold<50ms for 10s", Holds.PASS),
        ("p(95)<50ms for 30s", Holds.PASS),
        ("p(97)<50ms for 30s", Holds.NO_DATA),
    ],
)
def test_a_sustained_one_by_the_timeline(
    maker: Callable[..., Maker], text: str, holds: Holds
) -> None:
    assert judged(maker, text).holds is holds


ALL = np.ones(3000, dtype=int)
MOST = (np.arange(3000) % 100 > 0).astype(int)
GAPS = np.arange(3000) // 50 % 9 > 0  # every ninth window of half a second is empty


@pytest.mark.parametrize(
    ("columns", "keep", "holds"),
    [
        ({"response": 0.01}, ALL > 0, Holds.PASS),
        ({"response": 0.01, "outcome": ALL, "error": 0}, ALL > 0, Holds.FAIL),
        ({"response": 0.01, "outcome": MOST, "error": MOST - 1}, ALL > 0, Holds.FAIL),
        ({"response": 0.5}, GAPS, Holds.FAIL),
        ({"response": 0.01}, np.arange(3000) < 100, Holds.INCONCLUSIVE),
    ],
    ids=["quick", "all fail", "most fail", "slow with gaps", "silence"],
)
def test_a_sustained_one_where_something_is_missing(
    maker: Callable[..., Maker], columns: dict[str, Any], keep: np.ndarray, holds: Holds
) -> None:
    stage = Stage(name="hold", seconds=30.0, target=100.0, role="hold")
    made = maker((stage,), thresholds=conditions("p(95)<200ms"))
    due = arrivals(100, 30)
    full = {name: np.broadcast_to(values, len(due)) for name, values in columns.items()}
    made.add(0, Requests(due[keep], **{name: values[keep] for name, values in full.items()}))
    (side,) = analyse_load(made.recording()).sides
    limit = parse_threshold("p(95)<200ms for 10s")
    assert judge_threshold(limit, side, made.profile).holds is holds


def of_trials(
    maker: Callable[..., Maker], text: str, *factors: float, requests: int = 2000
) -> ThresholdVerdict:
    """Trials of one service, multiplied; about 33 ms is the 95th percentile of one."""
    made = maker(STAGES[1:2], thresholds=conditions(text))
    due = arrivals(100, 20)[:requests]
    for trial, factor in enumerate(factors):
        rng = np.random.default_rng(trial)
        made.add(trial, Requests(due, factor * rng.lognormal(math.log(0.02), 0.3, len(due))))
    (side,) = analyse_load(made.recording()).sides
    return judge_threshold(made.profile.thresholds[0], side, made.profile)


@pytest.mark.parametrize(
    ("text", "holds"),
    [
        ("p(95)<150ms", Holds.PASS),
        ("p(95)<20ms", Holds.FAIL),
        ("p(95)>20ms", Holds.PASS),
        ("p(95)<33ms", Holds.INCONCLUSIVE),
        ("med<30ms", Holds.PASS),
    ],
)
def test_a_percentile_is_that_of_a_typical_trial(
    maker: Callable[..., Maker], text: str, holds: Holds
) -> None:
    found = of_trials(maker, text, *np.linspace(0.9, 1.1, 8))
    assert found.holds is holds, found
    assert found.value is not None
    assert found.together is not None
    assert (found.value.n, found.together.n) == (8, 16_000)
    assert bool(found.reason) == (holds is Holds.INCONCLUSIVE)


def test_a_bad_trial_takes_the_bound_away_but_not_the_verdict(maker: Callable[..., Maker]) -> None:
    """As in reports/example-load: 4 ms, no upper bound, and a limit of 150 ms."""
    found = of_trials(maker, "p(99)<1s", *[1.0] * 7, 4.0)
    assert found.together is not None
    assert math.isinf(found.together.high)
    assert found.value is not None
    assert found.value.high < 0.2
    assert (found.holds, found.reason) == (Holds.PASS, "")


def test_without_a_bound_each_trial_must_keep_the_limit(maker: Callable[..., Maker]) -> None:
    found = of_trials(maker, "p(99)<150ms", *[1.0] * 7, 4.0)
    assert found.holds is Holds.INCONCLUSIVE
    assert "1 of 8 trials did not keep it" in found.reason
    assert "no bound" in found.reason


def test_trials_that_say_the_opposite_are_counted(maker: Callable[..., Maker]) -> None:
    found = of_trials(maker, "p(95)<35ms", *[0.8] * 15, 1.2)
    assert found.holds is Holds.PASS
    assert found.reason == "1 of 16 trials did not keep it"


def test_those_that_kept_it_as_well(maker: Callable[..., Maker]) -> None:
    found = of_trials(maker, "p(95)<25ms", *[1.0] * 15, 0.6)
    assert found.holds is Holds.FAIL
    assert found.reason == "1 of 16 trials kept it"


def test_all_requests_may_say_the_opposite(maker: Callable[..., Maker]) -> None:
    found = of_trials(maker, "p(95)<50ms", *[1.0] * 15, 5.0)
    assert found.holds is Holds.INCONCLUSIVE
    assert "a typical trial keeps it, but all requests: " in found.reason


def test_all_requests_decide_what_trials_do_not(maker: Callable[..., Maker]) -> None:
    found = of_trials(maker, "p(95)<32ms", *np.geomspace(0.5, 3, 6))
    assert found.holds is Holds.FAIL
    assert found.together is None
    assert found.value is not None
    assert found.value.n == 12_000
    assert found.reason.startswith("over all requests")


@pytest.mark.parametrize(
    ("trials", "requests", "said"),
    [
        (5, 2000, "over all requests: 5 trials are too few for one figure each"),
        (8, 50, "over all requests: some trials have too few for a figure of their own"),
    ],
)
def test_all_requests_stand_in_for_too_few_trials_or_requests(
    maker: Callable[..., Maker], trials: int, requests: int, said: str
) -> None:
    found = of_trials(maker, "p(95)<150ms", *[1.0] * trials, requests=requests)
    assert found.holds is Holds.PASS
    assert found.together is None
    assert found.value is not None
    assert found.value.n == trials * requests
    assert found.reason == said


def test_trials_in_which_too_many_failed(maker: Callable[..., Maker]) -> None:
    made = maker(STAGES[1:2], thresholds=conditions("p(95)<1s"))
    due = arrivals(20, 20)
    for trial in range(8):
        outcome = (np.arange(len(due)) % 10 == 0) & (trial < 4)
        made.add(trial, Requests(due, np.full(len(due), 0.01), outcome=outcome.astype(int)))
    (side,) = analyse_load(made.recording()).sides
    found = judge_threshold(made.profile.thresholds[0], side, made.profile)
    assert found.holds is Holds.INCONCLUSIVE
    assert found.reason == "no bound: in 4 of 8 trials too many failed"


def test_two_sides_are_judged_in_one_way(maker: Callable[..., Maker]) -> None:
    """Of 50 requests a trial, 5 % are too few for a figure; of 100 they suffice."""
    both = (Side.BASELINE, Side.CANDIDATE)
    made = maker(STAGES[1:2], both, thresholds=conditions("p(95)<1s", "avg<1s"))
    rng = np.random.default_rng(1)
    for trial in range(8):
        for side, rate in zip(both, (2.5, 5.0), strict=True):
            due = arrivals(rate, 20)
            made.add(trial, Requests(due, rng.lognormal(-4, 0.3, len(due))), sides=(side,))
    one, _, other, _ = judge_load(made.recording()).thresholds
    assert one.value is not None
    assert other.value is not None
    assert (one.value.n, other.value.n) == (8 * 50, 8 * 100)
    assert one.together is other.together is None
    of = "over all requests: some trials "
    assert one.reason == of + "have too few for a figure of their own"
    assert other.reason == of + "of the other side have too few for a figure each"
