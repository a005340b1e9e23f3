"""Lines of k6's JSON output: one point of one metric each.

A line is ``{"metric": …, "type": "Point", "data": {"time": RFC 3339 with nanoseconds, "value": …,
"tags": {…}, "metadata": {"vu": …}}}``, or describes a metric. Of the fourteen a request makes five
are kept. They are read by a pattern, three times as fast as JSON is, and as JSON where a k6 writes
its keys in another order.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from datetime import datetime

from perfkit.loadtest.k6.script import BEGIN, END, ERROR_TAG, NUMBER_TAG, READY

SENT, TOOK, BLOCKED, DROPPED = (
    "http_reqs",
    "http_req_duration",
    "http_req_blocked",
    "dropped_iterations",
)
WANTED = (BEGIN, END, READY, SENT, TOOK, BLOCKED, DROPPED)

_NAMES = "|".join(WANTED).encode()
_POINT = re.compile(
    rb'\{"metric":"(' + _NAMES + rb')","type":"Point","data":\{"time":"([^"]*)","value":([^,]+),'
    rb'"tags":\{([^}\\]*)\}(?:,"metadata":\{"vu":"(\d+)"\})?\}\}\s*'
)
_MAYBE = re.compile(rb'"metric":\s*"(?:' + _NAMES + rb')"')
_TAG = re.compile(rb'"(\w+)":"([^"]*)"')
_TO_SECOND = 19  # characters of 2026-08-22T10:11:12
_NANO_DIGITS = 9
_NANOS = 1_000_000_000


@dataclass(slots=True)
class Point:
    """One point.

    Attributes:
        metric: One of `WANTED`.
        time: Nanoseconds since 1970.
        value: Its value.
        vu: Number of k6's user, from 1; 0 while users are prepared.
        request: Number of the request; -1 for none.
        status: HTTP status.
        error: Text of an error; empty for none.
    """

    metric: str
    time: int
    value: float
    vu: int
    request: int
    status: int
    error: str


class PointReader:
    """Reads lines, and remembers the last second it saw."""

    def __init__(self) -> None:
        self._second = b""
        self._epoch = 0

    def read(self, line: bytes) -> Point | None:
        """The point of a line; None for one that is not wanted.

        Raises:
            ValueError: The line is broken.
        """
        match = _POINT.fullmatch(line)
        if match is None:
            return self._read_json(line) if _MAYBE.search(line) else None
        metric, time, value, tags, vu = match.groups()
        found = {name.decode(): text.decode() for name, text in _TAG.findall(tags)}
        return self._point(metric.decode(), time, float(value), found, int(vu or 0))

    def _read_json(self, line: bytes) -> Point | None:
        told = json.loads(line)
        if told.get("type") != "Point":
            return None
        data = told["data"]
        tags = data.get("tags") or {}
        vu = (data.get("metadata") or {}).get("vu") or tags.get("vu") or 0
        time = data["time"].encode()
        return self._point(told["metric"], time, float(data["value"]), tags, int(vu))

    def _point(
        self, metric: str, time: bytes, value: float, tags: dict[str, str], vu: int
    ) -> Point:
        return Point(
            metric=metric,
            time=self._nanoseconds(time),
            value=value,
            vu=vu,
            request=int(tags.get(NUMBER_TAG, -1)),
            status=int(tags.get("status", 0)),
            error=tags.get(ERROR_TAG, ""),
        )

    def _nanoseconds(self, time: bytes) -> int:
        """Of RFC 3339; k6 writes the local zone, and leaves trailing zeros out."""
        fraction, zone = time[_TO_SECOND:], b"Z"
        for sign in (b"Z", b"+", b"-"):
            at = fraction.find(sign)
            if at >= 0:
                fraction, zone = fraction[:at], fraction[at:]
                break
        second = time[:_TO_SECOND] + zone
        if second != self._second:
            self._epoch = int(datetime.fromisoformat(second.decode()).timestamp())
            self._second = second
        digits = fraction[1:].ljust(_NANO_DIGITS, b"0")[:_NANO_DIGITS]
        return self._epoch * _NANOS + int(digits)
