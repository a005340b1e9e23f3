"""`perfkit check` on a repository of three commits: the same, 10 % slower, faster."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from typing import TYPE_CHECKING, Any
from xml.etree import ElementTree as ET

import pytest
import yaml

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

pytestmark = [pytest.mark.slow, pytest.mark.end_to_end]

PYPROJECT = """
[build-system]
requires = ["hatchling"]
build-backend = "hatchling.build"

[project]
name = "shop"
version = "1"

[tool.perfkit.check]
time = 10
"""
BENCHMARK = """
import pyperf
from shop import total

if __name__ == "__main__":
    runner = pyperf.Runner()
    runner.bench_func("total", total)
"""
OTHER = """
import pyperf

if __name__ == "__main__":
    pyperf.Runner().bench_func("other", sorted, list(range(2000)))
"""


def package(rounds: int, *, fails: bool = False) -> str:
    body = "    raise ValueError('no total')\n" if fails else ""
    return f"def total():\n{body}    return sum(i * i for i in range({rounds}))\n"


@pytest.fixture
def shop(tmp_path: Path, git: Any) -> Path:
    """A repository; each commit changes what one function costs."""
    folder = tmp_path / "shop"
    git.init(folder)
    git.commit(
        folder,
        {
            "pyproject.toml": PYPROJECT,
            ".gitignore": "reports/\n",
            "shop/__init__.py": package(2000),
            "benchmarks/bm_total.py": BENCHMARK,
            "benchmarks/bm_other.py": OTHER,
        },
    )
    git(folder, "tag", "first")
    git.commit(folder, {"README.md": "nothing that matters"})
    git(folder, "tag", "same")
    git.commit(folder, {"shop/__init__.py": package(2200)})
    git(folder, "tag", "slower")
    git.commit(folder, {"shop/__init__.py": package(1500)})
    git(folder, "tag", "faster")
    return folder


@pytest.fixture
def check(shop: Path, cache: Path) -> Callable[..., subprocess.CompletedProcess[str]]:
    """Run the command in the repository, in a process of its own."""

    def run(*words: str, **environ: str) -> subprocess.CompletedProcess[str]:
        kept = {name: value for name, value in os.environ.items() if "GITHUB" not in name}
        return subprocess.run(
            [sys.executable, "-m", "perfkit", "check", "--no-download", *words],
            cwd=shop,
            env={**kept, "PERFKIT_CACHE": str(cache), **environ},
            capture_output=True,
            text=True,
            timeout=240,
            check=False,
        )

    return run


def test_three_commits(check: Any, shop: Path, git: Any, tmp_path: Path) -> None:
    short = ("--quiet", "--time", "5")  # quiet is told soon, and what cannot be told passes
    same = check("--baseline-rev", "first", "--candidate-rev", "same", *short)
    assert same.returncode == 0, same.stderr + same.stdout

    git(shop, "checkout", "-q", "slower")
    summary, junit = tmp_path / "summary.md", tmp_path / "deep" / "junit.xml"
    slower = check(
        *("--baseline-rev", "same", "--json", "--junit", str(junit)),
        GITHUB_ACTIONS="true",
        GITHUB_STEP_SUMMARY=str(summary),
        GITHUB_WORKSPACE=str(shop),
    )
    assert slower.returncode == 1, slower.stderr + slower.stdout
    found = json.loads(slower.stdout)
    assert "slowdown" in json.dumps(found).lower()
    (error,) = [line for line in slower.stderr.splitlines() if line.startswith("::error ")]
    assert "file=benchmarks/bm_total.py" in error
    assert "total" in summary.read_text()
    cases = {one.get("name"): one for one in ET.parse(junit).iter("testcase")}  # noqa: S314
    assert [name for name, one in cases.items() if one.find("failure") is not None] == ["total"]

    git(shop, "checkout", "-q", "faster")
    faster = check("--baseline-rev", "slower", *short)
    assert faster.returncode == 0, faster.stderr + faster.stdout

    runs = sorted((shop / "reports").iterdir())
    assert len(runs) == 3
    for run in runs:
        assert yaml.safe_load((run / "report.yaml").read_text())
    assert git(shop, "worktree", "list").count("\n") == 0
    assert git(shop, "status", "--porcelain") == ""


def test_what_cannot_be_told_is_3_and_what_fails_is_4(check: Any, shop: Path, git: Any) -> None:
    # a candidate that is now much slower, now much faster, never the slower on the whole
    restless = BENCHMARK.replace(
        'runner.bench_func("total", total)',
        "import os\n    odd = int(os.environ['PYTHONHASHSEED']) % 2\n"
        "    cost = (4.0 if odd else 0.2) if 'RESTLESS' in os.environ else 1.0\n"
        "    runner.bench_time_func('total', lambda loops: loops * cost * 1e-3)",
    )
    git.commit(shop, {"benchmarks/bm_total.py": restless})
    words = ("--baseline-rev", "HEAD", "benchmarks/bm_total.py", "--time", "2", "--seed", "46")
    words = (*words, "--candidate-env", "RESTLESS=1")
    lenient = check(*words)
    assert lenient.returncode == 0, lenient.stderr + lenient.stdout
    assert "the policy lets this pass" in " ".join(lenient.stdout.split())
    assert check(*words, "--on-inconclusive", "fail").returncode == 3

    (shop / "shop" / "__init__.py").write_text(package(2000, fails=True))
    git.commit(shop, {"benchmarks/bm_total.py": BENCHMARK})
    (shop / "shop" / "__init__.py").write_text(package(2000))
    failing = check("--baseline-rev", "HEAD", "benchmarks/bm_total.py", "--quiet")
    assert failing.returncode == 4, failing.stderr + failing.stdout
    assert "no total" in failing.stdout


def test_a_script_that_finds_the_working_tree_by_itself(check: Any, shop: Path, git: Any) -> None:
    """Both sides would be the working tree: whatever got slower would pass."""
    hiding = "import sys\nsys.path.insert(0, sys.argv[0].rpartition('/benchmarks/')[0])\n"
    git.commit(shop, {"benchmarks/bm_total.py": hiding + BENCHMARK})
    done = check("--baseline-rev", "HEAD", "benchmarks/bm_total.py", "--quiet")
    assert done.returncode == 4, done.stderr + done.stdout
    said = "".join(done.stdout.split())  # a long path is folded
    assert f"'shop'from{shop}/shop/__init__.pyonbothsides" in said


def test_bad_input_is_2_and_nothing_in_common_is_3(check: Any, shop: Path) -> None:
    bad = check("--baseline-rev", "nowhere", "--margin", "much")
    assert bad.returncode == 2
    assert "--margin" in bad.stderr
    assert "nowhere" in bad.stderr
    assert "Traceback" not in bad.stderr
    assert not (shop / "reports").exists()

    shutil.rmtree(shop / "benchmarks")
    (shop / "benchmarks").mkdir()
    (shop / "benchmarks" / "bm_new.py").write_text(OTHER)
    alone = check("--baseline-rev", "first")
    assert alone.returncode == 3, alone.stderr + alone.stdout
    text = " ".join(alone.stdout.split())
    assert "bm_new" in text
    assert "bm_total" in text
