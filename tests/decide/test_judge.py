"""From a recording to rows: which word each benchmark gets, and where the time went."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import hypothesis.strategies as st
import made_runs
import numpy as np
import pytest
from hypothesis import given
from made_runs import PYTHON, blocks, run

from perfkit.analyse.family import benjamini_hochberg
from perfkit.block import Failure
from perfkit.decide.aa import judge_aa
from perfkit.decide.judge import (
    COMPARE,
    CONTROL,
    _chance_caveat,
    _tripped,
    judge_run,
    seconds_by_stage,
)
from perfkit.decide.verdict import Verdict
from perfkit.plan import GOAL
from perfkit.recording import Finish, Recording

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from perfkit.block import Block
    from perfkit.decide.result import Result


def failure(name: str, reason: str = "boom") -> Failure:
    return Failure(benchmark=name, side=None, stage="run", reason=reason, detail="")


def recorded(
    made: Sequence[Block],
    *,
    names: Iterable[str] | None = None,
    command: str = "compare",
    **about: Any,
) -> Recording:
    keys = dict.fromkeys((block.benchmark, block.series) for block in made)
    begun = run(command, comparisons=len(keys) if command == "aa" else None)
    names = dict.fromkeys(block.benchmark for block in made) if names is None else names
    return made_runs.recorded(begun, made, names=names, **about)


@pytest.mark.parametrize(
    ("ratio", "spread", "wanted"),
    [
        (1.0, 0.01, Verdict.EQUIVALENT),
        (1.005, 0.001, Verdict.EQUIVALENT),
        (1.1, 0.01, Verdict.SLOWER),
        (0.9, 0.01, Verdict.FASTER),
        (1.0, 0.3, Verdict.INCONCLUSIVE),
        (1.021, 0.05, Verdict.INCONCLUSIVE),
    ],
)
def test_words(ratio: float, spread: float, wanted: Verdict) -> None:
    result = judge_run(recorded(blocks("a", ratio, spread=spread)))
    (row,) = result.rows
    assert row.verdict is wanted
    assert row.comparison is not None
    assert row.comparison.ratio.value == pytest.approx(ratio, rel=0.01 if spread < 0.1 else 0.2)
    assert row.description == "Does a."
    assert not result.noisy


def test_rows_without_numbers() -> None:
    made = [*blocks("a", 1.0), *blocks("b", 1.1), *blocks("late", 1.1)]
    known = recorded(
        made,
        names=["b", "open", "late", "a"],
        failures=[failure("bm_broken", "SyntaxError: x"), failure("late", "killed")],
    )
    result = judge_run(known)
    assert [(row.id, row.verdict) for row in result.rows] == [
        ("b", Verdict.SLOWER),
        ("open", Verdict.NOT_MEASURED),
        ("late", Verdict.FAILED),
        ("a", Verdict.EQUIVALENT),
        ("bm_broken", Verdict.FAILED),
    ]
    late, broken = result.rows[2], result.rows[4]
    assert late.comparison is None
    assert late.measured is not None
    assert late.failure == failure("late", "killed")
    assert broken.measured is None
    assert result.geometric_mean is not None
    assert result.geometric_mean.value == pytest.approx(1.1**0.5, rel=0.01)


def test_one_benchmark_has_no_mean() -> None:
    assert judge_run(recorded(blocks("a", 1.1))).geometric_mean is None


def test_nothing_measured() -> None:
    result = judge_run(recorded([], names=["a"]))
    assert [row.verdict for row in result.rows] == [Verdict.NOT_MEASURED]
    assert result.geometric_mean is None
    assert judge_run(recorded([])).rows == ()


def test_few_blocks_decide_nothing() -> None:
    for count in range(1, 5):
        (row,) = judge_run(recorded(blocks("a", 1.1, count=count))).rows
        assert row.verdict is Verdict.INCONCLUSIVE
        assert row.comparison is not None
        assert row.comparison.ratio.n == count


@pytest.mark.parametrize("ratio", [0.9, 1.0, 1.1])
def test_a_series_cut_short_has_no_verdict(ratio: float) -> None:
    """Six blocks have an interval already, but not one that holds."""
    (row,) = judge_run(recorded(blocks("a", ratio, count=9, spread=0.001))).rows
    assert row.comparison is not None
    assert row.comparison.ratio.half_width < 0.01
    assert row.verdict is Verdict.INCONCLUSIVE
    assert "too-few-blocks" in {caveat.code for caveat in row.comparison.caveats}


def test_a_control_that_finds_nothing_changes_nothing() -> None:
    made = [*blocks("a", 1.1), *blocks("a", 1.0, series=CONTROL)]
    result = judge_run(recorded(made))
    (row,) = result.rows
    assert row.verdict is Verdict.SLOWER
    assert row.control is not None
    assert row.control.ratio.value == pytest.approx(1.0, rel=0.01)
    assert not result.noisy


def test_a_control_that_finds_ghosts_accuses_nobody() -> None:
    made = [
        *(*blocks("haunted", 1.1), *blocks("haunted", 1.1, series=CONTROL)),
        *(*blocks("slower", 1.1), *blocks("slower", 1.0, series=CONTROL)),
        *(*blocks("same", 1.0), *blocks("same", 1.0, series=CONTROL)),
    ]
    result = judge_run(recorded(made))
    assert result.noisy
    assert result.tripped == ("haunted",)
    assert [row.verdict for row in result.rows] == [
        Verdict.INCONCLUSIVE,
        Verdict.INCONCLUSIVE,
        Verdict.EQUIVALENT,
    ]
    assert result.rows[0].comparison is not None  # the numbers stay


def test_controls_are_judged_as_a_family() -> None:
    """One control that just trips is a ghost alone, and chance among twenty."""
    names = [f"n{number}" for number in range(20)]
    barely = blocks("n0", 1.0075, series=CONTROL, count=10, spread=0.0095)
    quiet = [x for name in names[1:] for x in blocks(name, 1.0, series=CONTROL, count=10)]
    compared = [x for name in names for x in blocks(name, 1.1, count=10)]
    alone = judge_run(recorded([*blocks("n0", 1.1, count=10), *barely]))
    assert alone.rows[0].control is not None
    assert 0.05 / 20 < alone.rows[0].control.p_value <= 0.05
    assert alone.noisy
    together = judge_run(recorded([*compared, *barely, *quiet]))
    assert not together.noisy
    assert {row.verdict for row in together.rows} == {Verdict.SLOWER}


def test_many_ghosts_are_seen_where_none_is_clear_by_itself() -> None:
    """After ten blocks no p-value is small enough for Holm among twenty."""
    names = [f"n{number}" for number in range(20)]

    def judged(haunted: int) -> Result:
        shift = {name: 1.1 if name in names[:haunted] else 1.0 for name in names}
        made = [
            block
            for name in names
            for series, ratio in ((COMPARE, 1.1), (CONTROL, shift[name]))
            for block in blocks(name, ratio, series=series, count=10)
        ]
        return judge_run(recorded(made))

    assert judged(3).tripped == ()
    found = judged(4)
    assert found.tripped == tuple(names[:4])
    assert {row.verdict for row in found.rows} == {Verdict.INCONCLUSIVE}
    (caveat,) = [one for one in found.caveats if one.code == "too-noisy"]
    assert "n0, n1, n2, n3" in caveat.text


@pytest.mark.parametrize("size", [1, 2, 3, 7, 8, 20, 60])
def test_a_quiet_machine_rarely_trips(size: int) -> None:
    """Each control's p-value uniform, which is the least favourable: five in a hundred at most."""
    (row,) = judge_run(recorded([*blocks("a", 1.0), *blocks("a", 1.0, series=CONTROL)])).rows
    assert row.control is not None
    chance, runs = np.random.default_rng(size), 2000
    tripped = sum(
        bool(_tripped([replace(row.control, p_value=p) for p in ps], GOAL.confidence))
        for ps in chance.uniform(size=(runs, size))
    )
    # 2.3 standard errors above what is allowed; and some do trip: the rule is alive.
    assert 0.01 < tripped / runs < 0.061


def test_caveats_of_the_run() -> None:
    codes = {c.code for c in judge_run(recorded(blocks("a", 1.0), pinned=False, cut=True)).caveats}
    assert {"not-pinned", "recording-cut"} <= codes
    codes = {c.code for c in judge_run(recorded(blocks("a", 1.0))).caveats}
    assert codes.isdisjoint({"not-pinned", "recording-cut", "virtual-environment"})


@given(
    st.lists(
        st.tuples(st.floats(1e-6, 1), st.sampled_from(["slower", "faster", "equivalent"])),
        min_size=1,
        max_size=30,
    )
)
def test_what_many_may_show_by_chance_is_named(drawn: list[tuple[float, str]]) -> None:
    rows: Any = [
        SimpleNamespace(
            id=f"b{number}-", comparison=SimpleNamespace(p_value=p), verdict=Verdict(word)
        )
        for number, (p, word) in enumerate(drawn)
    ]
    adjusted = benjamini_hochberg([p for p, _ in drawn])
    doubtful = [
        row.id
        for row, p in zip(rows, adjusted, strict=True)
        if p > 1 - 0.95 and row.verdict is not Verdict.EQUIVALENT
    ]
    caveats = _chance_caveat(rows, 0.95)
    assert bool(caveats) == bool(doubtful)
    for caveat in caveats:
        assert caveat.code == "may-be-chance"
        assert all(name in caveat.text for name in doubtful)


def test_packages_of_a_virtual_environment_are_said_to_be_left() -> None:
    made = recorded(blocks("a", 1.0))
    interpreter = replace(PYTHON, found_by="venv")
    in_venv = replace(made.run.baseline, interpreter=interpreter)
    result = judge_run(replace(made, run=replace(made.run, baseline=in_venv)))
    (caveat,) = [c for c in result.caveats if c.code == "virtual-environment"]
    assert "baseline" in caveat.text


SECONDS = st.floats(0, 1e6)


@given(
    finishes=st.lists(
        st.fixed_dictionaries(
            {}, optional=dict.fromkeys(("provision", "discover", "measure", "total"), SECONDS)
        ),
        max_size=3,
    ),
    count=st.integers(0, 12),
)
def test_seconds_add_up(finishes: list[dict[str, float]], count: int) -> None:
    """Whatever was recorded: of a sitting that was killed nothing but its blocks is known."""
    lines = tuple(Finish(status="finished", seconds=one) for one in finishes)
    made = blocks("a", 1.0, count=count) if count else []
    seconds = seconds_by_stage(recorded(made, finishes=lines))
    total = seconds.pop("total")
    assert total == pytest.approx(sum(seconds.values()))
    assert all(value >= -1e-6 * total for value in seconds.values())
    assert seconds["timed"] == pytest.approx(0.08 * count)


def test_the_blocks_of_a_killed_sitting_count() -> None:
    """Ten blocks of 0.2 s, of which the sitting that ended in order tells 1.1 s of measuring."""
    told = {"provision": 3.0, "measure": 1.1, "total": 4.2}
    known = recorded(
        blocks("a", 1.0, count=10), finishes=(Finish(status="finished", seconds=told),)
    )
    assert seconds_by_stage(known)["total"] == pytest.approx(4.2 + 2.0 - 1.1)
    (caveat,) = [one for one in judge_run(known).caveats if one.code == "time-incomplete"]
    assert "at least 5" in caveat.text
    whole = Finish(status="finished", seconds=told | {"measure": 2.1, "total": 5.2})
    known = recorded(blocks("a", 1.0, count=10), finishes=(whole,))
    assert seconds_by_stage(known)["total"] == pytest.approx(5.2)
    assert "time-incomplete" not in {one.code for one in judge_run(known).caveats}


def test_the_analysis_is_a_stage_of_its_own() -> None:
    told = {"analysis": 0.5, "measure": 3.0, "total": 4.0}
    lines = tuple(Finish(status="finished", seconds=told) for _ in range(2))
    assert seconds_by_stage(recorded([], finishes=lines))["analysis"] == pytest.approx(1.0)


def test_against_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("perfkit.decide.aa.REPEATS", 50)
    made = [
        *blocks("a", 1.0, series="aa-0"),
        *blocks("b", 1.1, series="aa-1"),
        *blocks("a", 1.0, series="aa-2"),
    ]
    result = judge_aa(recorded(made, command="aa", failures=[failure("c")]))
    assert result.accuracy is not None
    assert result.accuracy.comparisons == 3
    assert result.accuracy.different.value == pytest.approx(1 / 3)
    assert {name: one.comparisons for name, one in result.by_benchmark.items()} == {"a": 2, "b": 1}
    assert [one.series for one in result.alarms] == ["aa-1"]
    assert result.replay is not None
    assert result.injected == 1.0
    assert result.failures == (failure("c"),)


def test_nothing_against_itself() -> None:
    result = judge_aa(recorded([], command="aa"))
    assert (result.accuracy, result.replay, result.by_benchmark) == (None, None, {})
