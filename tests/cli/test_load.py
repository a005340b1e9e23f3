"""``perfkit load`` as a command line: what it is given, what it prints where, its exit codes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from perfkit.cli.exit_codes import LOAD_HELP, LOAD_MEANINGS, ExitCode, of_load
from perfkit.loadtest.generator import EngineError
from perfkit.session.load.calibration import Calibration

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from perfkit.plan.load_value import LoadPlan

    Run = Callable[..., Any]

SUBCOMMANDS = ("run", "breakpoint", "calibrate", "profiles", "worker")
FOUND = Calibration(
    ceiling=2000.0,
    floor=0.0005,
    floor_p99=0.002,
    created="2026-01-31T12:00:00+00:00",
    engine="locust 2.43",
    workers=1,
    pinned=False,
)


@pytest.fixture
def plans(monkeypatch: pytest.MonkeyPatch) -> list[LoadPlan]:
    """The plans that sessions were asked to carry out."""
    found: list[LoadPlan] = []

    def run(plan: LoadPlan, **_: Any) -> None:
        found.append(plan)
        raise KeyboardInterrupt

    monkeypatch.setattr("perfkit.session.load.run.run", run)
    return found


def test_help(perfkit: Run) -> None:
    text = perfkit("load", "--help").out
    assert all(f"\n  {command} " in text for command in SUBCOMMANDS)
    assert "perfkit load smoke --baseline 3.12" in text
    for code, meaning in LOAD_MEANINGS.items():
        assert f"  {code:<4d} {meaning}\n" in text


OPTIONS = """--python --baseline --candidate --baseline-with --candidate-with --baseline-env
    --candidate-env --baseline-flag --candidate-flag --with --no-download --app --command --url
    --pid --health --ready --allow-host --services --user-scale --gate --workers --expect-workers
    --bind --port --worker-timeout --token-file --engine --no-pin --margin --confidence --seed
    --output --policy --resume --json --quiet --no-color"""


@pytest.mark.parametrize(
    ("command", "more"),
    [
        ("run", "--time-scale --trials --window PROFILE"),
        ("breakpoint", "--profile --from --to --resolution --probe --trials"),
    ],
)
def test_help_names_every_option(perfkit: Run, command: str, more: str) -> None:
    text = perfkit("load", command, "--help").out
    assert [option for option in f"{OPTIONS} {more}".split() if option not in text] == []


def test_a_typo_is_held_against_every_command() -> None:
    from perfkit.profile.library import COMMANDS

    assert {*COMMANDS} == {*SUBCOMMANDS} - {"run"}


def test_nothing_said(perfkit: Run) -> None:
    answer = perfkit("load")
    assert (answer.code, answer.out) == (2, "")
    assert answer.err.startswith("Usage: perfkit load")


@pytest.mark.parametrize(
    ("argv", "words"),
    [
        (["nosuch"], "no such profile"),
        (["calibrte"], "did you mean 'perfkit load calibrate'?"),
        (["smoke", "--command", "no-such-program {port}"], "there is no such program on PATH"),
        (["smoke", "peak"], "unexpected extra argument (peak)"),
        (["--nonsense"], "No such option '--nonsense'"),
        (["run"], "no profile was named"),
        (["--quiet"], "no profile was named"),
        (["breakpoint", "nosuch"], "unexpected extra argument"),
        (["breakpoint", "--profile"], "requires an argument"),
        (["breakpoint", "--profile", "nosuch"], "no such profile"),
        (["breakpoint", "--trials", "3"], "--trials belongs to a comparison"),
        (["breakpoint", "--from", "9", "--to", "3"], "--from is above --to"),
        (["smoke", "--from", "9"], "No such option '--from'"),
        (["smoke", "--engine", "jmeter"], "jmeter"),
        (["smoke", "--services", "mysql,valkey"], "got 'mysql'"),
        (["smoke", "--url", "http://127.0.0.1:1", "--baseline", "3.12"], "cannot be compared"),
        (["smoke", "--pid", "1"], "--pid belongs to --url"),
        (["calibrate", "--seconds", "1"], "--seconds"),
        (["calibrate", "smoke"], "unexpected extra argument"),
        (["worker"], "Missing option '--master'"),
        (["worker", "--master", "h:1"], "the master's token is missing; set PERFKIT_WORKER_TOKEN"),
        (["worker", "--master", "h:1", "--token-file", "no"], "--token-file no cannot be read"),
        (["smoke", "--worker-timeout", "9"], "--worker-timeout is about workers from other"),
        (["--resume", "nowhere"], "no recorded run here"),
        (["breakpoint", "--resume", "nowhere"], "no recorded run here"),
    ],
)
def test_invalid(perfkit: Run, plans: list[LoadPlan], argv: list[str], words: str) -> None:
    answer = perfkit("load", *argv)
    assert (answer.code, answer.out, plans) == (2, "", [])
    assert answer.err.startswith("perfkit: error: ")
    assert words in answer.err
    assert "Traceback" not in answer.err


@pytest.mark.parametrize(
    ("argv", "spelled"),
    [
        (["smoke", "--resume", "x"], "PROFILE"),
        (["--resume", "x", "--gate"], "--gate"),
        (["run", "--resume", "x", "--services", "valkey"], "--services"),
        (["breakpoint", "--from", "3", "--resume", "x"], "--from"),
        (["--no-pin", "--resume", "x"], "--pin"),
    ],
)
def test_resume_takes_no_other_option(perfkit: Run, argv: list[str], spelled: str) -> None:
    answer = perfkit("load", *argv)
    assert answer.code == 2
    assert answer.err.splitlines()[0].endswith(f"leave out {spelled}")


@pytest.mark.parametrize(
    "argv",
    [
        ["smoke", "--quiet", "--seed", "5"],
        ["--quiet", "--seed", "5", "smoke"],
        ["--seed", "5", "smoke", "--quiet"],
        ["run", "smoke", "--seed", "5", "--quiet"],
        ["run", "--quiet", "--seed", "5", "smoke"],
    ],
)
def test_running_a_profile_is_the_default(
    perfkit: Run, plans: list[LoadPlan], argv: list[str]
) -> None:
    answer = perfkit("load", *argv)
    assert (answer.code, answer.out) == (130, "")
    (plan,) = plans
    assert (plan.mode, plan.profile.name, plan.seed) == ("single", "smoke", 5)


def test_options_reach_the_plan(perfkit: Run, plans: list[LoadPlan]) -> None:
    """`tests/plan` checks what becomes of each; here, that none is lost on its way."""
    perfkit(
        *("load", "api-baseline", "--baseline", "3.12", "--candidate", "3.13", "--with", "idna"),
        *("--baseline-env", "A=1", "--candidate-flag", "-O", "--no-download"),
        *("--command", "serve {port}", "--health", "/h", "--ready", "9s", "--allow-host", "db"),
        *("--services", "postgres, valkey", "--time-scale", "0.5", "--user-scale", "0.1"),
        *("--trials", "7", "--window", "2s", "--gate", "--workers", "2", "--bind", "127.0.0.1"),
        *("--port", "5557", "--engine", "locust", "--no-pin", "--margin", "4%"),
        *("--confidence", "90%", "--seed", "3", "--output", "out", "--quiet"),
    )
    (plan,) = plans
    assert (plan.mode, plan.trials, plan.gate, plan.seed) == ("compare", 7, True, 3)
    assert plan.profile.time_scale == 0.5
    assert plan.baseline is not None
    assert plan.candidate is not None
    assert (plan.baseline.environ, plan.candidate.flags) == ((("A", "1"),), ("-O",))
    assert plan.baseline.requirements == ("idna",)
    assert (plan.service.target, plan.service.health) == ("serve {port}", "/h")
    assert plan.service.backing == ("postgres", "valkey")
    assert plan.allow_hosts == ("db",)
    assert (plan.method.workers, plan.method.window_seconds, plan.method.pin) == (2, 2.0, False)
    assert (plan.bind, plan.port, plan.download) == ("127.0.0.1", 5557, False)
    assert (plan.margin, plan.confidence, plan.output.name) == (0.04, 0.9, "out")


def test_options_of_a_search_reach_the_plan(perfkit: Run, plans: list[LoadPlan]) -> None:
    perfkit(
        *("load", "breakpoint", "--profile", "constant-rate", "--from", "5", "--to", "50"),
        *("--resolution", "20%", "--probe", "3s", "--python", "3.12", "--no-download", "--quiet"),
    )
    (plan,) = plans
    assert plan.search is not None
    assert (plan.mode, plan.profile.name) == ("breakpoint", "constant-rate")
    assert (plan.search.start, plan.search.limit, plan.search.resolution) == (5.0, 50.0, 0.2)
    assert plan.search.hold_seconds == 3.0


def test_profiles_are_listed(perfkit: Run) -> None:
    answer = perfkit("load", "profiles")
    assert (answer.code, answer.err) == (0, "")
    for name in ("smoke", "api-baseline", "sustained", "peak", "stress", "spike", "soak"):
        assert f"\n{name} " in answer.out


def test_a_profile_is_printed_to_begin_with(perfkit: Run, tmp_path: Path) -> None:
    answer = perfkit("load", "profiles", "smoke")
    assert (answer.code, answer.err) == (0, "")
    (tmp_path / "mine.yaml").write_text(answer.out)
    assert perfkit("load", "profiles", "mine.yaml").out == answer.out
    (tmp_path / "options.json").write_text('{"vus": 3, "duration": "10s"}')
    answer = perfkit("load", "profiles", "options.json", "--path", "/orders")
    assert (answer.code, answer.err) == (0, "")
    assert "get: /orders" in answer.out
    assumed = perfkit("load", "profiles", "options.json")
    assert "get: /api/v1/data" in assumed.out
    assert "GET /api/v1/data, of the reference service, is assumed" in assumed.err
    assert "--path /orders" in assumed.err
    (tmp_path / "options.yaml").write_text(answer.out)
    assert perfkit("load", "profiles", "options.yaml").code == 0
    assert perfkit("load", "profiles", "smok").code == 2


def test_the_reference_of_profiles(perfkit: Run) -> None:
    answer = perfkit("load", "profiles", "--reference")
    assert (answer.code, answer.err) == (0, "")
    assert answer.out.startswith("A profile is a YAML file.")
    assert "  graceful-stop " in answer.out


def test_calibrate(perfkit: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[Any] = []

    def session(method: Any, **options: Any) -> Calibration:
        asked.append((method.workers, method.pin, options["seconds"]))
        return FOUND

    monkeypatch.setattr("perfkit.session.load.calibration.calibrate", session)
    answer = perfkit("load", "calibrate", "--seconds", "4", "--workers", "2", "--no-pin")
    assert (answer.code, asked) == (0, [(2, False, 4.0)])
    assert "2,000 requests/s" in answer.out
    assert "1,600 requests/s (80 % of the ceiling)" in answer.out
    assert '"ceiling": 2000.0' in perfkit("load", "calibrate", "--json").out


def test_a_calibration_that_fails(perfkit: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    def session(*_: Any, **__: Any) -> Calibration:
        raise EngineError("the engine exited with code 1", detail="boom")

    monkeypatch.setattr("perfkit.session.load.calibration.calibrate", session)
    answer = perfkit("load", "calibrate")
    assert (answer.code, answer.out) == (4, "")
    assert answer.err == "perfkit: error: the engine exited with code 1\n"


@pytest.mark.parametrize(
    ("state", "code"),
    [
        ((False, False, False, False), 0),
        ((False, False, False, True), 3),
        ((False, False, True, True), 1),
        ((False, True, True, True), 4),
        ((True, True, True, True), 130),
        ((True, False, False, False), 130),
    ],
)
def test_exit_codes(state: tuple[bool, bool, bool, bool], code: int) -> None:
    interrupted, failed, broken, open_ = state
    assert of_load(interrupted=interrupted, failed=failed, broken=broken, open_=open_) == code


def test_every_code_is_documented() -> None:
    assert set(LOAD_MEANINGS) == set(ExitCode)
    assert all(text in LOAD_HELP for text in LOAD_MEANINGS.values())
