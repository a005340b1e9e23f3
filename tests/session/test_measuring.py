"""A run from its first block to its reports: series, failures, interruption, going on."""

from __future__ import annotations

import dataclasses
import json
import os
import re
import signal
import threading
from typing import TYPE_CHECKING, Any

import pytest

from perfkit import session
from perfkit.decide.verdict import Verdict
from perfkit.errors import PlanError, RecordingError, WritingError
from perfkit.recording import FILE_NAME, Recorder, read
from perfkit.session import compare, sitting
from perfkit.session.progress import BlockDone, Note, SeriesDone, SeriesStarted, Started
from perfkit.session.show import load, show

if TYPE_CHECKING:
    from pathlib import Path

    from perfkit.recording import Recording

REPORTS = {
    *(FILE_NAME, "report.yaml", "report.html", "baseline.json", "candidate.json"),
    ".lock",
}


def of(recording: Recording, benchmark: str, series: str = "compare") -> list[tuple[Any, ...]]:
    """What must not change when a run is gone on with."""
    pairs = recording.starts[benchmark, series].pairs  # more fit in while the next block starts
    return [(x.index, x.hash_seed, x.order[:pairs]) for x in recording.series(benchmark, series)]


def without_last(folder: Path, kind: str) -> None:
    """Cut the file before the last line of a kind, as a crash would have."""
    path = folder / FILE_NAME
    lines = path.read_bytes().splitlines(keepends=True)
    last = max(i for i, line in enumerate(lines) if json.loads(line)["kind"] == kind)
    path.write_bytes(b"".join(lines[:last]))


def test_that_the_blocks_needed_exceed_the_budget_is_told_before_the_first(place: Any) -> None:
    """Once for a benchmark, and the time left is that of the blocks needed."""
    place.sleeping("bm_a.py", "slow", seconds=0.1)
    told = place.told()
    place.run(listener=told, control=True)
    started, note, first = told.events[told.events.index(told.of(SeriesStarted)[0]) :][:3]
    assert started.benchmark == "slow"
    assert re.match(r"slow: a block takes about \d", note.text)
    assert "; the budget is 0.1" in note.text
    assert (first.blocks, len([x for x in told.of(Note) if x.text == note.text])) == (1, 1)
    assert [x for x in told.of(Note) if "a block takes" in x.text] == [note]
    assert first.seconds_left > 3 * 0.2


def test_a_run_from_end_to_end(place: Any) -> None:
    place.sleeping("bm_a.py", "a", "b")
    told = place.told()
    outcome = place.run(control=True, listener=told)
    known = outcome.recording
    keys = [(name, series) for name in ("a", "b") for series in ("compare", "control")]
    assert list(known.ends) == list(known.starts) == keys
    assert [(x.benchmark, x.series) for x in told.of(SeriesStarted)] == keys
    assert [x.position for x in told.of(SeriesStarted)] == [0, 1, 2, 3]
    assert len(told.of(BlockDone)) == len(known.blocks) >= 16
    assert [x.row.id for x in told.of(SeriesDone)] == ["a", "a", "b", "b"]
    assert [x.folder for x in told.of(Started)] == [known.folder]
    for key in keys:
        blocks = known.series(*key)
        assert [x.index for x in blocks] == list(range(len(blocks)))
        assert {x.loops for x in blocks} == {known.starts[key].loops}
        assert all(len(x.baseline.wall) == len(x.order) for x in blocks)
        assert all(len(x.order) >= known.starts[key].pairs for x in blocks)
    assert {path.name for path in outcome.folder.iterdir()} == REPORTS
    assert not outcome.interrupted
    assert known.finishes[-1].status == "finished"
    assert [row.control is not None for row in outcome.result.rows] == [True, True]
    assert outcome.result.geometric_mean is not None
    seconds = dict(outcome.result.seconds)
    assert seconds.pop("total") == pytest.approx(sum(seconds.values()))
    assert all(value >= 0 for value in seconds.values())
    stages = {"provision", "discover", "start-up", "run-in", "timed", "tracing"}
    stages |= {"analysis", "other"}
    assert seconds.keys() == stages
    again = load(outcome.folder)
    assert again.result == outcome.result
    assert not again.interrupted


def test_control_is_the_baseline_on_both_sides(place: Any) -> None:
    place.script("bm_a.py", "r.bench_func('a', time.sleep, 0.001 * (sys.version_info >= (3, 13)))")
    outcome = place.run(control=True)
    (row,) = outcome.result.rows
    assert row.control.ratio.value == pytest.approx(1, abs=0.9)
    assert row.comparison.ratio.low > 10


def test_a_benchmark_that_fails_while_it_is_measured(place: Any) -> None:
    place.script(
        "bm_bad.py",
        "from pathlib import Path",
        "count = Path(__file__).with_suffix('.count')",
        "def bad():",
        "    count.open('a').write('x')",
        "    if count.stat().st_size > 60: raise ValueError('enough')",
        "    time.sleep(0.001)",
        "r.bench_func('bad', bad)",
    )
    place.sleeping("bm_good.py", "good")
    outcome = place.run(control=True)
    assert outcome["bad"].verdict is Verdict.FAILED
    assert outcome["good"].row.comparison is not None
    failure = outcome.recording.failures["bad"]
    assert (failure.stage, failure.reason) == ("run", "ValueError: enough")
    assert [key for key in outcome.recording.starts if key[1] == "control"] == [("good", "control")]
    resumed = sitting.resume(outcome.folder, place.plan(), place.told())
    assert resumed.recording.blocks == outcome.recording.blocks


def test_interruption_keeps_and_reports_what_was_measured(place: Any) -> None:
    place.sleeping("bm_a.py", "a", "b", "c")
    outcome = place.run(listener=place.at_block("b", 2))
    assert outcome.interrupted
    compared = [outcome[name].row.comparison for name in "ab"]
    assert [one.stopped == "interrupted" for one in compared] == [False, True]
    assert [outcome[name].verdict for name in "bc"] == ["inconclusive", "not measured"]
    assert outcome.recording.finishes[-1].status == "interrupted"
    assert len(outcome.recording.series("b", "compare")) == 2
    assert {path.name for path in outcome.folder.iterdir()} == REPORTS
    assert load(outcome.folder).interrupted


def test_interruption_before_there_is_anything_to_keep(place: Any) -> None:
    place.sleeping("bm_a.py", "a")
    told = place.told(lambda _event: True)
    with pytest.raises(KeyboardInterrupt):
        place.run(listener=told)
    assert not (place.folder / "reports").exists()


def test_interruption_before_the_first_line(place: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    place.sleeping("bm_a.py", "a")

    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(Recorder, "append", interrupt)
    with pytest.raises(KeyboardInterrupt):
        place.run()


@pytest.mark.parametrize("stage", ["measure", "Finish", "Bench.__exit__"])
def test_interruption_in_between(place: Any, monkeypatch: pytest.MonkeyPatch, stage: str) -> None:
    place.sleeping("bm_a.py", "a")
    real = getattr(sitting, stage.partition(".")[0])

    def interrupt(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    class Bench(sitting.Bench):
        def __exit__(self, *error: object) -> None:
            super().__exit__(*error)
            raise KeyboardInterrupt

    monkeypatch.setattr(sitting, "measure", lambda *_, **__: None)
    monkeypatch.setattr(sitting, real.__name__, Bench if stage.startswith("Bench") else interrupt)
    outcome = place.run()
    assert outcome.interrupted
    assert (outcome.folder / "report.html").exists()


def test_interruption_while_reports_are_written(
    place: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A signal while matplotlib is being imported must not break the import."""
    place.sleeping("bm_a.py", "a")
    monkeypatch.setattr(sitting, "measure", lambda *_, **__: None)
    real = compare.write_reports
    calls = []

    def write_reports(outcome: Any) -> None:
        calls.append(threading.current_thread())
        os.kill(os.getpid(), signal.SIGINT)
        real(outcome)

    monkeypatch.setattr(compare, "write_reports", write_reports)
    outcome = place.run()
    assert outcome.interrupted
    assert (outcome.folder / "report.html").exists()
    assert calls
    assert calls[0] is not threading.main_thread()


def test_going_on_is_as_if_nothing_had_happened(place: Any) -> None:
    place.sleeping("bm_a.py", "a", "b")
    whole = sitting.sit(place.plan(), place.told()).recording
    cut = place.run(listener=place.at_block("b", 3))
    frozen = cut.recording.starts
    told = place.told()
    outcome = compare.resume(cut.folder, listener=told)
    known = outcome.recording
    assert not outcome.interrupted
    assert known.blocks[: len(cut.recording.blocks)] == cut.recording.blocks
    assert [x.benchmark for x in told.of(SeriesStarted)] == ["b"]
    assert [(x.position, x.total) for x in told.of(SeriesStarted)] == [(1, 2)]
    assert {key: known.starts[key] for key in frozen} == frozen
    assert {x.loops for x in known.series("b", "compare")} == {frozen["b", "compare"].loops}
    assert [x.status for x in known.finishes] == ["interrupted", "finished"]
    for name in "ab":
        count = min(len(of(known, name)), len(of(whole, name)))
        assert count >= 4
        assert of(known, name)[:count] == of(whole, name)[:count]
    assert known.run == cut.recording.run
    assert outcome.result.seconds["provision"] > 0

    # A finished run is gone on with at no cost.
    again = compare.resume(cut.folder, listener=place.told())
    assert again.recording.blocks == known.blocks
    assert again.result.rows == outcome.result.rows


def test_going_on_after_a_crash_at_every_line(place: Any) -> None:
    """Whichever line was the last to be written, nothing is lost, doubled or left out."""
    place.sleeping("bm_a.py", "a")
    (place.folder / "bm_bad.py").write_text("raise ValueError")
    whole = sitting.sit(place.plan(), place.told()).recording
    lines = (whole.folder / FILE_NAME).read_bytes().splitlines(keepends=True)
    kinds = [json.loads(line)["kind"] for line in lines]
    assert kinds[:4] == ["run", "measured", "failure", "series-start"]
    assert kinds[-2:] == ["series-end", "finish"]
    for kept in range(1, len(lines)):
        folder = place.folder / "reports" / str(kept)
        folder.mkdir()
        (folder / FILE_NAME).write_bytes(b"".join(lines[:kept]) + lines[kept][:-1])
        known = sitting.resume(folder, place.plan(), place.told()).recording
        assert list(known.measured) == ["a"]
        assert list(known.failures) == ["bm_bad"]
        assert list(known.ends) == [("a", "compare")]
        count = min(len(known.blocks), len(whole.blocks))
        assert count >= 4
        assert of(known, "a")[:count] == of(whole, "a")[:count]
        assert not known.cut
        assert (folder / FILE_NAME).read_bytes().startswith(b"".join(lines[:kept]))


def test_what_has_changed_is_not_mixed(place: Any) -> None:
    path = place.sleeping("bm_a.py", "a", "b")
    cut = place.run(listener=place.at_block("b", 1))
    before = (cut.folder / FILE_NAME).read_bytes()
    source = path.read_text()

    def refused() -> str:
        with pytest.raises(PlanError) as caught:
            compare.resume(cut.folder, listener=place.told())
        assert (cut.folder / FILE_NAME).read_bytes() == before
        return str(caught.value)

    path.write_text(source + "\n")
    assert "b is not what it was" in refused()
    path.write_text(source.replace("'b'", "'c'"))
    assert "b cannot be measured any more: no script holds it" in refused()
    path.write_text("raise ValueError('broken')")
    assert "ValueError: broken" in refused()
    path.unlink()
    assert "bm_a.py" in refused() or "no benchmark" in refused()
    path.write_text(source)
    other = place.sleeping("bm_new.py", "new")
    outcome = compare.resume(cut.folder, listener=place.told())
    assert [row.id for row in outcome.result.rows] == ["a", "b"]
    other.write_text(source)
    assert compare.resume(cut.folder, listener=place.told()).result.rows == outcome.result.rows


@pytest.mark.parametrize(
    "changed",
    [{"packages": (("six", "2.0"),)}, {"version": "3.12.99"}, {"python": "/c/key/env/bin/python"}],
)
def test_another_environment_is_not_mixed(
    place: Any, monkeypatch: pytest.MonkeyPatch, changed: dict[str, Any]
) -> None:
    place.sleeping("bm_a.py", "a")
    cut = place.run(listener=place.at_block("a", 1))
    real = session.prepare._side_facts

    def newer(*arguments: Any) -> object:
        return dataclasses.replace(real(*arguments), **changed)

    monkeypatch.setattr(session.prepare, "_side_facts", newer)
    with pytest.raises(PlanError, match="environment has changed"):
        compare.resume(cut.folder, listener=place.told())


def test_an_environment_built_again_is_the_same(
    place: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    place.sleeping("bm_a.py", "a")
    cut = place.run(listener=place.at_block("a", 1))
    monkeypatch.setenv("PERFKIT_CACHE", str(tmp_path / "cleaned"))
    outcome = compare.resume(cut.folder, listener=place.told())
    assert len(outcome.recording.blocks) > 1


def test_only_one_perfkit_measures_a_run(place: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    place.sleeping("bm_a.py", "a")
    cut = place.run(listener=place.at_block("a", 1))
    with sitting._recorder(cut.folder):
        for _ in range(2):
            with monkeypatch.context() as patched:
                patched.setattr(sitting, "Bench", None)  # nothing may be started
                with pytest.raises(RecordingError, match="another perfkit is measuring this run"):
                    compare.resume(cut.folder, listener=place.told())
    assert not compare.resume(cut.folder, listener=place.told()).interrupted


def test_a_folder_that_cannot_be_written(place: Any) -> None:
    place.sleeping("bm_a.py", "a")
    plan = dataclasses.replace(place.plan(), output=place.folder / "bm_a.py" / "runs")
    with pytest.raises(RecordingError, match="cannot be written"):
        compare.run(plan, listener=place.told())


def test_a_full_disk_loses_nothing(place: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    place.sleeping("bm_a.py", "a")
    real = Recorder.append
    folders = []

    def append(recorder: Recorder, line: Any) -> None:
        folders.append(recorder.folder)
        if getattr(line, "index", 0) == 3:
            raise WritingError("the recording cannot be written: No space left on device")
        real(recorder, line)

    monkeypatch.setattr(Recorder, "append", append)
    with pytest.raises(RecordingError, match="No space left"):
        place.run()
    monkeypatch.undo()
    assert [x.index for x in read(folders[0]).blocks] == [0, 1, 2]
    assert show(folders[0]).result.rows[0].comparison is not None


def test_reports_that_cannot_be_written(place: Any) -> None:
    place.sleeping("bm_a.py", "a")
    outcome = place.run(listener=place.at_block("a", 1))
    with pytest.raises(WritingError, match="the measurements are safe"):
        session.outcome.write_whole(outcome.folder / "gone" / "report.yaml", "")


def test_a_run_whose_reports_cannot_be_written_is_judged_all_the_same(
    place: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(path: Path, _text: str) -> None:
        raise WritingError(f"{path.name} cannot be written: No space left on device")

    monkeypatch.setattr(session.outcome, "write_whole", full)
    place.sleeping("bm_a.py", "a")
    outcome = place.run()
    assert "report.yaml cannot be written" in str(outcome.unwritten)
    assert outcome.result.rows[0].comparison is not None


def test_nothing_secret_is_recorded(place: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MY_PASSWORD", "hunter2")
    place.sleeping("bm_a.py", "a")
    url = "https://me:hunter2@example.org/x"
    known = place.prepared(candidate_env=[f"URL={url}"])
    text = (known.folder / FILE_NAME).read_text()
    assert "hunter2" not in text
    assert "MY_PASSWORD" not in text
    assert known.run.redacted
    with pytest.raises(PlanError, match="credentials were not recorded"):
        compare.resume(known.folder, listener=place.told())
