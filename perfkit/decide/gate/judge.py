"""From a recording and a policy to a judged gate: pure, so that any run can be judged again."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from perfkit.analyse.diagnostics import PRECISION, TIME_TOTAL
from perfkit.analyse.gate import LEAST_CONFIRMING, detectable
from perfkit.analyse.stopping import minimum_blocks
from perfkit.caveat import Caveat
from perfkit.decide.gate.blank import rows_without_numbers, unmatched
from perfkit.decide.gate.confirming import confirmed_in
from perfkit.decide.gate.outcome import marked, outcome_of, warnings_of
from perfkit.decide.gate.planning import OVER, affordable, spent, wall_seconds
from perfkit.decide.gate.result import GateResult, GateRow, GateVerdict
from perfkit.decide.gate.rules import (
    CONFIRM,
    is_required,
    names_of,
)
from perfkit.decide.gate.screening import seen_in
from perfkit.decide.gate.verdict import verdict_of
from perfkit.decide.judge import COMPARE, judge_run
from perfkit.settings import Metric
from perfkit.units import format_duration

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from perfkit.analyse.estimate import Estimate
    from perfkit.decide.gate.confirming import Confirmed
    from perfkit.decide.gate.screening import Seen
    from perfkit.decide.result import Result, Row
    from perfkit.recording import Recording
    from perfkit.settings import GatePolicy


def judge_gate(recording: Recording, policy: GatePolicy) -> GateResult:
    """Judge a run by a policy.

    Args:
        recording: A run of ``check``, or of ``compare``: without fresh blocks nothing is red.
        policy: What is allowed; it may differ from the one the run was measured under.

    Returns:
        Rows and outcome; only `Confirmation` can make a row red, and no row is while the null
        control trips.
    """
    compared = judge_run(recording)
    seen = seen_in(recording, policy)
    suspects = _suspects(recording, seen)
    confirmed = {
        key: one
        for key, one in confirmed_in(recording, policy, suspects).items()
        if one.said.blocks
    }
    asked = {(one.id, one.metric) for one in suspects}
    tripped = tuple(dict.fromkeys(name for (name, _), one in confirmed.items() if one.tripped))
    row_of = {row.id: row for row in compared.rows}
    rows = [
        _row(
            one,
            row_of[one.id],
            recording,
            policy,
            fresh=confirmed.get((one.id, one.metric)),
            family=len(asked) + ((one.id, one.metric) not in asked),
            noisy=bool(tripped),
        )
        for one in seen
    ]
    rows += rows_without_numbers(recording, policy, compared, known={row.id for row in rows})
    finished = bool(recording.finishes) and recording.finishes[-1].status == "finished"
    stands = marked(rows, policy, finished=finished)
    outcome, fails = outcome_of(stands)
    return GateResult(
        policy=policy,
        rows=stands,
        outcome=outcome,
        fails=fails,
        tripped=tripped,
        warnings=(
            *warnings_of(stands, policy, finished=finished, gated=recording.run.command == "check"),
            *unmatched(recording, policy),
        ),
        compared=_of_a_gate(compared, rows, recording),
    )


def _suspects(recording: Recording, seen: Sequence[Seen]) -> list[Seen]:
    """Whom fresh blocks were planned for or measured of: the family that error rates hold for.

    Those that an interrupted run has no blocks of yet count as well, so that nothing is red in it
    that might not be in the whole one.
    """
    planned = {name for name, _ in recording.confirming.blocks} if recording.confirming else set()
    return [
        one
        for one in seen
        if one.suspected and (one.id in planned or recording.series(one.id, CONFIRM))
    ]


def _of_a_gate(compared: Result, rows: Sequence[GateRow], recording: Recording) -> Result:
    """The first pass, told when a budget did not do.

    And without a wish for more precision where that would decide nothing: it would where a row is
    open for want of blocks of the first pass, neither where a change beyond the margin is excluded,
    nor where fresh blocks have the word.
    """
    open_ = {row.id for row in rows if row.verdict is GateVerdict.UNDECIDED and not row.suspected}

    def kept(caveats: Iterable[Caveat]) -> tuple[Caveat, ...]:
        return tuple(x for x in caveats if x.code != PRECISION or x.benchmark in open_)

    found = tuple(
        replace(row, comparison=replace(row.comparison, caveats=kept(row.comparison.caveats)))
        if row.comparison is not None
        else row
        for row in compared.rows
    )
    caveats = (*_over_budget(recording), *kept(compared.caveats))
    return replace(compared, rows=found, caveats=caveats)


def _over_budget(recording: Recording) -> list[Caveat]:
    budget = recording.run.gate.budget if recording.run.gate is not None else None
    if budget is None or spent(recording.blocks) <= OVER * budget:
        return []
    least = f"{minimum_blocks(recording.run.goal)} blocks"
    if recording.confirming and recording.confirming.blocks:
        least += f", and every suspect {LEAST_CONFIRMING} fresh ones with the null control's"
    took = format_duration(wall_seconds(recording, {}))
    return [
        Caveat(
            code="over-budget",
            text=f"measuring took {took}, more than the {format_duration(budget)} of {TIME_TOTAL}: "
            f"every benchmark gets {least}",
            remedy=f"raise {TIME_TOTAL}, or name fewer benchmarks",
            benchmark=None,
        )
    ]


def _row(
    one: Seen,
    row: Row,
    recording: Recording,
    policy: GatePolicy,
    *,
    fresh: Confirmed | None,
    family: int,
    noisy: bool,
) -> GateRow:
    goal = recording.run.goal
    verdict, reason = verdict_of(one, fresh, noisy=noisy, least=minimum_blocks(goal))
    end = recording.ends.get((one.id, COMPARE))
    baseline, candidate, ratio = _figures(one, row)
    return GateRow(
        id=one.id,
        metric=one.metric,
        description=row.description,
        verdict=verdict,
        required=is_required(policy, names_of(one.measured.benchmark)),
        margin=one.margin,
        baseline=baseline,
        candidate=candidate,
        screening=ratio,
        suspected=one.suspected,
        confirmation=fresh.said if fresh else None,
        detectable=fresh.detectable
        if fresh
        else detectable(
            one.found,
            len(one.effects),
            goal=goal,
            margin=one.margin,
            allowed=policy.error_rate / family,
            most=affordable(recording, policy, one.id),
        ),
        blocks=len(one.effects),
        seconds=end.seconds if end else spent(recording.series(one.id, COMPARE)),
        reason=reason,
    )


def _figures(one: Seen, row: Row) -> tuple[Estimate | None, Estimate | None, Estimate | None]:
    """Baseline, candidate and ratio of the first pass."""
    comparison = row.comparison
    if comparison is None:
        return None, None, None
    if one.metric is Metric.TIME:
        return comparison.baseline, comparison.candidate, comparison.ratio
    known = (x for x in comparison.memory if x.metric is one.metric)
    memory = next(known, None)
    if memory is None:
        return None, None, None
    return memory.baseline, memory.candidate, memory.ratio
