from __future__ import annotations

import sqlite3
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from perfkit.history import StoredRow, StoredRun
from perfkit.settings import Metric

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

BEGAN = datetime(2026, 1, 1, 12, tzinfo=UTC)


def make_row(benchmark: str = "json_dumps", value: float = 1e-3, **fields: Any) -> StoredRow:
    row = StoredRow(
        benchmark=benchmark,
        metric=Metric.TIME,
        baseline=1e-3,
        candidate=value,
        candidate_low=value * 0.99,
        candidate_high=value * 1.01,
        ratio=value / 1e-3,
        low=value / 1e-3 * 0.99,
        high=value / 1e-3 * 1.01,
        n=20,
        verdict="equivalent",
    )
    return replace(row, **fields)


def make_run(number: int = 0, *rows: StoredRow, **fields: Any) -> StoredRun:
    run = StoredRun(
        id=f"run-{number:04}",
        created=(BEGAN + timedelta(days=number)).isoformat(),
        command="compare",
        state="finished",
        outcome="",
        perfkit="0.1",
        baseline="Python 3.12.1",
        candidate="Python 3.13.0",
        baseline_setting="Python 3.12.1",
        candidate_setting="Python 3.13.0",
        baseline_packages="a",
        candidate_packages="b",
        machine="Example CPU",
        cpus=2,
        commit="1a2b3c4d5e6f",
        branch="main",
        rows=rows or (make_row(),),
    )
    return replace(run, **fields)


@pytest.fixture(scope="session")
def row() -> Callable[..., StoredRow]:
    return make_row


@pytest.fixture(scope="session")
def run() -> Callable[..., StoredRun]:
    return make_run


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "deep" / "history.sqlite"


# Version 1 as it was first written; never to be changed.
VERSION_1 = """
CREATE TABLE run (
    id INTEGER PRIMARY KEY, name TEXT NOT NULL, created TEXT NOT NULL, time REAL NOT NULL,
    command TEXT NOT NULL, state TEXT NOT NULL, outcome TEXT NOT NULL, perfkit TEXT NOT NULL,
    baseline TEXT NOT NULL, candidate TEXT NOT NULL, baseline_setting TEXT NOT NULL,
    candidate_setting TEXT NOT NULL, baseline_packages TEXT NOT NULL,
    candidate_packages TEXT NOT NULL, machine TEXT NOT NULL, cpus INTEGER, "commit" TEXT,
    rows INTEGER NOT NULL,
    UNIQUE (name, created)
);
CREATE TABLE subject (
    id INTEGER PRIMARY KEY, benchmark TEXT NOT NULL, metric TEXT NOT NULL,
    UNIQUE (benchmark, metric)
);
CREATE TABLE row (
    run INTEGER NOT NULL REFERENCES run (id) ON DELETE CASCADE,
    subject INTEGER NOT NULL REFERENCES subject (id),
    baseline REAL, candidate REAL, candidate_low REAL, candidate_high REAL,
    ratio REAL, low REAL, high REAL, n INTEGER NOT NULL, verdict TEXT NOT NULL,
    PRIMARY KEY (run, subject)
) WITHOUT ROWID;
INSERT INTO run VALUES (1, 'old', '2025-01-01T00:00:00+00:00', 1735689600.0, 'compare',
    'finished', '', '0.0', 'Python 3.12.1', 'Python 3.13.0', 'Python 3.12.1', 'Python 3.13.0',
    'a', 'b', 'Example CPU', 2, NULL, 1);
INSERT INTO subject VALUES (1, 'json_dumps', 'time');
INSERT INTO row VALUES (1, 1, 0.001, 0.002, 0.0019, 0.0021, 2.0, 1.9, 2.1, 20, 'slower');
PRAGMA user_version = 1;
PRAGMA application_id = 1885760372;
"""


@pytest.fixture
def old_store(path: Path) -> Path:
    path.parent.mkdir()
    with sqlite3.connect(path) as raw:
        raw.executescript(VERSION_1)
    raw.close()
    return path
