"""From a recording and a policy to a judged gate: pure, so that any run can be judged again."""

from __future__ import annotations

from typing import TYPE_CHECKING

from perfkit.analyse.gate import MOST_CONFIRMING, detectable
from perfkit.analyse.stopping import minimum_blocks
from perfkit.decide.gate.blank import rows_without_numbers, unmatched
from perfkit.decide.gate.confirming import confirmed_in
from perfkit.decide.gate.outcome import outcome_of, warnings_of
from perfkit.decide.gate.result import GateResult, GateRow
from perfkit.decide.gate.rules import (
    CONFIRM,
    is_required,
    names_of,
)
from perfkit.decide.gate.screening import seen_in
from perfkit.decide.gate.verdict import verdict_of
from perfkit.decide.judge import COMPARE, judge_run
from perfkit.settings import Metric

if TYPE_CHECKING:
    from perfkit.analyse.estimate import Estimate
    from perfkit.decide.gate.confirming import Confirmed
    from perfkit.decide.gate.screening import Seen
    from perfkit.decide.result import Row
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
    suspects = [one for one in seen if one.suspected and recording.series(one.id, CONFIRM)]
    confirmed = confirmed_in(recording, policy, suspects)
    tripped = tuple(dict.fromkeys(name for (name, _), one in confirmed.items() if one.tripped))
    row_of = {row.id: row for row in compared.rows}
    rows = [
        _row(one, row_of[one.id], recording, policy, confirmed=confirmed, noisy=bool(tripped))
        for one in seen
    ]
    rows += rows_without_numbers(recording, policy, compared, known={row.id for row in rows})
    finished = bool(recording.finishes) and recording.finishes[-1].status == "finished"
    outcome, fails = outcome_of(rows, policy, finished=finished)
    return GateResult(
        policy=policy,
        rows=tuple(rows),
        outcome=outcome,
        fails=fails,
        tripped=tripped,
        warnings=(*warnings_of(rows, policy, finished=finished), *unmatched(recording, policy)),
        compared=compared,
    )


def _row(
    one: Seen,
    row: Row,
    recording: Recording,
    policy: GatePolicy,
    *,
    confirmed: dict[tuple[str, Metric], Confirmed],
    noisy: bool,
) -> GateRow:
    fresh = confirmed.get((one.id, one.metric))
    goal = recording.run.goal
    family = len(confirmed) + (fresh is None)
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
            most=_affordable(one, recording, policy),
        ),
        blocks=len(one.effects),
        seconds=end.seconds if end else 0.0,
        reason=reason,
    )


def _affordable(one: Seen, recording: Recording, policy: GatePolicy) -> int:
    """Fresh blocks that the budget for the whole suite would have paid for."""
    if policy.budget is None:
        return MOST_CONFIRMING
    spent = sum(x.seconds for x in recording.blocks)
    blocks = recording.series(one.id, COMPARE)
    each = sum(x.seconds for x in blocks) / len(blocks)
    return min(MOST_CONFIRMING, int((policy.budget - spent) / (2 * each)))


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
