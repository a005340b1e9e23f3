"""The command line as a whole: what it prints where, and its exit codes."""

from __future__ import annotations

import errno
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

import perfkit as package
from perfkit.block import Failure
from perfkit.decide.aa import judge_aa
from perfkit.errors import PlanError
from perfkit.recording import read
from perfkit.report.aa import document as as_document
from perfkit.session.outcome import outcome_of
from perfkit.session.progress import SeriesStarted, Started

if TYPE_CHECKING:
    from collections.abc import Callable

    from perfkit.plan import Plan
    from perfkit.session.progress import Listener

COMMANDS = ("init", "compare", "check", "load", "aa", "show", "pythons", "list", "clean")
HEAVY = {"numpy", "scipy", "pandas", "matplotlib", "pydantic", "rich", "yaml", "pyperf"}
BOOM = Failure(benchmark="bm_boom", side=None, stage="run", reason="ValueError: boom", detail="")


@pytest.fixture
def measured(
    monkeypatch: pytest.MonkeyPatch, recorded: Callable[..., Path], tmp_path: Path
) -> Callable[..., list[Plan]]:
    """Let `session.compare` answer with a recorded run; returns the plans it was given."""
    (tmp_path / "benchmarks").mkdir()
    (tmp_path / "benchmarks" / "bm_sums.py").write_text('"""Adds."""\n')

    def install(*failures: Failure, interrupted: bool = False, **options: Any) -> list[Plan]:
        folder = recorded(*failures, **options)
        plans = []

        def run(plan: Plan, *, listener: Listener) -> object:
            plans.append(plan)
            listener(Started(folder=folder))
            listener(SeriesStarted(benchmark="sums", series="compare", position=0, total=1))
            return outcome_of(read(folder), interrupted=interrupted)

        monkeypatch.setattr("perfkit.session.compare.run", run)
        return plans

    return install


def test_help_teaches_and_lists_exit_codes(perfkit: Callable[..., Any]) -> None:
    for argv in (["--help"], ["compare", "--help"], ["aa", "-h"]):
        answer = perfkit(*argv)
        assert answer.code == 0
        assert "Exit codes:\n" in answer.out
        assert "\n    130  interrupted" in answer.out or "\n  130  interrupted" in answer.out
        assert "perfkit compare --baseline 3.12" in answer.out or argv[0] == "aa"


def test_help_names_every_command_and_option(perfkit: Callable[..., Any]) -> None:
    text = perfkit("--help").out
    assert all(f"\n  {command} " in text for command in COMMANDS)
    options = """--baseline --candidate --baseline-with --candidate-with --with --baseline-env
        --candidate-env --baseline-flag --candidate-flag --time --precision --margin --confidence
        --seed --quick --rigorous --control --output --resume --json --quiet --no-color
        --no-download --timeout --policy"""
    text = perfkit("compare", "--help").out
    assert [option for option in options.split() if option not in text] == []


def test_version(perfkit: Callable[..., Any]) -> None:
    assert perfkit("--version").out == f"perfkit {package.__version__}\n"


def test_nothing_said(perfkit: Callable[..., Any]) -> None:
    answer = perfkit()
    assert (answer.code, answer.out) == (2, "")
    assert "Usage: perfkit" in answer.err


@pytest.mark.parametrize(
    "argv",
    [
        ["nonsense"],
        ["compare", "--nonsense"],
        ["compare", "--seed"],
        ["show"],
        ["show", "nowhere"],
        ["compare", "--resume", "nowhere"],
        ["compare", "--resume", "nowhere", "--quick"],
        ["clean", "--older-than", "soon"],
        ["compare", "--baseline", "2.7", "--no-download"],
        ["aa", "--comparisons", "0"],
    ],
)
def test_invalid(perfkit: Callable[..., Any], argv: list[str]) -> None:
    answer = perfkit(*argv)
    assert (answer.code, answer.out) == (2, "")
    assert answer.err.startswith("perfkit: error: ")
    assert "Traceback" not in answer.err


def test_resume_takes_no_other_option(perfkit: Callable[..., Any]) -> None:
    answer = perfkit("compare", "--resume", "x", "--candidate-env", "A=1", "--seed", "1", "bm.py")
    assert "leave out --candidate-env, --seed, BENCHMARK" in answer.err


def test_all_problems_at_once(perfkit: Callable[..., Any]) -> None:
    answer = perfkit("compare", "--baseline", "2.7", "--precision", "1", "--seed", "x", "no/such")
    assert answer.code == 2
    assert answer.err.startswith("perfkit: error: 4 problems:\n  - ")


def test_every_option_reaches_the_plan(
    perfkit: Callable[..., Any], measured: Callable[..., list[Plan]], tmp_path: Path
) -> None:
    plans = measured()
    (tmp_path / "setup.py").touch()
    (tmp_path / "policy.yaml").write_bytes(
        (package_folder() / "decide" / "policy.yaml").read_bytes()
    )
    answer = perfkit(
        *("compare", "--baseline", "3.12", "--candidate", "3.13", "--baseline-with", "six"),
        *("--candidate-with", "attrs", "--with", ".", "--baseline-env", "A=1"),
        *("--candidate-env", "B=2", "--baseline-flag", "-O", "--candidate-flag", "-X dev"),
        *("--time", "3", "--precision", "3%", "--margin", "4%", "--confidence", "90%"),
        *("--seed", "5", "--quick", "--control", "--output", "out", "--policy", "policy.yaml"),
        *("--timeout", "9", "--no-download", "--quiet", "benchmarks", "sum*"),
    )
    assert (answer.code, answer.err) == (0, "")
    (plan,) = plans
    assert plan.baseline.interpreter.version.startswith("3.12.")
    assert plan.candidate.interpreter.version.startswith("3.13.")
    assert plan.baseline.requirements == (str(tmp_path.resolve()), "six")
    assert plan.candidate.requirements == (str(tmp_path.resolve()), "attrs")
    assert (plan.baseline.environ, plan.candidate.environ) == ((("A", "1"),), (("B", "2"),))
    assert (plan.baseline.flags, plan.candidate.flags) == (("-O",), ("-X", "dev"))
    goal = plan.goal
    assert (goal.budget, goal.precision, goal.margin) == (3.0, 0.03, 0.04)
    assert (goal.confidence, goal.decided) == (0.9, True)
    assert (plan.seed, plan.control, plan.method.timeout) == (5, True, 9.0)
    assert (plan.output, plan.policy) == (tmp_path / "out", tmp_path / "policy.yaml")
    assert (plan.benchmarks, plan.patterns) == (("benchmarks", "sum*"), ("sum*",))
    assert not plan.download


def package_folder() -> Path:
    return Path(package.__file__).parent


def test_result_on_stdout_progress_on_stderr(
    perfkit: Callable[..., Any], measured: Callable[..., list[Plan]]
) -> None:
    measured()
    answer = perfkit("compare", "--baseline", "3.12")
    assert answer.code == 0
    assert "sums" in answer.out
    assert "slower" in answer.out
    assert "\x1b" not in answer.out
    assert "recording to" in answer.err


def test_json_is_alone_on_stdout(
    perfkit: Callable[..., Any], measured: Callable[..., list[Plan]]
) -> None:
    measured(BOOM)
    answer = perfkit("compare", "--baseline", "3.12", "--json")
    assert answer.code == 4
    assert [one["id"] for one in json.loads(answer.out)["benchmarks"]] == ["sums", "bm_boom"]
    assert "recording to" in answer.err


def test_quiet(perfkit: Callable[..., Any], measured: Callable[..., list[Plan]]) -> None:
    measured(BOOM)
    answer = perfkit("compare", "--baseline", "3.12", "--quiet")
    assert (answer.code, answer.err) == (4, "")
    assert "boom" in answer.out


@pytest.mark.parametrize(
    ("options", "code"),
    [
        ({}, 0),
        ({"failures": (BOOM,)}, 4),
        ({"failures": (BOOM,), "blocks": 0}, 4),
        ({"blocks": 0}, 3),
        ({"interrupted": True, "failures": (BOOM,)}, 130),
    ],
)
def test_exit_code_of_a_run(
    perfkit: Callable[..., Any],
    measured: Callable[..., list[Plan]],
    options: dict[str, Any],
    code: int,
) -> None:
    measured(*options.pop("failures", ()), **options)
    assert perfkit("compare", "--baseline", "3.12").code == code


def test_nothing_found(perfkit: Callable[..., Any], tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    assert perfkit("compare", "--baseline", "3.12", "empty").code == 3
    assert perfkit("list", "empty").code == 3


def test_show(perfkit: Callable[..., Any], recorded: Callable[..., Path]) -> None:
    folder = recorded()
    answer = perfkit("show", str(folder))
    assert (answer.code, answer.err) == (0, "")
    assert "sums" in answer.out
    names = {path.name for path in folder.iterdir()}
    assert {"report.html", "report.yaml", "baseline.json", "candidate.json"} <= names
    assert json.loads(perfkit("show", str(folder), "--json").out)["run"] == "a-run"


def test_show_of_an_interrupted_run_is_no_interruption(
    perfkit: Callable[..., Any], recorded: Callable[..., Path]
) -> None:
    assert perfkit("show", str(recorded(status="interrupted"))).code == 0


def test_show_tells_of_failures(perfkit: Callable[..., Any], recorded: Callable[..., Path]) -> None:
    answer = perfkit("show", str(recorded(BOOM)))
    assert answer.code == 4
    assert "ValueError: boom" in answer.out


def test_show_aa(
    perfkit: Callable[..., Any], recorded: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("perfkit.decide.aa.REPEATS", 20)
    folder = str(recorded(command="aa"))
    answer = perfkit("show", folder)
    assert answer.code == 0
    assert "Python 3.12.1 against itself: 1 of 1 comparisons claim a difference" in answer.out
    assert "files: " in answer.out
    document = json.loads(perfkit("show", folder, "--json").out)
    assert document["Folder"] == folder
    assert document["Numbers"]["comparisons"] == 1
    known = read(Path(folder))
    assert document.keys() - {"Folder"} == as_document(known, judge_aa(known)).keys()


def test_resume_goes_on_with_the_command_that_began(
    perfkit: Callable[..., Any], recorded: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    from perfkit.session import aa, compare

    called = []
    for module, name in ((aa, "aa"), (compare, "compare")):

        def resume(folder: Path, *, listener: object, name: str = name) -> object:
            del listener
            called.append((name, folder))
            raise PlanError([])

        monkeypatch.setattr(module, "resume", resume)
    folder = recorded(command="aa")
    perfkit("compare", "--resume", str(folder))
    assert called == [("aa", folder)]


def test_list(perfkit: Callable[..., Any], tmp_path: Path) -> None:
    (tmp_path / "bm_a.py").write_text('"""Adds\x1b[31m numbers.\n\nMore."""\n')
    answer = perfkit("list", "bm_a.py")
    assert answer.code == 0
    assert answer.out.splitlines()[1] == "bm_a    bm_a.py  Adds\ufffd[31m numbers."


def test_list_leaves_patterns_to_names(perfkit: Callable[..., Any], tmp_path: Path) -> None:
    (tmp_path / "bm_a.py").touch()
    answer = perfkit("list", "bm_a.py", "json_*")
    assert answer.code == 0
    assert "--names" in answer.err


@pytest.mark.end_to_end
def test_list_names(perfkit: Callable[..., Any], tmp_path: Path) -> None:
    (tmp_path / "bm_two.py").write_text(
        '"""Two."""\nimport pyperf\nrunner = pyperf.Runner()\n'
        'runner.bench_func("one", len, [])\nrunner.bench_func("two", len, [])\n'
    )
    (tmp_path / "bm_broken.py").write_text("1 / 0\n")
    answer = perfkit("list", "--names", "bm_two.py", "bm_broken.py")
    assert answer.code == 4
    assert [line.split()[0] for line in answer.out.splitlines()[1:]] == ["one", "two"]
    assert "bm_broken: failed" in answer.err
    assert "ZeroDivisionError" in answer.err
    answer = perfkit("list", "--names", "bm_two.py", "bm_broken.py", "t*")
    assert answer.code == 0
    assert [line.split()[0] for line in answer.out.splitlines()[1:]] == ["two"]
    assert "note: bm_broken fails: ZeroDivisionError" in answer.err


def test_pythons(perfkit: Callable[..., Any]) -> None:
    answer = perfkit("pythons")
    assert answer.code == 0
    found = [line.split()[0] for line in answer.out.splitlines()[1:]]
    assert any(version.startswith("3.12.") for version in found)
    assert any(version.startswith("3.13.") for version in found)


def test_clean(perfkit: Callable[..., Any], tmp_path: Path) -> None:
    entry = tmp_path / "cache" / "environments" / "abc"
    entry.mkdir(parents=True)
    (entry / "entry.json").write_text('{"label": "six==1", "facts": {}}')
    answer = perfkit("clean", "--dry-run")
    assert "six==1" in answer.out
    assert "1 entry would be removed" in answer.out
    assert "removed 0 entries" in perfkit("clean", "--older-than", "1d").out
    assert entry.exists()
    assert "removed 1 entry," in perfkit("clean").out
    assert not entry.exists()


def test_clean_forgets_what_scripts_hold(perfkit: Callable[..., Any], tmp_path: Path) -> None:
    learnt = tmp_path / "cache" / "tasks" / "abc.json"
    learnt.parent.mkdir(parents=True)
    learnt.touch()
    perfkit("clean", "--dry-run")
    assert learnt.exists()
    perfkit("clean")
    assert not learnt.exists()


def test_ctrl_c_before_measuring(
    perfkit: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupt(**_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("perfkit.provision.interpreters.find_all", interrupt)
    answer = perfkit("pythons")
    assert (answer.code, answer.err.strip()) == (130, "perfkit: interrupted")


def test_own_traceback_is_never_shown(
    perfkit: Callable[..., Any], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def fail(**_: object) -> None:
        raise KeyError("oh\x1b\nno")

    monkeypatch.setattr("perfkit.provision.interpreters.find_all", fail)
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    answer = perfkit("pythons")
    assert answer.code == 4
    assert answer.err.startswith("perfkit: error: KeyError: ")
    assert "this is a bug in perfkit" in answer.err
    assert len(answer.err.splitlines()) == 1
    (file,) = tmp_path.glob("perfkit-*.txt")
    assert str(file) in answer.err
    assert "Traceback" in file.read_text()


@pytest.mark.parametrize(
    "argv", [["--help"], ["load", "run", "--help"], ["load", "--help"], ["compare", "--nonsense"]]
)
def test_nothing_heavy_is_imported(argv: list[str]) -> None:
    code = (
        "import sys; from perfkit.cli import main; main(sys.argv[1:]);"
        "print(*{name.partition('.')[0] for name in sys.modules}, file=sys.__stdout__)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, *argv], capture_output=True, text=True, check=True
    )
    assert HEAVY.isdisjoint(done.stdout.splitlines()[-1].split())


def test_what_reports_need_is_not_imported_before_the_first_block() -> None:
    code = (
        "import sys, perfkit.plan, perfkit.session.compare, perfkit.session.aa, perfkit.cli.lines;"
        "print(*sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    late = {"scipy.stats", "pandas", "matplotlib", "jinja2", "rich", "pyperf"}
    assert late & set(done.stdout.split()) == set()


@pytest.mark.parametrize("run", ["example", "example-load"])
def test_judging_a_recorded_run_imports_nothing_that_plans_or_measures(run: str) -> None:
    code = (
        "import sys, pathlib; from perfkit.session.show import load;"
        "load(pathlib.Path(sys.argv[1])); print(*sys.modules)"
    )
    folder = Path(__file__).parents[2] / "reports" / run
    done = subprocess.run(
        [sys.executable, "-c", code, str(folder)], capture_output=True, text=True, check=True
    )
    needless = {"pandas", "scipy.stats", "matplotlib", "perfkit.plan.make", "perfkit.session.aa"}
    needless |= {"perfkit.session.sitting", "perfkit.measure.lockstep", "perfkit.provision"}
    assert needless & set(done.stdout.split()) == set()


def test_module_and_script_are_the_same() -> None:
    from importlib.metadata import entry_points

    (script,) = entry_points(group="console_scripts", name="perfkit")
    assert script.value == "perfkit.cli:entry_point"
    done = subprocess.run(
        [sys.executable, "-m", "perfkit", "compare", "--seed"], capture_output=True, check=False
    )
    assert done.returncode == 2


def test_a_reader_that_went_away_is_no_error() -> None:
    reader, writer = os.pipe()
    os.close(reader)
    done = subprocess.run(
        [sys.executable, "-m", "perfkit", "list"],
        stdout=writer,
        stderr=subprocess.PIPE,
        check=False,
    )
    os.close(writer)
    assert (done.returncode, done.stderr) == (0, b"")


def test_a_terminal_that_lacks_a_character() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "perfkit", "list", "n\N{SNOWMAN}/where"],
        env={**os.environ, "PYTHONIOENCODING": "ascii", "PYTHONUTF8": "0"},
        capture_output=True,
        check=False,
    )
    assert done.returncode == 2
    assert b"/where" in done.stderr


@pytest.mark.parametrize("closed", ["1", "2"])
def test_a_stream_that_is_closed(closed: str) -> None:
    command = f'"{sys.executable}" -m perfkit list {closed}>&-'
    done = subprocess.run(["/bin/sh", "-c", command], capture_output=True, check=False)
    assert done.returncode == 0
    assert b"Traceback" not in done.stderr


def test_the_current_folder_is_gone(perfkit: Callable[..., Any], tmp_path: Path) -> None:
    (tmp_path / "gone").mkdir()
    os.chdir(tmp_path / "gone")
    (tmp_path / "gone").rmdir()
    for argv in (["list"], ["compare", "--baseline", "3.12"], ["aa"]):
        answer = perfkit(*argv)
        assert (answer.code, answer.out) == (2, "")
        assert "the current folder is gone" in answer.err


@pytest.mark.parametrize("command", ["compare", "aa", "check"])
def test_reports_that_cannot_be_written_hide_no_result(
    recorded: Callable[..., Path],
    perfkit: Callable[..., Any],
    monkeypatch: pytest.MonkeyPatch,
    command: str,
) -> None:
    folder = str(recorded(command=command))
    whole = perfkit("show", folder)
    assert whole.code == 0

    def full(**_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("tempfile.mkstemp", full)
    answer = perfkit("show", folder)
    assert answer.code == 4
    assert answer.out == whole.out
    assert "a report cannot be written: No space left on device" in answer.err
    assert f"perfkit show {folder}" in answer.err


@pytest.mark.parametrize("option", ["--junit", "--comment"])
@pytest.mark.parametrize("path", ["", "there", "a-file/x.xml"])
def test_copies_of_a_gate_are_checked_before_measuring(
    perfkit: Callable[..., Any], tmp_path: Path, option: str, path: str
) -> None:
    (tmp_path / "there").mkdir()
    (tmp_path / "a-file").touch()
    answer = perfkit("check", "--baseline", "3.12", option, path)
    assert (answer.code, answer.out) == (2, "")
    assert f"{option} is no file that can be written" in answer.err
    assert not (tmp_path / "reports").exists()


def test_a_load_run_is_told_apart_from_a_gates(perfkit: Callable[..., Any]) -> None:
    folder = Path(package.__file__).parents[1] / "reports" / "example-load"
    answer = perfkit("check", "--recording", str(folder))
    assert answer.code == 2
    assert "a run of 'perfkit load' cannot be judged by this gate" in answer.err


@pytest.mark.parametrize("option", [("--required", "nope*"), ("--margins", "nope*=5%")])
def test_a_mistyped_policy_is_refused_when_a_run_is_judged_again(
    perfkit: Callable[..., Any], recorded: Callable[..., Path], option: tuple[str, str]
) -> None:
    folder = str(recorded(command="check"))
    answer = perfkit("check", "--recording", folder, *option)
    assert (answer.code, answer.out) == (2, "")
    assert "names no benchmark of this run" in answer.err
    good = tuple(part.replace("nope*", "su*") for part in option)
    assert perfkit("check", "--recording", folder, *good).code == 0
