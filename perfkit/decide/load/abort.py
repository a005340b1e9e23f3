"""Conditions that end a load early, looked at second by second while it runs."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Protocol

from perfkit.profile.threshold import Metric

if TYPE_CHECKING:
    from collections.abc import Sequence

    from perfkit.profile.threshold import Threshold

_A_SECOND = 1.0
_HAIR = 1e-6


class Second(Protocol):
    """What is known of a second of a load; see `perfkit.loadtest.generator`."""

    @property
    def second(self) -> float:
        """Its end, in seconds from the origin."""

    @property
    def answered(self) -> int:
        """Right answers that ended in it."""

    @property
    def failed(self) -> int:
        """Failures that ended in it."""

    @property
    def p50(self) -> float:
        """Of the right answers' response times; nan without any."""

    @property
    def p95(self) -> float:
        """The same."""

    @property
    def p99(self) -> float:
        """The same."""

    @property
    def mean(self) -> float:
        """The same."""


class Aborts:
    """Watches conditions of the form ``p(95)>200ms for 10s``.

    Attributes:
        watched: The conditions.
    """

    def __init__(self, conditions: Sequence[Threshold]) -> None:
        """Begin to watch; nothing was true yet."""
        self.watched = tuple(conditions)
        self._true: list[float] = [0.0] * len(self.watched)
        self._last = 0.0

    def see(self, second: Second, *, rss: float = math.nan, cpu: float = math.nan) -> str | None:
        """Look at the next second.

        A figure that a second does not have leaves its condition as it was: a service that answers
        nothing for a second has not become better.

        Args:
            second: What the generator says.
            rss: Resident memory of the service; nan when unknown.
            cpu: Its CPU, 1.0 being one CPU.

        Returns:
            The text of the first condition that has been true for as long as it says, with the
            figure that was seen last; None to go on.
        """
        length = max(second.second - self._last, 0.0) or _A_SECOND
        self._last = second.second
        for index, condition in enumerate(self.watched):
            value = _figure(condition, second, length, {Metric.RSS: rss, Metric.CPU: cpu})
            if math.isnan(value):
                self._true[index] += length if self._true[index] else 0.0
            elif condition.is_true(value):
                self._true[index] += length
            else:
                self._true[index] = 0.0
            lasted = self._true[index]
            if lasted and lasted + _HAIR >= (condition.sustained or 0.0):
                return condition.text
        return None


def _figure(
    condition: Threshold, second: Second, length: float, service: dict[Metric, float]
) -> float:
    """The figure of a second that a condition looks at; nan when there is none."""
    ended = second.answered + second.failed
    if condition.metric in {Metric.PERCENTILE, Metric.MEDIAN}:
        quantile = condition.quantile or 0.5
        if ended and second.failed > (1 - quantile) * ended:
            return math.inf  # every failure is slower than any answer
        return {0.5: second.p50, 0.95: second.p95, 0.99: second.p99}.get(quantile, math.nan)
    return {
        Metric.MEAN: second.mean,
        Metric.ERRORS: second.failed / ended if ended else math.nan,
        Metric.THROUGHPUT: ended / length,
        Metric.GOODPUT: second.answered / length,
        **service,
    }.get(condition.metric, math.nan)
