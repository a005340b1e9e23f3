"""`benchmarks/peers`: that the answers of the tools are read right, and counted right."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import ModuleType

PEERS = Path(__file__).parents[2] / "benchmarks" / "peers"


@pytest.fixture
def peers(monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[ModuleType, ModuleType, ModuleType]]:
    """The scripts import each other by name."""
    monkeypatch.syspath_prepend(str(PEERS))
    import compare
    import project
    import tools

    yield compare, tools, project
    for name in ("compare", "tools", "project"):
        del sys.modules[name]


def test_answers_of_pyperf(peers: tuple[Any, ...]) -> None:
    _, tools, _ = peers
    text = (
        "json: Mean +- std dev: [base] 1.02 ms +- 0.02 ms -> [head] 1.11 ms +- 0.04 ms: "
        "1.09x slower\n"
        "objects: Mean +- std dev: [base] 311 us +- 3 us -> [head] 290 us +- 4 us: 1.07x faster\n"
        "\nBenchmark hidden because not significant (1): sorting\n\nGeometric mean: 1.01x slower\n"
    )
    assert tools.slower_of_pyperf(text) == ["json"]


def test_answers_of_pytest_benchmark(peers: tuple[Any, ...]) -> None:
    _, tools, _ = peers
    text = (
        "ERROR: Performance has regressed:\n"
        "\ttest_json (0001_base) - Field 'mean' has failed PercentageRegressionCheck: 7.1 > 5.0\n"
        "\ttest_json (0001_base) - Field 'min' has failed PercentageRegressionCheck: 6.1 > 5.0\n"
        "\ttest_sorting (0001_base) - Field 'min' has failed PercentageRegressionCheck: 9 > 5.0\n"
    )
    assert tools.failed_of_pytest(text, "mean") == ["json"]
    assert tools.failed_of_pytest(text, "min") == ["json", "sorting"]


def test_answers_of_asv(peers: tuple[Any, ...]) -> None:
    _, tools, _ = peers
    text = (
        "| Change   | Before [1a] <base> | After [2b] <head> | Ratio | Benchmark (Parameter) |\n"
        "|----------|--------------------|-------------------|-------|-----------------------|\n"
        "| +        | 1.01±0.01ms        | 1.15±0.02ms       |  1.14 | peer.time_json        |\n"
        "| -        | 1.01±0.01ms        | 0.80±0.02ms       |  0.79 | peer.time_objects     |\n"
    )
    assert tools.worse_of_asv(text) == ["json"]


def test_answers_of_perfkit(peers: tuple[Any, ...]) -> None:
    _, tools, _ = peers
    rows = [{"id": "json", "verdict": "slower"}, {"id": "objects", "verdict": "within margin"}]
    text = f"measuring\n{json.dumps({'rows': rows}, indent=2)}\nreports in runs/\n"
    assert tools.slower_of_perfkit(text) == ["json"]


def build(case: int, accused: list[str], **more: object) -> dict[str, Any]:
    task = "json" if case else None
    said = {"perfkit": accused}
    facts = {"tool": "perfkit", "case": case, "repeat": 0, "task": task, "accused": said}
    return {**facts, "seconds": 60.0, "load": 1.0, "error": None, **more}


def test_the_table(peers: tuple[Any, ...], tmp_path: Path) -> None:
    compare, _, _ = peers
    builds = [
        build(0, ["objects"]),
        build(0, []),
        build(3, []),
        build(5, ["json"]),
        build(10, ["json", "sorting"], seconds=90.0),
        build(10, [], error="ToolError: x"),
    ]
    (row,) = compare.summary(builds)
    assert row["red_builds"] == [1, 2]
    assert row["false_rows"] == [2, 12]
    assert row["found"] == {3: [0, 1], 5: [1, 1], 10: [1, 1]}
    assert (row["seconds"], row["unanswered"]) == (60.0, 1)
    readme = tmp_path / "README.md"
    readme.write_text("before\n<!-- peers -->\nold\n<!-- /peers -->\nafter\n")
    compare._insert(readme, compare.table([row]))
    said = readme.read_text()
    assert "| 1 of 2 | 2 of 12 | 0 of 1 | 1 of 1 | 1 of 1 | 60 |" in said
    assert said.startswith("before\n<!-- peers -->\n| judged by")
    assert said.endswith("<!-- /peers -->\nafter\n")


def test_a_record_cut_short_is_read(peers: tuple[Any, ...], tmp_path: Path) -> None:
    compare, _, _ = peers
    path = tmp_path / "builds.jsonl"
    path.write_text(json.dumps(build(0, [])) + "\n" + '{"tool": "perf')
    assert len(compare.read(path)) == 1
    assert path.read_text().endswith("}\n")


def test_slowdowns_are_what_they_say(peers: tuple[Any, ...], tmp_path: Path) -> None:
    _, _, project = peers
    repository = tmp_path / "repository"
    project.make(repository)
    units: dict[str, dict[str, int]] = {}
    for percent in (0, 5):
        tag = project.candidate(repository, percent, "objects")
        tree = project.checkout(repository, tag, tmp_path / "tree")
        namespace: dict[str, Any] = {}
        exec((tree / "peerwork" / "__init__.py").read_text(), namespace)  # noqa: S102 - our own
        units[tag] = namespace["UNITS"]
        for task in project.TASKS:
            namespace[task]()
    assert units == {
        "aa-objects": {"json": 100, "objects": 100, "sorting": 100},
        "slow-5-objects": {"json": 100, "objects": 105, "sorting": 100},
    }
