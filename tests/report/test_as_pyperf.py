from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pyperf
import pytest

from perfkit.report.as_pyperf import as_pyperf
from perfkit.variant import Side

if TYPE_CHECKING:
    from pathlib import Path


def run(*arguments: str) -> str:
    done = subprocess.run(
        [sys.executable, "-m", "pyperf", *arguments],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def files(typical: Any, tmp_path_factory: pytest.TempPathFactory) -> dict[Side, Path]:
    folder = tmp_path_factory.mktemp("pyperf")
    for side, text in as_pyperf(typical.recording).items():
        (folder / f"{side}.json").write_text(text, encoding="utf-8")
    return {side: folder / f"{side}.json" for side in Side}


def test_pyperf_compares_them(files: dict[Side, Path]) -> None:
    table = run("compare_to", *map(str, files.values()), "--table", "--table-format", "md")
    assert "| json_dumps" in table
    assert "1.03x slower" in table
    assert "1.16x faster" in table


@pytest.mark.parametrize("command", ["stats", "check", "show", "metadata"])
def test_pyperf_reads_them(files: dict[Side, Path], command: str) -> None:
    assert "json_dumps" in run(command, str(files[Side.CANDIDATE]))


def test_a_run_a_block_a_value_a_turn(typical: Any, files: dict[Side, Path]) -> None:
    suite = pyperf.BenchmarkSuite.load(str(files[Side.BASELINE]))
    measured = [row.id for row in typical.view.rows if row.comparison]
    assert suite.get_benchmark_names() == measured
    benchmark = suite.get_benchmark("pydantic_nested")
    blocks = typical.recording.series("pydantic_nested", "compare")
    assert benchmark.get_nrun() == len(blocks)
    assert benchmark.get_metadata()["inner_loops"] == 10
    first = benchmark.get_runs()[0]
    wall = blocks[0].baseline.wall
    assert first.values == pytest.approx([one / (blocks[0].loops * 10) for one in wall])
    assert first.get_metadata()["perfkit_order"] == blocks[0].order


def test_hostile_names_and_control_series(hostile: Any, noisy: Any) -> None:
    assert set(as_pyperf(hostile.recording)) == set(Side)
    suite = pyperf.BenchmarkSuite.loads(as_pyperf(noisy.recording)[Side.BASELINE])
    blocks = noisy.recording.series("json_dumps", "compare")
    assert suite.get_benchmark("json_dumps").get_nrun() == len(blocks)


def test_nothing_measured_gives_no_files(empty: Any, all_failed: Any) -> None:
    assert as_pyperf(empty.recording) == {}
    assert as_pyperf(all_failed.recording) == {}
