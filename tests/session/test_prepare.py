"""What a run sets out to measure, and what it cannot, before the first block."""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING, Any

import pytest

from perfkit.cli.exit_codes import ExitCode, of_error
from perfkit.errors import NothingFoundError, RequirementError
from perfkit.measure.lockstep import Bench
from perfkit.session import prepare
from perfkit.session.progress import Failed, Note, Stage
from perfkit.variant import Side

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


def test_names_that_several_scripts_have(place: Any) -> None:
    place.sleeping("bm_one.py", "same", "only_one")
    place.sleeping("bm_two.py", "same", "only_two")
    known = place.prepared()
    assert list(known.measured) == ["bm_one::same", "only_one", "bm_two::same", "only_two"]
    assert [x.benchmark.name for x in known.measured.values()][::2] == ["same", "same"]
    assert [x.benchmark.task for x in known.measured.values()] == [0, 1, 0, 1]


def test_a_name_that_both_sides_give_to_different_scripts(place: Any) -> None:
    lines = "if {}: r.bench_func('same', time.sleep, 0)"
    place.script("bm_one.py", lines.format("sys.version_info < (3, 13)"))
    place.script("bm_two.py", lines.format("sys.version_info >= (3, 13)"))
    known = place.prepared()
    assert known.measured == {}
    assert list(known.failures) == ["bm_one::same", "bm_two::same"]


@pytest.mark.parametrize(
    ("patterns", "wanted"),
    [
        (["json_*"], ["json_dumps", "json_loads"]),
        (["*_loads", "regex"], ["json_loads", "regex"]),
        (["bm_b::*"], ["bm_b::same"]),
        (["same"], ["bm_a::same", "bm_b::same"]),
    ],
)
def test_name_patterns(place: Any, patterns: list[str], wanted: list[str]) -> None:
    place.sleeping("bm_a.py", "json_dumps", "json_loads", "same")
    place.sleeping("bm_b.py", "regex", "same")
    assert sorted(place.prepared(".", *patterns).measured) == wanted


def test_nothing_fits_the_patterns(place: Any) -> None:
    place.sleeping("bm_a.py", "a")
    with pytest.raises(NothingFoundError, match="no benchmark fits") as caught:
        place.run("bm_a.py", "b*")
    assert "b*" in str(caught.value)
    assert not (place.folder / "reports").exists()


def test_a_script_without_benchmarks(place: Any) -> None:
    place.script("bm_a.py")
    with pytest.raises(NothingFoundError, match="hold no benchmark"):
        place.run("bm_a.py")


def test_a_benchmark_that_one_side_lacks(place: Any) -> None:
    place.script(
        "bm_a.py",
        "r.bench_func('both', time.sleep, 0)",
        "if sys.version_info < (3, 13): r.bench_func('old', time.sleep, 0)",
        "if sys.version_info >= (3, 13): r.bench_func('new', time.sleep, 0)",
    )
    told = place.told()
    known = place.prepared(listener=told)
    assert list(known.measured) == ["both"]
    assert "the candidate's run" in known.failures["old"].reason
    assert "the baseline's run" in known.failures["new"].reason
    assert [event.failure.benchmark for event in told.of(Failed)] == ["old", "new"]


def test_a_benchmark_that_comes_at_another_place(place: Any) -> None:
    place.script(
        "bm_a.py",
        "if sys.version_info >= (3, 13): r.bench_func('new', time.sleep, 0)",
        "r.bench_func('both', time.sleep, 0)",
    )
    known = place.prepared()
    assert known.measured == {}
    assert "task 0" in known.failures["both"].reason


def test_what_is_no_time_is_not_compared(place: Any) -> None:
    place.script(
        "bm_a.py",
        "r.metadata['unit'] = 'byte'",
        "r.bench_time_func('bytes', lambda loops: 1.0)",
    )
    place.sleeping("bm_b.py", "b")
    known = place.prepared()
    assert list(known.measured) == ["b"]
    assert "'byte'" in known.failures["bytes"].reason


def test_other_inner_loops_are_not_compared(place: Any) -> None:
    place.script("bm_a.py", "r.bench_func('a', time.sleep, 0, inner_loops=sys.version_info[1])")
    assert "12 inner loops" in place.prepared().failures["a"].reason


def test_what_is_known_of_a_benchmark(place: Any) -> None:
    path = place.script("bm_a.py", "r.bench_func('a', time.sleep, 0, inner_loops=7)")
    path.write_text(f'"""Sleeps.\n\nMore."""\n{path.read_text()}')
    (measured,) = place.prepared().measured.values()
    assert measured.benchmark.description == "Sleeps."
    assert measured.benchmark.inner_loops == 7
    assert measured.baseline.version.startswith("3.12.")
    assert measured.candidate.version.startswith("3.13.")
    assert {name for name, _ in measured.baseline.packages} >= {"pyperf"}
    assert measured.baseline.pyperf == dict(measured.candidate.packages)["pyperf"]


def test_nothing_is_measured_with_a_requirement_nobody_can_have(place: Any) -> None:
    """An option is invalid then; no benchmark has failed, and no run is left behind."""
    place.sleeping("bm_good.py", "good")
    told = place.told()
    with pytest.raises(RequirementError, match=r"--baseline-with: .*six==0\.0\.96") as caught:
        place.prepared(listener=told, baseline_with=["six==0.0.96"])
    assert of_error(caught.value) is ExitCode.INVALID
    assert told.of(Failed) == []
    assert not (place.folder / "reports").exists()


@pytest.mark.parametrize(
    ("body", "stage", "reason"),
    [
        ("this is no Python", "start", "SyntaxError: "),
        ("import no_such_module", "start", "No module named 'no_such_module'"),
        ("raise SystemExit(3)", "start", "exited with code 3"),
        (
            "# /// script\n# dependencies = ['pyperf==1.0']\n# ///",
            "provision",
            "versions: because you require pyperf==1.0 and pyperf>=2.9",
        ),
        ("# /// script\n# requires-python = '>=3.13'\n# ///", "provision", "3.12"),
    ],
)
def test_a_script_that_fails_is_the_only_one(
    place: Any, body: str, stage: str, reason: str
) -> None:
    (place.folder / "bm_bad.py").write_text(body)
    place.sleeping("bm_good.py", "good")
    told = place.told()
    known = place.prepared(listener=told)
    assert list(known.measured) == ["good"]
    failure = known.failures["bm_bad"]
    assert (failure.stage, reason in failure.reason) == (stage, True), failure
    assert [event.failure for event in told.of(Failed)] == [failure]


@pytest.mark.parametrize(
    ("patterns", "asked"),
    [
        (["g*"], False),
        (["good", "goo*"], False),
        (["g*", "*bad"], True),
        (["g*", "bm_bad::*"], True),
        (["g*", "other"], True),  # nobody knows what the script that fails would have held
        (["other"], True),
    ],
)
@pytest.mark.parametrize("body", ["1 / 0", "# /// script\n# requires-python = '>=3.13'\n# ///"])
def test_a_script_that_fails_and_nobody_asked_for(
    place: Any,
    patterns: list[str],
    asked: bool,  # noqa: FBT001
    body: str,
) -> None:
    (place.folder / "bm_bad.py").write_text(body)
    place.sleeping("bm_good.py", "good")
    told = place.told()
    known = place.prepared(".", *patterns, listener=told)
    assert list(known.failures) == ["bm_bad"] * asked
    assert [event.failure.benchmark for event in told.of(Failed)] == ["bm_bad"] * asked
    notes = [event.text.partition(":")[0] for event in told.of(Note)]
    assert notes == ["bm_bad fails"] * (not asked)


def test_a_script_that_fails_is_asked_for_by_the_names_written_in_it(place: Any) -> None:
    (place.folder / "bm_bad.py").write_text("1 / 0\nr.bench_func('gulp', f)\n")
    place.sleeping("bm_good.py", "good")
    assert place.prepared(".", "g*").failures["bm_bad"].names == ("gulp",)


def test_a_failure_of_one_side_names_it(place: Any) -> None:
    place.script("bm_a.py", head="if sys.version_info >= (3, 13): raise ValueError('not here')")
    (failure,) = place.prepared().failures.values()
    assert failure.side is Side.CANDIDATE
    assert failure.names == ()
    assert failure.reason == "ValueError: not here"
    assert "Traceback" in failure.detail


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Scripts that were run to learn their tasks."""
    asked: list[str] = []
    real: Callable[..., object] = Bench.tasks

    def tasks(bench: Bench, launch: Any) -> object:
        asked.append(launch.script.label)
        return real(bench, launch)

    monkeypatch.setattr(Bench, "tasks", tasks)
    return asked


def test_names_are_learnt_once_for_each_content(place: Any, asked: list[str]) -> None:
    path = place.sleeping("bm_learnt.py", "learnt")
    place.prepared()
    assert asked == ["bm_learnt"] * 2
    place.prepared()
    assert len(asked) == 2
    path.write_text(path.read_text() + "r.bench_func('b', time.sleep, 0)\n")
    assert list(place.prepared().measured) == ["learnt", "b"]
    assert len(asked) == 4
    assert list(place.prepared(candidate_env=["A=1"]).measured) == ["learnt", "b"]
    assert len(asked) == 5


def test_names_are_learnt_again_when_a_helper_changes(place: Any) -> None:
    helper = place.folder / "names.py"
    helper.write_text("NAME = 'one'")
    place.script("bm_helped.py", "r.bench_func(NAME, time.sleep, 0)", head="from names import NAME")
    assert list(place.prepared().measured) == ["one"]
    helper.write_text("NAME = 'another'")
    assert list(place.prepared().measured) == ["another"]


def test_packages_of_a_virtual_environment_are_said_to_be_left(
    place: Any,
) -> None:
    venv = place.folder / "venv"
    place.sleeping("bm_a.py", "a")
    python = place.plan().baseline.interpreter.executable
    subprocess.run([python, "-m", "venv", "--without-pip", str(venv)], check=True)
    told = place.told()
    place.prepared(baseline=str(venv), listener=told)
    (note,) = told.of(Note)
    assert "baseline's virtual environment" in note.text
    assert str(venv) in note.text
    assert "--baseline-with" in note.text
    quiet = place.told()
    place.prepared(baseline=str(venv), baseline_with=["pyperf"], listener=quiet)
    assert quiet.of(Note) == []


@pytest.mark.parametrize("damage", ["", "{", "3", "null", '{"name": "a"}', '[{"name": "a"}]'])
def test_a_damaged_cache_is_learnt_again(
    place: Any, asked: list[str], cache: Path, monkeypatch: pytest.MonkeyPatch, damage: str
) -> None:
    keys: list[str] = []  # the cache is everyone's: only what is this test's own is damaged
    key_of = prepare._key

    def noted(*arguments: Any) -> str:
        keys.append(key_of(*arguments))
        return keys[-1]

    monkeypatch.setattr(prepare, "_key", noted)
    place.script("bm_damaged.py", "r.bench_func('a', time.sleep, 0)", head=f"# {damage}")
    place.prepared()
    asked.clear()
    assert len(set(keys)) == 2
    for key in keys:
        (cache / "tasks" / f"{key}.json").write_text(damage)
    assert list(place.prepared().measured) == ["a"]
    assert len(asked) == 2


def test_stages_are_told(place: Any) -> None:
    place.sleeping("bm_a.py", "a")
    place.sleeping("bm_b.py", "b")
    told = place.told()
    place.prepared(listener=told)
    assert [(x.name, x.item, x.done, x.total) for x in told.of(Stage)] == [
        ("provision", "bm_a", 0, 2),
        ("provision", "bm_b", 1, 2),
        ("discover", "bm_a", 0, 2),
        ("discover", "bm_b", 1, 2),
    ]
