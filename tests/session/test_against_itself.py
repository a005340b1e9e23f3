"""`perfkit aa` through the same pipeline."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
import yaml

from perfkit.session import aa
from perfkit.session.progress import BlockDone, SeriesStarted
from perfkit.session.show import load

if TYPE_CHECKING:
    from perfkit.session.progress import Event


@pytest.fixture(autouse=True)
def few_repeats(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("perfkit.decide.aa.REPEATS", 50)


def test_comparisons_go_round_and_go_on(place: Any) -> None:
    place.sleeping("bm_a.py", "a", "b")
    (place.folder / "bm_bad.py").write_text("raise ValueError")

    def third(event: Event) -> bool:
        return isinstance(event, BlockDone) and (event.series, event.blocks) == ("aa-2", 2)

    plan = place.plan(command="aa", python="3.12", comparisons=5)
    cut = aa.run(plan, listener=place.told(third))
    assert cut.interrupted
    assert cut.result.accuracy is not None
    assert cut.result.accuracy.comparisons == 2  # the third is not complete
    place.sleeping("bm_aa.py", "new")  # would change the round
    told = place.told()
    outcome = aa.resume(cut.folder, listener=told)
    wanted = [("a", "aa-0"), ("b", "aa-1"), ("a", "aa-2"), ("b", "aa-3"), ("a", "aa-4")]
    assert list(outcome.recording.ends) == wanted
    assert [(x.benchmark, x.series) for x in told.of(SeriesStarted)] == wanted[2:]
    for key in wanted:
        series = outcome.recording.series(*key)
        assert [x.index for x in series] == list(range(len(series)))
    assert outcome.recording.series("a", "aa-2")[:2] == cut.recording.series("a", "aa-2")
    assert outcome.result.accuracy is not None
    assert outcome.result.accuracy.comparisons == 5
    assert [one.benchmark for one in outcome.result.failures] == ["bm_bad"]
    assert load(outcome.folder) == outcome
    report = yaml.safe_load((outcome.folder / "report.yaml").read_text())
    assert report["Numbers"]["comparisons"] == 5
    assert report["Failures"].keys() == {"bm_bad"}


def test_an_injected_slowdown_is_found(place: Any) -> None:
    place.script("bm_a.py", "r.bench_func('a', sum, range(2000))")
    plan = place.plan(command="aa", python="3.12", comparisons=2, inject="90%")
    outcome = aa.run(plan, listener=place.told())
    assert outcome.result.replay is None
    assert outcome.result.injected > 1.3
    assert len(outcome.result.alarms) == 2
    assert all(alarm.ratio.low > 1 for alarm in outcome.result.alarms)
    assert {x.spin > 0 for x in outcome.recording.starts.values()} == {True}
    assert all(x.injected > 0 for x in outcome.recording.blocks)
