"""A run as a table to compute with."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas as pd

    from perfkit.decide.result import Result, Row


def to_frame(result: Result) -> pd.DataFrame:
    """One row a benchmark, in the order measured, failed ones included.

    Returns:
        Columns ``benchmark``, ``verdict``, ``ratio``, ``low``, ``high``, ``confidence``,
        ``blocks``, ``baseline_seconds``, ``candidate_seconds`` (one iteration), ``detectable``
        (relative change), ``p_value``, ``baseline_rss``, ``candidate_rss`` (bytes), ``stopped``,
        ``failure`` (its reason). What does not exist is missing (``isna``).
    """
    import pandas as pd

    frame = pd.DataFrame([_row(row) for row in result.rows], columns=COLUMNS)
    return frame.astype(dict.fromkeys(NUMBERS, "float64") | {"blocks": "int64"})


NUMBERS = (
    "ratio",
    "low",
    "high",
    "confidence",
    "baseline_seconds",
    "candidate_seconds",
    "detectable",
    "p_value",
    "baseline_rss",
    "candidate_rss",
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
    "baseline_rss",
    "candidate_rss",
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
        "baseline_rss": found.baseline_rss.value if found.baseline_rss else None,
        "candidate_rss": found.candidate_rss.value if found.candidate_rss else None,
    }
