from __future__ import annotations

from typing import TYPE_CHECKING, Any

from perfkit.cli.exit_codes import ExitCode

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    import pytest


def test_it_says_what_it_wrote_and_what_it_left(
    perfkit: Callable[..., Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "benchmarks").mkdir()
    (tmp_path / "benchmarks" / "bm_mine.py").touch()
    monkeypatch.setenv("COLUMNS", "80")
    answer = perfkit("init")
    assert answer.code == ExitCode.FINISHED
    said = [line.split()[:2] for line in answer.out.splitlines()[1:]]
    assert said == [
        ["wrote", "pyproject.toml"],
        ["left", "benchmarks/bm_first.py"],
        ["wrote", ".github/workflows/performance.yml"],
        ["wrote", ".github/workflows/performance-comment.yml"],
    ]
    lines = answer.err.splitlines()
    columns = [
        line.index(words) for line in lines for words in ("do the", "this work") if words in line
    ]
    assert len(set(columns)) == 1
    assert "  perfkit check --baseline-rev HEAD  this working tree" in answer.err
    assert max(map(len, lines)) <= 80
    assert "exits with 3" in " ".join(lines)
    assert "in no git repository" in answer.err
    assert {line.split()[0] for line in perfkit("init").out.splitlines()[1:]} == {"left"}


def test_dry_run_shows_all_and_writes_nothing(perfkit: Callable[..., Any], tmp_path: Path) -> None:
    (tmp_path / "cache").mkdir()
    before = sorted(tmp_path.rglob("*"))
    answer = perfkit("init", "--dry-run")
    assert answer.code == ExitCode.FINISHED
    assert sorted(tmp_path.rglob("*")) == before
    assert "would write pyproject.toml: [tool.perfkit], [tool.perfkit.check]" in answer.out
    assert "    [tool.perfkit]\n    # Options" in answer.out
    assert "      pull_request:\n\n    permissions:\n      contents: read" in answer.out
    assert "nothing was written" in answer.err


def test_problems(perfkit: Callable[..., Any], tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text("[tool")
    answer = perfkit("init")
    assert (answer.code, answer.out) == (ExitCode.INVALID, "")
    assert "no TOML" in answer.err
    assert not (tmp_path / "benchmarks").exists()


def test_a_hostile_folder_cannot_steer_the_terminal(
    perfkit: Callable[..., Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / ".git").mkdir()
    below = tmp_path / "a\x1b[31m\n::error::b"
    below.mkdir()
    monkeypatch.chdir(below)
    answer = perfkit("init", "--dry-run")
    assert answer.code == ExitCode.INVALID  # no workflow can name it
    assert "\x1b" not in answer.err
    assert "\n::error" not in answer.err
