"""Thresholds of k6 to perfkit's: bare numbers there are milliseconds and fractions."""

from __future__ import annotations

import re
from decimal import Decimal
from functools import partial
from typing import TYPE_CHECKING

from perfkit.grammar import InvalidError
from perfkit.profile.limits import abort_condition
from perfkit.profile.reading import switch
from perfkit.profile.threshold import negated, parse_threshold

if TYPE_CHECKING:
    from perfkit.profile.reading import Table, Value
    from perfkit.profile.threshold import Threshold

_ALLOWED = "http_req_duration, http_req_failed, checks, http_reqs (rate)"
_KEYS = ("threshold", "abortOnFail", "delayAbortEval")
_MOST = 50
_ABORT_SECONDS = 10
_METRIC = re.compile(r"(?P<name>\w+)(?:\{(?P<tag>[^{}]*)\})?", re.ASCII)
_EXPRESSION = re.compile(
    r"\s*(?P<what>[a-z]+(?:\s*\([\d.\s]+\))?)\s*(?P<operator>[<>=!]+)\s*(?P<limit>\d[\d.]*)\s*",
    re.ASCII,
)
_RIGHT_ONLY = "expected_response:true"
_RATES = {"http_req_failed": "rate(errors)", "checks": "rate(checks)"}


def read_thresholds(
    value: Value | None, notes: list[str]
) -> tuple[tuple[Threshold, ...], tuple[Threshold, ...]]:
    """What must hold, and what ends the run.

    Args:
        value: k6's table of thresholds.
        notes: Where to put what is to be known of them.
    """
    found: dict[str, Threshold] = {}
    aborts: dict[str, Threshold] = {}
    table = None if value is None else value.any_table()
    for metric in table.keys() if table is not None else ():
        for one in table.at(metric).items(most=_MOST) if table is not None else ():
            text, aborting = _parts(one)
            threshold = one.read(partial(_carried, metric, text), None)
            if threshold is None:
                continue
            found[threshold.text] = threshold
            if _RIGHT_ONLY in metric:
                notes.append(f"{threshold.text} counts failed requests as slower than any answer")
            if aborting:
                _abort(threshold, aborts, notes)
    if aborts:
        notes.append(
            f"abortOnFail ends the run where a limit is broken for {_ABORT_SECONDS} s in a row "
            f"({', '.join(aborts)}), while k6 asks of the whole run so far"
        )
    return tuple(found.values()), tuple(aborts.values())


def _parts(value: Value) -> tuple[object, bool]:
    """The expression, and whether the run ends when it does not hold."""
    if not isinstance(value.raw, dict):
        return value.raw, False
    table: Table = value.table(_KEYS)
    return table.content.get("threshold"), table.read("abortOnFail", switch, otherwise=False)


def _abort(threshold: Threshold, aborts: dict[str, Threshold], notes: list[str]) -> None:
    condition = f"{negated(threshold).text} for {_ABORT_SECONDS}s"
    try:
        aborts[condition] = abort_condition(condition)
    except InvalidError:
        notes.append(f"{threshold.text} does not end the run: it is not known second by second")


def _carried(metric: str, expression: object, _raw: object) -> Threshold:
    """The same limit in perfkit's words.

    Raises:
        InvalidError: There are none.
    """
    name = _METRIC.fullmatch(metric.replace(" ", ""))
    match = _EXPRESSION.fullmatch(expression) if isinstance(expression, str) else None
    if name is None or name["tag"] not in {None, _RIGHT_ONLY}:
        raise InvalidError("is of a part of the requests, which cannot be carried over", got=metric)
    if match is None:
        raise InvalidError("is no threshold", got=expression, allowed='such as "p(95)<150"')
    what, limit = match["what"].replace(" ", ""), match["limit"]
    if name["name"] == "http_req_duration" and what not in {"rate", "count", "value"}:
        said = f"{what}{match['operator']}{limit}ms"
    elif name["name"] in _RATES and what == "rate":
        share = f"{Decimal(limit) * 100:f}"
        share = share.rstrip("0").rstrip(".") if "." in share else share
        said = f"{_RATES[name['name']]}{match['operator']}{share}%"
    elif name["name"] == "http_reqs" and what == "rate":
        said = f"throughput{match['operator']}{limit}/s"
    else:
        what = "is of a figure that cannot be carried over"
        raise InvalidError(what, got=f"{metric}: {expression}", allowed=_ALLOWED)
    return parse_threshold(said)
