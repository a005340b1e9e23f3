from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from perfkit.report.load.as_yaml import as_yaml

if TYPE_CHECKING:
    from collections.abc import Callable

# The guide's template (its section 6.4): top-level keys in order, without what is in brackets.
TEMPLATE = [
    "Date",
    "Environment",
    "Test Duration",
    "Sustained Load Test",
    "Peak Load Test",
    "Stress Test",
    "Memory Under Load",
    "CPU Under Load",
    "Overall Assessment",
    "Status",
    "Recommendation",
]
STEADY = [
    "Average Response Time",
    "P95 Response Time",
    "P99 Response Time",
    "Error Rate",
    "Throughput",
    "Total Requests",
    "Failed Requests",
    "System remained stable",
]
STRESS = [
    "Breaking Point",
    "Max Throughput",
    "Graceful Degradation",
    "Recovery Time",
    "No crashes",
]


def read(made: Any) -> dict[str, Any]:
    document: dict[str, Any] = yaml.safe_load(as_yaml(made.view))
    return document


def flat(items: list[dict[str, str]]) -> dict[str, str]:
    return {name: text for item in items for name, text in item.items()}


@pytest.mark.parametrize("name", ["compared", "stress"])
def test_as_kept(
    name: str, kept: Callable[[str, str], None], request: pytest.FixtureRequest
) -> None:
    kept(f"{name}.yaml", as_yaml(request.getfixturevalue(name).view))


def test_it_parses_back_with_the_templates_headings(any_load: Any) -> None:
    names = [key.partition(" (")[0] for key in read(any_load)]
    names = [name for name in names if not name.startswith("Load Test ")]
    assert names[: len(TEMPLATE)] == TEMPLATE


def test_one_python_has_the_guides_very_list(single: Any) -> None:
    document = read(single)
    items = document["Sustained Load Test (100 concurrent users, 5 min)"]
    assert [next(iter(item)) for item in items] == STEADY
    found = flat(items)
    assert found["P95 Response Time"] == "130 ms [126, 134], n 12,000 ✅ (threshold: < 150 ms)"
    assert found["Total Requests"] == "12,010"
    assert document["Peak Load Test"] == document["Stress Test"] == "not measured"


def test_two_pythons_stand_side_by_side(compared: Any) -> None:
    section = read(compared)["Sustained Load Test (100 concurrent users, 5 min)"]
    assert list(section) == ["Baseline (Python 3.12)", "Python 3.13"]
    assert "112 ms [108, 115]" in flat(section["Python 3.13"])["P95 Response Time"]


def test_a_phases_threshold_has_its_own_figure_and_no_tick(single: Any) -> None:
    items = read(single)["Sustained Load Test (100 concurrent users, 5 min)"]
    text = flat(items)["P99 Response Time"]
    assert "threshold: < 250 ms at hold, PASS: 210 ms" in text
    assert "✅" not in text


def test_stress_has_the_guides_list(stress: Any) -> None:
    items = read(stress)["Stress Test (up to 800 concurrent users)"]
    assert [next(iter(item)) for item in items][: len(STRESS)] == STRESS
    found = flat(items)
    assert found["Breaking Point"] == "400 to 800 concurrent users (p(95)<200ms)"
    assert found["Graceful Degradation"] == "✅ Yes (errors at most 3.1 % beyond it)"
    assert found["Recovery Time"] == "42.5 s (staying within 10 % for 10 s) ✅"
    assert "data corruption: not measured" in found["No crashes"]


def test_a_scaled_profile_earns_no_status_and_no_approval(stress: Any) -> None:
    document = read(stress)
    assert document["Status"] == "LOAD TESTING PASSED (stress: time scaled to 2 %)"
    assert document["Recommendation"].startswith("HOLD (not measured: sustained load, peak load")
    assert "scaled: stress" in document["Recommendation"]


def test_ticks_only_where_measured_and_met(failing: Any) -> None:
    document = read(failing)
    items = flat(document["Sustained Load Test (100 concurrent users, 5 min)"])
    assert items["P95 Response Time"].endswith("(threshold: < 150 ms, FAIL)")
    assert "INCONCLUSIVE" in items["P99 Response Time"]
    assert "✅ (threshold: < 1 %)" in items["Error Rate"]
    assert "✅" not in items["P95 Response Time"] + items["Throughput"]
    assert "(limit < 280 MB (267 MiB): NO DATA)" in flat(document["Memory Under Load"])["Maximum"]
    assert document["Status"] == "LOAD TESTING FAILED"
    assert document["Recommendation"].startswith("STOP (target not met: All thresholds met")


@pytest.mark.parametrize("name", ["invalid", "empty", "interrupted", "silent", "died"])
def test_no_approval_where_nothing_is_known(name: str, request: pytest.FixtureRequest) -> None:
    made = request.getfixturevalue(name)
    text, document = as_yaml(made.view), read(made)
    assert "APPROVED" not in text
    assert "PASSED" not in document["Status"]
    assert not re.search(r"threshold.*✅|✅ \(threshold", text) or name in {"died", "interrupted"}


def test_an_invalid_generator_leaves_no_tick(invalid: Any) -> None:
    assert "✅" not in as_yaml(invalid.view)
    health = read(invalid)["Generator Health"]
    assert health["Verdict"] == "INVALID"
    assert "Raise --workers" in health["Problems"][0]


def test_the_api_rows_of_a_comparison(better: Any) -> None:
    document = read(better)
    times = document["API Response Times"]
    names = [next(iter(one)) for one in times["Python 3.13"]]
    assert names == ["Average", "P95", "P99"]
    assert re.search(r"\(↓16\.0 % \[15\.2, 16\.8\] ✅\)", times["Python 3.13"][0]["Average"])
    assert times["Status"].startswith("✅ TARGET MET")
    rate = document["Throughput"]
    assert rate["Python 3.13"].startswith("1,180 requests/s [")
    assert "(↑18.0 % [16.8, 19.2] ✅)" in rate["Python 3.13"]
    assert "service under load" in document["Memory Usage"]["Measured By"]


def test_a_paced_profile_says_nothing_of_throughput(compared: Any) -> None:
    rate = read(compared)["Throughput"]
    assert rate["Python 3.13"] == "not measured"
    assert "the profile sets the throughput" in rate["Reason"]


def test_not_reached_is_a_result(searched: Any) -> None:
    section = read(searched)["Stress Test (search, concurrent users)"]
    assert section["Python 3.13"] == "did not break up to 500 users"


def test_every_estimate_has_its_interval(any_load: Any) -> None:
    document = read(any_load)
    for row in document["Comparison"] if isinstance(document["Comparison"], list) else []:
        assert "[" in row["Change"]


def test_hostile_text_comes_back_as_it_was(hostile: Any) -> None:
    document = read(hostile)
    assert document["Thresholds"][0]["Threshold"] == "<script>alert(1)</script>"
    assert document["Thresholds"][0]["Reason"] == hostile.view.thresholds[0].reason
