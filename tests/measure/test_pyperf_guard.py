"""pyperf's private parts that the target uses: this fails when any of them changes."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import TYPE_CHECKING

import pyperf
import pytest

from perfkit.measure.failure import TargetError

if TYPE_CHECKING:
    from pathlib import Path

    from conftest import Lab

COMBINATIONS = [("3.9", "2.9"), ("3.9", "2.10"), ("3.12", "2.9"), ("3.13", "2.10")]

# A clock that only the benchmarks move, so that pyperf and perfkit must get equal numbers.
SCRIPT = """
clock = [0.0]
time.perf_counter = lambda: clock[0]
def work(step=0.001):
    clock[0] += step
async def coroutine(step):
    work(step)
def timed(loops, scale):
    return loops * scale
runner = pyperf.Runner(metadata={"description": "shared"})
runner.bench_func("func", work)
runner.bench_func("with arguments", work, 0.003, inner_loops=10)
runner.bench_time_func("time_func", timed, 0.25, inner_loops=5)
runner.bench_async_func("async_func", coroutine, 0.002)
runner.timeit("timeit", stmt="work(0.5)", globals=globals(), duplicate=4)
runner.timeit("timeit setup", stmt="f()", setup="from __main__ import work as f")
runner.bench_time_func("metadata", timed, 1.0, metadata={"unit": "byte", "description": "own"})
runner.bench_command("command", [sys.executable, "-S", "-c", "pass"])
"""
NAMES = ["func", "with arguments", "time_func", "async_func", "timeit", "timeit setup"]
LOOPS = 7


@pytest.mark.parametrize(
    ("version", "release"),
    [
        COMBINATIONS[0],
        COMBINATIONS[-1],
        *(pytest.param(*both, marks=pytest.mark.slow) for both in COMBINATIONS[1:-1]),
    ],
)
def test_a_turn_gives_the_number_that_pyperfs_worker_measures(
    lab: Lab, version: str, release: str
) -> None:
    interpreter = lab.python(version, release)
    launch = lab.launch(SCRIPT, python=interpreter)
    with lab.bench() as bench:
        facts = bench.tasks(launch)
    assert [fact.name for fact in facts] == [*NAMES, "metadata", "command"]
    assert [fact.inner_loops for fact in facts] == [1, 10, 5, 1, 4, 1, 1, 1]
    assert [fact.unit for fact in facts] == ["second"] * 6 + ["byte", "second"]
    command = "command" if sys.platform == "linux" else "pyperf's command"
    assert [fact.clock for fact in facts] == ["call"] * 7 + [command]
    assert [fact.description for fact in facts] == ["shared"] * 6 + ["own", "shared"]
    assert all(fact.version.startswith(version) for fact in facts)
    assert all(fact.pyperf.startswith(f"{release}.") for fact in facts)
    expected = pyperfs_own(interpreter, launch.script.path, lab.folder / "out.json")
    for task, name in enumerate(NAMES):
        with lab.parked(launch, task) as child:
            assert child.wait_parked() == facts[task]
            wall = child.turn(loops=LOOPS, run_in=2, spin=0).wall
            assert wall / LOOPS / facts[task].inner_loops == pytest.approx(expected[name])


def pyperfs_own(interpreter: Path, script: Path, output: Path) -> dict[str, float]:
    options = ["--worker", f"--loops={LOOPS}", "--values=1", "--warmups=0", f"--output={output}"]
    subprocess.run([interpreter, script, *options], check=True, capture_output=True)
    suite = pyperf.BenchmarkSuite.load(str(output))
    return {bench.get_name(): bench.get_values()[0] for bench in suite}


@pytest.mark.parametrize(("version", "release"), [COMBINATIONS[0], COMBINATIONS[-1]])
def test_a_command_is_timed_with_its_own_cpu_time(lab: Lab, version: str, release: str) -> None:
    launch = lab.launch(
        "pyperf.Runner().bench_command('b', [sys.executable, '-S', '-c', 'sum(range(10**5))'])",
        python=lab.python(version, release),
    )
    with lab.parked(launch) as child:
        assert child.wait_parked().clock.endswith("command")
        turn = child.turn(loops=2, run_in=0, spin=0)
        assert turn.wall > 0
        assert turn.cpu > 0
        assert child.peak_rss() is None


def private_parts(interpreter: Path) -> dict[str, object]:
    code = """
import json, sys
import pyperf, pyperf._hooks as hooks
seen = []
pyperf.Runner._worker = lambda runner, task: seen.append(task)
sys.argv[1:] = ["--worker", "--loops=1", "--values=1", "--warmups=0"]
runner = pyperf.Runner()
runner.bench_time_func("b", lambda loops: loops * 2.0, inner_loops=3)
runner.bench_command("c", ["true"])
print(json.dumps({
    "tasks": [[t.name, t.inner_loops, sorted(t.metadata)] for t in seen],
    "time": seen[0].task_func(seen[0], 5),
    "command": seen[1].task_func.args,
    "hooks look here": hooks.importlib.metadata.entry_points is not None,
}))
"""
    out = subprocess.run([interpreter, "-c", code], check=True, capture_output=True, text=True)
    return json.loads(out.stdout)


@pytest.mark.parametrize(("version", "release"), [("3.9", "2.9"), ("3.13", "2.10")])
def test_the_private_parts_are_what_they_were(lab: Lab, version: str, release: str) -> None:
    assert private_parts(lab.python(version, release)) == {
        "tasks": [["b", 3, ["unit"]], ["c", None, ["command", "unit"]]],
        "time": 10.0,
        "command": [["true"]],
        "hooks look here": True,
    }


def test_a_runner_without_the_method_is_refused(lab: Lab) -> None:
    (lab.folder / "pyperf.py").write_text("__version__ = '99'\nclass Runner: pass\n")
    launch = lab.launch("", environ={"PYTHONPATH": str(lab.folder)})
    with lab.bench() as bench, pytest.raises(TargetError, match="does not support pyperf 99"):
        bench.tasks(launch)


@pytest.mark.parametrize(("version", "release"), [COMBINATIONS[0], COMBINATIONS[-1]])
def test_the_script_gets_the_real_modules_after_the_lean_import(
    lab: Lab, version: str, release: str
) -> None:
    launch = lab.launch(
        """
assert "psutil" not in sys.modules and "importlib.metadata" not in sys.modules
import importlib, importlib.metadata, psutil
assert importlib.metadata is sys.modules["importlib.metadata"]
assert importlib.metadata.version("pyperf") == pyperf.__version__
assert importlib.metadata.entry_points is not None and psutil.cpu_count()
pyperf.Runner().bench_func("b", int)
""",
        python=lab.python(version, release),
    )
    with lab.parked(launch) as child:
        assert child.wait_parked().name == "b"


def test_the_modules_stay_real_when_a_pth_file_imported_them_first(lab: Lab) -> None:
    launch = lab.launch(
        """
import importlib.metadata, psutil
assert importlib.metadata is metadata and importlib.metadata.version("pyperf")
pyperf.Runner().bench_func("b", int)
""".replace("metadata is metadata", "metadata is sys.first"),
        environ={"PYTHONPATH": str(lab.folder)},
    )
    (lab.folder / "sitecustomize.py").write_text(
        "import importlib.metadata, psutil, sys\nsys.first = importlib.metadata\n"
    )
    with lab.parked(launch) as child:
        assert child.wait_parked().name == "b"


def test_a_runner_subclass_works(lab: Lab) -> None:
    body = "class Mine(pyperf.Runner): pass\nMine().bench_time_func('b', lambda loops: loops / 8)"
    with lab.parked(lab.launch(body)) as child:
        child.wait_parked()
        assert child.turn(loops=2, run_in=0, spin=0).wall == 0.25


def test_several_runners_are_pyperfs_own_error(lab: Lab) -> None:
    launch = lab.launch("for name in 'ab':\n    pyperf.Runner().bench_func(name, int)")
    with lab.bench() as bench, pytest.raises(TargetError, match="only one Runner"):
        bench.tasks(launch)


def test_what_bench_func_returns_is_a_benchmark_as_in_pyperfs_worker(lab: Lab) -> None:
    body = """
bench = pyperf.Runner().bench_func("b", int)
assert bench.mean() and bench.get_name() == "b"
open(os.environ["LOG"], "a").write("done\\n")
"""
    with lab.bench() as bench:
        bench.tasks(lab.launch(body))
        lab.run(bench, lab.series(body))
    assert lab.lines() == ["done"] * 3
