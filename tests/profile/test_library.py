from __future__ import annotations

import math
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from perfkit.analyse.load.run import steady_stages
from perfkit.errors import PerfkitError
from perfkit.profile import library
from perfkit.profile.k6 import parse_options
from perfkit.profile.parse import load_profile
from perfkit.profile.schedule import cumulative, stage_bounds
from perfkit.profile.threshold import SHARES, Metric, Threshold
from perfkit.profile.value import RAMP, RECOVERY, Model, Profile

if TYPE_CHECKING:
    from collections.abc import Collection

SUSTAINED = """{"stages": [
    {"duration": "5m", "target": 100}, {"duration": "30m", "target": 100},
    {"duration": "5m", "target": 0}],
  "thresholds": {"http_req_duration": ["p(95)<150", "p(99)<250"],
                 "http_req_failed": ["rate<0.01"]}}"""
PEAK = """{"stages": [
    {"duration": "2m", "target": 100}, {"duration": "5m", "target": 500},
    {"duration": "2m", "target": 100}, {"duration": "1m", "target": 0}],
  "thresholds": {"http_req_duration": ["p(95)<200", "p(99)<350"],
                 "http_req_failed": ["rate<0.05"]}}"""
STRESS = """{"stages": [
    {"duration": "2m", "target": 100}, {"duration": "5m", "target": 200},
    {"duration": "5m", "target": 400}, {"duration": "5m", "target": 800},
    {"duration": "5m", "target": 1200}, {"duration": "10m", "target": 0}]}"""


def test_what_comes_with_perfkit() -> None:
    assert set(library.built_in()) == {
        *("smoke", "api-baseline", "sustained", "peak", "stress", "spike", "soak", "constant-rate")
    }
    for name in library.built_in():
        profile = load_profile(library.find(name, Path("/nowhere")))
        assert (profile.name, profile.source.name) == (name, f"{name}.yaml")
        assert profile.description
        assert profile.trials >= 6  # fewer give no 95 % interval without assumptions


@pytest.mark.parametrize(
    ("name", "options"), [("sustained", SUSTAINED), ("peak", PEAK), ("stress", STRESS)]
)
def test_the_guides_profiles_are_the_guides(name: str, options: str) -> None:
    """Its k6 options, imported, are the same load and the same thresholds."""
    own = load_profile(library.find(name, Path.cwd()))
    guide = parse_options(options, Path("guide.json"))
    assert own.start == guide.start
    loads = [[(one.seconds, one.target) for one in p.stages] for p in (own, guide)]
    assert loads[0] == loads[1]
    assert own.thresholds == guide.thresholds
    assert own.scenario.think == guide.scenario.think == (1.0, 1.0)
    assert [one.path for one in own.scenario.requests] == ["/api/v1/data"]
    assert [(one.status, one.seconds) for one in own.scenario.requests[0].checks] == [
        ((200,), None),
        (None, 0.1),
    ]


def test_roles_of_stress() -> None:
    stress = load_profile(library.find("stress", Path.cwd()))
    assert [one.role for one in stress.stages] == ["before", *["stress"] * 4, "recovery"]
    assert not stress.sliced
    assert [one.text for one in stress.breaks] == ["p(95)>=200ms", "rate(errors)>=5%"]


def test_api_baseline_and_constant_rate() -> None:
    api = load_profile(library.find("api-baseline", Path.cwd()))
    assert (api.requests, api.users, api.scenario.think) == (10_000, 100, (0.0, 0.0))
    assert api.thresholds[0].text == "throughput>1150/s"
    rate = load_profile(library.find("constant-rate", Path.cwd()))
    assert (rate.model, rate.start, rate.users) == (Model.OPEN, 200.0, 200)


def test_find(tmp_path: Path) -> None:
    (tmp_path / "mine.yaml").touch()
    assert library.find("mine.yaml", tmp_path) == tmp_path / "mine.yaml"
    (tmp_path / "smoke").mkdir()
    assert library.find("smoke", tmp_path).parent != tmp_path


@pytest.mark.parametrize(
    ("name", "remedy"),
    [
        ("smok", "did you mean 'smoke'?"),
        ("Sustained", "did you mean 'sustained'?"),
        ("zzz", "name one of them"),
        ("zzz.yaml", "check the path"),
        ("zzz.py", "check the path"),
        ("calibrte", "did you mean 'perfkit load calibrate'?"),
        ("breakpoint", "that is a command: 'perfkit load breakpoint --help'"),
        ("mine.yml", "did you mean 'mine.yaml'?"),
        ("sub/mine", "did you mean 'sub/mine.yaml'?"),
        ("", "name one of them"),
        ("a\0b", "name one of them"),
        ("x" * 5000, "name one of them"),
        ("~nobody-here/x.yaml", "check the path"),
    ],
)
def test_not_found(name: str, remedy: str, tmp_path: Path) -> None:
    (tmp_path / "sub").mkdir()
    for folder in (tmp_path, tmp_path / "sub"):
        (folder / "mine.yaml").touch()
    with pytest.raises(PerfkitError) as caught:
        library.find(name, tmp_path)
    assert remedy in str(caught.value)
    assert "api-baseline" in str(caught.value)


def planned(profile: Profile, stages: Collection[int]) -> float:
    """Requests of some stages, when an answer takes 100 ms."""
    bounds = [stage_bounds(profile)[number] for number in stages]
    levels = sum(cumulative(profile, end) - cumulative(profile, begin) for begin, end in bounds)
    if profile.model is Model.OPEN:
        return levels
    count = levels / (sum(profile.scenario.think) / 2 + 0.1)
    return min(count, profile.requests or count)


def fewest(threshold: Threshold) -> float:
    """Requests with which a limit of errors, checks or a percentile can be kept, at 95 %."""
    share = {
        Metric.ERRORS: threshold.limit,
        Metric.CHECKS: 1 - threshold.limit,
    }.get(threshold.metric, 1 - (threshold.quantile or 0.5))
    wanted = math.log(0.025) / math.log(1 - share)
    return wanted if threshold.metric in SHARES else 2 * wanted  # their spread is estimated


@pytest.mark.parametrize("name", library.built_in())
def test_a_run_can_settle_its_thresholds(name: str) -> None:
    profile = load_profile(library.find(name, Path.cwd()))
    asked = [
        (one, [k for k, stage in enumerate(profile.stages) if one.phase == stage.name])
        for one in profile.thresholds
        if one.phase is not None
    ]
    asked += [(one, steady_stages(profile)) for one in profile.thresholds if one.phase is None]
    judged = [k for k, one in enumerate(profile.stages) if one.role not in {RAMP, RECOVERY}]
    asked += [(one, [k]) for one in profile.breaks for k in judged]
    for one, stages in asked:
        if one.metric in SHARES | {Metric.PERCENTILE, Metric.MEDIAN}:
            assert planned(profile, stages) >= fewest(one), one.text
