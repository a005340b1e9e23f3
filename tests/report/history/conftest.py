"""Histories with known truths, through the real store."""

from __future__ import annotations

import random
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from perfkit.history import Store, StoredRow, StoredRun
from perfkit.history.store import insert
from perfkit.settings import Metric

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from perfkit.report.history.view import HistoryView

BEGAN = datetime(2026, 1, 1, 12, tzinfo=UTC)
NASTY = (
    "<script>alert(1)</script>",
    "a\nb\x1b[2J\x1b]0;t\x07",
    "::error title=x::y%0A",
    "`c`|**d** [e](javascript:alert(1))",
    "../../etc/passwd",
    "]]>--><svg onload=alert(1)>",
    "{{ 7*7 }}",
    "\u202egnp.exe",
    "n" * 5000,
)


@dataclass(frozen=True, kw_only=True)
class Case:
    """A benchmark: its level run by run, None being a gap."""

    name: str
    levels: list[float | None]
    metric: Metric = Metric.TIME


def cell(case: Case, level: float | None, chance: random.Random) -> StoredRow:
    value = None if level is None else level * chance.gauss(1, 0.01)
    around = (None, None) if value is None else (value * 0.99, value * 1.01)
    return StoredRow(
        benchmark=case.name,
        metric=case.metric,
        baseline=None if value is None else 1e-3,
        candidate=value,
        candidate_low=around[0],
        candidate_high=around[1],
        ratio=None if value is None else value / 1e-3,
        low=None if value is None else around[0] / 1e-3,  # type: ignore[operator]
        high=None if value is None else around[1] / 1e-3,  # type: ignore[operator]
        n=0 if value is None else 20,
        verdict="failed" if value is None else "equivalent",
    )


def stored(number: int, rows: tuple[StoredRow, ...], **fields: Any) -> StoredRun:
    run = StoredRun(
        id=f"run-{number:03}",
        created=(BEGAN + timedelta(days=number)).isoformat(),
        command="compare",
        state="finished",
        outcome="",
        perfkit="0",
        baseline="Python 3.12.1",
        candidate="Python 3.13.0",
        baseline_setting="Python 3.12.1",
        candidate_setting="Python 3.13.0",
        baseline_packages="",
        candidate_packages="",
        machine="Example CPU",
        cpus=2,
        commit=f"{number:07x}" * 5,
        branch="main",
        rows=rows,
    )
    return replace(run, **fields)


@pytest.fixture
def store(tmp_path: Path) -> Callable[..., Path]:
    def fill(*cases: Case, **fields: Any) -> Path:
        path = tmp_path / "history.sqlite"
        chance = random.Random(7)
        with Store(path, write=True) as opened:
            opened.rows("BEGIN")
            for number in range(max(len(case.levels) for case in cases)):
                rows = (
                    cell(case, case.levels[number], chance)
                    for case in cases
                    if number < len(case.levels)
                )
                insert(opened.connection, stored(number, tuple(rows), **fields))
            opened.rows("COMMIT")
        return path

    return fill


@pytest.fixture
def view(store: Callable[..., Path]) -> Callable[..., HistoryView]:
    from perfkit.session.history import Question, look

    def make(*cases: Case, asked: dict[str, Any] | None = None, **fields: Any) -> HistoryView:
        question = {
            "benchmark": None,
            "metric": Metric.TIME,
            "ratio": False,
            "limit": None,
            "plots": False,
        }
        return look(Question(store=store(*cases, **fields), **{**question, **(asked or {})}))  # type: ignore[arg-type]

    return make


STEP = Case(name="stepped", levels=[1e-3] * 40 + [1.1e-3] * 20)
CALM = Case(name="calm", levels=[2e-3] * 60)
GAPPY = Case(name="gappy", levels=[1e-3] * 20 + [None] * 10 + [1.2e-3] * 25)
NEW = Case(name="new", levels=[None] * 50 + [5e-3] * 10)


@pytest.fixture
def typical(view: Callable[..., HistoryView]) -> HistoryView:
    return view(STEP, CALM, GAPPY, NEW)


@pytest.fixture
def hostile(view: Callable[..., HistoryView]) -> HistoryView:
    cases = [Case(name=name, levels=[1e-3] * 30 + [1.2e-3] * 20) for name in NASTY]
    names = " ".join(NASTY[:-1])
    return view(*cases, machine=names, candidate_setting=names, id=names, commit=names)


@pytest.fixture
def single(view: Callable[..., HistoryView]) -> HistoryView:
    return view(STEP, CALM, GAPPY, asked={"benchmark": "gappy"})


@pytest.fixture
def case() -> type[Case]:
    return Case


@pytest.fixture
def nasty() -> tuple[str, ...]:
    return NASTY
