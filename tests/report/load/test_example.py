"""The committed example of a load run."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import perfkit as pk

EXAMPLE = Path(__file__).parents[3] / "reports" / "example-load"
FILES = sorted(path for path in EXAMPLE.rglob("*") if path.is_file())


def test_it_is_a_finished_comparison() -> None:
    outcome = pk.load(EXAMPLE)
    assert isinstance(outcome, pk.LoadOutcome)
    assert not outcome.interrupted
    assert outcome.recording.run.mode == "compare"
    assert outcome.result.trials == outcome.recording.run.trials >= 6
    assert outcome.view.health is not None
    assert outcome.view.health.valid
    assert outcome["p95 response"].ratio.n == outcome.result.trials


def test_it_is_small_and_complete() -> None:
    assert sum(path.stat().st_size for path in FILES) < 1_500_000
    assert {path.relative_to(EXAMPLE).parts[0] for path in FILES} == {
        *("recording.jsonl", "report.html", "report.yaml", "events", "service"),
    }


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_it_holds_no_paths_of_the_machine(path: Path) -> None:
    """`shorten_paths.py` beside this file takes them out."""
    assert re.findall(rb"(?<![\w.~-])/(?:root|home|work|tmp|opt)/[\w.-]+", path.read_bytes()) == []
