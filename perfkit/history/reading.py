"""Reads series out of a store: one benchmark, one metric, one setting, in the order of time."""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

from perfkit.settings import Metric

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

    from perfkit.history.store import Store

MANY = 200
"""Benchmarks up to which they are looked up one by one, beyond which all are read."""


class RunFacts(NamedTuple):
    """What is told of a run beside its numbers; see `perfkit.history.values.StoredRun`."""

    key: int
    id: str
    created: str
    command: str
    state: str
    outcome: str
    baseline: str
    candidate: str
    packages: str
    commit: str | None
    branch: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What is to be read.

    Attributes:
        metric: Which metric.
        ratio: The ratio candidate / baseline; else the candidate's own value.
        benchmarks: Their names; None for all.
        limit: Only the last so many runs of each setting; None for all.
    """

    metric: Metric
    ratio: bool
    benchmarks: tuple[str, ...] | None
    limit: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """Runs that can be put in one line: one kind of machine, one candidate setting.

    Attributes:
        machine: Kind of the machine.
        cpus: Number of CPUs that could be used, or None.
        candidate: What the candidate ran with, but for the project's revision.
        baseline: The same of the baseline where ratios are read; else empty, as it has no part in
            the candidate's own values.
        runs: The runs, in the order of time.
    """

    machine: str
    cpus: int | None
    candidate: str
    baseline: str
    runs: tuple[RunFacts, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Series:
    """A benchmark's values in one setting.

    Attributes:
        benchmark: Its name.
        setting: Where they were measured.
        values: One for each of the setting's runs from the first that has one; NaN is a gap.
        first: Position of the first of them among the setting's runs.
    """

    benchmark: str
    setting: Setting
    values: NDArray[np.float64]
    first: int

    @property
    def present(self) -> NDArray[np.float64]:
        """The values without the gaps."""
        return self.values[np.isfinite(self.values)]

    @property
    def places(self) -> NDArray[np.intp]:
        """Where these are among the setting's runs."""
        return self.first + np.flatnonzero(np.isfinite(self.values))


class Cell(NamedTuple):
    """A benchmark in a run, as stored; see `perfkit.history.values.StoredRow`."""

    run: int
    baseline: float | None
    candidate: float | None
    candidate_low: float | None
    candidate_high: float | None
    ratio: float | None
    low: float | None
    high: float | None
    n: int
    verdict: str


def read_series(store: Store, wanted: Wanted) -> tuple[Series, ...]:
    """Every series that is wanted: the setting used last first, then by name.

    Raises:
        RecordingError: The store is damaged.
    """
    with store.telling():
        settings = _settings(store, wanted)
        return tuple(
            series for setting in settings for series in _series_of(store, setting, wanted)
        )


def read_cells(store: Store, benchmark: str, metric: Metric) -> dict[int, Cell]:
    """All that is known of one benchmark, by `RunFacts.key`."""
    with store.telling():
        found = store.rows(
            "SELECT run, baseline, candidate, candidate_low, candidate_high, ratio, low, high, n, "
            "verdict FROM row JOIN subject ON subject.id = subject "
            "WHERE benchmark = ? AND metric = ?",
            (benchmark, metric.value),
        )
        return {cell.run: cell for cell in map(Cell._make, found)}


def _settings(store: Store, wanted: Wanted) -> list[Setting]:
    """Groups of runs, that with the latest run first."""
    grouped: dict[tuple[str, int | None, str, str], list[RunFacts]] = {}
    found = store.rows(
        "SELECT id, name, created, command, state, outcome, baseline, candidate, "
        'candidate_packages, "commit", branch, machine, cpus, candidate_setting, baseline_setting '
        "FROM run ORDER BY time, id"
    )
    for *facts, machine, cpus, candidate, baseline in found:
        key = (machine, cpus, candidate, baseline if wanted.ratio else "")
        # Taken out and put in again: the group with the latest run is the last.
        grouped[key] = grouped.pop(key, [])
        grouped[key].append(RunFacts(*facts))
    return [
        Setting(
            machine=machine,
            cpus=cpus,
            candidate=candidate,
            baseline=baseline,
            runs=tuple(runs if wanted.limit is None else runs[-wanted.limit :]),
        )
        for (machine, cpus, candidate, baseline), runs in reversed(grouped.items())
    ]


def _series_of(store: Store, setting: Setting, wanted: Wanted) -> list[Series]:
    names = _subjects(store, wanted)
    places = {run.key: place for place, run in enumerate(setting.runs)}
    flat = _numbers(store, wanted, names, places)
    if not len(flat):
        return []
    lookup = np.full(int(np.max(flat[:, 1])) + 1, -1, dtype=np.intp)
    for key, place in places.items():
        if key < len(lookup):
            lookup[key] = place
    places_of = lookup[flat[:, 1].astype(np.intp)]
    here = (places_of >= 0) & (flat[:, 2] > 0)
    subjects, values = flat[here, 0].astype(np.intp), flat[here, 2]
    places_of = places_of[here]
    # The query is in the order of subjects already.
    edges = np.flatnonzero(np.diff(subjects, prepend=-1, append=-1))
    found = []
    for start, end in itertools.pairwise(edges.tolist()):
        there = places_of[start:end]
        first = min(there.tolist())
        line = np.full(len(setting.runs) - first, np.nan)
        line[there - first] = values[start:end]
        name = names[int(subjects[start])]
        found.append(Series(benchmark=name, setting=setting, values=line, first=first))
    return sorted(found, key=lambda one: one.benchmark)


def _subjects(store: Store, wanted: Wanted) -> dict[int, str]:
    found = store.rows("SELECT id, benchmark FROM subject WHERE metric = ?", (wanted.metric.value,))
    chosen = None if wanted.benchmarks is None else set(wanted.benchmarks)
    return {key: name for key, name in found if chosen is None or name in chosen}


def _numbers(
    store: Store, wanted: Wanted, names: Collection[int], places: Collection[int]
) -> NDArray[np.float64]:
    """Subject, run and value, shape (n, 3), in the order of subjects and runs."""
    column = "ratio" if wanted.ratio else "candidate"
    bounds = (min(places, default=0), max(places, default=0))
    select = f"SELECT subject, run, {column} FROM row INDEXED BY row_by_subject"  # noqa: S608 - constants
    known = f"AND {column} IS NOT NULL ORDER BY subject, run"
    if len(names) > MANY:
        of_metric = "subject IN (SELECT id FROM subject WHERE metric = ?)"
        sql = f"{select} WHERE {of_metric} AND run BETWEEN ? AND ? {known}"
        return _flat([store.rows(sql, (wanted.metric.value, *bounds))])
    sql = f"{select} WHERE subject = ? AND run BETWEEN ? AND ? {known}"
    return _flat(store.rows(sql, (name, *bounds)) for name in sorted(names))


def _flat(queries: Iterable[Iterable[tuple[float, ...]]]) -> NDArray[np.float64]:
    lines = itertools.chain.from_iterable(queries)
    numbers = np.fromiter(itertools.chain.from_iterable(lines), dtype=np.float64)
    return numbers.reshape(-1, 3)
