"""What a person is told, by the command itself."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from perfkit.recording import read

FILES = {
    *("recording.jsonl", "report.yaml", "report.html", "baseline.json", "candidate.json"),
    ".lock",
}
KILL_AND_RESUME = Path(__file__).with_name("kill_and_resume.py")
SLEEP = "r.bench_func('sleep', time.sleep, float(os.environ.get('SECONDS', '0.002')))"


def row(answer: Any, name: str) -> Any:
    (found,) = (one for one in answer.json["benchmarks"] if one["id"] == name)
    return found


def test_twelve_milliseconds_are_slower_than_ten(perfkit: Any) -> None:
    perfkit.script("bm_sleep.py", SLEEP)
    sides = ("--baseline-env", "SECONDS=0.010", "--candidate-env", "SECONDS=0.012")
    answer = perfkit.compare(*sides, "--time", "2", "--margin", "5%", "--json", ".")
    assert answer.code == 0
    found = row(answer, "sleep")
    assert found["verdict"] == "slower"
    (folder,) = perfkit.runs()
    assert {path.name for path in folder.iterdir()} == FILES
    known = read(folder)
    assert known.run.candidate.environ == (("SECONDS", "0.012"),)
    assert known.measured["sleep"].baseline.version.startswith("3.12.")
    assert known.measured["sleep"].candidate.version.startswith("3.13.")

    shown = perfkit("show", folder)
    assert (shown.code, shown.err) == (0, "")
    assert "slower" in shown.out
    assert "sleep" in shown.out
    assert perfkit("show", folder, "--json").json == answer.json

    report = yaml.safe_load((folder / "report.yaml").read_text())
    assert report
    page = (folder / "report.html").read_text()
    assert page.lower().startswith("<!doctype html>")
    assert "slower" in page


def test_pyperf_reads_both_sides(perfkit: Any) -> None:
    perfkit.script("bm_sleep.py", SLEEP)
    assert perfkit.compare(*perfkit.small, ".").code == 0
    folder = perfkit.run_folder()
    sides = [folder / "baseline.json", folder / "candidate.json"]
    for command in (["stats", sides[0]], ["stats", sides[1]], ["compare_to", "-v", *sides]):
        done = subprocess.run(
            [sys.executable, "-m", "pyperf", *command], capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stderr
        assert "sleep" in done.stdout or "Mean" in done.stdout


def test_a_python_against_itself_is_equivalent(perfkit: Any) -> None:
    perfkit.script("bm_sum.py", "r.bench_func('sum', sum, range(20000))")
    same = ("--baseline", "3.12", "--candidate", "3.12", "--no-download")
    goal = ("--margin", "25%", "--precision", "8%", "--time", "10")
    answer = perfkit("compare", *same, *goal, "--control", "bm_sum.py")
    assert answer.code == 0
    assert "equivalent" in answer.out
    (found,) = perfkit("show", perfkit.run_folder(), "--json").json["benchmarks"]
    assert found["verdict"] == "equivalent"


def test_each_failure_has_its_row_and_the_rest_goes_on(perfkit: Any) -> None:
    perfkit.script("bm_good.py", SLEEP.replace("'sleep'", "'good'"))
    perfkit.script("bm_crash.py", "r.bench_func('crash', os.abort)")
    perfkit.script("bm_raise.py", "r.bench_func('raise', divmod, 1, 0)")
    perfkit.script("bm_hang.py", "r.bench_func('hang', time.sleep, 3600)")
    perfkit.script("bm_exit.py", "r.bench_func('exit', os._exit, 7)")
    perfkit.script("bm_none.py")
    (perfkit.folder / "bm_syntax.py").write_text("this is no Python\n")
    (perfkit.folder / "bm_import.py").write_text("import no_such_module\n")
    answer = perfkit.compare(*perfkit.small, "--timeout", "2", "--json", ".")
    assert answer.code == 4
    found = {one["id"]: one for one in answer.json["benchmarks"]}
    failed = {"crash", "raise", "hang", "exit", "bm_syntax", "bm_import"}
    assert found.keys() == failed | {"good"}
    assert {name for name, one in found.items() if one["verdict"] == "failed"} == failed
    reasons = {name: one.reason for name, one in read(perfkit.run_folder()).failures.items()}
    assert "SIGABRT" in reasons["crash"]
    assert "ZeroDivisionError" in reasons["raise"]
    assert "no answer within 2 s" in reasons["hang"]
    assert "exited with code 7" in reasons["exit"]
    assert "SyntaxError" in reasons["bm_syntax"]
    assert "no_such_module" in reasons["bm_import"]
    for reason in reasons.values():
        assert reason in answer.err
    page = (perfkit.run_folder() / "report.html").read_text()
    assert all(name in page for name in failed)
    assert perfkit("show", perfkit.run_folder()).code == 4


def test_nothing_to_measure(perfkit: Any) -> None:
    perfkit.script("bm_none.py")
    perfkit.script("bm_a.py", SLEEP)
    for argv in (["bm_none.py"], [".", "nothing_*"]):
        answer = perfkit.compare(*argv)
        assert (answer.code, answer.out) == (3, "")
        assert answer.err.count("perfkit: error: ") == 1
    assert perfkit.runs() == []


def test_a_python_that_is_missing(perfkit: Any) -> None:
    perfkit.script("bm_a.py", SLEEP)
    answer = perfkit("compare", "--baseline", "3.99", "--no-download", "bm_a.py")
    assert (answer.code, answer.out) == (2, "")
    assert "3.99" in answer.err
    assert "3.12." in answer.err  # what was found
    assert "uv python install" in answer.err
    assert perfkit.runs() == []


def test_every_problem_is_told_before_anything_is_measured(perfkit: Any) -> None:
    (perfkit.folder / "file").touch()
    answer = perfkit(
        "compare", "--baseline", "2.7", "--precision", "0", "--output", "file", "no.py"
    )
    assert (answer.code, answer.out) == (2, "")
    assert answer.err.startswith("perfkit: error: 4 problems:")


def test_settings_in_pyproject(perfkit: Any) -> None:
    perfkit.script("bm_a.py", SLEEP)
    settings = '[tool.perfkit]\nbaseline = "3.12"\noutput = "runs"\nbenchmarks = ["bm_a.py"]\n'
    settings += 'time = 0.1\nprecision = "50%"\nmargin = "99%"\nseed = 5\n'
    (perfkit.folder / "pyproject.toml").write_text(settings)
    assert perfkit("compare", "--seed", "6", "--quiet").code == 0
    (folder,) = (perfkit.folder / "runs").iterdir()
    run = read(folder).run
    assert (run.seed, run.goal.margin) == (6, 0.99)
    assert run.candidate.interpreter.version.startswith("3.13.")
    (perfkit.folder / "pyproject.toml").write_text('[tool.perfkit]\nbasline = "3.12"\n')
    assert perfkit("compare", "--baseline", "3.12", "bm_a.py").code == 2


def test_a_package_of_ones_own(perfkit: Any) -> None:
    package = perfkit.folder / "mine"
    package.mkdir()
    (package / "pyproject.toml").write_text(
        "[build-system]\nrequires = ['setuptools']\nbuild-backend = 'setuptools.build_meta'\n"
        "[project]\nname = 'mine'\nversion = '1.5'\n[tool.setuptools]\npy-modules = ['mine']\n"
    )
    (package / "mine.py").write_text("import time\ndef work():\n    time.sleep(0.001)\n")
    perfkit.script("bm_mine.py", "import mine", "r.bench_func('mine', mine.work)")
    answer = perfkit.compare(*perfkit.small, "--with", "./mine", "bm_mine.py")
    assert answer.code == 0, answer.err
    facts = read(perfkit.runs()[-1]).measured["mine"]
    assert ("mine", "1.5") in facts.baseline.packages
    assert ("mine", "1.5") in facts.candidate.packages
    assert "perfkit" not in dict(facts.baseline.packages)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_interrupted(perfkit: Any, number: signal.Signals) -> None:
    perfkit.script("bm_a.py", SLEEP, SLEEP.replace("'sleep'", "'later'"))
    process = perfkit.start("compare", *perfkit.sides, "--precision", "0.01%", ".")
    recordings = (perfkit.folder / "reports").glob
    perfkit.wait_for(
        lambda: any(b'"block"' in path.read_bytes() for path in recordings("*/recording.jsonl")),
        process,
    )
    process.send_signal(number)
    answer = perfkit.end(process)
    assert answer.code == 130
    assert "sleep" in answer.out
    assert {path.name for path in perfkit.run_folder().iterdir()} == FILES
    known = read(perfkit.run_folder())
    assert known.blocks
    assert known.finishes[-1].status == "interrupted"
    assert perfkit("show", perfkit.run_folder()).code == 0


def test_interrupted_before_there_is_anything(perfkit: Any) -> None:
    perfkit.script("bm_a.py", "time.sleep(3600)")
    process = perfkit.start("compare", *perfkit.sides, ".")
    perfkit.wait_for(lambda: any("bm_a.py" in one for one in perfkit.processes()), process)
    process.send_signal(signal.SIGINT)
    answer = perfkit.end(process)
    assert (answer.code, answer.out) == (130, "")
    assert answer.err.splitlines()[-1] == "perfkit: interrupted"
    assert perfkit.runs() == []


WATCHED = """
import sys
def watch(event, arguments):
    if event == "subprocess.Popen":
        print("STARTED", *map(str, arguments[1]), file=sys.__stderr__)
sys.addaudithook(watch)
from perfkit.cli import entry_point
entry_point()
"""


def test_the_second_run_provisions_nothing(perfkit: Any) -> None:
    perfkit.script("bm_warm.py", SLEEP.replace("'sleep'", "'warm'"))
    argv = ("compare", *perfkit.sides, *perfkit.small, ".")
    started = []
    for _ in range(2):
        answer = perfkit(*argv, code=WATCHED)
        assert answer.code == 0
        lines = [x for x in answer.err.splitlines() if x.startswith("STARTED ")]
        started.append([line.split(" ", 1)[1] for line in lines])
    assert len([line for line in started[0] if " list " in line]) == 2
    # A Python that gives no answer (2.7) is asked again; everything else is known.
    asked = [line for line in started[1] if "/environments/" not in line.split()[0]]
    assert [x for x in asked if not re.search(r"_sweeper\.py|python2\S* -I|^uname ", x)] == []
    measured = [line for line in started[1] if line not in asked]
    assert len(measured) >= 20
    assert [
        line for line in measured if not re.search(r"/target/\S+ 0 \S+bm_warm\.py$", line)
    ] == []


def test_two_runs_at_once_with_an_empty_cache(perfkit: Any, tmp_path: Path) -> None:
    perfkit.script("bm_a.py", SLEEP)
    perfkit.cache = tmp_path / "fresh"
    both = [perfkit.start("compare", *perfkit.sides, *perfkit.small, "--json", ".") for _ in "ab"]
    for process in both:
        out, err = process.communicate(timeout=200)
        assert process.returncode == 0, err
        assert json.loads(out)["benchmarks"][0]["verdict"] != "failed"
    assert len(perfkit.runs()) == 2
    perfkit.nothing_is_left()

    contents = perfkit("clean", "--dry-run")
    assert contents.code == 0
    assert "environments" in contents.out
    assert perfkit("clean").code == 0
    assert "0 entries" in perfkit("clean", "--dry-run").out
    assert len(perfkit.runs()) == 2


def test_what_there_is(perfkit: Any) -> None:
    perfkit.script("bm_a.py", SLEEP)
    answer = perfkit("pythons")
    assert answer.code == 0
    assert "3.12." in answer.out
    assert "3.13." in answer.out
    answer = perfkit("list", ".")
    assert (answer.code, "bm_a" in answer.out) == (0, True)
    answer = perfkit("list", "--names", "--python", "3.12", ".")
    assert (answer.code, "sleep" in answer.out) == (0, True)
    assert perfkit("list", "--names", "--python", "3.12", "bm_a.py", "x*").code == 3


@pytest.mark.skipif(os.geteuid() != 0, reason="mounting a small disk takes root")
def test_a_full_disk(perfkit: Any) -> None:
    perfkit.script("bm_a.py", SLEEP)
    small = perfkit.folder / "small"
    small.mkdir()
    mount = ["/bin/mount", "-t", "tmpfs", "-o", "size=12k", "tmpfs", small]
    if subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("mounting is not allowed here")
    try:
        answer = perfkit.compare(*perfkit.small, "--output", small, ".")
        assert answer.code in {2, 4}
        assert "No space left" in answer.err
        (folder,) = small.iterdir()
        known = read(folder)
        assert [x.index for x in known.blocks] == list(range(len(known.blocks)))
        assert known.blocks
    finally:
        subprocess.run(["/bin/umount", small], check=True)


def test_killed_at_random_moments_and_resumed(cache: Path) -> None:
    done = subprocess.run(
        [sys.executable, KILL_AND_RESUME, "--times", "4", "--cache", cache],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "every recorded block survived" in done.stdout
