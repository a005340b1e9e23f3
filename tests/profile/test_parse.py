from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from perfkit.errors import PlanError
from perfkit.profile.parse import load_profile, parse_profile, pool
from perfkit.profile.value import Arrivals, Model

if TYPE_CHECKING:
    from collections.abc import Callable

    from perfkit.profile.value import Profile

    Parse = Callable[..., Profile]
    Problems = Callable[..., str]

WHOLE = """
name: mine
description: all there is to say
model: closed
start: 1
stages:
  - {name: up, duration: 1m, users: 10}
  - {duration: 2m, users: 10}
  - {name: down, role: ramp, duration: 500ms, users: 0}
requests: 1000
think: [0.5s, 1.5s]
scenario:
  timeout: 5s
  setup:
    - {post: /login, json: {name: "u${user}"}, capture: {token: auth.token}, checks: {status: 200}}
  variables:
    key: [a, b, 3]
    one: x
  requests:
    - name: data
      get: /api/v1/data?k=${key}
      weight: 3
      headers: {Authorization: "Bearer ${token}", X-Number: 5}
      checks: {status: [200, 304], time: 100ms, body: '"items"'}
    - put: /api/v1/items
      body: "${one} ${count} ${random}"
      checks: [{name: small and quick, status: 201, time: 1s}]
      capture: {token: items.0.token-id}
thresholds: ["p(95)@up<150ms", "rate(errors)<1%"]
abort: ["p(95)>200ms for 10s"]
break: []
sliced: false
trials: 3
recovery: {tolerance: 10%, for: 5s}
graceful-stop: 2s
"""


def test_all_there_is_to_say() -> None:
    profile = parse_profile(WHOLE, Path("/x/other.yaml"))
    assert (profile.name, profile.model, profile.start) == ("mine", Model.CLOSED, 1.0)
    stages = [(one.name, one.seconds, one.target, one.role) for one in profile.stages]
    assert stages == [
        ("up", 60.0, 10.0, "ramp"),
        ("hold-2", 120.0, 10.0, "hold"),
        ("down", 0.5, 0.0, "ramp"),
    ]
    assert profile.seconds == 180.5
    assert (profile.requests, profile.users, profile.trials) == (1000, 10, 3)
    assert (profile.recovery, profile.graceful_stop, profile.sliced) == ((0.1, 5.0), 2.0, False)
    assert [one.text for one in profile.thresholds] == ["p(95)@up<150ms", "rate(errors)<1%"]
    assert [one.sustained for one in profile.aborts] == [10.0]
    assert profile.breaks == ()


def test_the_scenario() -> None:
    scenario = parse_profile(WHOLE, Path("/x/other.yaml")).scenario
    assert (scenario.think, scenario.timeout, scenario.locustfile) == ((0.5, 1.5), 5.0, None)
    assert scenario.variables == (("key", ("a", "b", "3")), ("one", ("x",)))
    (login,) = scenario.setup
    assert (login.name, login.method, login.weight) == ("setup POST /login", "POST", 0.0)
    assert (login.body, login.headers) == (
        '{"name":"u${user}"}',
        (("Content-Type", "application/json"),),
    )
    data, put = scenario.requests
    assert (data.name, data.weight, data.path) == ("data", 3.0, "/api/v1/data?k=${key}")
    assert data.headers == (("Authorization", "Bearer ${token}"), ("X-Number", "5"))
    checks = [(one.name, one.status, one.seconds, one.body) for one in data.checks]
    assert checks == [
        ("status is 200 or 304", (200, 304), None, None),
        ("time ≤ 100 ms", None, 0.1, None),
        ('body holds "items"', None, None, '"items"'),
    ]
    (check,) = put.checks
    assert (check.name, check.status, check.seconds) == ("small and quick", (201,), 1.0)
    assert (put.name, put.capture) == ("PUT /api/v1/items", (("token", "items.0.token-id"),))


def test_what_is_assumed(parse: Parse) -> None:
    profile = parse()
    assert (profile.name, profile.description) == ("small", "")
    assert (profile.sliced, profile.trials, profile.users) == (True, 10, 5)
    assert (profile.time_scale, profile.user_scale) == (1.0, 1.0)
    assert profile.scenario.think == (0.0, 0.0)
    assert profile.graceful_stop == profile.scenario.timeout == 10.0
    assert [one.text for one in profile.breaks] == ["p(95)>=200ms", "rate(errors)>=5%"]
    assert profile.scenario.requests[0].name == "GET /"


def test_an_open_model(parse: Parse) -> None:
    profile = parse(
        model="model: open",
        start="start: 12000/min",
        stages="stages: [{duration: 10s, rate: 200/s}]",
    )
    assert (profile.model, profile.arrivals) == (Model.OPEN, Arrivals.UNIFORM)
    assert [one.role for one in profile.stages] == ["hold"]
    assert profile.users == 200


def test_users_of_an_open_model() -> None:
    assert pool(0.1, 10) == 10
    assert pool(1500.5, 10) == 1501
    assert pool(1500, 0.5) == 750
    assert pool(1e6, 10) == 100_000


@pytest.mark.parametrize("think", ["1s", "1", "[1s]", "[1s, 1s]"])
def test_think_time_without_spread(parse: Parse, think: str) -> None:
    assert parse(think=f"think: {think}").scenario.think == (1.0, 1.0)


def test_words_are_not_numbers(parse: Parse) -> None:
    """YAML 1.1 takes them for 90, 3661 and true."""
    scenario = "scenario: {requests: [{get: /}], variables: {v: [1:30, 1:01:01, on, 0x1F]}}"
    values = parse(scenario=scenario).scenario.variables[0][1]
    assert values == ("1:30", "1:01:01", "on", "0x1F")


def test_own_locust_file(tmp_path: Path) -> None:
    (tmp_path / "locustfile.py").touch()
    text = "model: closed\nstart: 1\nstages: [{duration: 1s, users: 1}]\nscenario: {locustfile: %s}"
    profile = parse_profile(text % "locustfile.py", tmp_path / "own.yaml")
    assert profile.scenario.locustfile == tmp_path / "locustfile.py"
    assert profile.scenario.requests == ()
    with pytest.raises(PlanError, match="locustfile does not exist"):
        parse_profile(text % "nowhere.py", tmp_path / "own.yaml")
    with pytest.raises(PlanError, match="excludes requests"):
        parse_profile(text % "locustfile.py, requests: [{get: /}]", tmp_path / "own.yaml")


def test_all_problems_at_once(problems: Problems) -> None:
    said = problems(
        stages="stages: [{name: a, duration: 5y, users: 1}, {duration: 1s, usres: 2}]",
        scenario="scenario: {requests: [{get: api}]}",
        thresholds='thresholds: ["p95<150ms"]',
        typo="thinc: 1s",
    )
    assert said.startswith("6 problems:")
    for part in (
        "small.yaml: thinc is an unknown key; did you mean 'think'?",
        "small.yaml: stages → 1 → duration is not a time; got '5y'",
        "stages → 2 → usres is an unknown key; did you mean 'users'?",
        "stages → 2 has no users",
        "scenario → requests → 1 → get is no path; got 'api'",
        "thresholds → 1 looks at 'p95'",
    ):
        assert part in said


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("stages: []", "has no stages"),
        ("stages:", "has no stages"),
        ("stages: 5", "stages is no table"),
        ("stages: [{duration: 0s, users: 5}]", "stages are no load; got '0 s'"),
        ("stages: [{duration: 8d, users: 5}]", "is out of range"),
        ("stages: [{duration: 6d, users: 5}, {duration: 6d, users: 5}]", "up to 7 days"),
        ("stages: [{duration: 1s, users: -1}]", "a number from 0 to 100000"),
        ("stages: [{duration: 1s, users: 1.5}]", "no whole number of users"),
        ("stages: [{duration: 1s, users: 1000000000000000000000}]", "is no usable number"),
        ("stages: [{duration: 1s, users: .nan}]", "is no usable number"),
        ("stages: [{duration: 1s, users: 1e999}]", "is no usable number"),
        ("stages: [{duration: .inf, users: 1}]", "is no usable number"),
        ("stages: [{duration: 1s, rate: 5}]", "belongs to model: open"),
        ("stages: [{name: a b, duration: 1s, users: 5}]", "is no name of a stage"),
        ("stages: [{duration: 1s, users: 5, role: hodl}]", "did you mean 'hold'"),
        ("stages: [{duration: 1s, users: 6}]", "are all ramps.*add a stage that stays.*6 say"),
        ("stages: [{name: a, duration: 1s, users: 5}, {name: a, duration: 1s, users: 5}]", "'a'"),
        ("stages: [{duration: 1s, users: 5, role: recovery}]", "have a recovery"),
        ("stages: [&a {duration: 1s, users: 5}, *a]", "the alias \\*a"),
        ("stages: !!python/tuple [1]", "has a tag"),
        ("stages: [{duration: 1s, users: 5, 7: x}]", "a key that is no text; got '7'"),
        ("stages: [{duration: 1s, duration: 2s, users: 5}]", "duration is there twice"),
        ("stages: {? [a] : b}", "a key that is no text"),
        ('stages: [{"\\uD800": 1}]', "no Unicode text"),
    ],
)
def test_stages(problems: Problems, line: str, reason: str) -> None:
    import re

    assert re.search(reason, problems(stages=line), re.DOTALL)


def test_nothing_is_sent(problems: Problems) -> None:
    said = problems(start="start: 0", stages="stages: [{duration: 1s, users: 0}]")
    assert "stages send nothing" in said


def test_one_level_without_a_start_says_how_to_hold_it(problems: Problems) -> None:
    said = problems(start="", stages="stages: [{duration: 1s, users: 6}]")
    assert "stage 'ramp-1' climbs from 0 to 6 over its whole length; write 'start: 6'" in said


def test_stress_cannot_be_sliced(parse: Parse, problems: Problems) -> None:
    stages = (
        "stages: [{role: before, duration: 1s, users: 5}, {role: stress, duration: 1s, users: 9}]"
    )
    assert parse(stages=stages).sliced is False
    assert "cannot be true with stages of stress" in problems(stages=stages, s="sliced: true")


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("model: half-open", "model is unknown"),
        ("model: open", "users belongs to model: closed; write rate:"),
        ("", "does not say which model"),
        ("model: closed\nusers: 5", "belongs to the stages"),
        ("model: closed\narrivals: poisson", "belongs to model: open"),
        ("model: closed\nthink: [2s, 1s]", "think is no range"),
        ("model: closed\nthink: []", "think is no range"),
        ("model: closed\nthink: [1s, 2s, 3s]", "think is too long"),
        ("model: closed\nsliced: yes", "is a switch; got 'yes'; allowed: true or false"),
        ("model: closed\ntrials: 0", "a whole number from 1 to 1,000"),
        ("model: closed\nrequests: true", "is no such number"),
        ("model: closed\nname: [a]", "name is no text; got 'a list'"),
        ('model: closed\nname: "a\\nb"', "is not readable text"),
        ("model: closed\nrecovery: {tolerance: 0%}", "above 0%"),
        ("model: closed\nrecovery: 5", "recovery is no table"),
        ("model: closed\nabort: [p(95)>1s]", "has no 'for'"),
        ("model: closed\nabort: ['max>1s for 1s']", "is not known second by second"),
        ("model: closed\nabort: ['p(90)>1s for 1s']", "is not known second by second"),
        ("model: closed\nthresholds: ['p(95)<1s for 1s']", "belongs to the conditions under abort"),
        ("model: closed\nthresholds: ['p(95)@top<1s']", "names a stage 'top'.*allowed: hold"),
        ("model: closed\nthresholds: [avg<1s, avg<1s]", "is there twice"),
        ("model: closed\nbreak: ['p(95)@hold<1s']", "a search for the breaking point has none"),
    ],
)
def test_other_keys(problems: Problems, line: str, reason: str) -> None:
    import re

    assert re.search(reason, problems(model=line), re.DOTALL)


@pytest.mark.parametrize(
    ("requests", "reason"),
    [
        ("", "has no scenario"),
        ("scenario: {}", "says nothing to send"),
        ("scenario: {requests: []}", "requests is empty"),
        ("scenario: {requests: 5}", "requests is no table"),
        ("scenario: {requests: [{}]}", "has no method and path"),
        ("scenario: {requests: [{get: /, post: /}]}", "has 2 methods"),
        ("scenario: {requests: [{get: //x}]}", "is no path"),
        ("scenario: {requests: [{get: 'http://x/'}]}", "the command line says which service"),
        ("scenario: {requests: [{get: /a b}]}", "is no path"),
        ("scenario: {requests: [{get: /ä}]}", "is no path"),
        ("scenario: {requests: [{get: /a#b}]}", "is no path"),
        ("scenario: {requests: [{get: '/${a b}'}]}", "holds what is no variable"),
        ("scenario: {requests: [{get: '/${a}'}]}", "which has no value.*\\${count}"),
        ("scenario: {requests: [{get: '/${a}'}], variables: {a: x y}}", "cannot stand|stand in a"),
        ("scenario: {requests: [{get: /, weight: 0}]}", "is 0, so that it is never sent"),
        ("scenario: {requests: [{get: /, weight: .inf}]}", "is no usable number"),
        ("scenario: {requests: [{get: /}, {get: /}]}", "several requests called 'GET /'"),
        ("scenario: {requests: [{get: /, body: x, json: {}}]}", "has a body twice"),
        ("scenario: {requests: [{get: /, body: {a: 1}}]}", "write json: instead"),
        ("scenario: {requests: [{get: /, json: ['${a']}]}", "holds what is no variable"),
        (
            "scenario: {requests: [{get: /, json: '${a}'}], variables: {a: ['\"']}}",
            "stand in a JSON string",
        ),
        ("scenario: {requests: [{get: /, headers: {a b: c}}]}", "no name of a header"),
        (
            "scenario: {requests: [{get: /, headers: {Content-Length: 3}}]}",
            "the engine sets itself",
        ),
        ("scenario: {requests: [{get: /, headers: {A: b, a: c}}]}", "case does not count"),
        ('scenario: {requests: [{get: /, headers: {A: "b\\r\\nc"}}]}', "is not readable text"),
        ("scenario: {requests: [{get: /, headers: {A: true}}]}", 'write "True", in quotes'),
        ("scenario: {requests: [{get: /, headers: {A: ü}}]}", "no ASCII text"),
        ("scenario: {requests: [{get: /, checks: {}}, {get: /x, checks: [{}]}]}", "checks nothing"),
        ("scenario: {requests: [{get: /, checks: {status: 99}}]}", "from 100 to 599"),
        ("scenario: {requests: [{get: /, checks: {status: []}}]}", "status is empty"),
        ("scenario: {requests: [{get: /, checks: {body: ''}}]}", "no text to look for"),
        ("scenario: {requests: [{get: /, checks: {time: 0}}]}", "is out of range"),
        (
            f"scenario: {{requests: [{{get: /, checks: [{'{status: 200}, ' * 17}]}}]}}",
            "is too long; got 17; allowed: at most 16",
        ),
        (
            "scenario: {requests: [{get: /, checks: [{status: 200}, {status: 200}]}]}",
            "several checks called 'status is 200'",
        ),
        ("scenario: {requests: [{get: /, capture: {a: x..y}}]}", "is no path into a JSON answer"),
        ("scenario: {requests: [{get: /, capture: {a: x}}]}", "but not in setup"),
        ("scenario: {requests: [{get: /, capture: {user: x}}]}", "exists always"),
        ("scenario: {requests: [{get: /}], variables: {count: 1}}", "exists always"),
        ("scenario: {requests: [{get: /}], variables: {a: []}}", "a has no value"),
        ("scenario: {requests: [{get: /}], variables: {a: }}", "a has no value"),
        ("scenario: {requests: [{get: /}], variables: {a: [1.10]}}", "in quotes"),
        ("scenario: {requests: [{get: /}], setup: [{get: /, weight: 2}]}", "not belong to setup"),
        (
            "scenario: {requests: [{get: /}], setup: [{get: '/${a}'}, {get: /a, capture: {a: x}}]}",
            "is captured only later",
        ),
        (
            "scenario: {setup: [{get: /, capture: {a: x}}], variables: {a: 1}}",
            "rename one",
        ),
        ("scenario: {requests: [{get: /}], timeout: 0}", "is out of range"),
        ("scenario: {requests: [{get: /x/${a}/${b}}]}", "put what holds \\${…} in quotes"),
    ],
)
def test_scenarios(problems: Problems, requests: str, reason: str) -> None:
    import re

    assert re.search(reason, problems(scenario=requests), re.DOTALL)


def test_one_bad_request_does_not_make_others_bad(problems: Problems) -> None:
    said = problems(scenario="scenario: {requests: [{get: x}, {get: y}, {get: /}]}")
    assert said.startswith("2 problems")


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "is no table"),
        ("- a", "is no table"),
        ("a: [", "is no YAML"),
        ("a: 1\n---\nb: 2", "is no YAML"),
        ("\x00", "is no YAML"),
        ("[" * 100_000, "nests deeper"),
        ("x" * 2_000_000, "is longer than"),
        ("a: &x [y]\nb: [*x, *x]", "alias"),
    ],
)
def test_no_document(text: str, reason: str) -> None:
    with pytest.raises(PlanError, match=reason):
        parse_profile(text, Path("x.yaml"))


@given(st.text())
def test_any_text_is_refused_in_order(text: str) -> None:
    with pytest.raises(PlanError):
        parse_profile(text, Path("x.yaml"))


def test_files(tmp_path: Path) -> None:
    path = tmp_path / "mine.yaml"
    path.write_bytes(b"\xef\xbb\xbf" + WHOLE.encode())
    assert load_profile(path).source == path
    path.write_bytes(b"\xff")
    with pytest.raises(PlanError, match="cannot be read"):
        load_profile(path)
    with pytest.raises(PlanError, match="No such file"):
        load_profile(tmp_path / "none.yaml")
    for name, reason in [
        ("x.toml", "is no profile"),
        ("x.js", "k6 inspect x.js"),
        ("x.py", "scenario: {locustfile: x.py}"),
    ]:
        (tmp_path / name).touch()
        with pytest.raises(PlanError, match=reason):
            load_profile(tmp_path / name)


def test_a_word_that_is_nearly_right(problems: Callable[..., str]) -> None:
    said = problems(model="model: closd")
    assert "did you mean 'closed'?" in said
    assert "<Model" not in said
