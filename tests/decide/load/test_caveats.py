"""What is said of a load run beside its figures: only what is so, where it matters to somebody."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from made_load_runs import Requests, arrivals, conditions, make_profile, make_run, make_variant

from perfkit.analyse.estimate import Estimate
from perfkit.analyse.load.run import LoadAnalysis
from perfkit.caveat import venv_caveats
from perfkit.decide.load.caveats import load_caveats
from perfkit.decide.load.growth import growth_words, memory_grows
from perfkit.decide.load.judge import judge_load
from perfkit.profile.value import Stage
from perfkit.recording.compare import Finish
from perfkit.recording.load import LoadFailure, SearchMethod
from perfkit.service import ServiceKind
from perfkit.variant import VENV, Side

if TYPE_CHECKING:
    from collections.abc import Callable

    from made_load_runs import Maker

    from perfkit.analyse.load.value import Summary
    from perfkit.caveat import Caveat
    from perfkit.recording.load import LoadRecording

BOTH = (Side.BASELINE, Side.CANDIDATE)
STAGES = (Stage(name="hold", seconds=5.0, target=50.0, role="hold"),)
INTERRUPTED = (Finish(status="interrupted", seconds={"total": 3.0}),)


def measured(maker: Callable[..., Maker], **changes: Any) -> LoadRecording:
    made = maker(STAGES, **changes)
    due = arrivals(50, 5)
    made.add(0, Requests(due, np.full(len(due), 0.02)))
    return made.recording()


def told(recording: LoadRecording, code: str) -> list[Caveat]:
    return [one for one in judge_load(recording).caveats if one.code == code]


def test_an_enlarged_profile_is_not_called_shrunk(maker: Callable[..., Maker]) -> None:
    (one,) = told(measured(maker, time_scale=1.2, user_scale=10.0), "scaled")
    assert one.text == "the profile made was run scaled (time × 1.2, users × 10)"


@pytest.mark.parametrize("state", ["finished", "interrupted"])
def test_a_generator_that_never_began_is_not_blamed(
    maker: Callable[..., Maker], state: str
) -> None:
    finishes = (Finish(status=state, seconds={"total": 1.0}),)
    known = maker(STAGES).recording(finishes=finishes)
    assert told(known, "generator-silent") == []


def test_more_trials_are_not_asked_for_of_a_service_that_never_started(
    maker: Callable[..., Maker],
) -> None:
    known = maker(STAGES).recording()
    run = replace(known.run, mode="compare", candidate=make_variant(Side.CANDIDATE))
    assert told(replace(known, run=run), "too-few-trials") == []


def test_only_what_can_be_resumed_is_said_to_be(maker: Callable[..., Maker]) -> None:
    alone = replace(measured(maker), finishes=INTERRUPTED)
    (one,) = told(alone, "interrupted")
    assert one.remedy == "run it again"
    run = replace(alone.run, mode="compare", candidate=make_variant(Side.CANDIDATE))
    (one,) = told(replace(alone, run=run), "interrupted")
    assert "--resume" in one.remedy


def test_why_a_load_ended_is_said_once(maker: Callable[..., Maker]) -> None:
    made = maker(STAGES)
    due = arrivals(50, 2)
    made.add(0, Requests(due, np.full(len(due), 0.02)), reason="service", seconds=2.0)
    made.ends["t00"] = replace(made.ends["t00"], detail="it has ended (killed)\nlast words")
    failure = LoadFailure(
        trial=0, side=Side.BASELINE, stage="run", reason="it has ended (killed)", detail=""
    )
    made.trials.clear()
    (one,) = told(made.recording(failures=(failure,)), "ended-early")
    assert one.text == "segment t00 ended after 2.0 s (service)"
    (one,) = told(made.recording(), "ended-early")  # nothing else says it
    assert one.text.endswith("(service): it has ended (killed)")


def searched_twice(maker: Callable[..., Maker]) -> LoadRecording:
    """The same level twice, which held."""
    search = SearchMethod(start=50, limit=50, resolution=0.1, settle_seconds=1.0, hold_seconds=4.0)
    made = maker(breaks=conditions("p(95)>=200ms"), run={"mode": "breakpoint", "search": search})
    due = arrivals(50, 5.0)
    for probe in range(2):
        requests = Requests(due, np.full(len(due), 0.02))
        made.add(probe, requests, level=50.0, seconds=5.0)
    return made.recording()


def test_a_search_of_one_side_knows_no_baseline(maker: Callable[..., Maker]) -> None:
    (one,) = told(searched_twice(maker), "breakpoint-not-reached")
    assert one.text == "it held up to 50, the highest level tried"


@pytest.mark.parametrize("kind", [ServiceKind.URL, ServiceKind.REFERENCE])
def test_a_search_at_an_address_meets_the_same_service(
    maker: Callable[..., Maker], kind: ServiceKind
) -> None:
    known = searched_twice(maker)
    service = replace(known.run.service, kind=kind)
    known = replace(known, run=replace(known.run, service=service))
    assert len(told(known, "same-service")) == (kind is ServiceKind.URL)


@pytest.mark.parametrize(
    ("ceiling", "remote", "expected"), [(None, 0, 1), (9e3, 0, 0), (None, 2, 0)]
)
def test_a_throughput_whose_generator_was_never_measured(
    maker: Callable[..., Maker], ceiling: float | None, remote: int, expected: int
) -> None:
    """Workers elsewhere cannot be measured beforehand."""
    known = searched_twice(maker)
    method = replace(known.run.method, remote_workers=remote)
    known = replace(known, run=replace(known.run, ceiling=ceiling, method=method))
    assert len(told(known, "ceiling-unknown")) == expected


def test_a_rate_that_was_asked_for_claims_no_highest_throughput(
    maker: Callable[..., Maker],
) -> None:
    known = measured(maker)
    assert told(replace(known, run=replace(known.run, ceiling=None)), "ceiling-unknown") == []


@pytest.mark.parametrize(
    ("mode", "asked", "high", "remedy"),
    [
        ("breakpoint", 1, 55.0, "measure at least 6 trials (--trials 6)"),
        ("breakpoint", 6, 55.0, "go on with --resume and the run's folder"),
        ("compare", 6, math.inf, "go on with --resume and the run's folder"),
        (
            "breakpoint",
            6,
            math.inf,
            "see why a search found no end: the rest of the 6 would not have, either",
        ),
    ],
)
def test_trials_that_were_asked_for_are_not_asked_for_again(
    maker: Callable[..., Maker], mode: str, asked: int, high: float, remedy: str
) -> None:
    known = searched_twice(maker)
    result = judge_load(known)
    (point,) = result.breakpoints
    result = replace(result, breakpoints=(replace(point, high=high),), trials=1)
    run = make_run(make_profile(), tuple(Side), mode=mode, trials=asked)
    known = replace(known, run=run)
    found = LoadAnalysis(sides=(), comparisons=(), health=None, warm_up=0.0)
    (one,) = [x for x in load_caveats(known, result, found) if x.code == "too-few-trials"]
    assert one.remedy == remedy


@pytest.mark.parametrize(
    ("kind", "target", "sides", "expected"),
    [
        (ServiceKind.REFERENCE, "app:app", 1, 0),
        (ServiceKind.APP, "shop:app", 1, 1),
        (ServiceKind.COMMAND, "./serve --port {port}", 1, 0),
        (ServiceKind.COMMAND, "./serve --port {port}", 2, 2),
        (ServiceKind.COMMAND, "{python} serve.py {port}", 1, 1),
        (ServiceKind.COMMAND, "/usr/bin/python3 serve.py {port}", 1, 1),
    ],
)
def test_packages_are_missed_only_where_a_python_matters(
    maker: Callable[..., Maker], kind: ServiceKind, target: str, sides: int, expected: int
) -> None:
    known = measured(maker)
    variants = [
        replace(one, interpreter=replace(one.interpreter, found_by=VENV))
        for one in map(make_variant, BOTH[:sides])
    ]
    run = replace(
        known.run,
        service=replace(known.run.service, kind=kind, target=target),
        mode="single" if sides == 1 else "compare",
        baseline=variants[0],
        candidate=variants[1] if sides == 2 else None,
    )
    found = told(replace(known, run=run), "virtual-environment")
    assert len(found) == expected
    for one in found:
        assert ("baseline" in str(one) or "candidate" in str(one)) == (sides == 2)


def test_the_only_side_is_not_called_the_baseline() -> None:
    one = make_variant(Side.BASELINE)
    one = replace(one, interpreter=replace(one.interpreter, found_by=VENV))
    (alone,) = venv_caveats(one, alone=True)
    assert str(alone) == (
        "the packages of the virtual environment (/opt/python) are not measured; "
        "name those that matter with --with"
    )


def grown(maker: Callable[..., Maker], seconds: float, a_second: float, trials: int = 1) -> Summary:
    """A summary of so many seconds in which memory surely grew by so many bytes a second."""
    made = maker(STAGES)
    due = arrivals(50, 5)
    at = np.arange(0.0, 5.0, 0.1)
    rss = (50e6 + a_second * at).astype(np.int64)
    (made.folder / "service").mkdir()
    samples = {Side.BASELINE: {"at": at, "rss": rss}}
    made.add(0, Requests(due, np.full(len(due), 0.02)), samples=samples)
    summary = judge_load(made.recording()).sides[0].overall
    assert summary.resources is not None
    slope = Estimate(value=a_second, low=a_second * 0.9, high=a_second * 1.1, confidence=0.95, n=50)
    uses = replace(summary.resources, rss_slope=slope)
    return replace(summary, seconds=seconds, trials=trials, resources=uses)


def test_seconds_are_not_extrapolated_to_an_hour(maker: Callable[..., Maker]) -> None:
    short = grown(maker, 2.8, 2_600_000.0)
    assert growth_words(short) == "6.94 MiB in 2.8 s"
    assert not memory_grows(short)  # every service grows while its first requests fill it
    whole = replace(short, seconds=120.0)
    assert memory_grows(whole)
    assert growth_words(whole) == "298 MiB in 2 min 0 s"
    assert growth_words(replace(short, seconds=600.0)).endswith(" in 10 min 0 s, 8.72 GiB an hour")


def test_trials_of_fresh_services_are_not_added_up(maker: Callable[..., Maker]) -> None:
    trials = grown(maker, 300.0, 100_000.0, trials=10)
    assert not memory_grows(trials)
    assert growth_words(trials) == "2.86 MiB in 30.0 s of each trial"


def test_how_a_profile_was_understood_stays_with_its_figures(maker: Callable[..., Maker]) -> None:
    note = ("stage 'high' counts as a ramp", "give it 'role: hold'")
    one = measured(maker)
    one = replace(one, run=replace(one.run, profile=replace(one.run.profile, notes=(note,))))
    (caveat,) = told(one, "profile")
    assert (caveat.text, caveat.remedy) == note
