from __future__ import annotations

import itertools
import math
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from perfkit.analyse.estimate import Estimate
from perfkit.decide.policy import (
    Action,
    Measure,
    Status,
    load_policy,
    recommend,
    status,
    worst,
)
from perfkit.errors import PlanError

if TYPE_CHECKING:
    from pathlib import Path

SECTION = "{measure: benchmark time, benchmarks: [x], target: 10%, required: true}"
POLICY = """
version: 1
sections:
  Speed: %s
overall: {target: %s, required: true}
no_regressions: {required: true}
proceed: GO
"""


def estimate(low: float, high: float) -> Estimate:
    return Estimate(value=(low + high) / 2, low=low, high=high, confidence=0.95, n=12)


def write(path: Path, text: str) -> Path:
    path.write_text(text, encoding="utf-8")
    return path


def test_the_guides_targets_are_the_default() -> None:
    sections = load_policy(None).sections
    assert {title: one.target for title, one in sections.items()} == {
        "API Response Times": 0.10,
        "Throughput": 0.15,
        "Memory Usage": 0.05,
        "Pydantic Validation": 0.10,
        "JSON Serialization": 0.10,
    }
    assert sections["Pydantic Validation"].measure is Measure.BENCHMARK_TIME
    assert sections["Memory Usage"].goal == ">5 % improvement, expected 5–6 %"


@pytest.mark.parametrize(
    ("low", "high", "expected"),
    [
        (0.11, 0.14, Status.MET),
        (0.02, 0.04, Status.NOT_MET),
        (0.08, 0.12, Status.UNDECIDED),
        (0.10, 0.12, Status.UNDECIDED),  # the guide wants more than 10 %
        (0.05, 0.10, Status.NOT_MET),
        (-0.5, -0.2, Status.NOT_MET),
        (-math.inf, 1.0, Status.UNDECIDED),
        (math.nan, math.nan, Status.UNDECIDED),
    ],
)
def test_a_status_needs_the_whole_interval(low: float, high: float, expected: Status) -> None:
    assert status(estimate(low, high), 0.10) is expected


def test_nothing_measured_is_not_measured() -> None:
    assert status(None, 0.1) is Status.NOT_MEASURED
    assert worst([]) is Status.NOT_MEASURED


@given(st.lists(st.sampled_from(Status), max_size=6))
def test_proceed_needs_everything_met(statuses: list[Status]) -> None:
    found = recommend({str(i): one for i, one in enumerate(statuses)}, proceed="GO")
    assert (found.action is Action.PROCEED) == (bool(statuses) and set(statuses) == {Status.MET})
    assert (found.text == "GO") == (found.action is Action.PROCEED)
    assert (found.action is Action.STOP) == (Status.NOT_MET in statuses)
    assert (worst(statuses) is Status.MET) == (found.action is Action.PROCEED)


def test_a_recommendation_names_its_reasons() -> None:
    found = recommend({"A": Status.MET, "B": Status.NOT_MEASURED, "C": Status.NOT_MET}, proceed="")
    assert found.text == "STOP (target not met: C; not measured: B)"


@pytest.mark.parametrize("text", ["10%", "10 %", "0.1"])
def test_a_share_can_be_written_in_two_ways(tmp_path: Path, text: str) -> None:
    path = write(tmp_path / "policy.yaml", POLICY % (SECTION, text))
    assert load_policy(path).overall.target == pytest.approx(0.1)


@pytest.mark.parametrize("text", ["10", "ten", "1.5", "true", "nan%", "-100%", "[]", "''"])
def test_a_share_that_could_mean_two_things_is_refused(tmp_path: Path, text: str) -> None:
    path = write(tmp_path / "policy.yaml", POLICY % (SECTION, text))
    with pytest.raises(PlanError, match=r"overall → target.*10%"):
        load_policy(path)


def test_all_problems_come_together(tmp_path: Path) -> None:
    section = "{measure: speed, benchmarks: [x], target: 10, required: true, tarqet: 5%}"
    path = write(tmp_path / "policy.yaml", POLICY % (section, "10%") + "extra: 1\n")
    with pytest.raises(PlanError) as raised:
        load_policy(path)
    text = str(raised.value)
    assert len(raised.value.problems) == 4
    for part in ("measure", "target", "tarqet: unknown key", "extra: unknown key"):
        assert part in text


def test_a_section_of_benchmarks_needs_them(tmp_path: Path) -> None:
    path = write(
        tmp_path / "p.yaml", POLICY % ("{measure: peak memory, target: 5%, required: no}", "1%")
    )
    with pytest.raises(PlanError, match="'benchmarks' is missing"):
        load_policy(path)
    path = write(tmp_path / "p.yaml", POLICY % (SECTION.replace("benchmark time", "throughput"), 0))
    with pytest.raises(PlanError, match="needs a load test"):
        load_policy(path)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        *(
            (b"a: [", "no YAML"),
            (b"a: &b [1]\nc: *b", "alias"),
            (b"a: 1\na: 2", "twice"),
        ),
        *((b"\xff", "cannot be read"), (b"", "top level"), (b"- 1", "top level")),
    ],
)
def test_what_is_no_policy_is_said(tmp_path: Path, content: bytes, message: str) -> None:
    path = tmp_path / "policy.yaml"
    path.write_bytes(content)
    with pytest.raises(PlanError, match=message):
        load_policy(path)


def test_a_missing_file_is_said(tmp_path: Path) -> None:
    with pytest.raises(PlanError, match="No such file"):
        load_policy(tmp_path / "none.yaml")


def test_worst_is_the_worst_whatever_the_order() -> None:
    for order in itertools.permutations([Status.MET, Status.UNDECIDED, Status.NOT_MEASURED]):
        assert worst(list(order)) is Status.NOT_MEASURED
