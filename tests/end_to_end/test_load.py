"""``perfkit load`` as a person runs it: killed, interrupted, twice at once."""

from __future__ import annotations

import json
import shlex
import signal
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from perfkit.recording import FILE_NAME
from perfkit.recording.events import read_events
from perfkit.recording.load import read_load

if TYPE_CHECKING:
    from perfkit.recording.load import LoadRecording

pytestmark = pytest.mark.slow
SERVER = Path(__file__).parents[1] / "session" / "load" / "_server.py"
COMMAND = shlex.join(["{python}", "-I", str(SERVER), "{port}"])
FILES = {"recording.jsonl", "report.yaml", "report.html"}
PROFILE = """
model: open
start: 50
stages: [{name: hold, duration: 2s, rate: 50}]
users: 20
scenario: {requests: [{name: read, get: /}]}
"""


@pytest.fixture
def load(perfkit: Any) -> Any:
    """The arguments of a small load test, without its sides."""
    (perfkit.folder / "mine.yaml").write_text(PROFILE)
    perfkit.load = ("load", "mine.yaml", "--command", COMMAND, "--health", "/health")
    perfkit.single = (*perfkit.load, "--no-download")
    return perfkit


def lines(perfkit: Any, kind: str) -> int:
    """How many lines of a kind the only run's recording holds."""
    paths = (perfkit.folder / "reports").glob(f"*/{FILE_NAME}")
    return sum(path.read_bytes().count(f'"kind":"{kind}"'.encode()) for path in paths)


def events_of(known: LoadRecording, name: str) -> int:
    return len(read_events([known.folder / file for file in known.starts[name].events]))


def test_killed_in_the_middle_of_a_comparison_and_resumed(load: Any) -> None:
    process = load.start(*load.load, *load.sides, "--trials", "2", "--json")
    load.wait_for(lambda: lines(load, "segment-origin") == 2, process)
    process.send_signal(signal.SIGKILL)
    process.wait(20)
    load.nothing_is_left()
    folder = load.run_folder()
    before = (folder / FILE_NAME).read_bytes()
    known = read_load(folder)
    assert list(known.trials) == [0]
    assert "t01" not in known.ends
    sent = sum(worker.sent for worker in known.ends["t00"].workers)
    assert events_of(known, "t00") == sent
    assert process.communicate()[0] == ""

    answer = load("load", "--resume", folder, "--json")
    assert answer.code in {0, 3}, answer.err
    assert (folder / FILE_NAME).read_bytes().startswith(before)
    known = read_load(folder)
    assert [known.starts[f"t{trial:02d}"].attempt for trial in range(2)] == [0, 1]
    assert {end.reason for end in known.ends.values()} == {"finished"}
    assert list(known.trials) == [0, 1]
    assert events_of(known, "t00") == sent
    for name, end in known.ends.items():
        assert events_of(known, name) == sum(worker.sent for worker in end.workers)
    assert {path.name for path in folder.iterdir()} >= FILES


@pytest.mark.parametrize(
    ("number", "seen"),
    [
        (signal.SIGINT, "load"),
        (signal.SIGTERM, "segment-origin"),
        (signal.SIGINT, "segment-end"),
    ],
)
def test_interrupted(load: Any, number: signal.Signals, seen: str) -> None:
    process = load.start(*load.single)
    load.wait_for(lambda: lines(load, seen), process)
    process.send_signal(number)
    answer = load.end(process)
    assert answer.code == 130
    folder = load.run_folder()
    assert {path.name for path in folder.iterdir()} >= FILES
    known = read_load(folder)
    assert known.finishes
    for name, end in known.ends.items():
        assert events_of(known, name) == sum(
            worker.answered + worker.failed + worker.cut_off for worker in end.workers
        )
    assert answer.out  # what was measured is told


def test_two_at_once(load: Any) -> None:
    both = [load.start(*load.single, "--json") for _ in "ab"]
    for process in both:
        out, err = process.communicate(timeout=200)
        assert process.returncode in {0, 3}, err
        assert json.loads(out)
    assert len(load.runs()) == 2
    for folder in load.runs():
        known = read_load(folder)
        assert known.ends["t00"].reason == "finished"
        (worker,) = known.ends["t00"].workers
        assert worker.failed == 0
    load.nothing_is_left()
