"""Fills a store with 1000 benchmarks × 1000 runs and times every way of reading it.

    python tests/history/million_rows.py [RUNS [BENCHMARKS]]

The target of issue 4: a query takes at most 2 s (the process' start included), a page at most 5 MB.
"""

from __future__ import annotations

import random
import resource
import subprocess
import sys
import tempfile
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

from perfkit.history import Store, StoredRow, StoredRun
from perfkit.history.store import insert
from perfkit.settings import Metric

QUERY_SECONDS = 2.0
PAGE_BYTES = 5_000_000


def fill(path: Path, *, runs: int, benchmarks: int) -> None:
    """Noise of 2 %, a step of 5 % in every tenth benchmark, 2 % of the values missing."""
    chance = random.Random(4)
    began = datetime(2026, 1, 1, tzinfo=UTC)
    with Store(path, write=True) as store:
        store.connection.execute("BEGIN")  # all at once: a thousand syncs say nothing of reading
        for number in range(runs):
            rows = tuple(
                row(f"package_{index // 40:02}_benchmark_{index:04}", index, number / runs, chance)
                for index in range(benchmarks)
                if chance.random() > 0.02
            )
            insert(store.connection, run(number, began + timedelta(hours=6 * number), rows))
        store.connection.execute("COMMIT")


def row(name: str, index: int, age: float, chance: random.Random) -> StoredRow:
    step = 1.05 if index % 10 == 0 and age > 0.2 + (index % 7) / 10 else 1.0
    ratio = step * chance.gauss(1, 0.01)
    value = 1e-4 * (1 + index) * step * chance.gauss(1, 0.02)
    return StoredRow(
        benchmark=name,
        metric=Metric.TIME,
        baseline=value / ratio,
        candidate=value,
        candidate_low=value * 0.99,
        candidate_high=value * 1.01,
        ratio=ratio,
        low=ratio * 0.99,
        high=ratio * 1.01,
        n=20,
        verdict="equivalent",
    )


def run(number: int, when: datetime, rows: tuple[StoredRow, ...]) -> StoredRun:
    return StoredRun(
        id=f"{when:%Y-%m-%d}-3.12-vs-3.13-{number:06x}",
        created=when.isoformat(),
        command="compare",
        state="finished",
        outcome="",
        perfkit="0",
        baseline="Python 3.12.1",
        candidate="Python 3.13.0",
        baseline_setting="Python 3.12.1",
        candidate_setting="Python 3.13.0",
        baseline_packages="a" * 64,
        candidate_packages="b" * 64,
        machine="Example CPU",
        cpus=2,
        commit=f"{number:040x}",
        branch="main",
        rows=rows,
    )


def busy() -> float:
    """CPU seconds of the processes that have ended."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def say(line: str) -> None:
    print(line, flush=True)  # noqa: T201 - figures to read


def timed(store: Path, *arguments: str) -> float:
    command = [sys.executable, "-m", "perfkit", "history", *arguments, "--store", str(store)]
    before, began = busy(), time.perf_counter()
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    seconds = time.perf_counter() - began
    what = f"{len(done.stdout):>9,} characters  perfkit {' '.join(command[3:-2])}"
    say(f"{seconds:6.2f} s  {busy() - before:6.2f} s of CPU  {what}")
    return seconds


def main() -> int:
    runs, benchmarks = (int(sys.argv[index]) if len(sys.argv) > index else 1000 for index in (1, 2))
    with tempfile.TemporaryDirectory() as folder:
        store, page = Path(folder) / "history.sqlite", Path(folder) / "history.html"
        began = time.perf_counter()
        fill(store, runs=runs, benchmarks=benchmarks)
        seconds, size = time.perf_counter() - began, store.stat().st_size
        say(f"{seconds:6.2f} s  {size:>9,} bytes       {runs} runs of {benchmarks} appended")
        queries = (
            timed(store),
            timed(store, "--value", "ratio"),
            timed(store, "package_00_benchmark_0010"),
            timed(store, "package_00_*"),
            timed(store, "--json"),
        )
        timed(store, "--html", str(page))
        size = page.stat().st_size
        say(f"          {size:>9,} bytes       the page")
    good = max(queries) <= QUERY_SECONDS and size <= PAGE_BYTES
    say("as wanted" if good else f"NOT as wanted: {QUERY_SECONDS} s, {PAGE_BYTES:,} bytes")
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
