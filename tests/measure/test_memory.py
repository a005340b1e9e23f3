"""What a call allocates: traced at the end of a block, and never at the cost of its times."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

import pytest

from perfkit.block import Block, SideTurns

if TYPE_CHECKING:
    from conftest import Lab

TRACING = """
import tracemalloc
def traced():
    return tracemalloc.is_tracing()
"""
LIST = "pyperf.Runner().bench_func('b', lambda: [0] * 10_000)"  # 80 kB at 8 bytes each


@pytest.mark.parametrize(("version", "release"), [("3.9", "2.9"), ("3.13", "2.10")])
def test_the_peak_is_that_of_one_call(lab: Lab, version: str, release: str) -> None:
    launch = lab.launch("held = [0] * 1_000_000\n" + LIST, python=lab.python(version, release))
    with lab.parked(launch) as child:
        child.wait_parked()
        child.turn(loops=100, run_in=1, spin=0)
        resident = child.peak_rss()
        child.begin_trace()
        found = child.traced(10.0)
        assert found.reason == ""
        assert 80_000 < (found.peak or 0) < 81_000
        child.begin_trace()
        assert child.traced(10.0) == found  # nothing of the first is left
        assert child.turn(loops=1, run_in=0, spin=0).wall > 0
        assert resident is not None


def test_peaks_of_loops_with_many_inner_ones_and_of_coroutines(lab: Lab) -> None:
    body = """
async def work():
    [0] * 10_000
def timed(loops, size):
    for _ in range(loops):
        bytearray(size)
    return loops * 1.0
runner = pyperf.Runner()
runner.bench_async_func("async", work)
runner.bench_time_func("timed", timed, 50_000)
runner.bench_func("nothing", int)
"""
    peaks = []
    for task in range(3):
        with lab.parked(lab.launch(body), task) as child:
            child.wait_parked()
            child.turn(loops=1, run_in=0, spin=0)
            child.begin_trace()
            peaks.append(child.traced(10.0).peak or 0)
    assert 80_000 < peaks[0] < 200_000  # an event loop is part of each call
    assert 50_000 < peaks[1] < 51_000
    assert peaks[2] < 1_000


def test_a_block_has_it_for_both_sides_with_its_turns_untouched(lab: Lab) -> None:
    body = (
        TRACING
        + """
size = {"baseline": 10_000, "candidate": 20_000}[os.environ["SIDE"]]
def work():
    with open(os.environ["LOG"], "a") as log:
        log.write("%d\\n" % traced())
    [0] * size
pyperf.Runner().bench_func("b", work)
"""
    )
    blocks = lab.measure(body, blocks=2)
    for block in blocks:
        assert 80_000 < (block.baseline.peak_traced or 0) < 90_000
        assert 160_000 < (block.candidate.peak_traced or 0) < 170_000
        assert (block.baseline.untraced, block.candidate.untraced) == ("", "")
        assert 0 < block.traced_seconds < block.seconds
    lines = lab.lines()
    assert lines.count("1") == 4  # one call of each process
    assert lines[-1] == "1"  # the last it did


def test_without_tracing_it_is_not_even_imported(lab: Lab) -> None:
    body = """
def work():
    assert "_tracemalloc" not in sys.modules
pyperf.Runner().bench_func("b", work)
"""
    series = dataclasses.replace(lab.series(body), trace=False)
    with lab.bench() as bench:
        (block,) = lab.run(bench, series)
    assert (block.baseline.peak_traced, block.baseline.untraced) == (None, "")
    assert block.baseline.peak_rss


def test_a_slow_call_is_not_traced_and_that_is_said(lab: Lab) -> None:
    """Once for all its blocks, whatever later calls take."""
    body = TRACING + "pyperf.Runner().bench_func('b', lambda: time.sleep(0.02) or print(traced()))"
    series = lab.series(body)
    with lab.bench(overlap=False) as bench:
        slow = dataclasses.replace(series, trace_below=0.01)
        blocks = lab.run(bench, slow) + lab.run(bench, dataclasses.replace(slow, trace_below=10.0))
    for block in blocks:
        assert block.baseline.peak_traced is block.candidate.peak_traced is None
        assert block.baseline.untraced.startswith("too slow: a call takes ")
    with lab.bench() as bench:
        (block,) = lab.run(bench, dataclasses.replace(series, trace_below=10.0))
    assert block.baseline.peak_traced is not None


def test_peak_resident_memory_is_read_before_tracing(lab: Lab) -> None:
    body = (
        TRACING
        + """
def work():
    if traced():
        bytearray(200_000_000)
pyperf.Runner().bench_func("b", work)
"""
    )
    (block,) = lab.measure(body)
    assert (block.baseline.peak_rss or 0) < 100e6
    assert (block.baseline.peak_traced or 0) >= 200_000_000


def test_a_command_has_no_memory_of_its_own(lab: Lab) -> None:
    (block,) = lab.measure("pyperf.Runner().bench_command('b', ['true'])")
    for side in (block.baseline, block.candidate):
        assert (side.peak_rss, side.peak_traced, side.untraced) == (None, None, "")


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("raise SystemExit(3)", "SystemExit: 3"),
        ("work()", "RecursionError: "),
        ("tracemalloc.stop()", "RuntimeError: the benchmark stops tracemalloc"),
        ("raise ValueError('a\\x1b[31m\\n::error::b')", "ValueError: a"),
    ],
)
def test_a_call_that_fails_when_traced_costs_only_its_peak(
    lab: Lab, line: str, reason: str
) -> None:
    body = f"""{TRACING}
def work():
    if traced():
        {line}
pyperf.Runner().bench_func("b", work)
open(os.environ["LOG"], "a").write("cleaned up\\n")
"""
    blocks = lab.measure(body, blocks=2)
    assert len(blocks) == 2
    for side in (blocks[1].baseline, blocks[1].candidate):
        assert side.peak_traced is None
        assert side.untraced.startswith(reason)
        assert side.untraced.isprintable()
    assert lab.lines() == ["cleaned up"] * 4


def test_a_process_that_dies_of_it_is_not_asked_again(lab: Lab) -> None:
    body = (
        TRACING
        + """
def work():
    if traced() and os.environ["SIDE"] == "candidate":
        open(os.environ["LOG"], "a").write("dying\\n")
        os._exit(5)
pyperf.Runner().bench_func("b", work)
"""
    )
    first, second, third = lab.measure(body, blocks=3)
    assert lab.lines() == ["dying"]
    assert first.baseline.peak_traced is not None
    assert first.candidate.untraced == "exited with code 5"
    for block in (second, third):
        assert block.baseline.peak_traced is block.candidate.peak_traced is None
        assert (block.baseline.untraced, block.candidate.untraced) == ("", "exited with code 5")
        assert len(block.candidate.wall) == len(block.order)


def test_a_process_that_hangs_is_ended_and_not_asked_again(lab: Lab) -> None:
    body = (
        TRACING
        + """
def work():
    while traced():
        time.sleep(0.05)
pyperf.Runner().bench_func("b", work)
"""
    )
    with lab.bench(timeout=1.5) as bench:
        first, second = lab.run(bench, lab.series(body), 2)
    assert first.baseline.untraced == "no answer within 1.5 s while it was traced"
    assert first.traced_seconds >= 1.5
    assert second.baseline.untraced == first.baseline.untraced
    assert second.traced_seconds < 1.5


def test_a_fork_that_raises_does_not_speak_for_the_call(lab: Lab) -> None:
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
        child.begin_trace()
        found = child.traced(10.0)
        assert found.reason == ""
        assert found.peak is not None


def test_a_script_that_traces_itself_goes_on_doing_so(lab: Lab) -> None:
    body = (
        TRACING
        + """
tracemalloc.start()
held = [0] * 100_000
def work():
    assert traced()
    [0] * 10_000
pyperf.Runner().bench_func("b", work)
assert traced()
"""
    )
    (block,) = lab.measure(body)
    assert 80_000 < (block.baseline.peak_traced or 0) < 90_000


def test_blocks_of_older_recordings_have_none() -> None:
    side = SideTurns(wall=(0.1,), cpu=(0.1,), queued=(0.0,), peak_rss=1)
    assert (side.peak_traced, side.untraced) == (None, "")
    facts = dict.fromkeys(("started", "startup_seconds", "injected"), 0.0)
    seconds = {"wait_seconds": 1.0, "run_in_seconds": 2.0, "timed_seconds": 4.0}
    block = Block(
        benchmark="b", series="compare", index=0, loops=1, order="B", baseline=side,
        candidate=side, hash_seed=0, steal=None, load=None, **facts, **seconds,
    )  # fmt: skip
    assert block.seconds == 7.0
