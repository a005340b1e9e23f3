"""Thresholds in k6's grammar, extended: ``p(95)@hold<150ms for 10s``.

Source: k6's documentation, "Thresholds" (aggregation methods and expressions).
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Metric(StrEnum):
    """What a threshold looks at, in base units."""

    PERCENTILE = "p"
    MEAN = "avg"
    MEDIAN = "med"
    MAXIMUM = "max"
    MINIMUM = "min"
    ERRORS = "rate(errors)"
    CHECKS = "rate(checks)"
    THROUGHPUT = "throughput"
    GOODPUT = "goodput"
    RSS = "rss"
    CPU = "cpu"


@dataclass(frozen=True, slots=True, kw_only=True)
class Threshold:
    """A limit on a figure.

    Response times count from the intended start; for percentiles a failed request is slower than
    any answer.

    Attributes:
        metric: What is looked at.
        quantile: 0 … 1 for `Metric.PERCENTILE` (0.5 for `MEDIAN`), else None.
        phase: Name of the stage it is about, or None for the whole load without ramps.
        operator: ``"<"``, ``"<="``, ``">"`` or ``">="``.
        limit: In base units: seconds, requests per second, bytes, or a fraction (CPU: 1.0 is one
            CPU, ``"80%"`` is 0.8).
        sustained: ``for 10s``: seconds it must be broken without a break, or None.
        text: As written.
    """

    metric: Metric
    quantile: float | None
    phase: str | None
    operator: str
    limit: float
    sustained: float | None
    text: str
