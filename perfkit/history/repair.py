"""Saves what can be read of a damaged store into a new one; the old file is kept."""

from __future__ import annotations

import contextlib
import os
import tempfile
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from perfkit.errors import RecordingError
from perfkit.history.pages import Value, records
from perfkit.history.store import (
    MOVE_AWAY,
    ROW_COLUMNS,
    RUN_COLUMNS,
    Store,
    explained,
    insert,
    refuse_folder,
)
from perfkit.history.values import StoredRow, StoredRun
from perfkit.settings import Metric

if TYPE_CHECKING:
    from collections.abc import Iterator

    from perfkit.history.pages import Record

_NUMBERS = len(ROW_COLUMNS) - 2  # of a row's columns; the others are n and the verdict
_ROW_FIELDS = 2 + len(ROW_COLUMNS)
_RUN_FIELDS = {len(RUN_COLUMNS), len(RUN_COLUMNS) + 1}  # without and with the latest column
_SUBJECT_FIELDS = 3
_TEXTS = tuple(
    name for name in RUN_COLUMNS if name not in {"time", "cpus", '"commit"', "rows", "branch"}
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Repaired:
    """What a repair came to.

    Attributes:
        path: The store.
        kept: Where the damaged file is now; None when nothing was wrong and nothing was done.
        runs: Runs in the store.
        rows: Their rows.
        cut: Names of runs some of whose rows could not be read; the others were saved.
        bare: Names of runs none of whose rows could be read: only that they were is known.
    """

    path: Path
    kept: Path | None
    runs: int
    rows: int
    cut: tuple[str, ...]
    bare: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Salvage:
    """What was found in the pages of a file.

    Attributes:
        runs: Columns of each run, in the order of `RUN_COLUMNS`, by number.
        subjects: Benchmark and metric by number.
        rows: Columns of each row by run and subject.
    """

    runs: dict[int, tuple[Value, ...]]
    subjects: dict[int, tuple[str, Metric]]
    rows: dict[int, dict[int, tuple[Value, ...]]]


def repair(path: Path) -> Repaired:
    """Check a store and, where it is damaged, put a new one with all that can be read in its place.

    What is read is checked for its types only: SQLite has no checksums, so that a wrong number
    inside a sound page cannot be told.

    Raises:
        RecordingError: There is no file, or nothing at all can be read from it.
        WritingError: The new file cannot be written; nothing has changed.
    """
    refuse_folder(path, write=False)
    if not path.is_file():
        raise RecordingError("there is no history to repair", got=str(path))
    if (sound := _sound(path)) is not None:
        return sound
    try:
        found = _salvage(path.read_bytes())
        handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
        os.close(handle)
    except OSError as error:
        raise explained(error, path) from error
    fresh = Path(name)
    try:
        saved = _save(found, fresh)
        if not saved.runs:
            raise RecordingError(
                "nothing can be read from this history",
                got=str(path),
                remedy=MOVE_AWAY,
            )
        kept = _free_name(path)
        path.replace(kept)
        # What a killed writer left beside it belongs to the old file.
        with contextlib.suppress(FileNotFoundError):
            path.with_name(f"{path.name}-journal").replace(kept.with_name(f"{kept.name}-journal"))
        fresh.chmod(0o644)
        fresh.replace(path)
    except OSError as error:
        raise explained(error, path) from error
    finally:
        fresh.unlink(missing_ok=True)
    return replace(saved, path=path, kept=kept)


def holds_runs(path: Path) -> bool:
    """Whether `repair` would find at least one run; ends with the first."""
    try:
        data = path.read_bytes()
    except OSError:
        return True  # nobody can tell
    return any(_run(found, ())[0] is not None for one in records(data) if (found := _columns(one)))


def _sound(path: Path) -> Repaired | None:
    """The counts of a store in which nothing is wrong."""
    try:
        with Store(path, write=False) as store, store.telling():
            if store.rows("PRAGMA integrity_check(1)").fetchone()[0] != "ok":
                return None
            runs, rows = (
                int(store.rows(f"SELECT count(*) FROM {table}").fetchone()[0])  # noqa: S608 - constants
                for table in ("run", "row")
            )
    except RecordingError as error:
        if "damaged" in error.what:
            return None
        raise
    return Repaired(path=path, kept=None, runs=runs, rows=rows, cut=(), bare=())


def _free_name(path: Path) -> Path:
    """Where the damaged file is kept."""
    number = 1
    while (kept := path.with_name(f"{path.name}.damaged-{number}")).exists():
        number += 1
    return kept


def _salvage(data: bytes) -> _Salvage:
    """Sort the records of a file by what they are, which their columns tell."""
    found = _Salvage(runs={}, subjects={}, rows={})
    for record in records(data):
        values = record.values
        if record.key is not None and (columns := _columns(record)):
            found.runs[record.key] = columns
        elif len(values) == _ROW_FIELDS and isinstance(values[0], int):
            if isinstance(values[1], int):
                found.rows.setdefault(values[0], {})[values[1]] = values[2:]
        elif len(values) == _SUBJECT_FIELDS:
            found.subjects.update(_subject(record))
    return found


def _columns(record: Record) -> tuple[Value, ...]:
    """Those of a run, if the record may be one; else none."""
    if record.key is None or len(record.values) not in _RUN_FIELDS:
        return ()
    # Its number first, which is kept elsewhere; older runs lack the last column.
    return (*record.values[1:], None)[: len(RUN_COLUMNS)]


def _subject(record: Record) -> dict[int, tuple[str, Metric]]:
    """From the table, or from the index of names."""
    key, (first, second, third) = record.key, record.values
    if key is None:
        key, first, second, third = (third if isinstance(third, int) else None), None, first, second
    is_one = key is not None and first is None and isinstance(second, str)
    if not is_one or key is None or not isinstance(second, str) or third not in set(Metric):
        return {}
    return {key: (second, Metric(str(third)))}


def _save(found: _Salvage, fresh: Path) -> Repaired:
    rows: dict[tuple[str, str], tuple[int, int]] = {}  # of each run: read, and there once
    with Store(fresh, write=True) as store, store.telling():
        store.rows("BEGIN IMMEDIATE")
        for key in sorted(found.runs):  # a run that was written again has a higher number
            read = tuple(_rows(found, key))
            run, count = _run(found.runs[key], read)
            if run is None:
                continue
            insert(store.connection, run)
            rows[run.id, run.created] = (len(read), count)
        store.rows("COMMIT")
    return Repaired(
        path=fresh,
        kept=None,
        runs=len(rows),
        rows=sum(read for read, _ in rows.values()),
        cut=tuple(name for (name, _), (read, count) in rows.items() if 0 < read != count),
        bare=tuple(name for (name, _), (read, count) in rows.items() if 0 == read != count),
    )


def _rows(found: _Salvage, run: int) -> Iterator[StoredRow]:
    """The rows of a run whose columns have the types they should."""
    for key, values in found.rows.get(run, {}).items():
        *numbers, n, verdict = values
        known = [_real(number) for number in numbers]
        right = all(
            number is None or real is not None for number, real in zip(numbers, known, strict=True)
        )
        if key in found.subjects and right and isinstance(n, int) and isinstance(verdict, str):
            benchmark, metric = found.subjects[key]
            fields = dict(zip(ROW_COLUMNS[:_NUMBERS], known, strict=True))
            yield StoredRow(benchmark=benchmark, metric=metric, n=n, verdict=verdict, **fields)


def _real(value: Value) -> float | None:
    return float(value) if isinstance(value, int | float) else None


def _run(values: tuple[Value, ...], rows: tuple[StoredRow, ...]) -> tuple[StoredRun | None, int]:
    """A run whose texts are texts, and how many rows it had."""
    known = dict(zip(RUN_COLUMNS, values, strict=True))
    count, cpus = known["rows"], known["cpus"]
    commit, branch = known['"commit"'], known["branch"]
    texts = {name: text for name in _TEXTS if isinstance(text := known[name], str)}
    if len(texts) < len(_TEXTS) or not isinstance(count, int):
        return None, 0
    run = StoredRun(
        id=texts.pop("name"),
        cpus=cpus if isinstance(cpus, int) else None,
        commit=commit if isinstance(commit, str) else None,
        branch=branch if isinstance(branch, str) else None,
        rows=rows,
        **texts,
    )
    return run, count
