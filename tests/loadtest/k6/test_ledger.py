"""Points to rows; nothing is lost."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from perfkit.loadtest.k6.ledger import Ledger, judge
from perfkit.loadtest.k6.meter import Meter
from perfkit.loadtest.k6.points import Point, PointReader
from perfkit.loadtest.k6.script import CHECKS_FROM, NOT_CAPTURED
from perfkit.profile.parse import parse_profile
from perfkit.recording.events import ANSWERED, CUT_OFF, FAILED

SAMPLE = Path(__file__).with_name("sample.ndjson")
PROFILE = parse_profile(
    """
model: open
start: 12
stages: [{name: zero, duration: 0s, rate: 1}, {name: one, duration: 1s, rate: 12},
         {name: two, duration: 1s, rate: 12}]
users: 1
scenario:
  setup: [{name: login, get: /login, capture: {answer: answer}}]
  requests:
    - name: a
      get: "/a?${answer}"
      checks: [{name: ok, status: 200}, {name: fast, time: 1ms}, {name: text, body: "42"}]
""",
    Path("test.yaml"),
)
MS = 1_000_000


def point(metric: str, time: int, value: float = 1, vu: int = 1, **more: Any) -> Point:
    content: dict[str, Any] = {"request": 0, "status": 200, "error": "", **more}
    return Point(metric=metric, time=time, value=value, vu=vu, **content)


def ledger() -> Ledger:
    found = Ledger(PROFILE)
    found.add(point("perfkit_ready", 10_000 * MS, vu=0))
    return found


def request(
    to: Ledger, begin: int, end: int, *, value: float = 2, vu: int = 1, **more: Any
) -> None:
    to.add(point("perfkit_begin", begin, vu=vu))
    to.add(point("http_reqs", end, vu=vu, **more))
    to.add(point("http_req_duration", end, (end - begin) / MS - 0.5, vu=vu))
    to.add(point("http_req_blocked", end, 0.25, vu=vu))
    to.add(point("perfkit_end", end + 1000, value, vu=vu, error=more.get("error", "")))


def test_a_recorded_run() -> None:
    found, reader = Ledger(PROFILE), PointReader()
    for line in SAMPLE.read_bytes().splitlines():
        if (one := reader.read(line)) is not None:
            found.add(one)
    assert (found.sent, found.unsent, found.ended, found.in_flight()) == (6, 6, 5, 1)
    assert found.origin is not None
    found.cut(found.origin + 1100 * MS)
    rows, names = found.take()
    assert [(one.kind, one.text) for one in names] == [("request", "a"), ("request", "login")]
    load = rows[rows["phase"] >= 0]
    assert load["outcome"].tolist() == [ANSWERED] * 5 + [CUT_OFF]
    assert set(load["checks"][:5].tolist()) == {2}  # slower than a millisecond
    assert load["end"][-1] == 1_100_000
    took = (load["end"] - load["start"])[:5]
    assert ((took > 150_000) & (took < 156_000)).all()  # the server waits 150 ms
    (setup,) = rows[rows["phase"] < 0]
    assert setup["end"] < 0
    assert setup["request"] == 1
    assert found.begun(1) == 6


def test_start_is_the_end_less_what_it_took() -> None:
    found = ledger()
    request(found, 10_100 * MS, 10_130 * MS)
    ((due, start, end, slip, size, status, outcome, checks, *_),) = found.take()[0]
    assert (due, start, end) == (100_250, 100_250, 130_000)
    assert (slip, size, status, outcome, checks) == (0, 2, 200, ANSWERED, 2)


def test_a_failure_began_when_the_script_says() -> None:
    found = ledger()
    request(found, 10_100 * MS, 10_130 * MS, value=0, status=0, error="dial: refused")
    rows, names = found.take()
    assert rows["start"].tolist() == [100_000]
    assert rows["outcome"].tolist() == [FAILED]
    assert names[-1].text == "dial: refused"
    assert rows["error"].tolist() == [names[-1].number]


def test_phases_are_those_of_the_schedule() -> None:
    found = ledger()
    for vu, begin in enumerate((10_000, 10_999, 11_001, 12_500), 1):
        request(found, begin * MS, (begin + 500) * MS, vu=vu)
    assert found.take()[0]["phase"].tolist() == [1, 1, 2, 2]


def test_an_iteration_that_was_broken_off_is_a_failure() -> None:
    found = ledger()
    found.add(point("perfkit_begin", 10_100 * MS))
    request(found, 10_200 * MS, 10_300 * MS)
    rows, names = found.take()
    assert rows["outcome"].tolist() == [FAILED, ANSWERED]
    assert names[-1].text == "k6 broke it off"


def test_errors_are_not_without_number() -> None:
    found = ledger()
    for number in range(1500):
        request(found, 10_100 * MS, 10_130 * MS, status=0, error=f"error {number}")
    rows, names = found.take()
    assert len(rows) == 1500
    assert len([one for one in names if one.kind == "error"]) == 1001


def test_nothing_is_told_before_the_origin() -> None:
    found = Ledger(PROFILE)
    request(found, 9_000 * MS, 9_100 * MS, vu=0)
    assert len(found.take()[0]) == 0
    found.add(point("perfkit_ready", 10_000 * MS, vu=0))
    (row,) = found.take()[0]
    assert (row["phase"], row["end"]) == (-1, -900_000)
    assert found.sent == 0


@given(st.lists(st.sampled_from(["begin", "end", "fail", "broken"]), max_size=60), st.randoms())
def test_everything_sent_is_somewhere(steps: list[str], random: Any) -> None:
    found, meter, time = ledger(), Meter(), 10_000 * MS
    for step in steps:
        time += random.randrange(1, 100 * MS)
        vu = random.randrange(1, 5)
        if step == "begin":
            found.add(point("perfkit_begin", time, vu=vu))
        elif step == "broken":
            found.add(point("http_reqs", time, vu=vu))
        else:
            error = "no" if step == "fail" else ""
            found.add(point("http_reqs", time, vu=vu))
            found.add(point("perfkit_end", time, 2, vu=vu, error=error))
    flying = found.in_flight()
    assert found.sent == found.ended + flying
    found.cut(time)
    rows, _ = found.take()
    meter.add(rows)
    assert found.sent == len(rows) == meter.answered + meter.failed + meter.cut_off
    assert meter.cut_off == flying
    assert (rows["end"] >= rows["start"]).all()
    assert found.begun(1e9) == found.sent


def test_figures_are_of_the_second_they_ended_in() -> None:
    found, meter = ledger(), Meter()
    for number in range(100):
        begin = 10_000 * MS + number * 10 * MS
        request(found, begin, begin + (number + 1) * MS, vu=number + 1)
    meter.add(found.take()[0])
    one = meter.figures(1.0)
    rest = meter.figures(100.0)
    assert one.answered + rest.answered == 100
    assert one.answered == 91  # the last nine end at 1.001 s and later
    assert one.p50 == pytest.approx(0.04575)
    assert np.isnan(meter.figures(200.0).p99)


@pytest.mark.parametrize(
    ("status", "bits", "seconds", "failed", "why"),
    [
        (200, 0, 0.0005, 0, None),
        (200, 0, 0.5, 2, None),
        (500, 0, 0.0005, 1, "check 'ok': status 500"),
        (200, 4, 0.0005, 4, "check 'text': text not in the body"),
        (500, 4, 0.5, 7, "check 'ok': status 500"),
        (200, NOT_CAPTURED, 0.0005, 0, "cannot capture: nothing there"),
    ],
)
def test_judged_like_the_other_engine(
    status: int, bits: int, seconds: float, failed: int, why: str | None
) -> None:
    asked = PROFILE.scenario.requests[0]
    assert judge(asked, status, bits, seconds) == (failed, why)


def test_without_checks_a_status_below_400_is_right() -> None:
    asked = PROFILE.scenario.setup[0]
    assert judge(asked, 399, 0, 9.0) == (0, None)
    assert judge(asked, 400, 0, 9.0) == (0, "status 400")


def test_size_and_checks_are_in_one_number() -> None:
    found = ledger()
    size = 60_000_000_000
    request(found, 10_100 * MS, 10_130 * MS, value=float(size + 4 * CHECKS_FROM))
    (row,) = found.take()[0]
    assert (row["size"], row["checks"], row["outcome"]) == (size, 6, FAILED)
