from __future__ import annotations

import json
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from perfkit.errors import PlanError
from perfkit.profile.k6 import parse_options
from perfkit.profile.parse import load_profile, parse_profile
from perfkit.profile.value import Model, Profile
from perfkit.profile.write import profile_to_yaml

STAGES = [{"duration": "30s", "target": 20}, {"duration": "1m30s", "target": 20}]


def imported(**options: Any) -> Profile:
    profile = parse_options(json.dumps(options), Path("/x/options.json"))
    assert parse_profile(profile_to_yaml(profile), profile.source) == profile
    return profile


def refused(**options: Any) -> str:
    with pytest.raises(PlanError) as caught:
        parse_options(json.dumps(options), Path("/x/options.json"))
    return str(caught.value)


def load(profile: Profile) -> tuple[float, list[tuple[float, float, str]]]:
    return profile.start, [(one.seconds, one.target, one.role) for one in profile.stages]


def test_stages() -> None:
    profile = imported(stages=STAGES)
    assert (profile.name, profile.model, profile.users) == ("options", Model.CLOSED, 20)
    assert load(profile) == (0.0, [(30.0, 20.0, "ramp"), (90.0, 20.0, "hold")])
    assert [one.name for one in profile.stages] == ["ramp-1", "hold-2"]
    assert imported(stages=STAGES, vus=5).start == 5.0
    assert imported(options={"stages": STAGES}) == profile


def test_the_profile_says_what_it_assumes() -> None:
    said = imported(stages=STAGES, userAgent="me", tags={"a": "b"}, noSetup=False).description
    assert "imported from the k6 options options.json" in said
    assert "the options do not say what is sent: GET /api/v1/data is assumed" in said
    assert "1 s of think time" in said
    assert "left out: tags, userAgent" in said


def test_when_the_level_always_moves() -> None:
    profile = imported(stages=[{"duration": "1m", "target": 9}, {"duration": 1000, "target": 0}])
    assert load(profile) == (0.0, [(60.0, 9.0, "hold"), (1.0, 0.0, "ramp")])
    assert "its level always moves" in profile.description


def test_a_constant_number_of_users() -> None:
    wanted = (10.0, [(120.0, 10.0, "hold")])
    assert load(imported(vus=10, duration="2m")) == wanted
    scenario = {"executor": "constant-vus", "vus": 10, "duration": "2m", "gracefulStop": "5s"}
    profile = imported(scenarios={"any": scenario})
    assert load(profile) == wanted
    assert profile.graceful_stop == 5.0


def test_iterations() -> None:
    profile = imported(vus=10, iterations=500)
    assert (load(profile), profile.requests) == ((10.0, [(600.0, 10.0, "hold")]), 500)
    assert "an iteration is taken for one request" in profile.description
    scenario = {"executor": "per-vu-iterations", "vus": 4, "iterations": 25, "maxDuration": "1m"}
    profile = imported(scenarios={"any": scenario})
    assert (load(profile), profile.requests) == ((4.0, [(60.0, 4.0, "hold")]), 100)


def test_rates() -> None:
    scenario = {
        "executor": "constant-arrival-rate",
        "rate": 600,
        "timeUnit": "1m",
        "duration": "30s",
        "preAllocatedVUs": 5,
        "maxVUs": 50,
    }
    profile = imported(scenarios={"any": scenario})
    assert (profile.model, profile.users) == (Model.OPEN, 50)
    assert load(profile) == (10.0, [(30.0, 10.0, "hold")])
    assert profile.scenario.think == (0.0, 0.0)
    ramping = {"executor": "ramping-arrival-rate", "startRate": 10, "stages": STAGES}
    profile = imported(scenarios={"any": ramping})
    assert load(profile) == (10.0, [(30.0, 20.0, "ramp"), (90.0, 20.0, "hold")])
    assert profile.users == 20


def test_what_k6_inspect_prints() -> None:
    """Shortcuts with the scenario they stand for beside them, and nulls."""
    profile = imported(
        paused=None,
        vus=None,
        stages=STAGES,
        scenarios={
            "default": {
                "executor": "ramping-vus",
                "startTime": None,
                "gracefulStop": None,
                "env": None,
                "exec": None,
                "tags": None,
                "startVUs": None,
                "stages": STAGES,
                "gracefulRampDown": None,
            }
        },
        thresholds=None,
        summaryTrendStats=["avg"],
        systemTags=None,
    )
    assert load(profile) == load(imported(stages=STAGES))


def test_thresholds() -> None:
    profile = imported(
        stages=STAGES,
        thresholds={
            "http_req_duration": ["p(95)<150", "avg < 45.5", "med<=40", "max<2000"],
            "http_req_duration{expected_response:true}": ["p(99)<250"],
            "http_req_failed": "rate<0.007",
            "checks": [{"threshold": "rate>0.9"}],
            "http_reqs": ["rate>100"],
        },
    )
    assert [one.text for one in profile.thresholds] == [
        *("p(95)<150ms", "avg<45.5ms", "med<=40ms", "max<2000ms", "p(99)<250ms"),
        *("rate(errors)<0.7%", "rate(checks)>90%", "throughput>100/s"),
    ]
    assert profile.aborts == ()
    assert "p(99)<250ms counts failed requests as slower than any answer" in profile.description


def test_thresholds_that_end_the_run() -> None:
    ending = {"abortOnFail": True, "delayAbortEval": "10s"}
    profile = imported(
        stages=STAGES,
        thresholds={
            "http_req_duration": [{"threshold": "p(95)<150", **ending}],
            "checks": [{"threshold": "rate>0.9", **ending}],
        },
    )
    assert [one.text for one in profile.thresholds] == ["p(95)<150ms", "rate(checks)>90%"]
    assert [one.text for one in profile.aborts] == ["p(95)>=150ms for 10s"]
    assert "rate(checks)>90% does not end the run" in profile.description
    assert "is broken for 10 s in a row (p(95)>=150ms for 10s), while k6" in profile.description
    assert "thresholds leave out the ramps, which they count in k6" in profile.description


def test_a_long_description_can_be_read_back() -> None:
    right = "http_req_duration{expected_response:true}"
    profile = imported(stages=STAGES, thresholds={right: [f"p({n})<9" for n in range(50, 99)]})
    assert len(profile.description) == 1000
    assert parse_profile(profile_to_yaml(profile), profile.source).description.endswith("…")


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        ({}, "say no load"),
        ({"vus": 5}, "say no load"),
        ({"stages": STAGES, "rps": 5}, "rps changes the load"),
        ({"stages": STAGES, "scenarios": {"a": {}, "b": {}}}, "not one scenario"),
        ({"stages": STAGES, "scenarios": {"a": {"executor": "constant-vus"}}}, "exclude vus"),
        ({"scenarios": {"a": {"executor": "externally-controlled"}}}, "no executor"),
        ({"scenarios": {"a": {"executor": ["x"]}}}, "no executor"),
        ({"scenarios": {"a": {"executor": "constant-vus", "vu": 1}}}, "did you mean 'vus'"),
        ({"scenarios": []}, "scenarios is no table"),
        ({"stages": STAGES, "stage": 1}, "did you mean 'stages'"),
        ({"stages": []}, "stages are no load"),
        ({"stages": 5}, "has no list of stages"),
        ({"stages": [{"duration": "5m"}]}, "stages → 1 has no target"),
        ({"stages": [{"duration": "5x", "target": 1}]}, "is no time"),
        ({"stages": [{"duration": "5m3", "target": 1}]}, "is no time"),
        ({"stages": [{"duration": "300d", "target": 1}]}, "up to 7 days"),
        ({"stages": [{"duration": "5m", "target": -1}]}, "is no such number"),
        ({"stages": STAGES, "thresholds": {"http_req_waiting": ["p(95)<1"]}}, "cannot be carried"),
        ({"stages": STAGES, "thresholds": {"http_req_duration{a:b}": ["p(95)<1"]}}, "a part of"),
        ({"stages": STAGES, "thresholds": {"http_reqs": ["count<1"]}}, "cannot be carried"),
        ({"stages": STAGES, "thresholds": {"http_req_duration": ["p(95)"]}}, "is no threshold"),
        ({"stages": STAGES, "thresholds": {"http_req_duration": [{}]}}, "is no threshold"),
        ({"stages": STAGES, "thresholds": {"http_req_duration": ["p(95)==1"]}}, "compares with"),
        ({"stages": STAGES, "thresholds": {"checks": ["rate>1.5"]}}, "beyond 100 %"),
        ({"stages": STAGES, "thresholds": 5}, "thresholds is no table"),
        (
            {
                "scenarios": {
                    "a": {
                        "executor": "constant-arrival-rate",
                        "rate": 1,
                        "timeUnit": "0s",
                        "duration": "1s",
                    }
                }
            },
            "timeUnit is no time",
        ),
    ],
)
def test_what_cannot_be_carried_over(options: dict[str, Any], reason: str) -> None:
    assert reason in refused(**options)


def test_all_at_once() -> None:
    said = refused(
        rps=5, stages=[{"duration": "x", "target": 1}], thresholds={"checks": ["p(95)<1"]}, vsu=1
    )
    assert said.startswith("4 problems")


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "is no JSON"),
        ("[]", "is no table"),
        ("{} {}", "is no JSON"),
        ('{"vus": NaN}', "not finite"),
        ('{"vus": 1e999}', "not finite"),
        ('{"vus": 1, "vus": 2}', "'vus' is there twice"),
        ('{"vus": ' + "9" * 5000 + "}", "too large"),
        ('{"a":' * 100_000, "nests deeper"),
    ],
)
def test_no_document(text: str, reason: str) -> None:
    with pytest.raises(PlanError, match=reason):
        parse_options(text, Path("x.json"))


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-5, 10**20) | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner),
    max_leaves=6,
)
KEYS = st.sampled_from(["stages", "vus", "duration", "iterations", "scenarios", "thresholds", "x"])


@given(st.dictionaries(KEYS, JSON))
def test_nothing_but_plan_errors(options: dict[str, Any]) -> None:
    with suppress(PlanError):
        parse_options(json.dumps(options), Path("x.json"))


def test_a_file(tmp_path: Path) -> None:
    path = tmp_path / "mine.json"
    path.write_text(json.dumps({"stages": STAGES}))
    assert load_profile(path).name == "mine"
