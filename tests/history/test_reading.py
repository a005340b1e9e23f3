from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from perfkit.history import Store, Wanted, read_series, reading
from perfkit.settings import Metric

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from perfkit.history import Series, StoredRow, StoredRun


def wanted(**fields: object) -> Wanted:
    known = {"metric": Metric.TIME, "ratio": False, "benchmarks": None, "limit": None}
    return Wanted(**{**known, **fields})  # type: ignore[arg-type]


@pytest.fixture
def read(path: Path) -> Callable[..., tuple[Series, ...]]:
    def look(*runs: StoredRun, **fields: object) -> tuple[Series, ...]:
        with Store(path, write=True) as store:
            for one in runs:
                store.append(one)
            return read_series(store, wanted(**fields))

    return look


def listed(series: Series) -> list[float]:
    return np.nan_to_num(series.values, nan=-1.0).tolist()


@pytest.mark.parametrize("many", [0, 1000])
def test_a_gap_is_a_gap(
    read: Callable[..., tuple[Series, ...]],
    run: Callable[..., StoredRun],
    row: Callable[..., StoredRow],
    many: int,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Nothing is filled in, before, between or after; both ways of reading agree."""
    monkeypatch.setattr(reading, "MANY", many)
    runs = [
        run(0, row("always", 1.0)),
        run(1, row("always", 2.0), row("some", 3.0)),
        run(2, row("always", 4.0)),
        run(3, row("always", 5.0), row("some", 6.0)),
        run(4, row("always", 7.0), row("some", candidate=None, ratio=None, verdict="failed")),
    ]
    always, some = read(*runs)
    assert (always.benchmark, always.first, listed(always)) == (
        "always",
        0,
        [1.0, 2.0, 4.0, 5.0, 7.0],
    )
    assert (some.benchmark, some.first, listed(some)) == ("some", 1, [3.0, -1.0, 6.0, -1.0])
    assert some.present.tolist() == [3.0, 6.0]
    assert some.places.tolist() == [1, 3]


def test_the_order_is_that_of_time_not_of_appending(
    read: Callable[..., tuple[Series, ...]],
    run: Callable[..., StoredRun],
    row: Callable[..., StoredRow],
) -> None:
    late = run(0, row(value=3.0), created="2026-01-01T23:00:00-05:00")
    early = run(1, row(value=1.0), created="2026-01-02T02:00:00+00:00")
    first = run(2, row(value=0.5), created="2026-01-01T00:00:00+00:00")
    (series,) = read(late, early, first)
    assert listed(series) == [0.5, 1.0, 3.0]


def test_machines_and_pythons_are_never_mixed(
    read: Callable[..., tuple[Series, ...]], run: Callable[..., StoredRun]
) -> None:
    others = [
        {"machine": "Other CPU"},
        {"cpus": 4},
        {"candidate_setting": "Python 3.14.0"},
        {"candidate_setting": "Python 3.13.0 with pydantic==2.11.7"},
    ]
    runs = [run(0), *(run(place + 1, **fields) for place, fields in enumerate(others)), run(9)]
    found = read(*runs)
    assert len(found) == 5
    assert [len(one.setting.runs) for one in found] == [2, 1, 1, 1, 1]
    assert found[0].setting.runs[-1].id == "run-0009"  # the setting used last comes first


def test_another_baseline_matters_to_ratios_only(
    read: Callable[..., tuple[Series, ...]], run: Callable[..., StoredRun]
) -> None:
    runs = [run(0), run(1, baseline_setting="Python 3.11.7")]
    assert [len(one.values) for one in read(*runs)] == [2]
    assert [len(one.values) for one in read(*runs, ratio=True)] == [1, 1]


def test_only_what_is_wanted(
    read: Callable[..., tuple[Series, ...]],
    run: Callable[..., StoredRun],
    row: Callable[..., StoredRow],
) -> None:
    runs = [
        run(
            number,
            row("a", number + 1.0),
            row("b", number + 1.0),
            row("a", 1000.0 + number, metric=Metric.PEAK_MEMORY),
        )
        for number in range(5)
    ]
    (series,) = read(*runs, benchmarks=("b",), limit=2)
    assert (series.benchmark, listed(series)) == ("b", [4.0, 5.0])
    (series,) = read(metric=Metric.PEAK_MEMORY, limit=3)
    assert listed(series) == [1002.0, 1003.0, 1004.0]
    assert read(metric=Metric.TRACED_MEMORY) == ()
    assert read(benchmarks=("c",)) == ()
