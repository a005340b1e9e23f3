"""A run as a table to compute with."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from perfkit.settings import Metric

if TYPE_CHECKING:
    import pandas as pd

    from perfkit.decide.result import MemoryRow, Result, Row


def to_frame(result: Result) -> pd.DataFrame:
    """One row a benchmark, in the order measured, failed ones included.

    Returns:
        Columns ``benchmark``, ``verdict``, ``ratio``, ``low``, ``high``, ``confidence``,
        ``blocks``, ``baseline_seconds``, ``candidate_seconds`` (one iteration), ``detectable``
        (relative change), ``p_value``, ``stopped``, ``failure`` (its reason); of the peak resident
        memory ``baseline_rss``, ``candidate_rss`` (bytes), ``rss_ratio``, ``rss_low``,
        ``rss_high``, ``rss_verdict``, and the same with ``traced`` of the traced peak of a call.
        What does not exist is missing (``isna``).
    """
    import pandas as pd

    frame = pd.DataFrame([_row(row) for row in result.rows], columns=COLUMNS)
    return frame.astype(dict.fromkeys(NUMBERS, "float64") | {"blocks": "int64"})


_SHORT = {Metric.PEAK_MEMORY: "rss", Metric.TRACED_MEMORY: "traced"}
MEMORY_NUMBERS = {
    metric: (f"baseline_{one}", f"candidate_{one}", f"{one}_ratio", f"{one}_low", f"{one}_high")
    for metric, one in _SHORT.items()
}


def _verdict(metric: Metric) -> str:
    return f"{_SHORT[metric]}_verdict"


NUMBERS = (
    "ratio",
    "low",
    "high",
    "confidence",
    "baseline_seconds",
    "candidate_seconds",
    "detectable",
    "p_value",
    *(name for names in MEMORY_NUMBERS.values() for name in names),
)
COLUMNS = (
    "benchmark",
    "verdict",
    "ratio",
    "low",
    "high",
    "confidence",
    "blocks",
    "baseline_seconds",
    "candidate_seconds",
    "detectable",
    "p_value",
    *(name for metric, names in MEMORY_NUMBERS.items() for name in (*names, _verdict(metric))),
    "stopped",
    "failure",
)


def _row(row: Row) -> dict[str, Any]:
    found = row.comparison
    named = {
        "benchmark": row.id,
        "verdict": row.verdict.value,
        "blocks": found.ratio.n if found else 0,
        "stopped": found.stopped if found else None,
        "failure": row.failure.reason if row.failure else None,
    }
    if found is None:
        return named
    return named | {
        "ratio": found.ratio.value,
        "low": found.ratio.low,
        "high": found.ratio.high,
        "confidence": found.ratio.confidence,
        "baseline_seconds": found.baseline.value,
        "candidate_seconds": found.candidate.value,
        "detectable": found.detectable,
        "p_value": found.p_value,
        **{name: value for one in row.memory for name, value in _memory(one).items()},
    }


def _memory(row: MemoryRow) -> dict[str, Any]:
    found, ratio = row.comparison, row.comparison.ratio
    numbers = (found.baseline.value, found.candidate.value, ratio.value, ratio.low, ratio.high)
    names = MEMORY_NUMBERS[found.metric]
    return dict(zip(names, numbers, strict=True)) | {_verdict(found.metric): row.verdict.value}
