"""The tables of a store and how an older store becomes a newer one.

``PRAGMA user_version`` is the number of migrations done. One is never changed, only added to.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    import sqlite3

APPLICATION: Final = 0x70666B74
"""``PRAGMA application_id``: tells a store from any other SQLite file ("pfkt")."""

MIGRATIONS: Final[tuple[tuple[str, ...], ...]] = (
    (
        """CREATE TABLE run (
            id INTEGER PRIMARY KEY,
            name TEXT NOT NULL,
            created TEXT NOT NULL,
            time REAL NOT NULL,
            command TEXT NOT NULL,
            state TEXT NOT NULL,
            outcome TEXT NOT NULL,
            perfkit TEXT NOT NULL,
            baseline TEXT NOT NULL,
            candidate TEXT NOT NULL,
            baseline_setting TEXT NOT NULL,
            candidate_setting TEXT NOT NULL,
            baseline_packages TEXT NOT NULL,
            candidate_packages TEXT NOT NULL,
            machine TEXT NOT NULL,
            cpus INTEGER,
            "commit" TEXT,
            rows INTEGER NOT NULL,
            UNIQUE (name, created)
        )""",
        """CREATE TABLE subject (
            id INTEGER PRIMARY KEY,
            benchmark TEXT NOT NULL,
            metric TEXT NOT NULL,
            UNIQUE (benchmark, metric)
        )""",
        # Rows of a run lie together, so that a truncated file loses the latest runs, not all.
        """CREATE TABLE row (
            run INTEGER NOT NULL REFERENCES run (id) ON DELETE CASCADE,
            subject INTEGER NOT NULL REFERENCES subject (id),
            baseline REAL,
            candidate REAL,
            candidate_low REAL,
            candidate_high REAL,
            ratio REAL,
            low REAL,
            high REAL,
            n INTEGER NOT NULL,
            verdict TEXT NOT NULL,
            PRIMARY KEY (run, subject)
        ) WITHOUT ROWID""",
    ),
    (
        "ALTER TABLE run ADD COLUMN branch TEXT",
        # Holds what a list of every benchmark reads, so that it need not visit the rows.
        "CREATE INDEX row_by_subject ON row (subject, run, candidate, ratio)",
    ),
)

VERSION: Final = len(MIGRATIONS)
"""What this perfkit writes."""


def migrate(connection: sqlite3.Connection) -> None:
    """Bring a store to `VERSION`, within the transaction that is open."""
    done = int(connection.execute("PRAGMA user_version").fetchone()[0])
    for statements in MIGRATIONS[done:]:
        for statement in statements:
            connection.execute(statement)
    connection.execute(f"PRAGMA user_version = {VERSION}")
    connection.execute(f"PRAGMA application_id = {APPLICATION}")
