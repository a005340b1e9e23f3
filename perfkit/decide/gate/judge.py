"""From a recording and a policy to a judged gate: pure, so that any run can be judged again."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from perfkit.analyse.gate import (
    detectable,
)
from perfkit.analyse.stopping import minimum_blocks
from perfkit.decide.gate.confirming import confirmed_in
from perfkit.decide.gate.outcome import outcome_of, warnings_of
from perfkit.decide.gate.result import GateResult, GateRow, GateVerdict
from perfkit.decide.gate.rules import (
    CONFIRM,
    is_required,
    names_of,
)
from perfkit.decide.gate.screening import seen_in, unknown_patterns
from perfkit.decide.gate.verdict import verdict_of
from perfkit.decide.judge import COMPARE, judge_run
from perfkit.settings import Metric

if TYPE_CHECKING:
    from perfkit.analyse.estimate import Estimate
    from perfkit.block import Failure
    from perfkit.decide.gate.confirming import Confirmed
    from perfkit.decide.gate.screening import Seen
    from perfkit.decide.result import Row
    from perfkit.recording import Recording
    from perfkit.settings import GatePolicy

_UNPAIRED = {
    "missing": GateVerdict.MISSING,
    "new": GateVerdict.NEW,
    "changed": GateVerdict.NOT_COMPARABLE,
}


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
    known = {row.id for row in rows}
    rows += [_without(row, policy) for row in compared.rows if row.id not in known]
    rows += [
        _blank(
            one.label,
            verdict=_UNPAIRED.get(one.how, GateVerdict.NOT_COMPARABLE),
            required=is_required(policy, (one.label,)),
            reason=one.reason,
        )
        for one in recording.unpaired
    ]
    rows += [
        _blank(pattern, verdict=GateVerdict.MISSING, required=True, reason="no benchmark fits it")
        for pattern in unknown_patterns(recording, policy.required or ())
    ]
    outcome, fails = outcome_of(rows, policy)
    return GateResult(
        policy=policy,
        rows=tuple(rows),
        outcome=outcome,
        fails=fails,
        tripped=tripped,
        warnings=warnings_of(rows, policy),
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
        ),
        blocks=len(one.effects),
        seconds=end.seconds if end else 0.0,
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


def _without(row: Row, policy: GatePolicy) -> GateRow:
    """A benchmark that has no numbers."""
    names = names_of(row.measured.benchmark) if row.measured else (row.id,)
    failure = row.failure
    return _blank(
        row.id,
        verdict=GateVerdict.FAILED if failure else GateVerdict.NOT_MEASURED,
        required=is_required(policy, names) or (failure is not None and policy.required is None),
        reason=_why(failure) if failure else "it was not measured",
        description=row.description,
    )


def _why(failure: Failure) -> str:
    side = f"on the {failure.side}'s side: " if failure.side else ""
    return f"{side}{failure.reason}"


def _blank(
    name: str, *, verdict: GateVerdict, required: bool, reason: str, description: str = ""
) -> GateRow:
    return GateRow(
        id=name,
        metric=Metric.TIME,
        description=description,
        verdict=verdict,
        required=required,
        margin=math.nan,
        baseline=None,
        candidate=None,
        screening=None,
        suspected=False,
        confirmation=None,
        detectable=None,
        blocks=0,
        seconds=0.0,
        reason=reason,
    )
