"""Appends runs to a store and reads them back.

SQLite, for these reasons: it comes with Python, so that a store can be read wherever perfkit runs;
one file is what a CI cache or an artifact carries; a run is one transaction, so that it is there
whole or not at all, whatever kills the writer; its format is stable and read by everything. DuckDB
(30 MB) and Parquet (pyarrow is there already) are faster over a hundred million rows; a thousand
runs of a thousand benchmarks are one million, and read in a second. DuckDB allows one writing
process only, and a folder of Parquet files has no transaction.

The rollback journal, not WAL: a store at rest is one file, with nothing beside it that a copy
would miss; it works on network folders as well; and a store sees one short write a run. A second
writer waits for the first.
"""

from __future__ import annotations

import contextlib
import math
import shlex
import sqlite3
from datetime import datetime
from typing import TYPE_CHECKING

from perfkit.errors import PerfkitError, RecordingError, WritingError
from perfkit.history.schema import APPLICATION, VERSION, migrate

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path
    from types import TracebackType
    from typing import Self

    from perfkit.history.values import StoredRow, StoredRun

PATIENCE = 30.0
"""Seconds a writer waits for another."""

MOVE_AWAY = (
    "move it away, and a new one is made; 'perfkit history --add RUN_DIR' adds runs recorded before"
)
"""What to do about a store from which nothing can be saved."""

_FILL = "add to it with 'perfkit check --store' or 'perfkit history --add RUN_DIR'"

# In the order of the tables, on which `perfkit.history.repair` relies.
RUN_COLUMNS = (
    *("name", "created", "time", "command", "state", "outcome", "perfkit", "baseline"),
    *("candidate", "baseline_setting", "candidate_setting", "baseline_packages"),
    *("candidate_packages", "machine", "cpus", '"commit"', "rows", "branch"),
)
ROW_COLUMNS = (
    *("baseline", "candidate", "candidate_low", "candidate_high", "ratio", "low", "high"),
    *("n", "verdict"),
)
_DAMAGE = ("malformed", "disk i/o error", "not a database", "corrupt")


class Store:
    """A store that is open, as a context manager.

    Args:
        path: The file.
        write: It is made where there is none. A store that is only read is brought to the newest
            schema all the same.

    Raises:
        RecordingError: There is none, it is no store, it is empty and only read, it is damaged, or
            of a newer perfkit.
        WritingError: It cannot be made or written.
    """

    def __init__(self, path: Path, *, write: bool) -> None:
        self.path = path
        with self._telling():
            refuse_folder(path, write=write)
            if not write and not path.is_file():
                raise RecordingError("there is no history yet", got=str(path), remedy=_FILL)
            if write:
                path.parent.mkdir(parents=True, exist_ok=True)
            # Written to even when only read: what a killed writer began is taken back.
            self.connection = connect(path, "rwc" if write else "rw")
        try:
            with self._telling():
                self._check(write=write)
        except BaseException:
            self.connection.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.connection.close()

    def append(self, run: StoredRun) -> None:
        """Add a run; one that is there already (resumed since, say) is replaced.

        Raises:
            WritingError: It cannot be written; the store is as it was.
            RecordingError: The store is damaged.
        """
        with self._telling(), self._writing():
            insert(self.connection, run)

    def verify(self) -> None:
        """Make sure that a run can be added: the file is whole, and may be written.

        Raises:
            WritingError: It cannot be written.
            RecordingError: The store is damaged.
        """
        with self._telling():
            with self._writing():
                pass
            found = self.connection.execute("PRAGMA quick_check(1)").fetchone()[0]
        if found != "ok":
            raise _damaged(str(found), self.path)

    def benchmarks(self) -> tuple[str, ...]:
        """The names of all benchmarks, in order."""
        with self._telling():
            found = self.connection.execute("SELECT DISTINCT benchmark FROM subject ORDER BY 1")
            return tuple(name for (name,) in found)

    def rows(self, sql: str, values: tuple[object, ...] = ()) -> sqlite3.Cursor:
        """What a query finds; for `perfkit.history.reading`."""
        return self.connection.execute(sql, values)

    @contextlib.contextmanager
    def telling(self) -> Iterator[None]:
        """Words for what goes wrong while something is read.

        Raises:
            RecordingError: The store is damaged.
        """
        try:
            with self._telling():
                yield
        except (ValueError, TypeError, OverflowError) as error:  # text where a number should be
            raise _damaged(str(error), self.path) from error

    def _check(self, *, write: bool) -> None:
        self.connection.execute("BEGIN")  # so that all is of one moment
        version, application = (
            int(self.connection.execute(f"PRAGMA {name}").fetchone()[0])
            for name in ("user_version", "application_id")
        )
        tables = self.connection.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]
        size, pages = (
            int(self.connection.execute(f"PRAGMA {name}").fetchone()[0])
            for name in ("page_size", "page_count")
        )
        # SQLite itself reads the rest of a page that was cut off as zeros.
        if self.path.stat().st_size < size * pages:
            raise _damaged("its end is missing", self.path)
        self.connection.execute("COMMIT")
        if not tables and not write:
            # Whoever only looks makes no store of a file that may be anything.
            raise RecordingError(
                "this file is empty: there is no history in it yet",
                got=str(self.path),
                remedy=_FILL,
            )
        if tables and application != APPLICATION:
            raise RecordingError(
                "this SQLite file is no history of perfkit's",
                got=str(self.path),
                remedy="name another file with --store",
            )
        if version > VERSION:
            raise RecordingError(
                f"this history was written by a newer perfkit (schema {version})",
                got=str(self.path),
                allowed=f"schemas up to {VERSION}",
                remedy="upgrade perfkit",
            )
        if version < VERSION:
            with self._writing():
                migrate(self.connection)

    @contextlib.contextmanager
    def _writing(self) -> Iterator[None]:
        """A transaction; the lock is taken at its start, so that no two can wait for each other."""
        self.connection.execute("BEGIN IMMEDIATE")
        try:
            yield
            self.connection.execute("COMMIT")
        except BaseException:
            with contextlib.suppress(sqlite3.Error):
                self.connection.execute("ROLLBACK")
            raise

    @contextlib.contextmanager
    def _telling(self) -> Iterator[None]:
        try:
            yield
        except (sqlite3.Error, OSError) as error:
            raise explained(error, self.path) from error


def refuse_folder(path: Path, *, write: bool) -> None:
    """Say what a folder is, which SQLite "cannot open".

    Raises:
        WritingError: It is one, and was to be written.
        RecordingError: It is one, and was to be read.
    """
    if path.is_dir():
        safe = "; the run itself is safe in its folder" if write else ""
        raise (WritingError if write else RecordingError)(
            "this is a folder, and a history is a file",
            got=str(path),
            remedy=f"name a file with --store{safe}",
        )


def connect(path: Path, mode: str) -> sqlite3.Connection:
    """SQLite's connection: ``"ro"``, ``"rw"`` (read where it cannot be written) or ``"rwc"``."""
    connection = sqlite3.connect(
        f"{path.absolute().as_uri()}?mode={mode}",
        uri=True,
        timeout=PATIENCE,
        isolation_level=None,
    )
    # Nothing in a file that somebody else made may run code of this process.
    connection.execute("PRAGMA trusted_schema = OFF")
    connection.execute("PRAGMA foreign_keys = ON")
    return connection


def explained(error: Exception, path: Path) -> PerfkitError:
    """What SQLite or the system says, with what to do about it."""
    said = error.strerror or str(error) if isinstance(error, OSError) else str(error)
    if any(word in said.lower() for word in _DAMAGE):
        return _damaged(said, path)
    remedy = "name another file with --store; the run itself is safe in its folder"
    if "locked" in said:
        remedy = "try again once the other perfkit has finished"
    return WritingError(f"the history cannot be used: {said}", got=str(path), remedy=remedy)


def _damaged(said: str, path: Path) -> RecordingError:
    from perfkit.history.repair import holds_runs

    if holds_runs(path):
        remedy = (
            f"run 'perfkit history --repair --store {shlex.quote(str(path))}': it saves what can "
            "be read into a new file and keeps the old one"
        )
    else:
        remedy = f"nothing can be saved from it: {MOVE_AWAY}"
    return RecordingError(f"the history is damaged: {said}", got=str(path), remedy=remedy)


def insert(connection: sqlite3.Connection, run: StoredRun) -> None:
    """Write a run within the transaction that is open, in place of an older state of it."""
    named = "WHERE name = ? AND created = ?", (run.id, run.created)
    known = connection.execute(f'SELECT "commit", branch FROM run {named[0]}', named[1])  # noqa: S608 - constants
    # Added again from its folder, a run comes without what only its own time could tell.
    commit, branch = (run.commit, run.branch) if run.commit else known.fetchone() or (None, None)
    connection.execute(f"DELETE FROM run {named[0]}", named[1])  # noqa: S608 - constants
    keys = {(row.benchmark, row.metric) for row in run.rows}
    marks = ", ".join("?" for _ in RUN_COLUMNS)
    cursor = connection.execute(
        f"INSERT INTO run ({', '.join(RUN_COLUMNS)}) VALUES ({marks})",  # noqa: S608 - constants
        (
            *(run.id, run.created, seconds_of(run.created), run.command, run.state, run.outcome),
            *(run.perfkit, run.baseline, run.candidate, run.baseline_setting),
            *(run.candidate_setting, run.baseline_packages, run.candidate_packages),
            *(run.machine, run.cpus, commit, len(keys), branch),
        ),
    )
    subjects = _subjects(connection, run)
    connection.executemany(
        f"INSERT OR REPLACE INTO row (run, subject, {', '.join(ROW_COLUMNS)}) "  # noqa: S608 - constants
        "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            (cursor.lastrowid, subjects[row.benchmark, row.metric.value], *_cells(row))
            for row in run.rows
        ),
    )


def _subjects(connection: sqlite3.Connection, run: StoredRun) -> dict[tuple[str, str], int]:
    named = [(row.benchmark, row.metric.value) for row in run.rows]
    connection.executemany("INSERT OR IGNORE INTO subject (benchmark, metric) VALUES (?, ?)", named)
    found = connection.execute("SELECT benchmark, metric, id FROM subject")
    return {(benchmark, metric): key for benchmark, metric, key in found}


def _cells(row: StoredRow) -> tuple[object, ...]:
    numbers = (row.baseline, row.candidate, row.candidate_low, row.candidate_high)
    ratios = (row.ratio, row.low, row.high)
    return (*map(_finite, (*numbers, *ratios)), row.n, row.verdict)


def _finite(number: float | None) -> float | None:
    """A number that can be compared, else nothing: a store holds no infinities."""
    return number if number is not None and math.isfinite(number) and number > 0 else None


def seconds_of(created: str) -> float:
    """Seconds since 1970 of an ISO 8601 time, for the order of runs; 0 when it is none."""
    try:
        return datetime.fromisoformat(created).timestamp()
    except (ValueError, OverflowError, OSError):
        return 0.0
