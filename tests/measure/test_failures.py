"""What fails must fail with a reason, in time, and leave nothing behind (see `Lab.bench`)."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import pytest

from perfkit.machine.process import describe_exit, one_line
from perfkit.measure.failure import TargetError
from perfkit.variant import Side

if TYPE_CHECKING:
    from conftest import Lab

BENCH = "pyperf.Runner().bench_func('b', work)\n"


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        ("raise RuntimeError('at import\\nsecond line')", "RuntimeError: at import"),
        ("x = 1 +", "SyntaxError: invalid syntax (bm_script.py, line 3)"),
        ("import nowhere", "ModuleNotFoundError: No module named 'nowhere'"),
        ("sys.exit(3)", "exited with code 3"),
        ("sys.exit('no such thing')", "exited with code 1: no such thing"),
        ("os._exit(0)", "exited with code 0"),
        ("sys.argv.append('--bad'); pyperf.Runner().parse_args()", "exited with code 2: "),
        ("os.abort()", "killed by SIGABRT"),
        ("import ctypes; ctypes.string_at(0)", "killed by SIGSEGV"),
        ("class Odd(Exception):\n  __str__ = None\nraise Odd", "Odd: (its text cannot be had)"),
        ("class E(Exception): pass\nraise E", "E"),
        ("raise __import__('json').JSONDecodeError('m', '', 0)", "json.decoder.JSONDecodeError: m"),
        ("", "the script ended without reaching this benchmark"),
    ],
)
def test_at_import(lab: Lab, body: str, reason: str) -> None:
    error = lab.failure(body)
    assert str(error).startswith(reason)
    assert (error.side, error.stage) == (Side.BASELINE, "start")


@pytest.mark.parametrize(
    ("work", "reason"),
    [
        ("1 / 0", "ZeroDivisionError: division by zero"),
        ("sys.exit(3)", "SystemExit: 3"),
        ("os._exit(4)", "exited with code 4"),
        ("os.kill(os.getpid(), 9)", "killed by SIGKILL (perhaps the system was out of memory)"),
        ("os.abort()", "killed by SIGABRT"),
        ("raise KeyboardInterrupt", "KeyboardInterrupt"),
        ("bytearray(1 << 62)", "MemoryError"),
        ("recursion()", "RecursionError: maximum recursion depth exceeded"),
    ],
)
def test_in_the_nth_call(lab: Lab, work: str, reason: str) -> None:
    error = lab.failure(f"""
calls = 0
def recursion():
    recursion()
def work():
    global calls
    calls += 1
    if calls == 20:
        print("last words", file=sys.stderr, flush=True)
        {work}
{BENCH}""")
    assert str(error).startswith(reason)
    assert error.stage == "run"
    assert "last words" in error.detail


def test_the_traceback_is_kept(lab: Lab) -> None:
    error = lab.failure("def work():\n    {}['key']\n" + BENCH)
    assert str(error) == "KeyError: 'key'"
    assert "bm_script.py" in error.detail
    assert error.detail.endswith("KeyError: 'key'")


def test_timeit_code_that_raises(lab: Lab) -> None:
    error = lab.failure("pyperf.Runner().timeit('b', stmt='1 / 0')")
    assert str(error) == "ZeroDivisionError: division by zero"


def test_an_exception_that_the_script_swallows_is_a_failure_all_the_same(lab: Lab) -> None:
    error = lab.failure("""
def work():
    raise OSError("lost")
runner = pyperf.Runner()
for name in "bc":
    try:
        runner.bench_func(name, work)
    except OSError:
        pass
""")
    assert str(error) == "OSError: lost"


@pytest.mark.parametrize("value", ["0", "-1.0", "float('nan')", "float('inf')", "None", "'x'"])
def test_a_time_must_be_a_positive_number(lab: Lab, value: str) -> None:
    error = lab.failure(f"pyperf.Runner().bench_time_func('b', lambda loops: {value})")
    assert "reports a time of" in str(error) or str(error).startswith(("TypeError", "ValueError"))


@pytest.mark.parametrize(
    "hang",
    [
        "time.sleep(600)",
        "while True: pass",
        """
import signal
for number in signal.valid_signals() - {signal.SIGKILL, signal.SIGSTOP}:
    signal.signal(number, signal.SIG_IGN)
while True: pass
""",
        "import signal; os.kill(os.getpid(), signal.SIGSTOP)",
        "while True: print('x' * 1000)",
    ],
)
def test_a_hang_at_import(lab: Lab, hang: str) -> None:
    began = time.monotonic()
    error = lab.failure(hang, timeout=0.7)
    assert str(error) == "no answer within 0.7 s (--timeout)"
    assert error.stage == "start"
    assert time.monotonic() - began < 10


def test_a_hang_in_a_turn(lab: Lab) -> None:
    series = lab.series("def work():\n    time.sleep(600)\n" + BENCH)
    error = lab.failed_series(series, timeout=2.0)
    assert str(error) == "no answer within 2 s (--timeout)"
    assert error.stage == "run"


def test_closed_descriptors_of_ours(lab: Lab) -> None:
    error = lab.failure("def work():\n    os.closerange(3, 100)\n" + BENCH, timeout=3)
    assert str(error) == "exited with code 1: OSError: [Errno 9] Bad file descriptor"


def test_a_closed_connection_of_a_process_that_lives_on(
    lab: Lab, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("perfkit.measure.child.GRACE_SECONDS", 0.5)
    body = "def work():\n    os.closerange(1, 100)\n    time.sleep(600)\n" + BENCH
    assert str(lab.failure(body)) == "closed its connection to perfkit but did not end"


def test_a_stray_that_holds_the_connection_of_a_dead_process(lab: Lab) -> None:
    body = """
def work():
    if os.fork() == 0:
        os.setsid()
        time.sleep(600)
    os._exit(7)
"""
    assert str(lab.failure(body + BENCH)).startswith("exited with code 7")


def test_tasks_that_differ_between_the_sides(lab: Lab) -> None:
    series = lab.series("""
runner = pyperf.Runner()
if os.environ["SIDE"] == "baseline":
    runner.bench_func("only here", int)
runner.bench_func("b", int)
""")
    error = lab.failed_series(series)
    assert str(error) == "task 0 is called 'only here' here, 'b' elsewhere"
    assert error.side is Side.BASELINE


def test_one_side_alone_fails(lab: Lab) -> None:
    series = lab.series("work = int\nassert os.environ['SIDE'] == 'baseline'\n" + BENCH)
    error = lab.failed_series(series)
    assert str(error) == "AssertionError"
    assert error.side is Side.CANDIDATE


def test_an_interpreter_that_cannot_be_started(lab: Lab) -> None:
    error = lab.failed_series(lab.series("", python=lab.folder / "nowhere"))
    assert str(error).startswith("cannot be started: ")


def test_only_the_tail_of_stderr_is_kept(lab: Lab) -> None:
    body = """
for n in range(100000):
    print('line', n, file=sys.stderr)
raise ValueError('\\x1b[31mred')
"""
    error = lab.failure(body)
    assert len(error.detail) <= 16_384
    assert "line 99999" in error.detail
    assert str(error) == "ValueError: [31mred"


def test_the_next_series_is_measured_after_a_failure(lab: Lab) -> None:
    with lab.bench(overlap=True) as bench:
        with pytest.raises(TargetError):
            lab.run(bench, lab.series("def work():\n    1 / 0\n" + BENCH))
        assert lab.run(bench, lab.series("work = int\n" + BENCH))


def test_words_of_a_process() -> None:
    assert describe_exit(-11) == "killed by SIGSEGV"
    assert describe_exit(-999) == "killed by signal 999"
    assert describe_exit(5) == "exited with code 5"
    assert len(one_line("x" * 1000)) == 300
    assert one_line("a\r\n\tb\0") == "a b"
