from __future__ import annotations

import math
import os
import random
import signal
import sqlite3
import subprocess
import sys
import time
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from perfkit.errors import RecordingError, WritingError
from perfkit.history import Store, Wanted, read_series
from perfkit.history import store as store_module
from perfkit.history.reading import read_cells
from perfkit.history.schema import VERSION
from perfkit.settings import Metric

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from perfkit.history import StoredRow, StoredRun

ALL = Wanted(metric=Metric.TIME, ratio=False, benchmarks=None, limit=None)


def append(path: Path, *runs: StoredRun) -> None:
    with Store(path, write=True) as store:
        for one in runs:
            store.append(one)


def counts(path: Path) -> tuple[int, int]:
    with Store(path, write=False) as store:
        assert store.rows("PRAGMA integrity_check").fetchall() == [("ok",)]
        runs = store.rows("SELECT count(*) FROM run").fetchone()[0]
        return runs, store.rows("SELECT count(*) FROM row").fetchone()[0]


def test_what_is_appended_is_read_back(path: Path, run: Callable[..., StoredRun]) -> None:
    one = run(3)
    append(path, one)
    with Store(path, write=False) as store:
        assert store.benchmarks() == ("json_dumps",)
        (series,) = read_series(store, ALL)
        (facts,) = series.setting.runs
        (cell,) = read_cells(store, "json_dumps", Metric.TIME).values()
    assert (facts.id, facts.created, facts.commit, facts.branch) == (
        one.id,
        one.created,
        one.commit,
        one.branch,
    )
    assert series.values.tolist() == [1e-3]
    assert (cell.ratio, cell.low, cell.high, cell.n) == (1.0, 0.99, 1.01, 20)
    assert [entry.name for entry in path.parent.iterdir()] == [path.name]  # one file at rest


def test_appending_again_changes_nothing_and_a_resumed_run_is_replaced(
    path: Path, run: Callable[..., StoredRun], row: Callable[..., StoredRow]
) -> None:
    append(path, run(1), run(1))
    assert counts(path) == (1, 1)
    more = run(1, row(), row("json_loads"), state="finished")
    append(path, replace(more, rows=more.rows[:1], state="interrupted"), more)
    assert counts(path) == (1, 2)
    append(path, run(1, created="2027-01-01T00:00:00+00:00"))  # another run of the same name
    assert counts(path) == (2, 3)


def test_added_again_a_run_keeps_its_commit(path: Path, run: Callable[..., StoredRun]) -> None:
    append(path, run(1), run(1, commit=None, branch=None))
    with Store(path, write=False) as store:
        (series,) = read_series(store, ALL)
    assert [(facts.commit, facts.branch) for facts in series.setting.runs] == [
        ("1a2b3c4d5e6f", "main")
    ]


def test_what_has_no_number(
    path: Path, run: Callable[..., StoredRun], row: Callable[..., StoredRow]
) -> None:
    nothing = dict.fromkeys(
        ("baseline", "candidate", "candidate_low", "candidate_high", "ratio", "low", "high")
    )
    open_ended = row("wide", low=0.0, high=math.inf, candidate_high=math.inf)
    append(path, run(0, row("failed", **nothing, n=0, verdict="failed"), open_ended))
    with Store(path, write=False) as store:
        (failed,) = read_cells(store, "failed", Metric.TIME).values()
        (wide,) = read_cells(store, "wide", Metric.TIME).values()
        assert [one.benchmark for one in read_series(store, ALL)] == ["wide"]
    assert (failed.candidate, failed.verdict) == (None, "failed")
    assert (wide.low, wide.high, wide.candidate_high) == (None, None, None)


def test_one_benchmark_twice_in_a_run_counts_once(
    path: Path, run: Callable[..., StoredRun], row: Callable[..., StoredRow]
) -> None:
    append(path, run(0, row(), row(value=2e-3), row(metric=Metric.PEAK_MEMORY)))
    assert counts(path) == (1, 2)


# --- opening ---------------------------------------------------------------------------------


def test_there_is_none(path: Path) -> None:
    with pytest.raises(RecordingError, match="there is no history yet"):
        Store(path, write=False)
    assert not path.parent.exists()
    with pytest.raises(RecordingError, match=r"this is a folder.*name a file with --store$"):
        Store(path.parents[1], write=False)


@pytest.mark.parametrize("statement", ["", "PRAGMA user_version = 0"])
def test_an_empty_file_is_no_store_until_it_is_written(
    path: Path, run: Callable[..., StoredRun], statement: str
) -> None:
    """Neither one of no bytes nor SQLite's own without a table."""
    path.parent.mkdir()
    with sqlite3.connect(path) as raw:
        raw.execute(statement)  # the second writes a first page
    raw.close()
    path.touch()
    before = path.read_bytes()
    assert bool(before) == bool(statement)
    with pytest.raises(RecordingError, match=r"this file is empty.*--add RUN_DIR"):
        Store(path, write=False)
    assert path.read_bytes() == before
    assert [entry.name for entry in path.parent.iterdir()] == [path.name]
    append(path, run(0))
    assert counts(path) == (1, 1)


def test_what_is_no_store(path: Path, run: Callable[..., StoredRun]) -> None:
    path.parent.mkdir()
    path.write_text("not a database, but long enough to have a header " * 10)
    for write in (False, True):
        with pytest.raises(RecordingError, match="damaged: file is not a database"):
            Store(path, write=write)
    path.unlink()
    with sqlite3.connect(path) as other:
        other.execute("CREATE TABLE run (mine)")
    other.close()
    before = path.read_bytes()
    with pytest.raises(RecordingError, match="no history of perfkit's"):
        append(path, run(0))
    assert path.read_bytes() == before
    with pytest.raises(WritingError, match="cannot be used"):
        Store(path / "below-a-file.sqlite", write=True)
    with pytest.raises(WritingError, match=r"this is a folder.*safe in its folder"):
        Store(path.parent, write=True)


def test_a_newer_schema_is_left_alone(path: Path, run: Callable[..., StoredRun]) -> None:
    append(path, run(0))
    with sqlite3.connect(path) as raw:
        raw.execute(f"PRAGMA user_version = {VERSION + 1}")
    raw.close()
    with pytest.raises(RecordingError, match="newer perfkit"):
        append(path, run(1))


def test_a_name_that_means_something_in_a_uri(
    tmp_path: Path, run: Callable[..., StoredRun]
) -> None:
    path = tmp_path / "a?mode=memory#b %41 ü.sqlite"
    append(path, run(0))
    assert path.is_file()
    assert counts(path) == (1, 1)


@pytest.mark.parametrize("write", [False, True])
def test_version_1_is_brought_to_the_newest(
    old_store: Path, run: Callable[..., StoredRun], *, write: bool
) -> None:
    with Store(old_store, write=write) as store:
        assert store.rows("PRAGMA user_version").fetchone() == (VERSION,)
        assert store.rows("SELECT branch FROM run").fetchone() == (None,)
        store.append(run(400))
        (series,) = read_series(store, ALL)
    assert series.values.tolist() == [2e-3, 1e-3]


# --- several at once, and sudden ends --------------------------------------------------------


WRITER = """
import sys
from pathlib import Path
sys.path.insert(0, {here!r})
from conftest import make_row, make_run
from perfkit.history import Store
rows = [make_row(f"b{{index}}") for index in range({rows})]
with Store(Path({path!r}), write=True) as store:
    print("ready", flush=True)
    for number in range({first}, {first} + {count}):
        store.append(make_run(number, *rows))
print("done", flush=True)
"""


def writer(path: Path, *, first: int, count: int, rows: int) -> subprocess.Popen[str]:
    here = os.path.dirname(__file__)  # noqa: PTH120 - a text for a program
    code = WRITER.format(here=here, rows=rows, path=str(path), first=first, count=count)
    return subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True)


def test_writers_at_once_all_get_through(path: Path) -> None:
    """They also race for making the store."""
    writers = [writer(path, first=1000 * one, count=15, rows=20) for one in range(3)]
    try:
        said = [one.communicate(timeout=60)[0].split() for one in writers]
    finally:
        for one in writers:
            one.kill()
            one.wait(10)
    assert said == [["ready", "done"]] * 3
    assert counts(path) == (45, 45 * 20)


def test_a_writer_waits_only_so_long(
    path: Path, run: Callable[..., StoredRun], monkeypatch: pytest.MonkeyPatch
) -> None:
    append(path, run(0))
    monkeypatch.setattr(store_module, "PATIENCE", 0.05)
    with Store(path, write=True) as other:
        other.rows("BEGIN IMMEDIATE")
        with pytest.raises(WritingError, match=r"locked.*try again"):
            append(path, run(1))
        other.rows("ROLLBACK")
    append(path, run(1))
    assert counts(path) == (2, 2)


def test_killed_while_writing(path: Path) -> None:
    """A run is there whole or not at all, and the next writer goes on as if nothing had been."""
    chance = random.Random(1)
    rows, known = 1000, 0
    for attempt in range(5):
        killed = writer(path, first=1000 * attempt, count=1000, rows=rows)
        try:
            assert killed.stdout is not None
            assert killed.stdout.readline() == "ready\n"
            time.sleep(chance.uniform(0.02, 0.3))
        finally:
            killed.send_signal(signal.SIGKILL)
            killed.communicate(timeout=10)
        runs, found = counts(path)
        assert found == runs * rows
        assert runs >= known
        known = runs
    assert known > 0


def test_killed_in_the_middle_of_a_transaction(path: Path, run: Callable[..., StoredRun]) -> None:
    """What was on its way to the disk is taken back, even by one who only reads."""
    append(path, run(0))
    code = """
import os, signal, sqlite3, sys
raw = sqlite3.connect(sys.argv[1], isolation_level=None)
raw.execute("PRAGMA cache_size = 5")  # so that pages reach the file before the end
raw.execute("BEGIN IMMEDIATE")
raw.execute("DELETE FROM row")
raw.execute("CREATE TABLE filling (text)")
raw.executemany("INSERT INTO filling VALUES (?)", (("x" * 1000,) for _ in range(3000)))
os.kill(os.getpid(), signal.SIGKILL)
"""
    done = subprocess.run([sys.executable, "-c", code, str(path)], check=False, timeout=60)
    assert done.returncode == -signal.SIGKILL
    assert path.with_name(f"{path.name}-journal").exists()
    assert counts(path) == (1, 1)
    assert not path.with_name(f"{path.name}-journal").exists()
