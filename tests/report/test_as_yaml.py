from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from perfkit.report.as_yaml import as_yaml

if TYPE_CHECKING:
    from collections.abc import Callable

# The guide's template (its section 4.5): top-level keys in order.
TEMPLATE = [
    "Date",
    "Environment",
    "Test Duration",
    "API Response Times",
    "Throughput",
    "Memory Usage",
    "Pydantic Validation",
    "JSON Serialization",
    "Overall Assessment",
    "Status",
    "Recommendation",
]
FIGURE = re.compile(r"^[\d.]+ (s|ms|µs|ns|MiB|KiB) \[[\d.]+, [\d.]+\]")


def test_as_kept(stated: Any, golden: Callable[[str, str], None]) -> None:
    golden("typical.yaml", as_yaml(stated.view))


def test_it_parses_back_with_the_templates_headings(any_run: Any) -> None:
    text = as_yaml(any_run.view)
    document = yaml.safe_load(text)
    assert list(document)[: len(TEMPLATE)] == TEMPLATE
    title, underline = text.splitlines()[:2]
    assert title.startswith("# Performance Benchmarking - Python 3.1")
    assert underline == "# " + "=" * (len(title) - 2)
    assert [next(iter(one)) for one in document["Overall Assessment"]] == [
        "Performance Target",
        "Actual Performance",
        "Memory Optimization",
        "No Performance Regressions",
    ]


def test_no_template_section_is_without_a_figure_or_a_reason(any_run: Any) -> None:
    document = yaml.safe_load(as_yaml(any_run.view))
    for title in TEMPLATE[3:8]:
        baseline, candidate, *_ = document[title].values()
        for value in (baseline, candidate):
            assert "not measured" in str(value) or FIGURE.match(value) or "[no interval]" in value


def test_what_needs_a_load_test_says_not_measured(typical: Any) -> None:
    document = yaml.safe_load(as_yaml(typical.view))
    absent = [{name: "not measured"} for name in ("Average", "P95", "P99")]
    times = document["API Response Times"]
    assert (times["Baseline (Python 3.12)"], times["Python 3.13"]) == (absent, absent)
    assert times["Status"] == "NOT MEASURED (>10 % improvement)"
    assert document["Throughput"]["Python 3.13"] == "not measured"


def test_met_and_missed_targets(typical: Any) -> None:
    document = yaml.safe_load(as_yaml(typical.view))
    validation, serialization = document["Pydantic Validation"], document["JSON Serialization"]
    assert re.search(r"\(↓13\.\d % \[1\d\.\d, 1\d\.\d\] ✅\)$", validation["Python 3.13"])
    assert validation["Status"].startswith("✅ TARGET MET: SIGNIFICANT IMPROVEMENT")
    assert re.search(r"\(↑3\.\d % \[\d\.\d, \d\.\d\]\)$", serialization["Python 3.13"])
    assert serialization["Status"].startswith("TARGET NOT MET")
    assert document["Recommendation"].startswith("STOP")


def test_every_benchmark_is_there_failed_ones_too(any_run: Any) -> None:
    rows = yaml.safe_load(as_yaml(any_run.view))["All Benchmarks"]
    ids = [row.id for row in any_run.view.rows]
    assert ([row["Benchmark"] for row in rows] if ids else rows) == (ids or "not measured")


def test_caveats_of_a_kind_are_one_line(many: Any, typical: Any) -> None:
    for made in (many, typical):
        lines = yaml.safe_load(as_yaml(made.view))["Caveats"]
        assert len(lines) == len(made.view.caveats)
        for line, group in zip(lines, made.view.caveats, strict=True):
            assert group.sentences in line
            assert all(name in line for name in group.benchmarks)


def test_hostile_text_comes_back_as_it_was(hostile: Any) -> None:
    rows = yaml.safe_load(as_yaml(hostile.view))["All Benchmarks"]
    assert rows[-1]["Reason"] == hostile.view.rows[-1].failure.reason


@pytest.mark.parametrize("fixture", ["noisy", "interrupted", "empty", "all_failed", "clean"])
def test_no_tick_and_no_go_where_nothing_is_known(
    fixture: str, request: pytest.FixtureRequest
) -> None:
    text = as_yaml(request.getfixturevalue(fixture).view)
    assert "PROCEED" not in text
    if fixture != "clean":
        assert "✅" not in text
