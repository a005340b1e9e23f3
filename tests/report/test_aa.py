"""What `perfkit aa` says in words."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from perfkit.analyse.aa import Accuracy
from perfkit.analyse.proportion import proportion
from perfkit.analyse.replay import Replay
from perfkit.block import Failure
from perfkit.decide.aa import AaResult
from perfkit.report.aa import COLUMNS, as_yaml, headline, lines, rows

if TYPE_CHECKING:
    from perfkit.recording import Recording


def accuracy(different: int, of: int, *, precise: int) -> Accuracy:
    return Accuracy(
        comparisons=of,
        covered=proportion(of - different, of, 0.95),
        different=proportion(different, of, 0.95),
        found=proportion(different, of, 0.95),
        found_precise=proportion(min(different, precise), precise, 0.95),
        precise=proportion(precise, of, 0.95),
        rms_error=0.0051,
        half_width=0.0093,
        seconds=11.5,
        figure_of_merit=0.0173,
    )


def result(found: Accuracy | None, *, injected: float = 1.0) -> AaResult:
    return AaResult(
        accuracy=found,
        by_benchmark={} if found is None else {"sums": found},
        replay=Replay(
            false_alarms=proportion(400, 20_000, 0.95), blocks=14.0, half_width=0.009, precise=0.95
        ),
        injected=injected,
        alarms=(),
        failures=(
            Failure(benchmark="bad", side=None, stage="run", reason="ValueError: x", detail=""),
        ),
        seconds={"timed": 12.345, "total": 20.0},
    )


@pytest.fixture
def recording(clean: Any) -> Recording:
    return clean.recording


def with_slowdown(recording: Recording) -> Recording:
    return replace(recording, run=replace(recording.run, inject=0.02))


def test_false_alarms(recording: Recording) -> None:
    few, many = result(accuracy(2, 60, precise=50)), result(accuracy(20, 60, precise=50))
    assert headline(recording, few) == (
        "Python 3.12.1 against itself: 2 of 60 comparisons claim a difference, "
        "compatible with the 5 % that chance allows."
    )
    assert "more than the 5 %" in headline(recording, many)
    found = dict(lines(recording, few))
    assert found["false alarms, counted"].startswith("3.3 % (2 of 60; 0.4 % … 11.5 %")
    assert found["false alarms, replayed"].startswith("2.0 % (400 of 20000;")
    assert found["RMS error of the ratio"] == "0.51 %"
    assert found["seconds a comparison"] == "11.5 s"


def test_a_slowdown_that_was_injected(recording: Recording) -> None:
    recording = with_slowdown(recording)
    found = headline(recording, result(accuracy(58, 60, precise=50), injected=1.0203))
    assert found.startswith("Python 3.12.1 made 2.03 % slower on one side: found in 100.0 % (50 of")
    words = headline(recording, result(accuracy(3, 60, precise=0), injected=1.02))
    assert "since none did" in words
    assert "5.0 % (3 of 60" in words
    assert "nan" not in words


def test_nothing_measured(recording: Recording) -> None:
    nothing = result(None)
    assert headline(recording, nothing) == "Python 3.12.1 against itself: nothing was measured."
    assert lines(recording, nothing) == []
    report = yaml.safe_load(as_yaml(recording, nothing))
    assert report["Numbers"] == "not measured"
    assert report["Failures"] == {"bad": "ValueError: x"}


def test_as_yaml(recording: Recording) -> None:
    found = result(accuracy(2, 60, precise=0))
    report = yaml.safe_load(as_yaml(recording, found))
    assert report["Verdict"] == headline(recording, found)
    assert report["Numbers"]["different"]["n"] == 60
    assert math.isnan(report["Numbers"]["found among precise"]["value"])
    assert report["Benchmarks"]["sums"]["different"] == "2"
    assert [len(row) for row in rows(found)] == [len(COLUMNS)]
    assert report["Seconds by stage"] == {"timed": 12.35, "total": 20.0}
