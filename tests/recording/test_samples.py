"""Samples read back: several files, cut files, what is unknown."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from perfkit.errors import RecordingError
from perfkit.recording.arrow import ColumnWriter
from perfkit.recording.samples import COLUMNS, read_samples

if TYPE_CHECKING:
    from pathlib import Path


def write(path: Path, batches: list[list[int]], **fixed: int) -> Path:
    writer = ColumnWriter(path, COLUMNS)
    for batch in batches:
        rows = {name: [fixed.get(name, number) for number in batch] for name in COLUMNS}
        writer.write({**rows, "at": [1_000_000 * number for number in batch]})
    writer.close()
    return path


def test_several_files_in_order_of_time(tmp_path: Path) -> None:
    late = write(tmp_path / "late", [[5, 6]], rss=7)
    early = write(tmp_path / "early", [[1], [2, 3]])
    samples = read_samples([late, early])
    assert len(samples) == 5
    assert samples.at.tolist() == [1.0, 2.0, 3.0, 5.0, 6.0]
    assert samples.rss.tolist() == [1, 2, 3, 7, 7]
    assert samples.cpu.tolist() == pytest.approx([1e-6, 2e-6, 3e-6, 5e-6, 6e-6])
    assert samples.between(2.0, 5.0).at.tolist() == [2.0, 3.0, 5.0]
    assert len(samples.where(samples.rss > 3)) == 2
    for name, kind in COLUMNS.items():
        assert getattr(samples, name).dtype == (kind if name not in {"at", "cpu"} else "float64")


def test_what_is_unknown_stays_unknown(tmp_path: Path) -> None:
    samples = read_samples([write(tmp_path / "a", [[1]], cpu=-1, files=-1)])
    assert samples.cpu.tolist() == [-1.0]
    assert samples.files.tolist() == [-1]


def test_nothing(tmp_path: Path) -> None:
    assert len(read_samples([])) == 0
    empty = read_samples([write(tmp_path / "a", [])])
    assert len(empty.between(0.0, np.inf)) == 0


def test_a_file_that_was_cut_anywhere(tmp_path: Path) -> None:
    whole = write(tmp_path / "a", [[1, 2], [3, 4]]).read_bytes()
    seen = set()
    for length in range(0, len(whole), 7):
        path = tmp_path / f"cut{length}"
        path.write_bytes(whole[:length])
        seen.add(len(read_samples([path])))
    assert seen == {0, 2, 4}


def test_no_file(tmp_path: Path) -> None:
    with pytest.raises(RecordingError):
        read_samples([tmp_path / "none"])
