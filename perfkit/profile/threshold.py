"""Thresholds in k6's grammar, extended: ``p(95)@hold<150ms``, ``rate(errors)>50% for 10s``.

    METRIC[@PHASE] OPERATOR LIMIT [for TIME]

A metric is one of ``p(95)``, ``avg``, ``med``, ``max``, ``min`` (limits ``150ms``, ``0.2s``),
``rate(errors)``, ``rate(checks)`` (``1%``), ``throughput``, ``goodput`` (``1150/s``), ``rss``
(``280MB``, ``256MiB``) and ``cpu`` (``80%`` of one CPU, ``250%`` of two and a half).

Source: k6's documentation, "Thresholds" (aggregation methods and expressions).
"""

from __future__ import annotations

import operator
import re
from dataclasses import dataclass, replace
from decimal import Decimal
from enum import StrEnum
from typing import TYPE_CHECKING

from perfkit.grammar import InvalidError, duration, share

if TYPE_CHECKING:
    from collections.abc import Callable

PHASE = r"\w[\w.-]*"
"""How the name of a stage is written."""


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


TIMES = frozenset({Metric.PERCENTILE, Metric.MEAN, Metric.MEDIAN, Metric.MAXIMUM, Metric.MINIMUM})
SHARES = frozenset({Metric.ERRORS, Metric.CHECKS})
RATES = frozenset({Metric.THROUGHPUT, Metric.GOODPUT})
LIVE = frozenset({*Metric} - {Metric.MAXIMUM, Metric.MINIMUM, Metric.CHECKS})
"""What is known second by second, so that it can end a run."""

LIVE_QUANTILES = (0.5, 0.95, 0.99)
"""Percentiles that are known second by second."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Threshold:
    """A figure, a comparison and a limit: something that must hold, or a condition to act upon.

    Which of them it is depends on where it stands: see `Profile`. Response times count from the
    intended start; for percentiles and the longest a failed request is slower than any answer.

    Attributes:
        metric: What is looked at.
        quantile: 0 … 1 for `Metric.PERCENTILE` (0.5 for `MEDIAN`), else None.
        phase: Name of the stage it is about, or None for the whole load without ramps.
        operator: ``"<"``, ``"<="``, ``">"`` or ``">="``.
        limit: In base units: seconds, requests per second, bytes, or a fraction (CPU: 1.0 is one
            CPU, ``"80%"`` is 0.8).
        sustained: ``for 10s``: seconds it must be true without a break, or None.
        text: As written.
    """

    metric: Metric
    quantile: float | None
    phase: str | None
    operator: str
    limit: float
    sustained: float | None
    text: str

    def is_true(self, value: float) -> bool:
        """Whether a figure, in base units, fulfils it; NaN fulfils nothing."""
        return _OPERATORS[self.operator](value, self.limit)


_FORMS = (
    '"p(95)<150ms", "avg<45ms", "rate(errors)<1%", "throughput>1150/s", "rss<280MB", "cpu<80%", '
    '"p(95)@STAGE<150ms", and "… for 10s" to end a run'
)
_WHOLE = re.compile(
    r"(?P<metric>[^@<>=!]+?)\s*(?:@\s*(?P<phase>[^<>=!]*?))?\s*(?P<operator>[<>=!]+)\s*"
    r"(?P<limit>[^<>=!]+?)(?:\s+for\s+(?P<sustained>[^<>=!]+))?",
    re.ASCII | re.DOTALL,
)
_PERCENTILE = re.compile(r"p\s?\(\s*(\d{1,3}(?:\.\d{1,6})?)\s*\)", re.ASCII)
_QUANTITY = re.compile(r"(\d{1,15}(?:\.\d{1,12})?)\s?([A-Za-z/%]*)", re.ASCII)
_BYTES = {
    "B": 1,
    "kB": 10**3,
    "KB": 10**3,
    "MB": 10**6,
    "GB": 10**9,
    "KiB": 2**10,
    "MiB": 2**20,
    "GiB": 2**30,
}
_PER_SECOND = {"/s": Decimal(1), "/min": Decimal(1) / 60}
_OPERATORS: dict[str, Callable[[float, float], bool]] = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}
_NEGATED = {"<": ">=", "<=": ">", ">": "<=", ">=": "<"}
_MOST_TEXT = 200


def parse_threshold(text: object) -> Threshold:
    """A threshold from its text.

    >>> parse_threshold("p(99.9)@hold<=1.5s").limit
    1.5
    >>> parse_threshold("rate(errors)>50% for 10s").sustained
    10.0

    Raises:
        InvalidError: Not a threshold, or one that always or never holds.
    """
    if not isinstance(text, str):
        raise InvalidError("is not a threshold", got=text, allowed=_FORMS)
    match = _WHOLE.fullmatch(text.strip()) if len(text) <= _MOST_TEXT else None
    if match is None:
        raise InvalidError("is not a threshold", got=text[:_MOST_TEXT], allowed=_FORMS)
    if match["operator"] not in _OPERATORS:
        remedy = "a measured figure never equals a limit" if "=" in match["operator"] else None
        what = f"compares with {match['operator']!r}"
        raise InvalidError(what, got=text, allowed=", ".join(_OPERATORS), remedy=remedy)
    metric, quantile = _metric(match["metric"].strip(), text)
    found = Threshold(
        metric=metric,
        quantile=quantile,
        phase=_phase(match["phase"], text),
        operator=match["operator"],
        limit=_limit(metric, match["limit"].strip(), text),
        sustained=_sustained(match["sustained"], text),
        text=" ".join(text.split()),
    )
    _check_that_it_says_something(found)
    return found


def negated(threshold: Threshold) -> Threshold:
    """What is true when a threshold does not hold.

    >>> negated(parse_threshold("p(95)<150ms")).text
    'p(95)>=150ms'
    """
    operator = _NEGATED[threshold.operator]
    text = threshold.text.replace(threshold.operator, operator, 1)
    return replace(threshold, operator=operator, text=text)


def lasting(threshold: Threshold, seconds: float) -> Threshold:
    """The same condition with another ``for``.

    >>> lasting(parse_threshold("p(95)>200ms for 10s"), 0.2).text
    'p(95)>200ms for 0.2s'
    """
    digits = f"{max(seconds, 1e-6):.9f}".rstrip("0").rstrip(".")
    text = f"{re.split(r' for ', threshold.text)[0]} for {digits}s"
    return replace(threshold, sustained=float(digits), text=text)


def _metric(word: str, text: str) -> tuple[Metric, float | None]:
    if match := _PERCENTILE.fullmatch(word):
        quantile = float(Decimal(match[1]) / 100)  # 99.9 / 100 is not 0.999
        if 0 < quantile < 1:
            return Metric.PERCENTILE, quantile
        remedy = "write max or min" if quantile in {0, 1} else None
        allowed = "p(N) with 0 < N < 100, such as p(50), p(95) or p(99.9)"
        raise InvalidError("is out of range", got=text, allowed=allowed, remedy=remedy)
    names = {one.value: one for one in Metric}
    del names[Metric.PERCENTILE]
    if (found := names.get(re.sub(r"\s", "", word))) is not None:
        return found, 0.5 if found is Metric.MEDIAN else None
    guess = re.fullmatch(r"p(\d{1,2}(?:\.\d+)?)", word, re.ASCII)
    remedy = f"did you mean p({guess[1]})?" if guess else _near(word, names)
    allowed = f"p(N) such as p(50), p(95) or p(99.9); {', '.join(names)}"
    raise InvalidError(f"looks at {word!r}", got=text, allowed=allowed, remedy=remedy)


def _near(word: str, names: dict[str, Metric]) -> str | None:
    known = {"mean": "avg", "average": "avg", "median": "med", "rps": "throughput"}
    known |= {"errors": "rate(errors)", "checks": "rate(checks)", "memory": "rss"}
    if word in known:
        return f"did you mean {known[word]}?"
    import difflib

    near = difflib.get_close_matches(word, names, n=1)
    return f"did you mean {near[0]}?" if near else None


def _phase(word: str | None, text: str) -> str | None:
    if word is None or re.fullmatch(PHASE, word.strip()):
        return word and word.strip()
    raise InvalidError("names no stage after @", got=text, allowed='such as "p(95)@hold<150ms"')


def _limit(metric: Metric, word: str, text: str) -> float:
    try:
        if metric in SHARES:
            return share(word)
        match = _QUANTITY.fullmatch(word)
        number, unit = (Decimal(match[1]), match[2]) if match else (Decimal(0), "?")
        if metric in TIMES and unit:
            return duration(word)
        if metric in RATES and unit in _PER_SECOND:
            return float(number * _PER_SECOND[unit])
        if metric is Metric.RSS and unit in _BYTES:
            return float(number * _BYTES[unit])
        if metric is Metric.CPU and unit == "%":
            return float(number / 100)
    except InvalidError as error:
        what = f"has a limit that {error.what}"
        raise InvalidError(what, got=text, allowed=error.allowed, remedy=error.remedy) from error
    raise InvalidError("has a limit without a proper unit", got=text, allowed=_limits(metric))


def _limits(metric: Metric) -> str:
    if metric in TIMES:
        return 'a time with its unit, such as "150ms" or "1.5s"'
    if metric in RATES:
        return '"1150/s" or "60/min"'
    if metric is Metric.RSS:
        return f'a size such as "280MB"; units: {", ".join(_BYTES)}'
    return '"80%" of one CPU; "250%" of two and a half'


def _sustained(word: str | None, text: str) -> float | None:
    if word is None:
        return None
    try:
        seconds = duration(word)
    except InvalidError as error:
        raise InvalidError(f"has a 'for' that {error.what}", got=text) from error
    if seconds <= 0:
        raise InvalidError("has a 'for' of no length", got=text, allowed='such as "for 10s"')
    return seconds


def _check_that_it_says_something(found: Threshold) -> None:
    """No figure is negative, no share above 1."""
    most = 1.0 if found.metric in SHARES else float("inf")
    if found.limit > most:
        raise InvalidError("has a limit beyond 100 %", got=found.text, allowed="0% to 100%")
    always = (found.operator == ">=" and found.limit == 0) or (
        found.operator == "<=" and found.limit == most
    )
    never = (found.operator == "<" and found.limit == 0) or (
        found.operator == ">" and found.limit == most
    )
    if always or never:
        how = "always" if always else "never"
        raise InvalidError(f"{how} holds, whatever is measured", got=found.text)
