"""Samples of process trees whose resources are known to the system or by construction."""

from __future__ import annotations

import contextlib
import errno
import os
import resource
import subprocess
import sys
import threading
import time
from typing import TYPE_CHECKING, Any

import psutil
import pytest

from perfkit.errors import WritingError
from perfkit.loadtest import tree as tree_module
from perfkit.loadtest.sampler import Sampler
from perfkit.loadtest.tree import UNKNOWN, Tree
from perfkit.recording import arrow
from perfkit.recording.samples import read_samples

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

BURN = """
import os, subprocess, sys, threading, time
def burn(seconds):
    while time.process_time() < seconds: pass
def say(word): print(word, flush=True)
def wait(): sys.stdin.readline()
"""
CHILD = "import time\nwhile time.process_time() < {}: pass\n"


@contextlib.contextmanager
def process(body: str) -> Iterator[subprocess.Popen[str]]:
    """A process that says where it is and goes on when told."""
    started = subprocess.Popen(
        [sys.executable, "-c", BURN + body],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    with started:
        try:
            yield started
        finally:
            started.kill()


def word(started: subprocess.Popen[str]) -> str:
    return started.stdout.readline().strip()


def go(started: subprocess.Popen[str]) -> None:
    started.stdin.write("\n")
    started.stdin.flush()


def look(tree: Tree) -> Any:
    found = tree.look()
    assert found is not None
    return found


def test_one_process() -> None:
    body = (
        "files = [open('/dev/null') for _ in range(20)]\nsay('files')\nwait()\n"
        "held = bytearray(os.urandom(1)) * 50_000_000\nsay('memory')\nwait()\n"
        "for _ in range(7): threading.Thread(target=time.sleep, args=(60,), daemon=True).start()\n"
        "say('threads')\nwait()\nburn(0.5)\nsay('cpu')\nwait()\n"
        "for _ in range(300): time.sleep(0.0005)\nsay('switches')\nwait()"
    )
    with process(body) as started:
        tree = Tree(started.pid)
        assert word(started) == "files"
        files = look(tree)
        assert files.processes == files.threads == 1
        assert 23 <= files.files < 40
        go(started)
        assert word(started) == "memory"
        memory = look(tree)
        assert memory.rss - files.rss == pytest.approx(50e6, rel=0.1)
        go(started)
        assert word(started) == "threads"
        assert look(tree).threads == 8
        go(started)
        assert word(started) == "cpu"
        cpu = look(tree)
        assert cpu.cpu == pytest.approx(0.5, abs=0.1)
        go(started)
        assert word(started) == "switches"
        assert 300 <= look(tree).switches - cpu.switches < 2000
        started.kill()
        started.wait()
        assert tree.look() is None
        assert tree.look() is None


def test_threads_that_end_keep_their_switches(until: Callable[..., bool]) -> None:
    body = (
        "def work():\n  for _ in range(200): time.sleep(0.0005)\n  say('here')\n  wait()\n"
        "say('begin')\nwait()\nt = threading.Thread(target=work)\nt.start()\nt.join()\n"
        "say('over')\nwait()"
    )
    with process(body) as started:
        tree = Tree(started.pid)
        word(started)
        before = look(tree).switches
        go(started)
        word(started)
        during = look(tree).switches
        assert during - before >= 200
        go(started)
        word(started)
        assert until(lambda: look(tree).threads == 1)  # joined is not yet gone from /proc
        assert look(tree).switches >= during


TREE = """
code = "import sys, time\\nwhile time.process_time() < 0.2: pass\\nprint('done', flush=True)\\n" \
    "sys.stdin.readline()"
kids = [subprocess.Popen([sys.executable, "-c", code], stdin=subprocess.PIPE,
                         stdout=subprocess.PIPE) for _ in range(3)]
for kid in kids: kid.stdout.readline()
say("burnt")
wait()
"""


@pytest.mark.parametrize("waited", [True, False], ids=["waited for", "ignored"])
def test_children_that_end_keep_their_time(*, waited: bool) -> None:
    ignore = "" if waited else "import signal\nsignal.signal(signal.SIGCHLD, signal.SIG_IGN)\n"
    ending = (
        "for kid in kids: kid.communicate()\nsay('over')\nwait()\nburn(0.4)\nsay('more')\nwait()"
    )
    with process(ignore + TREE + ending) as started:
        tree = Tree(started.pid)
        assert word(started) == "burnt"
        burnt = look(tree)
        assert burnt.processes == 4
        assert 0.55 <= burnt.cpu < 1.2  # four processes, each told to a tick of 10 ms
        go(started)
        assert word(started) == "over"
        over = look(tree)
        assert over.processes == 1
        assert over.cpu >= burnt.cpu
        assert over.cpu < 1.2
        assert over.switches >= burnt.switches
        go(started)
        assert word(started) == "more"
        more = look(tree)
        own = psutil.Process(started.pid).cpu_times()
        assert more.cpu > over.cpu + 0.15
        assert more.cpu == pytest.approx(burnt.cpu + own.user + own.system, abs=0.35)


def test_children_that_nobody_saw() -> None:
    """Born and over between two looks: their parent's account has their time."""
    child = CHILD.format(0.1)
    body = (
        "def run():\n"
        f"  for _ in range(5): subprocess.run([sys.executable, '-c', {child!r}], check=True)\n"
        "run()\nsay('begin')\nwait()\nrun()\nsay('over')\nwait()"
    )
    with process(body) as started:
        word(started)
        tree = Tree(started.pid)
        before = look(tree).cpu  # what was over before the first look is not counted
        own = psutil.Process(started.pid).cpu_times()
        assert before == pytest.approx(own.user + own.system, abs=0.02)
        go(started)
        word(started)
        assert 0.5 <= look(tree).cpu - before < 1.2


ORPHAN = """
code = '''
import subprocess, sys
kid = subprocess.Popen(["sleep", "60"], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
print(kid.pid, flush=True)
sys.stdin.readline()
'''
middle = subprocess.Popen([sys.executable, "-c", code], stdin=subprocess.PIPE,
                          stdout=subprocess.PIPE)
say(int(middle.stdout.readline()))
wait()
middle.communicate()
say("orphan")
wait()
"""


def test_an_orphan_stays_a_member() -> None:
    with process(ORPHAN) as started:
        orphan = int(word(started))
        try:
            tree = Tree(started.pid)
            assert look(tree).processes == 3
            go(started)
            assert word(started) == "orphan"
            assert psutil.Process(orphan).ppid() != started.pid
            assert look(tree).processes == 2
        finally:
            os.kill(orphan, 9)


def test_what_the_system_does_not_tell(monkeypatch: pytest.MonkeyPatch) -> None:
    def denied(*_: object) -> None:
        raise psutil.AccessDenied

    denied.cache_activate = denied.cache_deactivate = lambda *_: None
    with process("say('here')\nwait()") as started:
        word(started)
        tree = Tree(started.pid)
        assert look(tree).files > 0
        monkeypatch.setattr(psutil.Process, "num_fds", denied)
        assert look(tree).files == UNKNOWN
        assert look(tree).rss > 0
        for name in ("memory_info", "cpu_times", "num_threads", "status"):
            monkeypatch.setattr(psutil.Process, name, denied)
        monkeypatch.setattr(tree_module.os, "scandir", denied_by_the_system)
        nothing = look(tree)
        assert {nothing.rss, nothing.cpu, nothing.threads, nothing.files} == {UNKNOWN}
        assert nothing.switches == UNKNOWN
        assert nothing.processes == 1


def denied_by_the_system(*_: object) -> None:
    raise PermissionError


def test_a_process_that_does_not_exist() -> None:
    done = subprocess.Popen([sys.executable, "-c", ""])
    done.wait()
    assert Tree(done.pid).look() is None


def test_samples_on_disk(tmp_path: Path) -> None:
    path = tmp_path / "service" / "t00-baseline.arrow"
    with process("say('here')\nwait()\nburn(0.5)\nsay('over')\nwait()") as started:
        word(started)
        began = time.monotonic()
        with Sampler(path, started.pid, 0.05) as sampler:
            go(started)
            assert word(started) == "over"
            time.sleep(0.2)
            latest = sampler.latest
        ended = time.monotonic()
    samples = read_samples([path])
    assert sampler.error is None
    assert len(samples) >= 5
    assert began <= samples.at[0] <= samples.at[-1] <= ended
    assert (samples.at[1:] > samples.at[:-1]).all()
    assert (samples.cpu[1:] >= samples.cpu[:-1]).all()
    assert samples.cpu[-1] == pytest.approx(0.5, abs=0.15)
    assert set(samples.processes) == {1}
    assert latest.rss == samples.rss[-1]
    assert 0 < latest.cpu < 1.2


def test_it_ends_with_the_root(tmp_path: Path, until: Callable) -> None:
    before = threading.active_count()
    with process("say('here')\nwait()") as started:
        word(started)
        with Sampler(tmp_path / "a", started.pid, 0.05) as sampler:
            assert until(lambda: sampler.latest.rss > 0)
            started.kill()
            assert until(lambda: threading.active_count() == before)
            assert len(read_samples([tmp_path / "a"])) >= 1
    assert sampler.error is None


def test_a_root_that_never_was(tmp_path: Path) -> None:
    done = subprocess.Popen([sys.executable, "-c", ""])
    done.wait()
    with Sampler(tmp_path / "a", done.pid, 0.05) as sampler:
        time.sleep(0.1)
    assert len(read_samples([tmp_path / "a"])) == 0
    assert (sampler.latest.rss, sampler.latest.cpu) == (UNKNOWN, UNKNOWN)


def test_what_is_written_is_there_within_a_second_or_two(tmp_path: Path, until: Callable) -> None:
    path = tmp_path / "a"
    with Sampler(path, os.getpid(), 0.1):
        assert until(lambda: len(read_samples([path])) >= 12, 8)


def test_a_full_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, until: Callable) -> None:
    full = threading.Event()
    write = arrow.ColumnWriter.write

    def refusing(writer: arrow.ColumnWriter, columns: Any) -> None:
        if full.is_set():
            raise arrow.unwritable(writer.path, OSError(errno.ENOSPC, os.strerror(errno.ENOSPC)))
        write(writer, columns)

    monkeypatch.setattr(arrow.ColumnWriter, "write", refusing)
    path = tmp_path / "a"
    with Sampler(path, os.getpid(), 0.05) as sampler:
        assert until(lambda: len(read_samples([path])) > 0)
        assert sampler.error is None
        full.set()
        assert until(lambda: sampler.error is not None)
        before = sampler.latest
        assert until(lambda: sampler.latest != before)  # the live view goes on
    assert isinstance(sampler.error, WritingError)
    assert "No space left" in str(sampler.error)
    assert len(read_samples([path])) > 0


def test_a_file_that_cannot_be_made(tmp_path: Path) -> None:
    (tmp_path / "a").touch()
    with pytest.raises(WritingError):
        Sampler(tmp_path / "a", os.getpid())


def test_looking_costs_little() -> None:
    """Stated in README: about a millisecond a look at one process; here with a wide margin."""
    tree = Tree(os.getpid())
    look(tree)
    before = resource.getrusage(resource.RUSAGE_SELF)
    for _ in range(50):
        look(tree)
    after = resource.getrusage(resource.RUSAGE_SELF)
    assert after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime < 50 * 0.02
