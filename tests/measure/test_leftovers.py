"""No process is left behind, however a script or perfkit itself ends."""

from __future__ import annotations

import signal
import subprocess
import sys
import threading
import time
import uuid
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from perfkit.machine._sweeper import strays
from perfkit.machine.environ import MARKER

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from conftest import Lab

DAEMON = """
def daemon():
    if os.fork() == 0:
        os.setsid()
        if os.fork() == 0:
            time.sleep(600)
        os._exit(0)
"""
CHILDREN = {
    "subprocess": "import subprocess; start = lambda: subprocess.Popen(['sleep', '600'])",
    "own session": "import subprocess\n"
    "start = lambda: subprocess.Popen(['sleep', '600'], start_new_session=True)",
    "multiprocessing": "import multiprocessing as m\n"
    "start = lambda: m.get_context('fork').Process(target=time.sleep, args=(600,)).start()",
    "daemon": DAEMON + "start = daemon",
    "quiet daemon": DAEMON + "def start():\n  for fd in 1, 2: os.dup2(0, fd)\n  daemon()",
}


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Scripts get half a second to clean up."""
    for module in ("lockstep", "child"):
        monkeypatch.setattr(f"perfkit.measure.{module}.GRACE_SECONDS", 0.5)


@pytest.mark.usefixtures("impatient")
@pytest.mark.parametrize(
    ("kind", "where"),
    [
        ("multiprocessing", "start()"),
        ("daemon", "turn"),
        pytest.param("quiet daemon", "start()", marks=pytest.mark.slow),
        pytest.param("subprocess", "start()", marks=pytest.mark.slow),
        pytest.param("own session", "turn", marks=pytest.mark.slow),
    ],
)
def test_children_of_a_script(lab: Lab, kind: str, where: str) -> None:
    turn = "def turn(loops):\n  if sys.argv[0] == 'turn': start()\n  return float(loops)"
    end = "pyperf.Runner().bench_time_func('b', turn)"
    body = f"{CHILDREN[kind]}\n{turn}\n{where}\nsys.argv[0] = '{where}'\n{end}"
    with lab.bench(pairs=2, warm_up_pairs=0, turn_seconds=1.0) as bench:  # one loop is a "second"
        lab.run(bench, lab.series(body))


@pytest.mark.parametrize("kind", ["daemon", "own session"])
def test_children_are_ended_with_their_process_not_only_with_the_run(lab: Lab, kind: str) -> None:
    body = f"{CHILDREN[kind]}\nstart()\npyperf.Runner().bench_func('b', int)"
    with lab.parked(lab.launch(body)) as child:  # has no guardian
        child.wait_parked()


DRIVER = """
import sys
from pathlib import Path
from perfkit.benchmark import Benchmark, Script
from perfkit.measure.launch import Launch
from perfkit.measure.lockstep import Bench, Series
from perfkit.settings import Method
from perfkit.variant import Side

run, path, python, overlap, log = sys.argv[1:]
script = Script(path=Path(path), label="s", arguments=(), requirements=(), pins=(),
                requires_python=None, digest="")
benchmark = Benchmark(id="b", name="b", script=script, task=0, inner_loops=1, description="")
launch = Launch(python=Path(python), flags=(), environ=(("LOG", log),), script=script,
                cwd=Path(path).parent)
method = Method(turn_seconds=0.002, pairs=4, run_in_seconds=0.001, warm_up_pairs=1, timeout=60.0,
                pin=True, overlap=overlap == "overlap")
series = Series(benchmark=benchmark, name="compare", launches=dict.fromkeys(Side, launch), seed=1,
                inject=0.0, frozen=None)
try:
    with Bench(run=run, method=method) as bench:
        bench.measure(series, first=0, sink=lambda *_: None, stop=lambda: None)
finally:
    print("closed", flush=True)
"""
LOG = "open(os.environ['LOG'], 'a').write('here\\n')\n"
MOMENTS = {
    "hanging in a turn": f"def work():\n  {LOG}  time.sleep(600)\n",
    "hanging at import": f"{LOG}time.sleep(600)\nwork = int\n",
    "deaf in a turn": f"import signal\nsignal.signal(signal.SIGTERM, signal.SIG_IGN)\n"
    f"def work():\n  {LOG}  os.setpgid(0, 0) if os.getsid(0) != os.getpid() else None\n"
    "  while True: pass\n",
    "measuring": f"{LOG}work = int\n",
    "with children": f"import subprocess\nsubprocess.Popen(['sleep', '600'], "
    f"start_new_session=True)\n{LOG}work = int\n",
}


@pytest.fixture
def driver(lab: Lab) -> Iterator[Callable[[str, str], tuple[subprocess.Popen[str], str]]]:
    """perfkit in a process of its own, come to a certain moment."""
    started: list[tuple[subprocess.Popen[str], str]] = []

    def start(moment: str, overlap: str) -> tuple[subprocess.Popen[str], str]:
        script = lab.script(MOMENTS[moment] + "pyperf.Runner().bench_func('b', work)\n")
        run = uuid.uuid4().hex
        program = lab.folder / "driver.py"
        program.write_text(DRIVER)
        arguments = [run, script.path, lab.python("3.12"), overlap, lab.log]
        process = subprocess.Popen(
            [sys.executable, program, *arguments],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        started.append((process, run))
        lab.wait_for_lines(1)
        return process, run

    yield start
    for process, run in started:
        process.kill()
        process.communicate()
        for stray in strays(MARKER, run):
            stray.kill()


def gone(run: str) -> bool:
    deadline = time.monotonic() + 8
    while strays(MARKER, run):
        if time.monotonic() > deadline:
            return False
        time.sleep(0.1)
    return True


@pytest.mark.parametrize(
    "moment",
    [
        "hanging in a turn",
        "with children",
        pytest.param("hanging at import", marks=pytest.mark.slow),
        pytest.param("deaf in a turn", marks=pytest.mark.slow),
        pytest.param("measuring", marks=pytest.mark.slow),
    ],
)
def test_perfkit_killed(driver: Callable, moment: str) -> None:
    process, run = driver(moment, "overlap")
    assert strays(MARKER, run)
    process.kill()
    assert gone(run)


def test_perfkit_killed_while_it_starts_processes(driver: Callable) -> None:
    for _ in range(3):
        process, run = driver("measuring", "overlap")
        time.sleep(0.15)
        process.send_signal(signal.SIGSTOP)  # in the middle of whatever it does
        process.kill()
        assert gone(run)


def test_perfkit_terminated(driver: Callable) -> None:
    process, run = driver("hanging in a turn", "overlap")
    process.terminate()
    assert process.wait(10) == -signal.SIGTERM
    assert gone(run)


@pytest.mark.parametrize(
    "moment",
    [
        "hanging in a turn",
        "hanging at import",
        pytest.param("measuring", marks=pytest.mark.slow),
    ],
)
def test_interrupted(driver: Callable, moment: str) -> None:
    process, run = driver(moment, "overlap")
    time.sleep(0.2)
    began = time.monotonic()
    process.send_signal(signal.SIGINT)
    words = process.stdout.readline()
    took = time.monotonic() - began
    assert words == "closed\n"
    assert strays(MARKER, run) == []
    assert "KeyboardInterrupt" in process.communicate(timeout=10)[1]
    assert took < 8  # about 2 s; the timeout of 60 s is what must not be waited for


def test_interrupted_twice(driver: Callable) -> None:
    process, run = driver("hanging at import", "overlap")
    process.send_signal(signal.SIGINT)
    time.sleep(0.3)
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=20)
    assert gone(run)


@pytest.mark.parametrize("overlap", [False, True])
def test_exceptions_of_the_callers_functions(lab: Lab, *, overlap: bool) -> None:
    def raising(*_: object) -> str:
        raise OSError("disk full")

    series = lab.series("pyperf.Runner().bench_func('b', int)")
    with lab.bench(overlap=overlap) as bench:
        for sink, stop in ((raising, lambda: "x"), (lambda *_: None, raising)):
            with pytest.raises(OSError, match="disk full"):
                bench.measure(series, first=0, sink=sink, stop=stop)
        assert lab.run(bench, series)


@pytest.mark.usefixtures("impatient")
def test_a_hanging_start_ahead_does_not_hold_up_the_end(lab: Lab) -> None:
    body = f"""
{LOG}
if len(open(os.environ["LOG"]).readlines()) > 2:
    time.sleep(600)
pyperf.Runner().bench_func("b", int)
"""
    with lab.bench(overlap=True, timeout=60.0) as bench:
        assert len(lab.run(bench, lab.series(body))) == 1
        began = time.monotonic()
    assert time.monotonic() - began < 20


def test_pairs_started_ahead_are_ended_in_order(lab: Lab) -> None:
    body = f"{LOG}pyperf.Runner().bench_func('b', int)\n" + LOG.replace("here", "left")
    with lab.bench(overlap=True) as bench:
        series = lab.series(body)
        pending = bench.start(series, 0)
        pending.result()
        bench.discard(pending)
        bench.discard(bench.start(series, 1))
        bench.discard(None)
        lab.run(bench, series)
    assert lab.lines().count("left") == lab.lines().count("here")


def test_pairs_nobody_discarded_leave_when_the_bench_closes(lab: Lab) -> None:
    body = "pyperf.Runner().bench_func('b', int)\ntime.sleep(0.3)\n" + LOG
    with lab.bench() as bench:
        bench.start(lab.series(body), 0).result()
    assert lab.lines() == ["here", "here"]


@pytest.mark.usefixtures("impatient")
def test_a_script_that_does_not_end_after_its_task(lab: Lab) -> None:
    lab.measure("pyperf.Runner().bench_func('b', int)\ntime.sleep(600)")


def open_files() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))


@pytest.mark.parametrize("blocks", [4, pytest.param(50, marks=pytest.mark.slow)])
def test_nothing_accumulates_in_perfkits_own_process(lab: Lab, blocks: int) -> None:
    series = lab.series("pyperf.Runner().bench_func('b', int)")
    counts: list[int] = []

    def stop() -> str | None:
        counts.append(open_files() + threading.active_count())
        return "enough" if len(counts) == blocks else None

    before = (open_files(), threading.active_count())
    with lab.bench(overlap=True, pairs=2, warm_up_pairs=0) as bench:
        bench.measure(series, first=0, sink=lambda *_: None, stop=stop)
    assert (open_files(), threading.active_count()) == before
    assert max(counts[-10:]) < max(counts[:10]) + 20  # a pair on its way out is up to 16
