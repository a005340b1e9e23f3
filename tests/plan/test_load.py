"""`perfkit load`'s options to one plan."""

from __future__ import annotations

import os
import socket
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from perfkit.errors import PlanError
from perfkit.plan.load import make_load_plan
from perfkit.plan.load_value import CONFIDENCE, FEWEST_TURNS, WINDOW, LoadPlan
from perfkit.plan.options import KEYS_OF
from perfkit.profile.library import built_in
from perfkit.service import ServiceKind
from perfkit.variant import Side

if TYPE_CHECKING:
    from collections.abc import Callable

    Make = Callable[..., LoadPlan]

PROFILE = """
model: open
start: 20
stages: [{name: hold, duration: 4s, rate: 20}]
trials: 9
scenario: {requests: [{get: /}]}
"""
COMMAND = "python serve.py {port}"
URL = "http://127.0.0.1:8123"


@pytest.fixture
def plan(machine: None, folder: Path) -> Make:
    """Make a plan of the profile ``smoke`` in the folder, unless said otherwise."""
    del machine
    (folder / "mine.yaml").write_text(PROFILE)
    (folder / "k6.json").write_text('{"vus": 2, "duration": "10s"}')

    def make(mode: str | None = None, /, **options: Any) -> LoadPlan:
        if mode is None:
            options = {"profile": "smoke", **options}
        return make_load_plan(options, mode=mode, cwd=folder)

    return make


@pytest.fixture
def problems(plan: Make) -> Callable[..., list[str]]:
    """What is said against a plan, problem by problem."""

    def make(mode: str | None = None, /, **options: Any) -> list[str]:
        with pytest.raises(PlanError) as caught:
            plan(mode, **options)
        return [str(problem) for problem in caught.value.problems]

    return make


def test_defaults(plan: Make, folder: Path) -> None:
    made = plan()
    assert made.mode == "single"
    assert made.profile.name == "smoke"
    assert made.service.kind is ServiceKind.REFERENCE
    assert made.service.script is not None
    assert made.service.script.path.name == "app.py"
    assert "fastapi" in " ".join(made.service.script.requirements)
    assert made.baseline is not None
    assert made.baseline.side is Side.BASELINE
    assert made.baseline.interpreter.executable == sys.executable
    assert (made.candidate, made.search, made.trials, made.gate) == (None, None, 1, False)
    assert made.output == folder / "reports"
    assert (made.confidence, made.policy, made.download) == (CONFIDENCE, None, True)
    method = made.method
    assert (method.engine, method.workers, method.remote_workers, method.pin) == (
        *("locust", 1, 0),
        True,
    )
    assert method.engine_version[0].isdigit()


def test_every_option_reaches_the_plan(plan: Make, folder: Path) -> None:
    (folder / "policy.yaml").write_bytes(policy().read_bytes())
    made = plan(
        profile="mine.yaml",
        baseline="3.12",
        candidate="3.13t",
        baseline_with=["six"],
        candidate_with=["attrs"],
        with_=["idna"],
        baseline_env=["A=1"],
        candidate_env=["B=2"],
        baseline_flag=["-O"],
        candidate_flag=["-X gil=0"],
        app="shop.main:app",
        health="/ready?now=1",
        ready="45s",
        allow_host=["db.example"],
        services=["valkey", "postgres", "valkey"],
        time_scale="0.5",
        user_scale="2",
        trials="12",
        window="500ms",
        gate=True,
        workers="3",
        expect_workers="2",
        bind="10.0.0.1",
        port="5557",
        engine="locust",
        pin=False,
        margin="3%",
        confidence="90%",
        seed="7",
        output="there",
        policy="policy.yaml",
        download=False,
    )
    assert made.mode == "compare"
    assert made.profile.name == "mine"
    assert (made.profile.time_scale, made.profile.user_scale) == (0.5, 2.0)
    assert (made.profile.seconds, made.profile.start) == (2.0, 40.0)
    assert made.baseline is not None
    assert made.candidate is not None
    assert made.baseline.requirements == ("idna", "six")
    assert made.candidate.requirements == ("idna", "attrs")
    assert (made.baseline.environ, made.candidate.environ) == ((("A", "1"),), (("B", "2"),))
    assert (made.baseline.flags, made.candidate.flags) == (("-O",), ("-X", "gil=0"))
    assert made.candidate.interpreter.free_threaded
    service = made.service
    assert (service.kind, service.target) == (ServiceKind.APP, "shop.main:app")
    assert (service.health, service.ready_seconds) == ("/ready?now=1", 45.0)
    assert service.backing == ("valkey", "postgres")
    assert service.script is not None
    assert [one.partition(">")[0] for one in service.script.requirements] == ["uvicorn"]
    assert made.allow_hosts == ("db.example",)
    method = made.method
    assert (method.workers, method.remote_workers, method.pin) == (3, 2, False)
    assert (method.window_seconds, method.cut_seconds) == (0.5, 0.05)
    assert (made.bind, made.port) == ("10.0.0.1", 5557)
    assert (made.trials, made.margin, made.confidence, made.gate) == (12, 0.03, 0.9, True)
    assert (made.seed, made.output, made.policy) == (7, folder / "there", folder / "policy.yaml")
    assert not made.download


def test_every_option_of_a_search(plan: Make) -> None:
    options = {"from_": "3", "to": "200", "resolution": "5%", "probe": "2s"}
    made = plan("breakpoint", profile="mine.yaml", command=COMMAND, python="3.12", **options)
    assert made.mode == "breakpoint"
    assert made.search is not None
    assert (made.search.start, made.search.limit, made.search.resolution) == (3.0, 200.0, 0.05)
    assert (made.search.settle_seconds, made.search.hold_seconds) == (2.0, 2.0)
    assert made.trials == 1
    assert made.baseline is not None
    assert made.baseline.interpreter.version == "3.12.0"
    assert (made.service.kind, made.service.target) == (ServiceKind.COMMAND, COMMAND)
    assert made.service.health == "/"


def test_a_search_by_default(plan: Make) -> None:
    made = plan("breakpoint")
    assert made.profile.name == "stress"
    assert made.search is not None
    assert (made.search.start, made.search.limit) == (10.0, 20_000.0)
    assert (made.search.settle_seconds, made.search.hold_seconds) == (3.0, 10.0)


def test_a_search_of_two_is_no_comparison(plan: Make) -> None:
    made = plan("breakpoint", baseline="3.12")
    assert made.mode == "breakpoint"
    assert made.candidate is not None
    assert made.candidate.interpreter.version == "3.13.0"


def test_a_search_never_goes_above_its_highest_level(plan: Make) -> None:
    made = plan("breakpoint", to="5")
    assert made.search is not None
    assert (made.search.start, made.search.limit) == (5.0, 5.0)


def test_a_comparison_takes_the_profiles_trials(plan: Make) -> None:
    made = plan(profile="mine.yaml", baseline="3.12")
    assert (made.mode, made.trials) == ("compare", 9)
    assert made.candidate is not None


def test_too_few_trials_are_told_before_anybody_waits_for_them(plan: Make) -> None:
    two = {"baseline": "3.12", "candidate": "3.13"}
    (note,) = plan(**two, trials="4").notes
    assert note == (
        "4 trials decide nothing between the two: an interval at 95 % needs 6 (--trials 6)"
    )
    (note,) = plan("breakpoint", **two).notes
    assert note.startswith("1 search of each side decides nothing")
    assert plan(**two, trials="6").notes == ()
    assert plan(**two, trials="5", confidence="90%").notes == ()
    assert plan().notes == ()


def test_a_url_has_no_variant(plan: Make) -> None:
    made = plan(url=f"{URL}/", pid=os.getpid())
    assert (made.baseline, made.candidate) == (None, None)
    assert (made.service.kind, made.service.target) == (ServiceKind.URL, URL)
    assert (made.service.pid, made.service.script) == (os.getpid(), None)


def test_a_short_profile_has_short_turns(plan: Make) -> None:
    assert plan().method.window_seconds == WINDOW
    short = plan(profile="mine.yaml", time_scale="0.1")  # 0.4 s
    assert short.method.window_seconds == min(WINDOW, 0.4 / FEWEST_TURNS)


def test_only_workers_from_elsewhere(plan: Make) -> None:
    method = plan(expect_workers=2).method
    assert (method.workers, method.remote_workers) == (0, 2)


def test_what_workers_from_elsewhere_must_know(
    plan: Make, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert (plan().worker_seconds, plan(expect_workers=1).worker_seconds) == (300.0, 300.0)
    assert plan(expect_workers=1, worker_timeout="90s").worker_seconds == 90.0
    assert plan(expect_workers=1).token is None  # one is made for the run
    monkeypatch.setenv("PERFKIT_WORKER_TOKEN", "from-the-environment")
    assert plan().token is None
    assert plan(expect_workers=1).token == os.environ["PERFKIT_WORKER_TOKEN"]
    words = "from-a-file"
    (folder / "secret").write_text(f"{words}\n")
    made = plan(expect_workers=1, token_file=folder / "secret")
    assert made.token == words
    assert words not in repr(made)


def test_two_sides_are_searched_as_often_as_asked_for(plan: Make) -> None:
    assert plan("breakpoint", baseline="3.12", candidate="3.13", trials="6").trials == 6
    assert plan("breakpoint", baseline="3.12", candidate="3.13").trials == 1


def test_the_files_baseline_makes_no_comparison(
    plan: Make, settings: Callable[[str], None], folder: Path
) -> None:
    settings(
        'baseline = "3.12"\ncandidate = "3.13"\nmargin = "4%"\noutput = "runs"\n'
        'with = ["six"]\nbenchmarks = ["bm_one.py"]\ntime = 3\nquick = true\nseed = 5\n'
    )
    made = plan()
    assert (made.mode, made.candidate) == ("single", None)
    assert (made.margin, made.output) == (0.04, folder / "runs")
    assert made.baseline is not None
    assert made.baseline.requirements == ("six",)
    assert made.seed != 5


def test_what_is_wrong_in_the_file_is_said(
    problems: Callable[..., list[str]], settings: Callable[[str], None]
) -> None:
    settings('margin = 7\nprofile = "smoke"\n')
    found = problems()
    assert len(found) == 2
    assert any("'margin' in [tool.perfkit]" in one for one in found)
    assert any("'profile' in [tool.perfkit] is not an option here" in one for one in found)


def test_all_problems_together(problems: Callable[..., list[str]], folder: Path) -> None:
    (folder / "bad.yaml").write_text("model: closed\nstages: 3\nscenario: {}\n")
    (folder / "file").touch()
    found = problems(
        profile="bad.yaml",
        baseline="2.7",
        candidate="3.99",
        python="3.12",
        app="no app",
        command="serve",
        services=["mysql"],
        engine="jmeter",
        pid="0",
        health="ready",
        bind="here",
        port="70000",
        from_="3",
        trials="0",
        window="x",
        output="file/reports",
        policy="none.yaml",
        confidence="95",
        typo=1,
    )
    text = "\n".join(found)
    for words in (
        "stages",
        "this Python cannot be measured",
        "Python 3.99 was not found",
        "--app and --command exclude each other",
        "--python names the only side",
        "--app is no ASGI app",
        "--services names what perfkit cannot start; got 'mysql'",
        "jmeter",
        "--pid",
        "--health is no path",
        "--bind is no address",
        "--bind and --port are where workers come to",
        "--port",
        "--from belongs to 'perfkit load breakpoint'",
        "--trials",
        "--window",
        "--output is no folder",
        "policy",
        "--confidence has no % sign",
        "--typo is not an option here",
    ):
        assert words in text


def test_a_k6_script_requests_what_the_command_line_says(plan: Make) -> None:
    for mode in (None, "breakpoint"):
        own = plan(mode, profile="k6.json", url=URL, path="/orders?page=${count}").profile
        (request,) = own.scenario.requests
        assert (request.method, request.path) == ("GET", "/orders?page=${count}")
    ours = plan(profile="k6.json")
    assert ours.profile.scenario.requests[0].path == "/api/v1/data"
    (note,) = ours.notes
    assert "k6.json: the options do not say what is sent: GET /api/v1/data is assumed" in note
    assert "--path" in note


def test_a_stage_that_may_have_meant_a_step_is_noted(plan: Make, folder: Path) -> None:
    steps = "[{duration: 4s, rate: 20}, {name: high, duration: 4s, rate: 30}]"
    old = "[{name: hold, duration: 4s, rate: 20}]"
    (folder / "steps.yaml").write_text(PROFILE.replace(old, steps))
    (note,) = plan(profile="steps.yaml").notes
    assert "stage 'high' moves from 20 to 30/s" in note
    assert "{duration: 0s, rate: 30}" in note
    assert plan(profile="mine.yaml").notes == ()
    assert plan("breakpoint", profile="steps.yaml").notes == ()
    (folder / "k6.json").write_text('{"vus": 3, "duration": "10s"}')
    (note,) = plan("breakpoint", profile="k6.json").notes
    assert "the options do not say what is sent: GET /api/v1/data is assumed" in note


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"profile": None}, "no profile was named"),
        ({"profile": "smok"}, "did you mean 'smoke'?"),
        ({"profile": "none.yaml"}, "no such profile"),
        ({"url": URL, "baseline": "3.12"}, "--url cannot be compared"),
        ({"url": URL, "candidate": "3.13"}, "--url cannot be compared"),
        ({"url": URL, "services": ["postgres"]}, "--services belongs to a service that perfkit"),
        ({"url": URL, "python": "3.12"}, "--python says how a service is started"),
        ({"url": URL, "baseline_env": ["A=1"]}, "--baseline-env says how a service is started"),
        ({"url": URL, "command": COMMAND}, "--command and --url exclude each other"),
        ({"url": URL, "pid": 2**31 - 1}, "--pid is no process that runs"),
        ({"url": "ftp://127.0.0.1"}, "--url: not an address"),
        ({"url": "http://192.0.2.1"}, "add --allow-host 192.0.2.1"),
        ({"url": "http://127.0.0.1/a b"}, "ASCII without spaces"),
        ({"url": "http://127.0.0.1/ä"}, "ASCII without spaces"),
        ({"url": "http://127.0.0.1:99999"}, "--url: not an address"),
        ({"pid": 1}, "--pid belongs to --url"),
        ({"trials": 3}, "--trials belongs to a comparison"),
        ({"window": "1s"}, "--window is a turn of two services"),
        ({"gate": True}, "--gate judges a candidate"),
        ({"candidate": "3.13"}, "none was named; add --baseline 3.12"),
        ({"candidate_with": ["six"]}, "--candidate-with belongs to a candidate"),
        ({"candidate_flag": ["-O"]}, "--candidate-flag belongs to a candidate"),
        ({"command": "serve 'quote {port}"}, "--command: the command cannot be split"),
        ({"command": "serve 8000"}, "--command: the command does not say where its port goes"),
        ({"command": "no-such-program {port}"}, "there is no such program on PATH"),
        ({"command": "./no-such {port}", "with_": ["six"]}, "relative ones start at"),
        ({"command": "PORT={port} python serve.py"}, "write env in front of that"),
        ({"app": "shop"}, "--app is no ASGI app"),
        ({"health": "/ä"}, "--health is no path"),
        ({"health": "/a b"}, "--health is no path"),
        ({"port": 5000}, "--bind and --port are where workers come to"),
        ({"expect_workers": 1, "bind": "localhost"}, "--bind is no address"),
        ({"workers": 2, "worker_timeout": 9}, "--worker-timeout is about workers from other"),
        ({"expect_workers": 1, "worker_timeout": "2h"}, "--worker-timeout is out of range"),
        ({"expect_workers": 1, "token_file": "none"}, "none cannot be read"),
        ({"time_scale": "0"}, "--time-scale is out of range"),
        ({"user_scale": "-1"}, "--user-scale is out of range; got '-1'; allowed: 0.0001 to 1000"),
        ({"time_scale": "1e-9"}, "--time-scale is out of range; got '1e-9'; allowed: 0.0001"),
        ({"time_scale": "1e999"}, "--time-scale is out of range"),
        ({"time_scale": "0x1"}, "--time-scale is no number"),
        ({"path": "/"}, "--path belongs to the options of a k6 script"),
        ({"profile": "k6.json", "path": "orders"}, "--path is no path"),
        ({"profile": "k6.json", "path": "/${token}"}, "--path holds an unknown variable"),
        ({"profile": "k6.json", "url": URL}, "k6 script do not say what is sent"),
        ({"profile": "k6.json", "app": "shop:app"}, "add --path /, say"),
        ({"baseline": ""}, "--baseline"),
        ({"inject": "2%"}, "--inject is not an option here"),
    ],
)
def test_options_that_go_wrong(
    problems: Callable[..., list[str]], options: dict[str, Any], words: str
) -> None:
    found = problems(**options)
    assert any(words in one for one in found), found
    assert len(found) <= 2


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"from_": 10, "to": 5}, "--from is above --to"),
        ({"resolution": "0%"}, "--resolution is out of range"),
        ({"probe": "10ms"}, "--probe is out of range"),
        ({"trials": 2}, "--trials belongs to a comparison"),
        ({"profile": "nosuch"}, "no such profile"),
        ({"url": URL, "candidate": "3.13"}, "--url cannot be compared"),
    ],
)
def test_options_of_a_search_that_go_wrong(
    problems: Callable[..., list[str]], options: dict[str, Any], words: str
) -> None:
    found = problems("breakpoint", **options)
    assert any(words in one for one in found), found
    assert len(found) <= 2


@pytest.mark.parametrize(
    "options",
    [
        {"command": "no-such-program {port}", "with_": ["gunicorn"]},
        {"command": "no-such-program {port}", "baseline_env": ["PATH=/opt/bin"]},
        {"command": "{python} serve.py {port}"},
        {"command": "python3.99 serve.py {port}"},  # of the environment to be made
        {"command": "env PORT={port} no-such-program"},
        {"command": "./serve {port}"},
    ],
)
def test_programs_that_may_be_there(plan: Make, folder: Path, options: dict[str, Any]) -> None:
    (folder / "serve").touch(0o755)
    assert plan(**options).service.target == options["command"]


def test_a_port_somebody_listens_at(plan: Make, problems: Callable[..., list[str]]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        (said,) = problems(expect_workers=1, port=port)
    assert said.startswith(f"somebody listens at --port on 127.0.0.1 already; got {port}")
    assert plan(expect_workers=1, port=port).port == port


def test_a_search_takes_a_profile_of_ramps(
    plan: Make, problems: Callable[..., list[str]], folder: Path
) -> None:
    """Its levels are its own."""
    (folder / "ramps.yaml").write_text(PROFILE.replace("start: 20\n", ""))
    (said,) = problems(profile="ramps.yaml")
    assert "are all ramps" in said
    made = plan("breakpoint", profile="ramps.yaml")
    assert made.search is not None
    assert made.search.start == 2.0


def test_another_machine_that_is_allowed(plan: Make) -> None:
    made = plan(url="http://192.0.2.1:80", allow_host=["192.0.2.1"])
    assert made.service.target == "http://192.0.2.1:80"


def test_the_seed_is_random_when_not_given(plan: Make) -> None:
    assert plan().seed != plan().seed


def test_every_profile_that_comes_with_perfkit_can_be_planned(plan: Make) -> None:
    for name in built_in():
        assert plan(profile=name).profile.name == name
        assert plan("breakpoint", profile=name).search is not None


def policy() -> Path:
    from perfkit.decide import policy as module

    return Path(module.__file__).with_name("policy.yaml")


KEYS = KEYS_OF["load"]
JUNK = st.one_of(
    st.text(max_size=30),
    st.integers(),
    st.floats(),
    st.booleans(),
    st.lists(st.text(max_size=10), max_size=3),
    st.dictionaries(st.text(max_size=5), st.text(max_size=5), max_size=2),
    st.sampled_from(["1%", "3.12", "./x", "A=1", "-X gil=0", "~nobody/x", "../..", "\0", "\ud800"]),
    st.sampled_from(["smoke", "mine.yaml", "bm_one.py", "{port}", "a:b", "/", "1s", "0.5", "5"]),
    st.text(max_size=12).map("http://127.0.0.1:".__add__),
    st.text(max_size=12).map("http://[::1]/".__add__),
    st.text("abc{}port'\"\\ ", max_size=20),
)


@settings(max_examples=300, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.dictionaries(st.one_of(st.sampled_from(sorted(KEYS)), st.text(max_size=8)), JUNK),
    st.sampled_from([None, "breakpoint"]),
)
def test_hostile_options_give_a_plan_or_a_plan_error(
    machine: None, folder: Path, options: dict[str, Any], mode: str | None
) -> None:
    del machine
    (folder / "mine.yaml").write_text(PROFILE)
    found = None
    try:
        made = make_load_plan(options, mode=mode, cwd=folder)
    except PlanError as error:
        found = error.problems
    assert found or isinstance(made, LoadPlan)


@settings(max_examples=200, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.text(max_size=200))
def test_hostile_profiles_give_a_plan_or_a_plan_error(
    machine: None, folder: Path, text: str
) -> None:
    del machine
    try:
        (folder / "mine.yaml").write_text(text, encoding="utf-8")
    except UnicodeEncodeError:
        return
    with pytest.raises(PlanError):
        make_load_plan({"profile": "mine.yaml"}, mode=None, cwd=folder)
