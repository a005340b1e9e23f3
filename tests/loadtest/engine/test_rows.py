"""Rows in memory, their way to the disk, and what stays in memory of them: nothing."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

import gevent
import numpy as np
import pytest

from perfkit.loadtest.engine_process import ENGINE
from perfkit.recording.events import ROW_TYPE

sys.path.insert(0, str(ENGINE))

from _perfkit_rows import Numbering, Rows, Turn, error_text, shortened
from _perfkit_store import Meter

if TYPE_CHECKING:
    from pathlib import Path


def turn(due: float, *, free: float = 0.0, phase: int = 0) -> Turn:
    made = Turn(target=1, patience=None)
    made.due, made.free, made.start, made.phase = due, free, due + 0.25, phase
    made.size, made.status, made.request = 5_000_000_000, 200, 3
    return made


def test_rows_are_packed_and_taken_once() -> None:
    rows = Rows()
    one, two, outside = turn(1.0), turn(2.0, free=2.125), turn(0.5, phase=-1)
    for made in (one, two, outside):
        rows.begin(made)
    assert (rows.sent, rows.in_flight()) == (2, 2)
    one.checks = 0x8001
    rows.end(one, 2.0, 0, -1)
    rows.end(one, 3.0, 1, 4)  # told twice: the first counts
    rows.end(outside, 1.0, 0, -1)
    rows.cut(9.0)
    assert (rows.sent, rows.in_flight()) == (2, 0)
    data, names = rows.take()
    found = np.frombuffer(data, ROW_TYPE)
    assert found["due"].tolist() == [1_000_000, 500_000, 2_000_000]
    assert found["end"].tolist() == [2_000_000, 1_000_000, 9_000_000]
    assert found["slip"].tolist() == [250_000, 250_000, 125_000]
    assert found["outcome"].tolist() == [0, 0, 2]
    assert found["phase"].tolist() == [0, -1, 0]
    assert found["size"].tolist() == [5_000_000_000] * 3
    assert found["checks"].astype(np.uint16).tolist() == [0x8001, 0, 0]
    assert names == []
    assert rows.take() == (b"", [])


def test_more_rows_than_a_buffer_holds() -> None:
    rows = Rows()
    for index in range(10_000):
        made = turn(float(index))
        rows.begin(made)
        rows.end(made, index + 1.0, 0, -1)
    found = np.frombuffer(rows.take()[0], ROW_TYPE)
    assert found["due"].tolist() == [index * 1_000_000 for index in range(10_000)]


def test_texts_are_numbered_and_not_without_end() -> None:
    fresh: list[object] = []
    numbers = Numbering("error", fresh, 5)
    assert [numbers.of(f"e{index % 8}") for index in range(20)] == [
        *range(5), 5, 5, 5, *range(5), 5, 5, 5, *range(4)
    ]  # fmt: skip
    assert [one.text for one in fresh] == ["e0", "e1", "e2", "e3", "e4", "(others)"]


@pytest.mark.parametrize(
    ("text", "short"),
    [
        ("ConnectTimeout(<A object at 0x7f6b2c>)", "ConnectTimeout(<A object at 0x…>)"),
        ("404 Client Error: no for url: http://h:80/a?b=1", "404 Client Error: no"),
        ("host='h', port=8080): refused", "host='h', port=…): refused"),
        ("127.0.0.1:54321 and [::1]:99", "127.0.0.1:… and [::1]:…"),
        ("item 550e8400-e29b-41d4-a716-446655440000 gone", "item … gone"),
        ("status 503, 12345 left", "status 503, … left"),
        ("two\n  lines", "two lines"),
        ("facade decade", "facade decade"),
        ("x" * 300, "x" * 199 + "…"),
    ],
)
def test_errors_that_happen_again_are_the_same_text(text: str, short: str) -> None:
    assert shortened(text) == short


def test_errors_in_words() -> None:
    assert error_text(ConnectionResetError(104, "Connection reset by peer")) == (
        "ConnectionResetError: Connection reset by peer"
    )
    wrapped = RuntimeError("Retries exceeded")
    wrapped.original = gevent.Timeout(2.5)  # type: ignore[attr-defined]
    assert error_text(wrapped) == "no answer within 2.5 s"
    assert error_text(ValueError()) == "ValueError"
    assert error_text("as it is") == "as it is"


def test_figures_are_of_what_ended_before_a_moment() -> None:
    rows = np.zeros(6, dtype=ROW_TYPE)
    rows["due"] = [0, 0, 0, 0, 0, 0]
    rows["end"] = [100_000, 200_000, 999_999, 1_000_000, 500_000, 600_000]
    rows["outcome"] = [0, 0, 0, 0, 1, 2]
    rows["phase"] = [0, 0, 0, 0, 0, -1]
    meter = Meter()
    meter.add(rows)
    found = meter.figures(1.0)
    assert (found["answered"], found["failed"]) == (3, 1)
    assert (found["p50"], found["p95"]) == (0.2, 0.999999)
    assert found["mean"] == pytest.approx(0.433333)
    assert meter.figures(1.0)["p50"] is None
    assert meter.figures(2.0)["answered"] == 1
    assert (meter.answered, meter.failed, meter.cut_off, meter.latest) == (4, 1, 0, 1.0)


GROWTH = """
import sys, tracemalloc
from pathlib import Path
import gevent, psutil
sys.path[:0] = [sys.argv[1], sys.argv[2]]
from _perfkit_rows import Rows, Turn
from _perfkit_store import Meter, Store
import numpy as np
from perfkit.recording.events import ROW_TYPE

rows, meter, store = Rows(), Meter(), Store(Path(sys.argv[3]))
process, sizes = psutil.Process(), []
turn = Turn(target=0, patience=None)
turn.phase = 0
for second in range(60):
    for index in range(20_000):
        turn.due = turn.start = second + index / 20_000
        rows.begin(turn)
        rows.end(turn, turn.start + 0.01, index % 100 == 0, rows.errors.of(f"e{second * index}"))
    data, names = rows.take()
    placed = np.frombuffer(data, ROW_TYPE)
    meter.add(placed)
    meter.figures(float(second + 1))
    store.put(placed, names, lambda: None)
    gevent.sleep(0.001)
    sizes.append(process.memory_info().rss)
store.close()
assert store.error is None
assert meter.answered + meter.failed == 1_200_000
print(sizes[9], max(sizes[10:]))
"""


def test_memory_does_not_grow_with_the_number_of_requests(tmp_path: Path) -> None:
    """1.2 million rows as they come in a minute; the first ten seconds warm the allocators up."""
    root = str(ENGINE.parents[2])
    done = subprocess.run(
        [sys.executable, "-c", GROWTH, str(ENGINE), root, str(tmp_path / "rows.arrow")],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    before, after = map(int, done.stdout.split())
    assert after - before < 8e6  # the rows after that are 48 MB
