"""`import perfkit as pk`: what a script or a notebook sees."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import pytest

import perfkit as pk
from perfkit.session.progress import BlockDone

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory, cache: Path) -> Iterator[Path]:
    """Two benchmarks that can be measured, and a broken one."""
    folder = tmp_path_factory.mktemp("api")
    (folder / "bm_sleep.py").write_text(
        "import sys, time\nimport pyperf\nr = pyperf.Runner()\n"
        "slow = sys.version_info >= (3, 13)\n"
        "r.bench_func('longer', time.sleep, 0.004 if slow else 0.001)\n"
        "r.bench_func('same <b>', time.sleep, 0.001)\n"
    )
    (folder / "bm_broken.py").write_text("raise RuntimeError('boom')\n")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PERFKIT_CACHE", str(cache))
        patch.chdir(folder)
        yield folder


@pytest.fixture(scope="module")
def outcome(folder: Path) -> pk.Outcome:
    seen = []
    outcome = pk.compare(
        baseline="3.12",
        candidate="3.13",
        benchmarks=[folder / "bm_sleep.py", "bm_broken.py"],
        listener=seen.append,
        precision="30%",
        margin="60%",
        time=0.1,
        seed=1,
        output="runs",
    )
    assert len([event for event in seen if isinstance(event, BlockDone)]) >= 20
    return outcome


def test_a_benchmark_by_its_name(outcome: pk.Outcome) -> None:
    one = outcome["longer"]
    assert one.verdict is pk.Verdict.SLOWER
    assert one.verdict == "slower"
    ratio = one.ratio
    assert isinstance(ratio, pk.Estimate)
    assert 1 < ratio.low <= ratio.value <= ratio.high
    assert (ratio.confidence, ratio.n >= 10) == (0.95, True)
    assert outcome["same <b>"].verdict in {"equivalent", "inconclusive"}
    assert outcome["same <b>"].row.comparison is not None


def test_a_name_that_is_not_there(outcome: pk.Outcome) -> None:
    with pytest.raises(KeyError) as caught:
        outcome["shorter"]
    text = "no benchmark 'shorter'; there are: longer, same <b>, bm_broken"
    assert caught.value.args == (text,)


def test_a_failed_benchmark_has_no_ratio(outcome: pk.Outcome) -> None:
    assert outcome["bm_broken"].verdict == "failed"
    with pytest.raises(pk.PerfkitError, match="RuntimeError: boom"):
        outcome["bm_broken"].ratio  # noqa: B018 - looking is the point


def test_as_a_frame(outcome: pk.Outcome) -> None:
    frame = outcome.to_frame().set_index("benchmark")
    assert list(frame.index) == ["longer", "same <b>", "bm_broken"]
    assert frame.loc["longer", "ratio"] == outcome["longer"].ratio.value
    assert frame.loc["longer", "verdict"] == "slower"
    assert frame.loc["bm_broken", "verdict"] == "failed"
    assert math.isnan(frame.loc["bm_broken", "ratio"])
    assert "boom" in frame.loc["bm_broken", "failure"]


def test_in_a_notebook(outcome: pk.Outcome) -> None:
    html = outcome._repr_html_()
    assert "longer" in html
    assert "same &lt;b&gt;" in html
    assert "<b>" not in html
    assert "<table" in html


def test_a_run_is_read_again(outcome: pk.Outcome, folder: Path) -> None:
    assert outcome.folder.parent == folder / "runs"
    before = {path: path.stat().st_mtime_ns for path in outcome.folder.iterdir()}
    for there in (outcome.folder, str(outcome.folder), outcome.folder / "recording.jsonl"):
        again = pk.load(there)
        assert isinstance(again, pk.Outcome)
        assert again.result == outcome.result
        assert not again.interrupted
    assert {path: path.stat().st_mtime_ns for path in outcome.folder.iterdir()} == before
    with pytest.raises(pk.PerfkitError, match="no recorded run here"):
        pk.load(folder)


def test_against_itself(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("perfkit.decide.aa.REPEATS", 50)
    outcome = pk.aa(
        python="3.12",
        benchmarks=["bm_sleep.py", "same*"],
        comparisons=2,
        precision="30%",
        time=0.1,
        seed=1,
    )
    assert isinstance(outcome, pk.AaOutcome)
    assert outcome.result.accuracy is not None
    assert outcome.result.accuracy.comparisons == 2
    again = pk.load(outcome.folder)
    assert isinstance(again, pk.AaOutcome)
    assert again.result == outcome.result
    assert outcome.folder.parent == folder / "reports"


def test_all_problems_at_once() -> None:
    with pytest.raises(pk.PerfkitError) as caught:
        pk.compare(baseline="2.7", benchmarks=["no/such.py"], precison="1%")
    text = str(caught.value)
    assert text.startswith("3 problems:")
    assert all(word in text for word in ("2.7", "no/such.py", "precison"))
