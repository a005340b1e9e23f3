"""The worker inside the Python under test: every script that pyperf runs is a benchmark."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from conftest import Lab

BENCH = "pyperf.Runner().bench_func('b', sum, range(100))\n"


def test_a_script_with_own_arguments_gets_them(lab: Lab) -> None:
    script = lab.script(
        """
def add(cmd, args):
    cmd.extend(("--size", str(args.size)))
runner = pyperf.Runner(add_cmdline_args=add)
runner.argparser.add_argument("--size", type=int, default=1)
runner.argparser.add_argument("kind", choices=["small", "big"])
args = runner.parse_args()
runner.metadata["kind"] = args.kind
runner.bench_time_func("size", lambda loops: loops * args.size)
""",
        arguments=("--size=3", "big"),
    )
    with lab.parked(lab.launch(script)) as child:
        child.wait_parked()
        assert child.turn(loops=5, run_in=0, spin=0).wall == 15.0


def test_temporary_files_live_while_parked_and_are_removed_after(lab: Lab) -> None:
    body = """
import shutil, tempfile
folder = tempfile.mkdtemp(dir=os.path.dirname(__file__))
def work():
    assert os.path.isdir(folder) and os.path.isdir(managed)
with tempfile.TemporaryDirectory(dir=os.path.dirname(__file__)) as managed:
    pyperf.Runner().bench_func("b", work)
shutil.rmtree(folder)  # no finally: pyperf's own worker comes here, too
"""
    lab.measure(body, name="b")
    assert [path.name for path in lab.folder.iterdir()] == ["bm_script.py"]


def test_all_of_a_script_runs_once_and_only_its_task_is_parked_at(lab: Lab) -> None:
    body = """
log = open(os.environ["LOG"], "a", buffering=1)
runner = pyperf.Runner()
for name in "abc":
    log.write("set up %s\\n" % name)
    runner.bench_func(name, log.write, name + "\\n")
    log.write("clean up %s\\n" % name)
"""
    with lab.parked(lab.launch(body), 1) as child:
        assert child.wait_parked().name == "b"
        child.turn(loops=1, run_in=1, spin=0)
    steps = [f"{step} up {name}" for name in "abc" for step in ("set", "clean")]
    assert lab.lines() == [*steps[:3], "b", "b", *steps[3:]]


@pytest.mark.parametrize("stream", ["stdout", "stderr"])
def test_megabytes_may_be_printed_in_each_loop(lab: Lab, stream: str) -> None:
    body = f"""
def work():
    sys.{stream}.write("x" * 1_000_000 + "\\n")
work()
pyperf.Runner().bench_func("b", work)
"""
    (block,) = lab.measure(body)
    assert len(block.baseline.wall) == len(block.order)


@pytest.mark.parametrize(
    "line",
    [
        "os.close(0)",
        "os.close(1)",
        "os.close(2)",
        "os.close(0), os.close(1), os.close(2)",
        "sys.stdout.close()",
        "sys.stdin.close(); sys.stdout = sys.stderr = sys.stdin = None",
    ],
)
def test_standard_streams_may_be_closed(lab: Lab, line: str) -> None:
    with lab.parked(lab.launch(f"{line}\n{BENCH}")) as child:
        child.wait_parked()
        assert child.turn(loops=2, run_in=0, spin=0).wall > 0


def test_stdin_reads_nothing_and_prints_do_not_disturb(lab: Lab) -> None:
    body = """
import subprocess
def work():
    assert sys.stdin.read() == "" and os.read(0, 10) == b""
    print("turn 1 2 3", flush=True)
    os.write(1, b"error \\"not mine\\"\\n")
    subprocess.run(["cat"], check=True)
pyperf.Runner().bench_func("b", work)
"""
    with lab.parked(lab.launch(body)) as child:
        child.wait_parked()
        assert child.turn(loops=1, run_in=1, spin=0).spin == 0.0


@pytest.mark.parametrize(("version", "release"), [("3.9", "2.9"), ("3.13", "2.10")])
def test_main_is_what_it_is_when_python_runs_the_script(
    lab: Lab, version: str, release: str
) -> None:
    (lab.folder / "sibling.py").write_text("value = 5\n")
    body = """
import pickle, sibling
class Point:
    x: int = 1
p = pickle.loads(pickle.dumps(Point()))
if __name__ == "__main__":
    assert type(p) is Point and sys.modules["__main__"].Point is Point
    assert sys.path[0] == os.path.dirname(__file__) and sibling.value == 5
    assert not any("perfkit" in entry for entry in sys.path), sys.path
    assert sys.argv[0] == __file__ and __builtins__.len is len and __spec__ is None
    assert "perfkit" not in sys.modules
    pyperf.Runner().bench_func("b", pickle.dumps, p)
"""
    with lab.parked(lab.launch(body, python=lab.python(version, release))) as child:
        assert child.wait_parked().name == "b"


def test_multiprocessing_finds_main_again(lab: Lab) -> None:
    body = """
import multiprocessing
def double(x):
    return 2 * x
def work(pool):
    assert pool.map(double, [1, 2]) == [2, 4]
if __name__ == "__main__":
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        pyperf.Runner().bench_func("b", work, pool)
"""
    with lab.parked(lab.launch(body)) as child:
        child.wait_parked()
        assert child.turn(loops=1, run_in=0, spin=0).wall > 0


@pytest.mark.parametrize("flags", [("-I",), ("-P",), ("-E", "-s", "-B"), ("-X", "dev"), ("-i",)])
def test_interpreter_options_work(lab: Lab, flags: tuple[str, ...]) -> None:
    with lab.parked(lab.launch(BENCH, flags=flags)) as child:
        assert child.wait_parked().name == "b"


def test_forks_that_raise_do_not_speak_for_the_benchmark(lab: Lab) -> None:
    body = """
def work():
    pid = os.fork()
    if pid == 0:
        raise ValueError("in the fork")
    os.waitpid(pid, 0)
pyperf.Runner().bench_func("b", work)
"""
    with lab.parked(lab.launch(body)) as child:
        child.wait_parked()
        assert child.turn(loops=1, run_in=0, spin=0).wall > 0
        assert child.turn(loops=1, run_in=0, spin=0).wall > 0


def test_cpu_time_counts_threads_and_finished_children(lab: Lab) -> None:
    body = """
import subprocess, threading
burn = "import time\\nwhile time.process_time() < 0.2: pass"
def work():
    thread = threading.Thread(target=exec, args=("import time\\nt = time.thread_time()\\n"
        "while time.thread_time() - t < 0.1: pass", {}))
    thread.start()
    subprocess.run([sys.executable, "-S", "-c", burn], check=True)
    thread.join()
pyperf.Runner().bench_func("b", work)
"""
    with lab.parked(lab.launch(body)) as child:
        child.wait_parked()
        assert child.turn(loops=1, run_in=0, spin=0).cpu > 0.29


def test_peak_memory_is_the_benchmarks_own(lab: Lab) -> None:
    ballast = b"x" * 300_000_000  # perfkit's own peak must not be inherited
    body = "held = b'x' * 60_000_000\n" + BENCH
    with lab.parked(lab.launch(body)) as child:
        child.wait_parked()
        assert 60e6 < (child.peak_rss() or 0) < 200e6 < len(ballast)


def test_a_script_without_a_benchmark_has_no_tasks(lab: Lab) -> None:
    with lab.bench() as bench:
        assert bench.tasks(lab.launch("print('hello')")) == []
        assert bench.tasks(lab.launch("sys.exit()")) == []


def test_the_candidate_can_have_another_version_and_flags(lab: Lab) -> None:
    with lab.parked(lab.launch(BENCH, python=lab.python("3.13"), flags=("-O",))) as child:
        assert child.wait_parked().version.startswith("3.13.")


def command(*words: str) -> str:
    return f"pyperf.Runner().bench_command('b', {list(words)!r})"


def test_a_command_may_print_read_and_break_pipes(lab: Lab) -> None:
    shell = "seq 300000; cat; yes | head -1; test $(sh -c 'kill -PIPE $$; echo x' | wc -c) = 0"
    with lab.parked(lab.launch(command("sh", "-c", shell))) as child:
        child.wait_parked()
        turn = child.turn(loops=2, run_in=1, spin=1000)
        assert turn.wall > turn.spin > 0
        assert turn.net > 0


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        (["sh", "-c", "exit 7"], "RuntimeError: Command failed with exit code 7"),
        (["sh", "-c", "kill -9 $$"], "RuntimeError: Command failed with exit code -9"),
        (["/nowhere"], "FileNotFoundError: "),
        (["sleep", "600"], "no answer within 1 s (--timeout)"),
    ],
)
def test_commands_that_fail(lab: Lab, words: list[str], reason: str) -> None:
    assert str(lab.failure(command(*words), timeout=1.0)).startswith(reason)


def test_scripts_that_replace_the_clock(lab: Lab) -> None:
    body = "time.perf_counter = time.process_time = lambda: 5.0\n"
    body += "pyperf.Runner().bench_time_func('b', lambda loops: loops * 0.001)"
    with lab.parked(lab.launch(body)) as child:
        child.wait_parked()
        turn = child.turn(loops=3, run_in=1, spin=100_000)
        assert turn.spin > 0
        assert turn.wall == pytest.approx(0.003 + turn.spin)
        assert 0 < turn.net <= turn.wall


def test_time_in_line_is_told_from_time_asleep(lab: Lab) -> None:
    with lab.parked(lab.launch("pyperf.Runner().bench_func('b', time.sleep, 0.05)")) as child:
        child.wait_parked()
        assert child.turn(loops=1, run_in=0, spin=0).net > 0.049
