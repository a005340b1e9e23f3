from __future__ import annotations

import random
import sqlite3
from typing import TYPE_CHECKING

import pytest

from perfkit.errors import RecordingError
from perfkit.history import Store, Wanted, read_series, repair
from perfkit.history.pages import records
from perfkit.settings import Metric

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from perfkit.history import StoredRow, StoredRun

RUNS, BENCHMARKS = 150, 20
ALL = Wanted(metric=Metric.TIME, ratio=False, benchmarks=None, limit=None)


@pytest.fixture(scope="module")
def whole(
    tmp_path_factory: pytest.TempPathFactory,
    run: Callable[..., StoredRun],
    row: Callable[..., StoredRow],
) -> bytes:
    path = tmp_path_factory.mktemp("whole") / "history.sqlite"
    with Store(path, write=True) as store:
        for number in range(RUNS):
            rows = (row(f"b{index:02}", 1e-3 * (number + 1)) for index in range(BENCHMARKS))
            store.append(run(number, *rows))
    return path.read_bytes()


@pytest.fixture
def filled(path: Path, whole: bytes) -> Path:
    path.parent.mkdir()
    path.write_bytes(whole)
    return path


def look(path: Path) -> int:
    """Read everything; the number of runs."""
    with Store(path, write=False) as store:
        assert store.rows("PRAGMA integrity_check").fetchall() == [("ok",)]
        series = read_series(store, ALL)
    for one in series:
        for value, facts in zip(one.values, one.setting.runs[one.first :], strict=True):
            number = int(facts.id.removeprefix("run-"))
            assert not value > 0 or value == pytest.approx(1e-3 * (number + 1))  # NaN is a gap
    return len({facts.id for one in series for facts in one.setting.runs})


def test_a_sound_store_is_left_alone(filled: Path) -> None:
    before = filled.read_bytes()
    done = repair(filled)
    assert (done.kept, done.runs, done.rows) == (None, RUNS, RUNS * BENCHMARKS)
    assert filled.read_bytes() == before


@pytest.mark.parametrize("share", [0.3, 0.6, 0.9, 0.99])
def test_a_truncated_store(filled: Path, share: float) -> None:
    whole = filled.read_bytes()
    cut = whole[: int(len(whole) * share)]
    filled.write_bytes(cut)
    with pytest.raises(RecordingError, match="damaged") as caught, Store(filled, write=False) as s:
        read_series(s, ALL)
    assert f"perfkit history --repair --store {filled}" in str(caught.value)
    with pytest.raises(RecordingError, match="damaged"):
        Store(filled, write=True)
    done = repair(filled)
    assert done.kept is not None
    assert done.kept.read_bytes() == cut  # nothing of the old file is lost
    assert look(filled) == done.runs
    assert done.runs >= RUNS * share * 0.5
    assert done.rows >= RUNS * BENCHMARKS * share * 0.5
    assert len(done.cut + done.bare) <= 3 + RUNS * (1 - share)
    assert repair(filled).kept is None
    assert sorted(one.name for one in filled.parent.iterdir()) == [filled.name, done.kept.name]


def test_wild_bytes_in_the_middle(filled: Path) -> None:
    whole = bytearray(filled.read_bytes())
    chance = random.Random(2)
    for _ in range(3):
        page = chance.randrange(12, len(whole) // 4096)
        whole[page * 4096 : page * 4096 + 400] = chance.randbytes(400)
    filled.write_bytes(whole)
    done = repair(filled)
    assert done.kept is not None
    assert 0 < look(filled) <= done.runs <= RUNS
    assert done.rows <= RUNS * BENCHMARKS


def test_a_store_is_verified_to_its_last_page(filled: Path) -> None:
    """What only shows when a broken page is read is found as well."""
    with Store(filled, write=True) as store:
        store.verify()
    whole = bytearray(filled.read_bytes())
    whole[30 * 4096 : 30 * 4096 + 400] = random.Random(2).randbytes(400)
    filled.write_bytes(whole)
    with Store(filled, write=True) as store, pytest.raises(RecordingError, match="--repair"):
        store.verify()


def test_wrong_types_are_left_out_not_believed(filled: Path) -> None:
    with sqlite3.connect(filled) as raw:
        raw.execute("UPDATE row SET candidate = 'x' WHERE run = 1 AND subject = 1")
        raw.execute("UPDATE run SET machine = x'00ff' WHERE id = 2")
    raw.close()
    with pytest.raises(RecordingError, match="damaged") as caught, Store(filled, write=False) as s:
        read_series(s, ALL)
    assert "--repair" in str(caught.value)


def test_nothing_to_be_saved(path: Path, whole: bytes) -> None:
    with pytest.raises(RecordingError, match="there is no history to repair"):
        repair(path)
    path.parent.mkdir()
    for before in (b"\x00\xff" * 5000, whole[:5000]):
        path.write_bytes(before)
        with pytest.raises(RecordingError, match="damaged") as caught:
            Store(path, write=True)
        assert "--repair" not in str(caught.value)  # it would save nothing
        assert "move it away, and a new one is made" in str(caught.value)
        with pytest.raises(RecordingError, match="nothing can be read"):
            repair(path)
        assert path.read_bytes() == before
        assert [one.name for one in path.parent.iterdir()] == [path.name]


def test_somebody_elses_file_is_not_repaired(path: Path) -> None:
    path.parent.mkdir()
    with sqlite3.connect(path) as other:
        other.execute("CREATE TABLE theirs (a)")
    other.close()
    with pytest.raises(RecordingError, match="no history of perfkit's"):
        repair(path)


def test_an_old_schema_is_repaired_too(old_store: Path) -> None:
    whole = old_store.read_bytes()
    old_store.write_bytes(whole[:-100])
    done = repair(old_store)
    assert done.kept is not None
    assert (done.runs, done.rows) == (1, 0)
    assert (done.cut, done.bare) == ((), ("old",))  # its row stood at the very end


def test_every_record_is_found_without_the_trees(
    path: Path, run: Callable[..., StoredRun], row: Callable[..., StoredRow]
) -> None:
    """Huge texts, which go on on other pages, included."""
    long = "ü\n<b>" * 3000
    with Store(path, write=True) as store:
        for number in range(40):
            rows = (row(f"{index}" + "é" * 900, 1e-3 / 3) for index in range(10))
            store.append(run(number, *rows, candidate=f"{number}{long}", cpus=None, commit=None))
    found = list(records(path.read_bytes()))
    with sqlite3.connect(path) as raw:
        for table, width in (("run", 19), ("row", 11), ("subject", 3)):
            lines = raw.execute(f"SELECT * FROM {table}").fetchall()  # noqa: S608 - a test
            key = table in {"run", "subject"}
            have = {
                (one.key, *one.values[1:]) if key else one.values
                for one in found
                if len(one.values) == width and (one.key is not None) == key
            }
            assert have >= set(lines)
    raw.close()


def test_nonsense_is_no_record() -> None:
    chance = random.Random(3)
    assert list(records(b"")) == []
    for _ in range(300):
        head = bytes([chance.choice([2, 10, 13]), 0, 0, 0, 40, 0, 0, 0])
        page = bytearray(chance.randbytes(100) + head + chance.randbytes(4096 - 108))
        for record in records(bytes(page) * 2):
            assert isinstance(record.values, tuple)
