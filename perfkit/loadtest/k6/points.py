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
_METRICS = {name.encode(): name for name in WANTED}
_BEGIN = b'{"metric":"'
_NAME_AT = len(_BEGIN)
_MOST_TAGS = 10_000
_TO_SECOND = 19  # characters of 2026-08-22T10:11:12
_ZONE = 6  # characters of +02:00
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
    """Reads lines, and remembers what it saw: seconds and tags come again and again."""

    def __init__(self) -> None:
        self._second = b""
        self._epoch = 0
        self._tags: dict[bytes, tuple[int, int, str]] = {}

    def read(self, line: bytes) -> Point | None:
        """The point of a line; None for one that is not wanted.

        Raises:
            ValueError: The line is broken.
        """
        if line.startswith(_BEGIN) and line[_NAME_AT : line.find(b'"', _NAME_AT)] not in _METRICS:
            return None
        match = _POINT.fullmatch(line)
        if match is None:
            return self._read_json(line) if _MAYBE.search(line) else None
        metric, time, value, tags, vu = match.groups()
        told = self._tags.get(tags)
        if told is None:
            if len(self._tags) >= _MOST_TAGS:
                self._tags.clear()
            told = self._tags[tags] = _told({k.decode(): v.decode() for k, v in _TAG.findall(tags)})
        name = _METRICS[metric]
        return Point(name, self._nanoseconds(time), float(value), int(vu or 0), *told)

    def _read_json(self, line: bytes) -> Point | None:
        told = json.loads(line)
        if told.get("type") != "Point":
            return None
        data = told["data"]
        tags = data.get("tags") or {}
        vu = (data.get("metadata") or {}).get("vu") or 0
        time = self._nanoseconds(data["time"].encode())
        return Point(told["metric"], time, float(data["value"]), int(vu), *_told(tags))

    def _nanoseconds(self, time: bytes) -> int:
        """Of RFC 3339; k6 leaves trailing zeros out, and writes the local zone, which is UTC."""
        if time.endswith(b"Z"):
            fraction, zone = time[_TO_SECOND:-1], b"Z"
        else:
            fraction, zone = time[_TO_SECOND:-_ZONE], time[-_ZONE:]
        second = time[:_TO_SECOND] + zone
        if second != self._second:
            self._epoch = int(datetime.fromisoformat(second.decode()).timestamp())
            self._second = second
        digits = fraction[1:].ljust(_NANO_DIGITS, b"0")[:_NANO_DIGITS]
        return self._epoch * _NANOS + int(digits)


def _told(tags: dict[str, str]) -> tuple[int, int, str]:
    """Number of the request, status, and error."""
    return int(tags.get(NUMBER_TAG, -1)), int(tags.get("status", 0)), tags.get(ERROR_TAG, "")
