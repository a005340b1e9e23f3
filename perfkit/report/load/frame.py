"""A load run as tables to compute with."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas as pd

    from perfkit.analyse.estimate import Estimate
    from perfkit.analyse.load.value import Latency, Summary
    from perfkit.decide.load.result import LoadResult, LoadRow

_TIMES = ("mean", "p50", "p90", "p95", "p99", "p999")
_LATENCY = tuple(
    f"{kind}_{name}{end}"
    for kind in ("response", "service")
    for name in _TIMES
    for end in ("", "_low", "_high")
)
COUNTS = ("sent", "answered", "failed", "cut_off")
NUMBERS = (
    "seconds",
    "error_rate",
    "throughput",
    "goodput",
    "lateness",
    *_LATENCY,
    "rss_normal",
    "rss_peak",
    "cpu",
    "cpu_peak",
    "cpu_per_request",
)
COLUMNS = ("side", "phase", *COUNTS, *NUMBERS)
ROW_NUMBERS = (
    "ratio",
    "low",
    "high",
    "confidence",
    "baseline",
    "candidate",
    "detectable",
    "p_value",
    "trials_needed",
)
ROW_COLUMNS = ("metric", "verdict", "difference", "trials", *ROW_NUMBERS)
_WORDS = {"faster": "better", "slower": "worse"}


def to_frame(result: LoadResult) -> pd.DataFrame:
    """One row a side and phase; phase is missing for the whole load without its ramps.

    Returns:
        Columns `COLUMNS`: base units (seconds, bytes, requests per second, fractions), intervals
        as ``response_p95_low`` and ``response_p95_high``. What does not exist is missing.
    """
    import pandas as pd

    rows = [
        _summary(side.side.value, one)
        for side in result.sides
        for one in (side.overall, *side.phases)
    ]
    frame = pd.DataFrame(rows, columns=COLUMNS)
    return frame.astype(dict.fromkeys(NUMBERS, "float64") | dict.fromkeys(COUNTS, "int64"))


def comparison_frame(result: LoadResult) -> pd.DataFrame:
    """One row a metric of a comparison.

    Returns:
        Columns `ROW_COLUMNS`; ``ratio`` is a difference where ``difference`` says so, ``trials``
        the number it rests on.
    """
    import pandas as pd

    frame = pd.DataFrame([_row(row) for row in result.rows], columns=ROW_COLUMNS)
    return frame.astype(dict.fromkeys(ROW_NUMBERS, "float64") | {"trials": "int64"})


def _summary(side: str, one: Summary) -> dict[str, Any]:
    uses = one.resources
    found = {
        "side": side,
        "phase": one.phase,
        **{name: getattr(one, name) for name in COUNTS},
        "seconds": one.seconds,
        "error_rate": one.error_rate.value if one.error_rate else None,
        "throughput": one.throughput.value,
        "goodput": one.goodput.value,
        "lateness": one.lateness,
        **_latency("response", one.response),
        **_latency("service", one.service),
    }
    if uses is None:
        return found
    return found | {
        "rss_normal": uses.rss_normal,
        "rss_peak": uses.rss_peak,
        "cpu": uses.cpu.value,
        "cpu_peak": uses.cpu_peak,
        "cpu_per_request": uses.cpu_per_request,
    }


def _latency(kind: str, found: Latency | None) -> dict[str, float]:
    times: dict[str, float] = {}
    for name in _TIMES if found is not None else ():
        estimate: Estimate | None = getattr(found, name)
        if estimate is not None:
            times[f"{kind}_{name}"] = estimate.value
            times[f"{kind}_{name}_low"] = estimate.low
            times[f"{kind}_{name}_high"] = estimate.high
    return times


def _row(row: LoadRow) -> dict[str, Any]:
    found = row.comparison
    return {
        "metric": found.metric.value,
        "verdict": _WORDS.get(row.verdict.value, row.verdict.value),
        "difference": found.difference,
        "trials": found.ratio.n,
        "ratio": found.ratio.value,
        "low": found.ratio.low,
        "high": found.ratio.high,
        "confidence": found.ratio.confidence,
        "baseline": found.baseline.value,
        "candidate": found.candidate.value,
        "detectable": found.detectable,
        "p_value": found.p_value,
        "trials_needed": found.trials_needed,
    }
