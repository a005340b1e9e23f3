"""What master and worker send each other: small, whole, and never believed unseen."""

from __future__ import annotations

import importlib.util
import json
import subprocess
import sys
import zlib
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from perfkit.loadtest.engine_process import ENGINE
from perfkit.recording.events import COLUMNS, ROW, ROW_TYPE, Name

if TYPE_CHECKING:
    from numpy.typing import NDArray


def load_messages() -> Any:
    spec = importlib.util.spec_from_file_location("m", ENGINE / "_perfkit_messages.py")
    assert spec is not None
    assert spec.loader is not None
    found = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(found)
    return found


MESSAGES = load_messages()


def rows_of(data: bytes) -> NDArray[np.void]:
    return np.frombuffer(data[: len(data) // ROW.size * ROW.size], ROW_TYPE)


@given(st.binary(max_size=20 * ROW.size))
def test_rows_survive_the_way(data: bytes) -> None:
    rows = rows_of(data)
    found = MESSAGES.unpacked(MESSAGES.packed(rows) if len(rows) else b"", len(rows))
    assert found.tobytes() == rows.tobytes()


def good_rows(count: int) -> NDArray[np.void]:
    rows = np.zeros(count, ROW_TYPE)
    rows["start"] = np.arange(count) * 5000
    rows["end"] = rows["start"] + 900
    rows["error"] = -1
    return rows


@pytest.mark.parametrize(
    ("data", "count"),
    [
        (b"", 3),
        (b"rubbish", 3),
        (zlib.compress(bytes(3 * ROW.size - 1)), 3),
        (zlib.compress(bytes(3 * ROW.size + 1)), 3),
        (zlib.compress(bytes(1 << 26)), 3),
        (zlib.compress(bytes(3 * ROW.size))[:-6], 3),
    ],
)
def test_rows_that_are_not_so_many(data: bytes, count: int) -> None:
    with pytest.raises(MESSAGES.NonsenseError):
        MESSAGES.unpacked(data, count)


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("outcome", 3),
        ("outcome", -1),
        ("target", 2),
        ("target", -1),
        ("phase", 4),
        ("phase", -2),
        ("slip", -1),
        ("size", -1),
        ("end", -5),
        ("request", 1),
        ("request", -1),
        ("error", 0),
    ],
)
def test_rows_that_make_no_sense(column: str, value: int) -> None:
    names = [Name(kind="request", number=0, text="GET /")]
    assert set(COLUMNS) > {column}
    MESSAGES.Sense(2, 4).check(good_rows(5), names)
    rows = good_rows(5)
    rows[column][2] = value
    with pytest.raises(MESSAGES.NonsenseError):
        MESSAGES.Sense(2, 4).check(rows, names)


def test_a_number_has_one_name() -> None:
    sense = MESSAGES.Sense(1, 1)
    sense.check(good_rows(1), [Name(kind="request", number=0, text="a")])
    with pytest.raises(MESSAGES.NonsenseError, match="named twice"):
        sense.check(good_rows(1), [Name(kind="request", number=0, text="b")])


@pytest.mark.parametrize(
    ("ask", "value"),
    [
        ("whole", -1),
        ("whole", 1.0),
        ("whole", True),
        ("whole", 1 << 60),
        ("whole", None),
        ("number", float("nan")),
        ("number", float("inf")),
        ("number", -0.5),
        ("number", "1"),
        ("number", False),
        ("text", 1),
        ("text", "x" * 301),
        ("data", "x"),
        ("texts", "x"),
        ("texts", ["x"] * 21),
        ("texts", [1]),
    ],
)
def test_values_that_are_not_what_they_should_be(ask: str, value: object) -> None:
    with pytest.raises(MESSAGES.NonsenseError):
        getattr(MESSAGES.Reader({"it": value}), ask)("it")


@pytest.mark.parametrize(
    "names",
    ["x", [1], [["request", 0]], [["?", 0, "a"]], [["request", -1, "a"]], [["error", 0, 1]]],
)
def test_names_that_are_none(names: object) -> None:
    with pytest.raises(MESSAGES.NonsenseError):
        MESSAGES.Reader({"names": names}).names()


def test_texts_cannot_command_a_terminal() -> None:
    assert MESSAGES.Reader({"it": "a\x1b[31mb\x00\nc"}).text("it") == "a[31mb\nc"


def test_identities_of_clock_and_network() -> None:
    assert MESSAGES.clock_identity() == MESSAGES.clock_identity()
    assert MESSAGES.network_identity() != MESSAGES.clock_identity()


SCRIPT = """
import json, sys
import locust
sys.path.insert(0, sys.argv[1])
import _perfkit_handover
from _perfkit_handover import Handover
import gevent, numpy as np
from perfkit.recording.events import ROW_TYPE, Name

said = []
handover = Handover(lambda say, **content: said.append((say, content)))
_perfkit_handover.MOST_BYTES = 40_000
_perfkit_handover._AGAIN_SECONDS = 1.0
rng = np.random.default_rng(1)
rows = np.zeros(1000, ROW_TYPE)
rows["due"] = rng.integers(0, 1 << 62, 1000)
names = [Name(kind="request", number=0, text="GET /")]
for second in range(10):
    fresh = [Name(kind="request", number=second, text=f"GET /{second}")]
    handover.put(rows, fresh, {"second": second + 1.0})
    gevent.sleep(0.02)
first = list(said)
gevent.sleep(2.5)
repeated = [content["number"] for _, content in said[len(first):]]
held = handover._size
handover.acknowledged(3)
handover.acknowledged(1)
waiting = [chunk.number for chunk in handover._waiting]
gevent.spawn_later(0.2, handover.acknowledged, 9)
handover.finish()
print(json.dumps({
    "numbers": [content["number"] for _, content in first],
    "rows": [content["rows"] for _, content in first],
    "names": [content["names"] for _, content in first],
    "seconds": [content["told"]["second"] for _, content in first],
    "repeated": repeated, "held": held, "lost": handover.lost, "waiting": waiting,
    "chunks": handover.chunks,
}))
"""


def test_a_master_that_is_too_slow_costs_rows_and_holds_nobody_back() -> None:
    """Memory stays bounded; figures and names go on, and the loss is known."""
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", SCRIPT, str(ENGINE)],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert found["numbers"] == list(range(10))
    assert found["seconds"] == [float(second) for second in range(1, 11)]
    kept = found["rows"].count(1000)
    assert found["rows"] == [1000] * kept + [0] * (10 - kept)
    assert 1 <= kept < 10
    assert found["lost"] == (10 - kept) * 1000
    assert found["held"] <= 40_000
    assert found["names"] == [[["request", number, f"GET /{number}"]] for number in range(10)]
    assert found["repeated"][:10] == list(range(10))
    assert found["waiting"] == list(range(4, 10))
    assert found["chunks"] == 10
