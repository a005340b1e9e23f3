"""From a recording to a judged result: pure, so that any run can be judged again."""

from __future__ import annotations

from typing import TYPE_CHECKING

from perfkit.analyse.comparison import compare_blocks
from perfkit.analyse.diagnostics import TIME, TIME_TOTAL, diagnose_goal
from perfkit.analyse.family import benjamini_hochberg, geometric_mean, null_differs
from perfkit.analyse.stopping import minimum_blocks
from perfkit.caveat import Caveat, venv_caveats
from perfkit.decide.result import MemoryRow, Result, Row
from perfkit.decide.verdict import Verdict, judge, judge_memory
from perfkit.units import format_duration

if TYPE_CHECKING:
    from collections.abc import Sequence

    from perfkit.analyse.estimate import Comparison
    from perfkit.block import Block
    from perfkit.recording import Measured, Recording
    from perfkit.settings import Goal

COMPARE = "compare"
CONTROL = "control"


def judge_run(recording: Recording) -> Result:
    """Judge every benchmark of a ``compare`` run.

    Args:
        recording: The run as recorded so far; benchmarks without blocks are not measured.

    Returns:
        Rows in the order in which the benchmarks were to be measured, then scripts that failed
        before their benchmarks were known.
    """
    goal = recording.run.goal
    controls = [
        control
        for name in recording.measured
        if (control := comparison_of(recording, name, CONTROL)) is not None
    ]
    tripped = _tripped(controls, goal.confidence)
    control_of = {control.benchmark: control for control in controls}
    rows = [
        _row(recording, measured, control_of.get(name), tripped=tripped)
        for name, measured in recording.measured.items()
    ]
    rows += [_failed(recording, x) for x in recording.failures if x not in recording.measured]
    comparisons = [row.comparison for row in rows if row.comparison is not None]
    several = len(comparisons) > 1
    return Result(
        rows=tuple(rows),
        geometric_mean=geometric_mean(comparisons, goal.confidence) if several else None,
        tripped=tripped,
        caveats=(
            *diagnose_goal(goal),
            *_noisy_caveat(tripped),
            *_run_caveats(recording),
            # A gate measures again what differs, and answers for chance itself.
            *(_chance_caveat(rows, goal.confidence) if recording.run.gate is None else ()),
            *(caveat for one in comparisons for caveat in one.caveats),
        ),
        seconds=seconds_by_stage(recording),
    )


def comparison_of(recording: Recording, name: str, series: str) -> Comparison | None:
    """What one series of a benchmark says, or None when it has no blocks."""
    blocks = recording.series(name, series)
    if not blocks:
        return None
    end = recording.ends.get((name, series))
    return compare_blocks(
        blocks,
        recording.run.goal,
        inner_loops=recording.measured[name].benchmark.inner_loops,
        stopped=end.reason if end is not None else "interrupted",
        limit=_limit(recording, blocks),
    )


def _limit(recording: Recording, blocks: Sequence[Block]) -> str:
    """The option that limits a benchmark's time."""
    run = recording.run
    total = run.gate.budget if run.gate is not None else None
    if total is None:
        return TIME
    own = run.goal.budget  # that of all together, unless --time says less
    used_up = sum(block.seconds for block in blocks) >= own
    return TIME if own < total and used_up else TIME_TOTAL


def seconds_by_stage(recording: Recording) -> dict[str, float]:
    """Where the wall time went, over all sittings of a run.

    Of a sitting that was killed only its blocks are known, so the total is at least that.
    """
    blocks = recording.blocks
    seconds = {
        "start-up": sum(block.wait_seconds for block in blocks),
        "run-in": sum(block.run_in_seconds for block in blocks),
        "timed": sum(block.timed_seconds for block in blocks),
    }
    if traced := sum(block.traced_seconds for block in blocks):
        seconds["tracing"] = traced
    total = _seconds_of_the_killed(recording)
    for finish in recording.finishes:
        for stage, spent in finish.seconds.items():
            if stage == "total":
                total += spent
            elif stage != "measure":
                seconds[stage] = seconds.get(stage, 0.0) + spent
    total = max(total, sum(seconds.values()))
    return {**seconds, "other": total - sum(seconds.values()), "total": total}


def _seconds_of_the_killed(recording: Recording) -> float:
    """What the blocks took beyond all measuring that was told of: sittings killed before they did.

    A lower bound: also a sitting that ended in order spent time between its blocks.
    """
    took = sum(block.seconds for block in recording.blocks)
    told = sum(
        one.seconds.get("measure", one.seconds.get("total", 0.0)) for one in recording.finishes
    )
    return max(0.0, took - told)


def _row(
    recording: Recording,
    measured: Measured,
    control: Comparison | None,
    *,
    tripped: tuple[str, ...],
) -> Row:
    name = measured.benchmark.id
    failure = recording.failures.get(name)
    comparison = None if failure else comparison_of(recording, name, COMPARE)
    if failure is not None:
        verdict = Verdict.FAILED
    elif comparison is None:
        verdict = Verdict.NOT_MEASURED
    elif name in tripped or comparison.ratio.n < minimum_blocks(recording.run.goal):
        verdict = Verdict.INCONCLUSIVE
    else:
        verdict = judge(comparison.ratio, recording.run.goal.margin)
        if tripped and verdict is not Verdict.EQUIVALENT:
            verdict = Verdict.INCONCLUSIVE  # a machine that sees ghosts accuses nobody
    return Row(
        id=name,
        description=measured.benchmark.description,
        measured=measured,
        comparison=comparison,
        verdict=verdict,
        memory=memory_rows(comparison, control, recording.run.goal) if comparison else (),
        failure=failure,
        control=control,
    )


def memory_rows(found: Comparison, control: Comparison | None, goal: Goal) -> tuple[MemoryRow, ...]:
    """Judge a benchmark's memory against the same margin as its time.

    A noisy machine does not change how much is allocated, so the times' null control has no say;
    a measure that differs beyond the margin in the benchmark's own null comparison is inconclusive.
    """
    rows = []
    for one in found.memory:
        verdict = judge_memory(one.ratio, goal.margin)
        null = control.memory_of(one.metric) if control else None
        ghost = null and judge_memory(null.ratio, goal.margin) in {Verdict.LARGER, Verdict.SMALLER}
        if ghost or one.ratio.n < minimum_blocks(goal):
            verdict = Verdict.INCONCLUSIVE
        rows.append(MemoryRow(comparison=one, verdict=verdict))
    return tuple(rows)


def _failed(recording: Recording, name: str) -> Row:
    return Row(
        id=name,
        description="",
        measured=None,
        comparison=None,
        verdict=Verdict.FAILED,
        memory=(),
        failure=recording.failures[name],
        control=None,
    )


def _tripped(controls: Sequence[Comparison], confidence: float) -> tuple[str, ...]:
    """Benchmarks whose null comparison found a difference, the chance of a false alarm kept."""
    differs = null_differs([control.p_value for control in controls], 1 - confidence)
    return tuple(one.benchmark for one, is_so in zip(controls, differs, strict=True) if is_so)


def _noisy_caveat(tripped: Sequence[str]) -> list[Caveat]:
    if not tripped:
        return []
    return [
        Caveat(
            code="too-noisy",
            text="the baseline measured against itself differed in "
            f"{', '.join(tripped)}, so no difference is claimed in any benchmark",
            remedy="measure again on a quieter machine or at a quieter hour",
            benchmark=None,
        )
    ]


def _chance_caveat(rows: Sequence[Row], confidence: float) -> list[Caveat]:
    """Differences that many benchmarks looked at together may show by chance.

    Each row's interval stands for itself; among many, some exclude 1 by chance. Those whose
    p-value, adjusted after Benjamini and Hochberg, is too large are named, and nothing is changed.
    """
    compared = [row for row in rows if row.comparison is not None]
    p_values = [row.comparison.p_value for row in compared if row.comparison]
    told = [row.verdict in {Verdict.SLOWER, Verdict.FASTER} for row in compared]
    largest = max((p for p, is_told in zip(p_values, told, strict=True) if is_told), default=0.0)
    if largest * len(compared) <= (1 - confidence) * sum(told):
        return []  # the rule keeps all of them
    doubtful = [
        row.id
        for row, is_told, p_value in zip(compared, told, benjamini_hochberg(p_values), strict=True)
        if is_told and p_value > 1 - confidence
    ]
    if not doubtful:
        return []
    return [
        Caveat(
            code="may-be-chance",
            text=f"among {len(compared)} benchmarks, {', '.join(doubtful)} may differ by chance "
            "(Benjamini–Hochberg)",
            remedy="measure them again by themselves before acting on them",
            benchmark=None,
        )
    ]


def _run_caveats(recording: Recording) -> list[Caveat]:
    caveats = venv_caveats(recording.run.baseline, recording.run.candidate)
    if any(not measured.pinned for measured in recording.measured.values()):
        caveats.append(
            Caveat(
                code="not-pinned",
                text="processes could not be pinned to one CPU on this system",
                remedy="expect wider intervals, or measure on Linux",
                benchmark=None,
            )
        )
    if _seconds_of_the_killed(recording):
        caveats.append(
            Caveat(
                code="time-incomplete",
                text="a sitting ended without a word: of its time only its blocks are known, so "
                f"the run took at least {format_duration(seconds_by_stage(recording)['total'])}",
                remedy="take the time the run took for a lower bound",
                benchmark=None,
            )
        )
    if recording.cut:
        caveats.append(
            Caveat(
                code="recording-cut",
                text="the recording's last line is incomplete and was left out",
                remedy="go on with --resume to measure that block again",
                benchmark=None,
            )
        )
    return caveats
