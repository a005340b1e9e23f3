from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from perfkit.measure.child import Traced, Turn
from perfkit.measure.failure import TargetError
from perfkit.measure.lockstep import _side
from perfkit.measure.memory import Memory
from perfkit.measure.pair import _check_alike
from perfkit.variant import Side

TARGET = Path(__file__).parents[2] / "perfkit" / "measure" / "target"

PROBE = """
import os, sys, threading, time
sys.path.insert(0, sys.argv[1])
import _perfkit_clock as clock

def spin(seconds):
    end = time.perf_counter() + seconds
    while time.perf_counter() < end:
        pass

if hasattr(os, "sched_setaffinity"):
    os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})
clocks = clock.Clocks()

def timed(work):
    def call():
        start = time.perf_counter()
        work()
        return time.perf_counter() - start
    wall, cpu, queued = clock.time_call(clocks, call)
    print(wall, cpu, queued)
"""


def probe(work: str) -> tuple[float, float, float]:
    """Wall, CPU and queued seconds of a piece of work in a process of its own."""
    done = subprocess.run(
        [sys.executable, "-c", PROBE + work, str(TARGET)],
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    wall, cpu, queued = map(float, done.stdout.split())
    return wall, cpu, queued


def test_a_sleep_is_not_time_in_line() -> None:
    wall, _cpu, queued = probe("timed(lambda: time.sleep(0.3))")
    assert wall >= 0.3
    assert wall - queued >= 0.3  # whatever was in line, the sleep stays


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells time in line")
def test_another_program_on_the_cpu_is_time_in_line() -> None:
    wall, cpu, queued = probe(
        """
rival = os.fork()
if not rival:
    spin(20)
    os._exit(0)
os.setpgid(rival, rival)
# the rival is our child, so let somebody else be its parent for the clocks
clock.has_children = lambda: False
import signal
timed(lambda: spin(0.5))
os.kill(rival, signal.SIGKILL)
"""
    )
    assert queued > 0.05  # an equal rival gets about half of the CPU
    assert wall - queued == pytest.approx(cpu, rel=0.2)


def test_waiting_behind_ones_own_threads_is_work() -> None:
    wall, _cpu, queued = probe(
        """
thread = threading.Thread(target=spin, args=(0.3,))
def work():
    thread.start()
    time.sleep(0.3)
    thread.join()
timed(work)
"""
    )
    assert wall - queued >= 0.25


def test_with_live_children_nothing_is_known() -> None:
    work = """
import subprocess
child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(30)"])
timed(lambda: spin(0.01))
child.kill()
"""
    assert probe(work)[2] == -1.0


def test_what_one_side_does_not_know_counts_on_neither() -> None:
    turns = {
        Side.BASELINE: [
            Turn(wall=1.0, cpu=0.8, queued=0.2, spin=0.0),
            Turn(wall=1.0, cpu=0.8, queued=0.2, spin=0.0),
        ],
        Side.CANDIDATE: [
            Turn(wall=1.0, cpu=0.8, queued=None, spin=0.0),
            Turn(wall=1.0, cpu=0.7, queued=0.3, spin=0.0),
        ],
    }
    memory = Memory(
        peak_rss=dict.fromkeys(Side),
        traced=dict.fromkeys(Side, Traced(peak=None, reason="")),
        seconds=0.0,
    )
    assert _side(turns, Side.BASELINE, memory).queued == (0.0, 0.2)
    assert _side(turns, Side.CANDIDATE, memory).queued == (0.0, 0.3)


def test_sides_that_are_timed_differently_are_refused() -> None:
    facts: Any = {
        Side.BASELINE: SimpleNamespace(clock="command"),
        Side.CANDIDATE: SimpleNamespace(clock="pyperf's command"),
    }
    with pytest.raises(TargetError, match="cannot be timed alike"):
        _check_alike(facts)
    facts[Side.CANDIDATE] = SimpleNamespace(clock="command")
    _check_alike(facts)
