"""Two processes alive together, turn by turn; what is equal in a block and what is not."""

from __future__ import annotations

import json
import os
import sys
from typing import TYPE_CHECKING

import pytest

from perfkit.machine import cpus
from perfkit.measure.calibrate import Frozen
from perfkit.measure.pair import draw_for
from perfkit.measure.schedule import balanced_order
from perfkit.variant import Side

if TYPE_CHECKING:
    from conftest import Lab

    from perfkit.block import Block

# Each process logs its start, each turn and its end; a loop "takes" a millisecond.
SCRIPT = """
import json, tracemalloc
log = os.open(os.environ["LOG"], os.O_WRONLY | os.O_APPEND | os.O_CREAT)
def tell(what, **more):
    affinity = sorted(os.sched_getaffinity(0)) if sys.platform == "linux" else []
    line = dict(what=what, side=os.environ["SIDE"], pid=os.getpid(), cpus=affinity, **more)
    os.write(log, (json.dumps(line) + "\\\\n").encode())
strings = open("/proc/self/environ", "rb").read(), open("/proc/self/cmdline", "rb").read()
tell("start", seed=os.environ["PYTHONHASHSEED"], hash=hash("perfkit"), size=sum(map(len, strings)),
     count=strings[0].count(b"\\\\0"))
def turn(loops):
    tell("traced" if tracemalloc.is_tracing() else "turn", loops=loops)
    return loops * 0.001
pyperf.Runner().bench_time_func("b", turn)
tell("end")
""".replace("\\\\", "\\")
MILLISECOND = {"turn_seconds": 0.01, "run_in_seconds": 0.002}
ENOUGH_CPUS = sys.platform == "linux" and len(os.sched_getaffinity(0)) > 1


def events(lab: Lab) -> list[dict]:
    return [json.loads(line) for line in lab.lines()]


def blocks_of(lab: Lab, blocks: int, *, overlap: bool, **changes: object) -> list[Block]:
    with lab.bench(**MILLISECOND, overlap=overlap, **changes) as bench:
        return lab.run(bench, lab.series(SCRIPT), blocks)


def test_turns_alternate_as_the_order_says(lab: Lab) -> None:
    (block,) = blocks_of(lab, 1, overlap=False, pairs=6, warm_up_pairs=1)
    series = lab.series(SCRIPT)
    assert block.order == balanced_order(6, draw_for(series, 0).order_seed)
    assert (block.order.count("B"), block.order.count("C")) == (3, 3)
    turns = [event for event in events(lab) if event["what"] == "turn"]
    timed = turns[-2 * 2 * 6 :]  # run-in, then timed, of both sides, of six pairs
    wanted = [
        (side, loops)
        for letter in block.order
        for side in (("baseline", "candidate") if letter == "B" else ("candidate", "baseline"))
        for loops in (2, 10)
    ]
    assert [(event["side"], event["loops"]) for event in timed] == wanted
    # the value of a turn is the timed loops' alone; the run-in is not part of it
    assert block.loops == 10
    assert set(block.baseline.wall + block.candidate.wall) == {0.01}
    assert len(block.baseline.wall) == len(block.candidate.cpu) == 6
    assert (block.index, block.benchmark, block.series, block.injected) == (0, "b", "compare", 0.0)
    assert min(block.startup_seconds, block.timed_seconds, block.run_in_seconds) > 0
    assert block.startup_seconds >= block.wait_seconds * 0.9
    assert min(block.baseline.peak_rss or 0, block.candidate.peak_rss or 0) > 1_000_000


def test_a_block_has_one_hash_seed_and_stack_size_and_the_next_has_others(lab: Lab) -> None:
    blocks = blocks_of(lab, 3, overlap=False)
    starts = [event for event in events(lab) if event["what"] == "start"]
    assert len({event["pid"] for event in starts}) == 6  # fresh processes
    pairs = [starts[n : n + 2] for n in (0, 2, 4)]
    for block, pair in zip(blocks, pairs, strict=True):
        assert {event["side"] for event in pair} == {"baseline", "candidate"}
        assert [event["seed"] for event in pair] == [str(block.hash_seed)] * 2
        assert pair[0]["hash"] == pair[1]["hash"]
        assert pair[0]["size"] == pair[1]["size"]
    assert len({pair[0]["size"] for pair in pairs}) == 3
    assert len({pair[0]["hash"] for pair in pairs}) == 3
    ends = [event for event in events(lab) if event["what"] == "end"]
    assert len(ends) == 6  # each was let go in order


def test_both_are_alive_while_either_is_measured(lab: Lab) -> None:
    blocks_of(lab, 1, overlap=False)
    kinds = [event["what"] for event in events(lab)]
    assert kinds[:2] == ["start"] * 2
    assert kinds[-4:] == ["traced"] * 2 + ["end"] * 2


def test_loops_are_frozen_for_all_blocks(lab: Lab) -> None:
    found: list[tuple[Block, Frozen]] = []
    with lab.bench(**MILLISECOND) as bench:
        bench.measure(
            lab.series(SCRIPT),
            first=3,
            sink=lambda block, frozen, _: found.append((block, frozen)),
            stop=lambda: "x" if len(found) == 3 else None,
        )
    assert [block.index for block, _ in found] == [3, 4, 5]
    assert {frozen for _, frozen in found} == {Frozen(loops=10, run_in=2, pairs=4, spin=0)}
    calls = [event["loops"] for event in events(lab) if event["what"] == "turn"]
    after = calls[-2 * 2 * 2 * (1 + 4) :]  # two blocks, two sides, run-in and turn
    assert set(after) == {2, 10}


def test_the_order_is_the_same_from_the_same_seed(lab: Lab) -> None:
    first = [block.order for block in blocks_of(lab, 2, overlap=False, pairs=8)]
    with lab.bench(**MILLISECOND, pairs=8, overlap=True) as bench:
        again = [block.order for block in lab.run(bench, lab.series(SCRIPT), 2)]
    assert first == [order[:8] for order in again]  # then more, while the next block starts
    assert all(order.count("B") == order.count("C") for order in again)
    assert first[0] != first[1]


@pytest.mark.skipif(not ENOUGH_CPUS, reason="needs Linux with two CPUs")
def test_measured_on_one_cpu_and_started_on_others(lab: Lab) -> None:
    with lab.bench(**MILLISECOND, overlap=True) as bench:
        lab.run(bench, lab.series(SCRIPT), 2)
        placement = bench.placement
    assert placement.measuring not in placement.starting
    turns = [event["cpus"] for event in events(lab) if event["what"] == "turn"]
    assert turns == [[placement.measuring]] * len(turns)
    ends = [event["cpus"] for event in events(lab) if event["what"] == "end"]
    assert ends == [sorted(placement.starting)] * len(ends)


def test_the_next_pair_starts_while_this_one_is_measured(lab: Lab) -> None:
    slow = SCRIPT.replace("return loops", "time.sleep(0.05)\n    return loops")
    with lab.bench(**MILLISECOND, overlap=True) as bench:
        lab.run(bench, lab.series(slow), 2)
    seen = [(event["what"], event["pid"]) for event in events(lab)]
    pids = [pid for what, pid in seen if what == "start"]
    last_of_first = max(
        n for n, (what, pid) in enumerate(seen) if what == "turn" and pid in pids[:2]
    )
    assert seen.index(("start", pids[2])) < last_of_first
    assert seen.index(("start", pids[3])) < last_of_first
    first_of_second = min(n for n, (w, pid) in enumerate(seen) if w == "turn" and pid in pids[2:])
    assert first_of_second > last_of_first


def test_nothing_starts_meanwhile_without_overlap(lab: Lab) -> None:
    blocks_of(lab, 2, overlap=False)
    kinds = [event["what"] for event in events(lab) if event["what"] != "end"]
    assert kinds.count("start") == 4
    assert kinds[:2] == ["start"] * 2
    second = kinds.index("start", 2)
    assert kinds[second : second + 2] == ["start"] * 2
    assert set(kinds[2:second]) == {"turn", "traced"}


@pytest.mark.parametrize("platform", ["linux", "darwin", "win32"])
def test_no_pinning(lab: Lab, monkeypatch: pytest.MonkeyPatch, platform: str) -> None:
    with monkeypatch.context() as patch:
        patch.setattr("perfkit.machine.cpus.sys", type("sys", (), {"platform": platform}))
        before = sorted(os.sched_getaffinity(0))
        (block,) = blocks_of(lab, 1, overlap=True, pin=platform != "linux")
    assert block.order
    assert {tuple(event["cpus"]) for event in events(lab)} == {tuple(before)}


def test_ten_percent_injected_is_ten_percent(lab: Lab) -> None:
    body = "pyperf.Runner().bench_func('b', sum, range(20000))"
    with lab.bench(turn_seconds=0.02, pairs=6) as bench:
        (block,) = lab.run(bench, lab.series(body, inject=0.1))
    clean = sorted(wall - block.injected for wall in block.candidate.wall)[3]
    assert 0.03 < block.injected / clean < 0.3
    assert block.loops > 1


def test_a_slow_benchmark_gets_one_loop_and_no_run_in(lab: Lab) -> None:
    body = SCRIPT.replace("loops * 0.001", "loops * 3.0")
    with lab.bench(turn_seconds=0.01, pairs=10, warm_up_pairs=1) as bench:
        first, second = lab.run(bench, lab.series(body), blocks=2)
    assert [(one.loops, len(one.order)) for one in (first, second)] == [(1, 1), (1, 1)]
    turns = [event["loops"] for event in events(lab) if event["what"] == "turn"]
    assert turns == [1] * 10  # two of each side to calibrate or one to warm up, and then one
    assert set(first.baseline.wall) == {3.0}


def test_what_is_not_timed_does_not_make_a_block_last(lab: Lab) -> None:
    untimed = "import time\n    time.sleep(loops * 0.001)\n    return loops * 1e-5"
    body = SCRIPT.replace("return loops * 0.001", untimed)
    with lab.bench(turn_seconds=0.005, run_in_seconds=0.001, pairs=8) as bench:
        (block,) = lab.run(bench, lab.series(body))
    assert block.loops < 100  # of 10 µs each; 500 would take their time, but half a second a turn
    assert max(event["loops"] for event in events(lab) if event["what"] == "turn") < 500


def test_sides_may_differ_in_python_flags_and_environment(lab: Lab) -> None:
    series = lab.series(SCRIPT)
    candidate = lab.launch(
        series.benchmark.script,
        side=Side.CANDIDATE,
        python=lab.python("3.13"),
        flags=("-X", "utf8"),
        environ={"EXTRA": "x" * 100},
    )
    series = type(series)(
        benchmark=series.benchmark,
        name=series.name,
        launches={**series.launches, Side.CANDIDATE: candidate},
        seed=2,
        inject=0.0,
        frozen=Frozen(loops=1, run_in=0, pairs=2, spin=0),
    )
    with lab.bench() as bench:
        lab.run(bench, series)
    starts = {event["side"]: event for event in events(lab) if event["what"] == "start"}
    sizes = {
        # the path of the interpreter stands on the stack once more, after the environment
        side: event["size"]
        + len(str(series.launches[Side(side)].python))
        + 8 * (event["count"] + 3 + (2 if side == "candidate" else 0))
        for side, event in starts.items()
    }
    assert sizes["baseline"] == sizes["candidate"]


def test_placement(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cpus, "available", lambda: frozenset({2, 5, 7}))
    assert cpus.place(pin=True) == cpus.Placement(measuring=7, starting=frozenset({2, 5}))
    monkeypatch.setattr(cpus, "available", lambda: frozenset({4}))
    assert cpus.place(pin=True) == cpus.Placement(measuring=4, starting=frozenset({4}))
    assert cpus.place(pin=False) == cpus.Placement(measuring=None, starting=frozenset())
