"""A worker on what is as good as another machine: a network of its own, a clock of its own."""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import subprocess
import sys
import uuid
from pathlib import Path
from typing import IO, TYPE_CHECKING

import numpy as np
import pytest

from perfkit.recording.events import read_events
from perfkit.recording.load import read_load

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

ROOT = Path(__file__).parents[3]
IP = shutil.which("ip") or ""
PERFKIT = (sys.executable, "-m", "perfkit")
HERE, THERE = "10.213.77.1", "10.213.77.2"
SHIFT = 1000
PROFILE = """
model: open
start: 100
stages: [{name: hold, duration: 2s, rate: 100}]
users: 20
scenario: {timeout: 5s, requests: [{name: r, get: /}]}
"""


def run(*words: str) -> None:
    done = subprocess.run(words, capture_output=True, text=True, timeout=20, check=False)
    assert done.returncode == 0, done.stderr


class Namespaces:
    """Two network namespaces and a cable between them."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        tag = uuid.uuid4().hex[:6]
        self.here, self.there = f"perfkit-a-{tag}", f"perfkit-b-{tag}"
        self._ends = (f"pka{tag}", f"pkb{tag}")
        self._processes: list[subprocess.Popen[str]] = []

    def make(self) -> None:
        for name in (self.here, self.there):
            run(IP, "netns", "add", name)
        end_here, end_there = self._ends
        pair = ("peer", "name", end_there, "netns", self.there)
        run(IP, "link", "add", end_here, "netns", self.here, "type", "veth", *pair)
        for name, end, address in (
            (self.here, end_here, HERE),
            (self.there, end_there, THERE),
        ):
            run(IP, "-n", name, "link", "set", "lo", "up")
            run(IP, "-n", name, "addr", "add", f"{address}/30", "dev", end)
            run(IP, "-n", name, "link", "set", end, "up")

    def start(self, name: str, *words: str, prefix: Sequence[str] = ()) -> subprocess.Popen[str]:
        process = subprocess.Popen(
            [IP, "netns", "exec", name, *prefix, *words],
            cwd=self.folder,
            env={
                **os.environ,
                "PYTHONPATH": str(ROOT),
                "NO_COLOR": "1",
                "SERVER_HOST": HERE,
                "PERFKIT_WORKER_TOKEN": "known-on-both-machines",
            },
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        self._processes.append(process)
        return process

    def remove(self) -> None:
        for process in self._processes:
            process.kill()
            process.communicate()
        for name in (self.here, self.there):
            subprocess.run([IP, "netns", "del", name], capture_output=True, check=False)


@pytest.fixture
def namespaces(tmp_path: Path) -> Iterator[Namespaces]:
    if sys.platform != "linux" or os.geteuid() != 0:
        pytest.skip("network namespaces are Linux's, and root's to make")
    if not IP:
        if os.environ.get("CI"):
            pytest.fail("iproute2 is not installed: there is no 'ip'")
        pytest.skip("iproute2 is not installed")
    probe = f"perfkit-p-{uuid.uuid4().hex[:6]}"
    made = subprocess.run([IP, "netns", "add", probe], capture_output=True, check=False)
    if made.returncode:
        pytest.skip(f"no network namespaces here: {made.stderr.decode().strip()}")
    run(IP, "netns", "del", probe)
    found = Namespaces(tmp_path)
    try:
        found.make()
        yield found
    finally:
        found.remove()


def shifted() -> tuple[str, ...]:
    """Prefix of a command whose CLOCK_MONOTONIC is another one; empty where there is none."""
    prefix = ("unshare", "--time", "--monotonic", str(SHIFT), "--boottime", str(SHIFT), "--")
    with contextlib.suppress(OSError):
        if subprocess.run([*prefix, "true"], capture_output=True, check=False).returncode == 0:
            return prefix
    return ()


def command_in(stream: IO[str] | None) -> str:
    """What perfkit says is to be run on the other machine."""
    assert stream is not None
    heard = ""
    for line in stream:
        heard += line.strip() + " "
        if found := re.search(r"perfkit (load worker --master \S+(?: --allow-host \S+)*) ", heard):
            assert "PERFKIT_WORKER_TOKEN=" not in heard  # the test has given one
            return found[1]
    raise AssertionError(heard)


@pytest.mark.slow
def test_a_worker_in_another_network_with_another_clock(namespaces: Namespaces) -> None:
    """Its rows are on our clock, as the server's log, which is on ours, shows."""
    folder = namespaces.folder
    script = Path(__file__).with_name("_server.py")
    server = namespaces.start(
        namespaces.here, sys.executable, str(script), str(folder / "log"), "fixed", "0.01"
    )
    assert server.stdout is not None
    url = f"http://{HERE}:{int(server.stdout.readline())}"
    (folder / "p.yaml").write_text(PROFILE)
    words = ("load", "p.yaml", "--url", url, "--allow-host", HERE, "--seed", "1")
    master = namespaces.start(
        namespaces.here, *PERFKIT, *words, "--expect-workers", "1", "--bind", HERE
    )
    command = command_in(master.stderr)
    assert command.startswith(f"load worker --master {HERE}:")
    assert command.endswith(f" --allow-host {HERE}")
    prefix = shifted()
    worker = namespaces.start(namespaces.there, *PERFKIT, *command.split(), prefix=prefix)
    out, err = worker.communicate(timeout=60)
    assert worker.returncode == 0, err
    assert out == "200 requests sent, all handed over: True\n"
    _, err = master.communicate(timeout=60)
    assert master.returncode in {0, 3}, err
    server.communicate(timeout=20)

    (run_folder,) = (folder / "reports").iterdir()
    recording = read_load(run_folder)
    ((id_, end),) = recording.ends.items()
    (report,) = end.workers
    assert (end.reason, report.sent, report.complete) == ("finished", 200, True)
    events = read_events([run_folder / file for file in recording.starts[id_].events])
    origin = recording.origins[id_].clock / 1e6
    log = (
        np.array([line.split() for line in (folder / "log").read_text().splitlines()], float) / 1e6
    )
    log = log[log[:, 0] > origin]  # before that, perfkit asked whether it is ready
    assert len(log) == len(events) == 200
    error = report.clock_error
    if prefix:
        assert abs(report.clock_offset + SHIFT) <= error < 0.05
        assert error > 0
    else:
        assert (report.clock_offset, error) == (0.0, 0.0)
    assert np.sort(events.due) == pytest.approx((np.arange(200) + 0.5) / 100, abs=2e-6)
    before = np.sort(log[:, 0]) - np.sort(events.start) - origin
    after = np.sort(events.end) + origin - (np.sort(log[:, 0]) + 0.01)  # that it takes at least
    for gap in (before, after):
        assert gap.min() >= -error - 1e-4
        assert np.median(gap) < 0.02


@pytest.mark.slow
def test_another_networks_loopback_is_not_ours(namespaces: Namespaces) -> None:
    """A worker would send its load to whatever listens at the same port over there."""
    folder = namespaces.folder
    (folder / "p.yaml").write_text(PROFILE)
    script = Path(__file__).with_name("_server.py")
    environ = ("env", "SERVER_HOST=127.0.0.1")
    server = namespaces.start(
        namespaces.here, *environ, sys.executable, str(script), str(folder / "log"), "fixed"
    )
    assert server.stdout is not None
    url = f"http://127.0.0.1:{int(server.stdout.readline())}"
    words = ("load", "p.yaml", "--url", url, "--expect-workers", "1", "--bind", HERE)
    master = namespaces.start(namespaces.here, *PERFKIT, *words)
    command = command_in(master.stderr)
    worker = namespaces.start(namespaces.there, *PERFKIT, *command.split())
    _, there = worker.communicate(timeout=60)
    _, here = master.communicate(timeout=60)
    for code, text in ((worker.returncode, there), (master.returncode, here)):
        assert code not in {0, None}
        assert "is an address within the master's machine" in " ".join(text.split())
