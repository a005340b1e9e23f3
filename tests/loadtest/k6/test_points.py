"""Lines of k6's output."""

from __future__ import annotations

import json
from collections import Counter
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from perfkit.loadtest.k6.points import Point, PointReader

SAMPLE = Path(__file__).with_name("sample.ndjson")
"""What k6 1.1.0 wrote, unchanged."""

REFUSED = (
    '{"metric":"perfkit_end","type":"Point","data":{"time":"2026-11-24T06:06:16.5Z","value":0,'
    '"tags":{"e":"Get \\"http://…/\\": dial: connection refused","r":"2"},'
    '"metadata":{"vu":"12"}}}\n'
)


def test_a_recorded_run() -> None:
    reader = PointReader()
    lines = SAMPLE.read_bytes().splitlines(keepends=True)
    found = [point for line in lines if (point := reader.read(line))]
    assert Counter(point.metric for point in found) == {
        "perfkit_begin": 7,
        "perfkit_end": 6,
        "perfkit_ready": 1,
        "http_reqs": 6,
        "http_req_duration": 6,
        "http_req_blocked": 6,
        "dropped_iterations": 6,
    }
    first = next(point for point in found if point.metric == "http_reqs" and point.vu)
    assert (first.vu, first.request, first.status, first.error) == (1, 0, 200, "")


def test_the_keys_may_come_in_another_order() -> None:
    def turned(line: bytes) -> bytes:
        told = json.loads(line)
        if "time" in told.get("data", {}):
            told["data"] = dict(reversed(told["data"].items()))
        return json.dumps(dict(reversed(told.items()))).encode()

    for line in SAMPLE.read_bytes().splitlines():
        assert PointReader().read(line) == PointReader().read(turned(line))


def test_errors_are_read_as_json_where_they_need_it() -> None:
    point = PointReader().read(REFUSED.encode())
    assert point is not None
    assert point.error == 'Get "http://…/": dial: connection refused'
    assert (point.vu, point.request) == (12, 2)


@pytest.mark.parametrize("line", [b"", b"\n", b"warning: x", b'{"metric":"vus","type":"Point"}'])
def test_what_is_not_wanted(line: bytes) -> None:
    assert PointReader().read(line) is None


@pytest.mark.parametrize("cut", [40, 90, 120])
def test_a_broken_line_is_no_point(cut: int) -> None:
    line = next(
        line for line in SAMPLE.read_bytes().splitlines() if b'"http_reqs","type":"Point"' in line
    )
    with pytest.raises(json.JSONDecodeError):
        PointReader().read(line[:cut])


@given(
    st.integers(10**9, 4 * 10**9),
    st.integers(0, 999_999_999),
    st.sampled_from([None, -11, 0, 5.5]),
)
def test_times_are_exact(second: int, nano: int, zone: float | None) -> None:
    place = UTC if zone is None else timezone(timedelta(hours=zone))
    day = datetime.fromtimestamp(second, place).isoformat()
    fraction = f".{nano:09d}".rstrip("0").rstrip(".")
    suffix = "Z" if zone is None else day[-6:]
    data = f'{{"time":"{day[:-6]}{fraction}{suffix}","value":1,"tags":{{}}}}'
    line = f'{{"metric":"perfkit_ready","type":"Point","data":{data}}}'
    point = PointReader().read(line.encode())
    assert point == Point(
        metric="perfkit_ready",
        time=second * 10**9 + nano,
        value=1.0,
        vu=0,
        request=-1,
        status=0,
        error="",
    )
