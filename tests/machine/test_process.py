"""What perfkit learns of the processes it starts, and how it ends them."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time

import pytest

from perfkit.machine import cpus
from perfkit.machine.process import (
    TAIL_BYTES,
    Tail,
    describe_exit,
    exit_code,
    has_ended,
    kill_group,
    one_line,
    pipe,
)


def start(code: str) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, "-c", code], stdout=subprocess.PIPE, start_new_session=True
    )


def test_the_end_of_what_it_says() -> None:
    chunks: list[bytes] = []
    with start("print('first'); print('x' * 10**6); print('last \\xff')") as process:
        tail = Tail(pipe(process.stdout), chunks.append)
        assert tail.join(20)
        assert tail.text().endswith("xx\nlast \xff")
        assert len(tail.text()) <= TAIL_BYTES
        assert b"".join(chunks).startswith(b"first\nxx")
    with pytest.raises(ValueError, match="not a pipe"):
        pipe(None)


@pytest.mark.parametrize(
    ("code", "wanted"),
    [("raise SystemExit(3)", 3), ("import os; os.kill(os.getpid(), 9)", -9), ("", 0)],
)
def test_how_it_ended_is_known_while_it_is_unreaped(code: str, wanted: int) -> None:
    with start(code) as process:
        deadline = time.monotonic() + 20
        while not has_ended(process) and time.monotonic() < deadline:
            time.sleep(0.01)
        assert exit_code(process) == exit_code(process) == wanted
        assert process.returncode is None
        os.killpg(process.pid, 0)  # its group's number is still its
        assert process.wait(5) == wanted
        assert has_ended(process)
        assert exit_code(process) == wanted


def test_a_group_is_killed() -> None:
    child = "import subprocess as s; print(s.Popen(['sleep', '60']).pid, flush=True); input()"
    with start(child) as process:
        assert exit_code(process) is None
        assert not has_ended(process)
        pid = int(pipe(process.stdout).readline())
        kill_group(process)
        assert process.wait(5) == -signal.SIGKILL
        kill_group(process)  # the number may be another's by now
        assert Tail(pipe(process.stdout)).join(5)  # and nobody holds the pipe
        assert pid > 0


def test_words() -> None:
    assert describe_exit(None) == "closed its connection to perfkit but did not end"
    assert describe_exit(-11) == "killed by SIGSEGV"
    assert len(one_line("x" * 1000)) == 300


@pytest.mark.skipif(len(cpus.available()) < 2, reason="needs two CPUs")
def test_held_to_a_cpu_for_a_while() -> None:
    before = cpus.available()
    cpu = frozenset({max(before)})
    with cpus.held_to(cpu):
        assert cpus.available() == cpu
        found = subprocess.check_output(
            [sys.executable, "-c", "import os; print(*os.sched_getaffinity(0))"]
        )
        assert frozenset(map(int, found.split())) == cpu
    assert cpus.available() == before
    with cpus.held_to(frozenset()):
        assert cpus.available() == before
