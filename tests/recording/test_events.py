"""Events on the disk: what is written comes back, from one worker or several, cut or whole."""

from __future__ import annotations

import resource
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from perfkit.errors import RecordingError, WritingError
from perfkit.recording.arrow import ColumnWriter, read_columns
from perfkit.recording.events import (
    COLUMNS,
    ROW,
    ROW_TYPE,
    EventWriter,
    Name,
    names_path,
    read_events,
)

REQUESTS = (Name(kind="request", number=0, text="a"), Name(kind="request", number=1, text="b"))
ERRORS = (Name(kind="error", number=0, text="no"),)


def rows(count: int, **columns: Any) -> np.ndarray[Any, Any]:
    made = np.zeros(count, dtype=ROW_TYPE)
    made["error"] = -1
    made["due"] = np.arange(count)
    for name, values in columns.items():
        made[name] = values
    return made


def test_a_row_is_packed_as_numpy_reads_it() -> None:
    assert ROW.size == ROW_TYPE.itemsize == 48
    values = (-1, 2, 3, 4, 5 << 32, 404, 1, -32768, 7, -1, -1, 1)
    (row,) = np.frombuffer(ROW.pack(*values), ROW_TYPE)
    assert tuple(row) == values
    assert ROW_TYPE.names == tuple(COLUMNS)


def test_there_and_back(tmp_path: Path) -> None:
    writer = EventWriter(tmp_path / "events" / "t-w0.arrow")
    first = rows(3, due=[-5, 0, 1_500_000], start=[1, 2, 3], end=[10, 20, 30], slip=[0, 1, 2])
    writer.write(first, REQUESTS)
    writer.write(rows(0), ())
    writer.write(rows(2, request=[1, 0], error=[0, -1], outcome=[1, 2], size=1 << 40), ERRORS)
    writer.close()
    events = read_events([tmp_path / "events" / "t-w0.arrow"])
    assert len(events) == 5
    assert np.allclose(events.due, [-5e-6, 0, 1.5, 0, 1e-6], rtol=0, atol=1e-12)
    assert np.allclose(events.slip, [0, 1e-6, 2e-6, 0, 0], rtol=0, atol=1e-12)
    assert events.request.tolist() == [0, 0, 0, 1, 0]
    assert events.error.tolist() == [-1, -1, -1, 0, -1]
    assert events.size.tolist() == [0, 0, 0, 1 << 40, 1 << 40]
    assert (events.requests, events.errors) == (("a", "b"), ("no",))
    for name, kind in COLUMNS.items():
        wanted = "float64" if name in {"due", "start", "end", "slip"} else kind
        assert getattr(events, name).dtype == np.dtype(wanted), name
    assert len(events.where(events.outcome == 2)) == 1


def test_names_that_workers_numbered_differently_are_one(tmp_path: Path) -> None:
    files = [tmp_path / f"w{worker}.arrow" for worker in range(3)]
    for file, texts in zip(files, (("a", "b"), ("b", "c", "a"), ()), strict=True):
        writer = EventWriter(file)
        names = [Name(kind="request", number=n, text=text) for n, text in enumerate(texts)]
        writer.write(rows(len(texts), request=np.arange(len(texts))), names)
        writer.close()
    events = read_events(files)
    assert [events.requests[number] for number in events.request] == ["a", "b", "b", "c", "a"]
    assert events.requests == ("a", "b", "c")


def test_nothing_at_all(tmp_path: Path) -> None:
    events = read_events([])
    assert (len(events), events.requests, events.due.dtype) == (0, (), np.float64)
    for path in (tmp_path / "x.arrow", names_path(tmp_path / "x.arrow")):
        path.touch()  # the engine died at once
    assert len(read_events([tmp_path / "x.arrow"])) == 0


def test_wherever_a_file_is_cut_the_whole_batches_before_come_back(tmp_path: Path) -> None:
    writer = EventWriter(tmp_path / "whole.arrow")
    ends = [0]
    for batch in range(4):
        writer.write(rows(100, request=batch % 2), REQUESTS if batch == 0 else ())
        ends.append((tmp_path / "whole.arrow").stat().st_size)
    writer.close()
    data = (tmp_path / "whole.arrow").read_bytes()
    names = names_path(tmp_path / "whole.arrow").read_bytes()
    cut = tmp_path / "cut.arrow"
    names_path(cut).write_bytes(names + b'["requ')
    for size in range(0, len(data) + 1, 17):
        cut.write_bytes(data[:size])
        whole = sum(end <= size for end in ends[1:])
        assert len(read_events([cut])) == 100 * whole


def test_existing_files_are_left_alone(tmp_path: Path) -> None:
    (tmp_path / "a.arrow").write_text("precious")
    with pytest.raises(WritingError):
        EventWriter(tmp_path / "a.arrow")
    names_path(tmp_path / "b.arrow").write_text("precious")
    with pytest.raises(WritingError):
        EventWriter(tmp_path / "b.arrow")
    assert names_path(tmp_path / "b.arrow").read_text() == "precious"


@pytest.mark.parametrize("text", ["[1]\n", '["request", 0]\n', '{"a": 1}\n', '["x", 0, "a"]\n'])
def test_damaged_names(tmp_path: Path, text: str) -> None:
    EventWriter(tmp_path / "a.arrow").close()
    names_path(tmp_path / "a.arrow").write_text(text)
    with pytest.raises(RecordingError, match="names of events cannot be read"):
        read_events([tmp_path / "a.arrow"])


def test_numbers_without_a_name_and_missing_files(tmp_path: Path) -> None:
    writer = EventWriter(tmp_path / "a.arrow")
    writer.write(rows(2, error=[4, -1]), REQUESTS)
    writer.close()
    with pytest.raises(RecordingError, match="numbers that have no name"):
        read_events([tmp_path / "a.arrow"])
    names_path(tmp_path / "a.arrow").unlink()
    with pytest.raises(RecordingError, match="names of a file of events are missing"):
        read_events([tmp_path / "a.arrow"])
    with pytest.raises(RecordingError):
        read_events([tmp_path / "nothing.arrow"])
    (tmp_path / "b.arrow").write_text("something else altogether")
    with pytest.raises(RecordingError, match="cannot be read"):
        read_columns([tmp_path / "b.arrow"], {"due": "int64"})


def test_missing_columns(tmp_path: Path) -> None:
    writer = ColumnWriter(tmp_path / "a.arrow", {"x": "int32"})
    writer.write({"x": [1, 2]})
    writer.close()
    assert read_columns([tmp_path / "a.arrow"] * 2, {"x": "int32"})["x"].tolist() == [1, 2, 1, 2]
    with pytest.raises(RecordingError, match="without y"):
        read_columns([tmp_path / "a.arrow"], {"x": "int32", "y": "int8"})


FULL = """
import resource, sys
from pathlib import Path
import numpy as np
from perfkit.errors import WritingError
from perfkit.recording.events import ROW_TYPE, EventWriter

writer = EventWriter(Path(sys.argv[1]))
resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, resource.RLIM_INFINITY))
random, written = np.random.default_rng(1), 0
try:
    while True:
        batch = np.zeros(500, dtype=ROW_TYPE)
        batch["due"] = random.integers(0, 2**62, 500)
        batch["request"] = batch["error"] = -1
        writer.write(batch, ())
        written += 500
except WritingError as error:
    assert "File too large" in str(error)
    assert "--output" in str(error)
resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
writer.write(batch, ())  # there is room again
writer.close()
print(written + 500)
"""


@pytest.mark.skipif(not hasattr(resource, "RLIMIT_FSIZE"), reason="no limit on the size of files")
def test_a_full_disk_costs_the_batch_under_way_only(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", FULL, str(tmp_path / "a.arrow")],
        capture_output=True,
        text=True,
        check=False,
        cwd=Path(__file__).parents[2],
    )
    assert done.returncode == 0, done.stderr
    assert len(read_events([tmp_path / "a.arrow"])) == int(done.stdout) > 1000


def test_writing_and_reading_import_no_pandas(tmp_path: Path) -> None:
    """Its import takes half a second, in the middle of a measurement or whenever a run is shown."""
    code = """
import sys
from pathlib import Path
import numpy as np
from perfkit.recording.arrow import read_batches
from perfkit.recording.events import ROW_TYPE, EventWriter
writer = EventWriter(Path(sys.argv[1]))
writer.write(np.zeros(5, dtype=ROW_TYPE), ())
assert [len(one["due"]) for one in read_batches(Path(sys.argv[1]), ["due"])] == [5]
assert "pandas" not in sys.modules
"""
    subprocess.run(
        [sys.executable, "-c", code, str(tmp_path / "a.arrow")],
        check=True,
        cwd=Path(__file__).parents[2],
    )


def test_a_million_rows_stay_small(tmp_path: Path) -> None:
    """About what a service with a spread of latencies gives; the README states the figure."""
    random = np.random.default_rng(1)
    writer = EventWriter(tmp_path / "a.arrow")
    names = REQUESTS
    for second in range(20):
        due = second * 1_000_000 + np.arange(5000) * 200
        start = due + random.integers(60, 130, 5000)
        end = start + random.lognormal(9.5, 0.5, 5000).astype(np.int64)
        batch = rows(5000, due=due, start=start, end=end, slip=start - due, size=1200, status=200)
        batch["request"] = random.integers(0, 2, 5000)
        writer.write(batch, names)
        names = ()
    writer.close()
    per_million = (tmp_path / "a.arrow").stat().st_size * 10
    assert per_million < 20e6
