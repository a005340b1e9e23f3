"""The gate's two passes on small real runs: what is measured again, how often, and within what."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from perfkit.analyse.stopping import next_look
from perfkit.cli.exit_codes import ExitCode, of_error
from perfkit.decide.gate.result import GateOutcome, GateVerdict
from perfkit.decide.gate.rules import CONFIRM, CONFIRM_CONTROL
from perfkit.errors import PerfkitError, PlanError, RecordingError
from perfkit.history import Store
from perfkit.plan.check import make_check_plan
from perfkit.recording import read
from perfkit.session import check
from perfkit.session.outcome import remember
from perfkit.session.progress import BlockDone, Note, SeriesDone

if TYPE_CHECKING:
    from perfkit.plan import Plan

SLOW = "import os\nextra = float(os.environ.get('SLOWER', '0'))"


def plan_of(place: Any, **options: Any) -> Plan:
    said = {"python": "3.13", "seed": 1, "download": False, "benchmarks": (".",)}
    said |= {"candidate_env": ["SLOWER=0"], "time": "3"}
    plan = make_check_plan({**said, **options}, cwd=place.folder)
    return replace(plan, method=replace(plan.method, turn_seconds=0.001, pairs=2))


def script(place: Any, name: str, *benchmarks: str) -> None:
    """Benchmarks that report their time: 1 ms, and more by $SLOWER on the candidate's side."""
    lines = [
        f"r.bench_time_func({one!r}, lambda loops: loops * 1e-3 * (1 + extra))"
        for one in benchmarks
    ]
    place.script(name, *lines, head=SLOW)


@pytest.fixture(autouse=True)
def few_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in ("perfkit.analyse.gate", "perfkit.decide.gate.planning"):
        monkeypatch.setattr(f"{module}.LEAST_CONFIRMING", 8)


def test_a_slowdown_is_measured_again_and_fails(place: Any) -> None:
    script(place, "bm_a.py", "one", "two")
    told = place.told()
    outcome = check.run(plan_of(place, candidate_env=["SLOWER=0.1"]), listener=told)
    known = outcome.recording
    assert outcome.result.outcome is GateOutcome.SLOWDOWN
    assert not outcome.passed
    assert outcome["one"].verdict is GateVerdict.SLOWER
    assert known.confirming is not None
    assert dict(known.confirming.blocks) == {"one": 8, "two": 8}
    for name in ("one", "two"):
        order = [b.series for b in known.blocks if b.benchmark == name and b.series != "compare"]
        assert order == [CONFIRM, CONFIRM_CONTROL] * 8
        assert known.starts[name, CONFIRM].loops == known.starts[name, "compare"].loops
        assert known.ends[name, CONFIRM].reason == "planned"
    fresh = [key[1] for key in known.ends if key[1] != "compare"]
    assert fresh == [CONFIRM_CONTROL, CONFIRM] * 2  # who finds the latter finds both
    seeds = [block.hash_seed for block in known.blocks]
    assert len(set(seeds)) == len(seeds)  # fresh blocks, not the old ones again
    done = told.of(SeriesDone)
    assert [(one.series, one.said.word) for one in done] == [
        *[("compare", "suspected")] * 2,
        *[(CONFIRM, "confirmed")] * 2,
    ]
    assert done[-1].said.ratio == outcome["two"].ratio
    assert any(one.series == CONFIRM and one.expected == 8 for one in told.of(BlockDone))
    files = {path.name for path in outcome.folder.iterdir()}
    assert {"report.html", "report.yaml", "junit.xml", "summary.md", "comment.md"} <= files
    again = check.judge_again(outcome.folder, {"margin": "20%"}, cwd=place.folder)
    assert again.passed
    with pytest.raises(KeyError, match="there are: one, two"):
        outcome["three"]


def test_without_a_change_nothing_is_measured_again(place: Any) -> None:
    script(place, "bm_a.py", "one")
    outcome = check.run(plan_of(place), listener=place.told())
    assert outcome.passed
    assert outcome.result.outcome is GateOutcome.PASSED
    assert outcome.recording.confirming is not None
    assert outcome.recording.confirming.blocks == ()
    assert {block.series for block in outcome.recording.blocks} == {"compare"}


def test_an_interrupted_check_goes_on_where_it_ended(place: Any) -> None:
    script(place, "bm_a.py", "one")
    told = place.told(
        lambda event: isinstance(event, BlockDone) and (event.series, event.blocks) == (CONFIRM, 3)
    )
    plan = plan_of(place, candidate_env=["SLOWER=0.1"], store="h.sqlite")
    first = check.run(plan, listener=told)
    assert first.interrupted
    remember(first)
    assert not first.passed
    assert first["one"].verdict is GateVerdict.UNDECIDED
    before = read(first.folder).blocks
    second = check.resume(first.folder, listener=place.told())
    assert second.recording.blocks[: len(before)] == before
    assert second["one"].verdict is GateVerdict.SLOWER
    for series in (CONFIRM, CONFIRM_CONTROL):
        assert [b.index for b in second.recording.series("one", series)] == list(range(8))
    remember(second)
    with Store(place.folder / "h.sqlite", write=False) as store:
        assert store.rows("SELECT state, outcome FROM run").fetchall() == [("finished", "slowdown")]


def test_patterns_that_fit_nothing_are_refused_before_measuring(place: Any) -> None:
    (place.folder / "benchmarks").mkdir()
    script(place, "benchmarks/bm_a.py", "one")
    policy = {"required": ["one", "json_*"], "margins": ["nothing=5%"]}
    plan = plan_of(place, **policy, benchmarks=())
    with pytest.raises(PlanError) as caught:
        check.run(plan, listener=place.told())
    assert "'json_*'" in str(caught.value)
    assert "'nothing'" in str(caught.value)
    assert not list((place.folder / "reports").glob("*/recording.jsonl"))


def test_patterns_of_benchmarks_that_the_file_names_are_refused_as_well(place: Any) -> None:
    """Those on the line leave others out, of which the policy may speak."""
    script(place, "bm_a.py", "one")
    plan = plan_of(place, margins=["nothing=5%"])
    assert plan.chosen
    with pytest.raises(PlanError, match="'nothing'"):
        check.run(replace(plan, chosen=False), listener=place.told())
    plan = plan_of(place, required=["json", "two"], benchmarks=(".", "o*", "two"))
    with pytest.raises(PlanError, match="'two'") as caught:  # it is itself among them
        check.run(plan, listener=place.told())
    assert "'json'" not in str(caught.value)


def test_a_budget_that_will_not_do_is_told_in_time_and_in_the_report(place: Any) -> None:
    script(place, "bm_a.py", "one")
    told = place.told(lambda event: isinstance(event, Note) and "fresh blocks" in event.text)
    plan = plan_of(place, candidate_env=["SLOWER=0.1"], time_total="1")
    assert plan.gate is not None
    plan = replace(plan, gate=replace(plan.gate, budget=0.01))
    outcome = check.run(plan, listener=told)
    text = told.of(Note)[-1].text
    assert text.startswith("the fresh blocks that 1 suspect needs at least will take longer than")
    (group,) = (one for one in outcome.view.compared.caveats if one.code == "over-budget")
    assert group.text.startswith("measuring took ")


def test_a_history_that_cannot_be_added_to_is_told_before_measuring(place: Any) -> None:
    script(place, "bm_a.py", "one")
    told = place.told()
    with Store(place.folder / "h.sqlite", write=True):
        pass
    whole = (place.folder / "h.sqlite").read_bytes()
    (place.folder / "cut.sqlite").write_bytes(whole[:-4096])
    (place.folder / "random.sqlite").write_bytes(b"\x00\xff" * 5000)
    for name, error, remedy in (
        ("cut.sqlite", RecordingError, "move it away"),
        ("random.sqlite", RecordingError, "move it away"),
        (".", PerfkitError, "name another file with --store"),
        ("bm_a.py/h.sqlite", PerfkitError, "name another file with --store"),
    ):
        with pytest.raises(error, match=remedy) as caught:
            check.run(plan_of(place, store=name), listener=told)
        assert of_error(caught.value) is ExitCode.INVALID
    assert told.events == []
    assert not (place.folder / "reports").exists()


def test_a_benchmark_that_fails_when_measured_again(place: Any) -> None:
    lines = [
        "import pathlib",
        "count = pathlib.Path(__file__).with_suffix('.count')",
        "def f(loops):",
        "    with count.open('a') as file: file.write('x')",
        "    if len(count.read_text()) > 200: raise ValueError('worn out')",
        "    return loops * 1e-3 * (1 + extra)",
        "r.bench_time_func('one', f)",
    ]
    place.script("bm_a.py", *lines, head=SLOW)
    outcome = check.run(plan_of(place, candidate_env=["SLOWER=0.1"]), listener=place.told())
    assert outcome.recording.confirming is not None
    assert outcome.result.outcome is GateOutcome.FAILED
    assert outcome["one"].reason.endswith("ValueError: worn out")


def test_a_budget_for_everything_goes_round(place: Any) -> None:
    script(place, "bm_a.py", "one", "two", "three")
    told = place.told()
    outcome = check.run(plan_of(place, time_total="1"), listener=told)
    known = outcome.recording
    counts = {name: len(known.series(name, "compare")) for name in known.measured}
    look = next_look(0, known.run.goal)
    assert min(counts.values()) >= look
    first = [block.benchmark for block in known.blocks][: 3 * look]
    assert first == ["one"] * look + ["two"] * look + ["three"] * look
    assert outcome.passed


def test_what_fresh_blocks_leave_goes_to_rows_that_are_open(
    place: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also after an interruption; a row that only then looks slower gets fresh blocks as well.

    Both are 3 % slower and 3 % faster by turns until the first suspect has its fresh blocks.
    """
    monkeypatch.setattr("perfkit.session.gate._SCREENING_SHARE", 0.0)
    monkeypatch.setattr("perfkit.session.gate.wanted_seconds", lambda *_: 1e9)
    monkeypatch.setattr("perfkit.decide.gate.planning.blocks_to_confirm", lambda *_, **__: 8)
    later = place.folder / "later"
    count = place.folder / "count"
    lines = [
        SLOW,
        f"wobble, is_late = 0, os.path.exists({str(later)!r})",
        "if extra and not is_late:",
        f"    with open({str(count)!r} + sys.argv[-1], 'a') as file:",
        "        file.write('x')",
        "        wobble = 0.03 if file.tell() % 2 else -0.03",
    ]
    benchmarks = [
        f"r.bench_time_func({one!r}, lambda loops: loops * 1e-3 * (1 + {more}))"
        for one, more in (("slow", "extra"), ("same", "wobble"), ("late", "(wobble or extra)"))
    ]
    place.script("bm_a.py", *benchmarks, head="\n".join(lines))

    def interrupt(event: object) -> bool:
        if isinstance(event, SeriesDone) and event.series == CONFIRM:
            later.touch()
        return isinstance(event, BlockDone) and (event.benchmark, event.blocks) == ("same", 9)

    plan = plan_of(place, candidate_env=["SLOWER=0.1"], time="1h", time_total="1h")
    first = check.run(plan, listener=place.told(interrupt))
    assert first.interrupted
    assert first["slow"].verdict is GateVerdict.SLOWER
    assert first["same"].verdict is first["late"].verdict is GateVerdict.UNDECIDED
    outcome = check.resume(first.folder, listener=place.told())
    known = outcome.recording
    assert known.blocks[: len(first.recording.blocks)] == first.recording.blocks
    assert {name: outcome[name].verdict for name in ("slow", "same", "late")} == {
        "slow": GateVerdict.SLOWER,
        "same": GateVerdict.WITHIN,
        "late": GateVerdict.SLOWER,
    }
    assert known.confirming is not None
    assert dict(known.confirming.blocks) == {"slow": 8, "late": 8}
    assert {len(known.series(name, CONFIRM)) for name in ("slow", "late")} == {8}
    assert len(known.series("slow", "compare")) == 8  # a suspect gets nothing more
    assert known.ends["same", "compare"].reason == "decided"


def test_the_runs_of_a_folder(place: Any) -> None:
    """`perfkit show` and `pk.load` know a check."""
    import perfkit as pk

    script(place, "bm_a.py", "one")
    outcome = check.run(plan_of(place), listener=place.told())
    loaded = pk.load(outcome.folder)
    assert isinstance(loaded, pk.CheckOutcome)
    assert loaded.result == outcome.result
    (outcome.folder / "report.html").unlink()
    from perfkit.session.show import show

    show(outcome.folder)
    assert (outcome.folder / "report.html").exists()
