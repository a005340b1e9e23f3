"""Rows of a gate that have no numbers: nothing that was asked for is left out in silence."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING

from perfkit.caveat import Caveat
from perfkit.decide.gate.naming import (
    absent,
    is_chosen,
    names_in,
    names_of_failure,
    names_of_unpaired,
    names_written,
    shown,
    unknown,
    untold,
)
from perfkit.decide.gate.result import GateRow, GateVerdict
from perfkit.decide.gate.rules import fits, is_required, names_of
from perfkit.decide.gate.screening import unseen_in
from perfkit.settings import Metric

if TYPE_CHECKING:
    from perfkit.block import Failure
    from perfkit.decide.result import Result, Row
    from perfkit.recording import Recording
    from perfkit.settings import GatePolicy

_UNPAIRED = {
    "missing": GateVerdict.MISSING,
    "new": GateVerdict.NEW,
    "changed": GateVerdict.NOT_COMPARABLE,
}


def rows_without_numbers(
    recording: Recording, policy: GatePolicy, compared: Result, *, known: set[str]
) -> list[GateRow]:
    """Memory that is not known, failures, scripts that are not shared, required ones not there.

    Args:
        recording: The run.
        policy: What is allowed.
        compared: The run, judged as a comparison.
        known: Benchmarks that have numbers.
    """
    unseen = unseen_in(recording, policy)
    known = known | {one.measured.benchmark.id for one in unseen}
    return [
        *(
            _blank(
                one.measured.benchmark.id,
                verdict=GateVerdict.UNMEASURABLE if one.never else GateVerdict.NOT_MEASURED,
                required=is_required(policy, names_of(one.measured.benchmark)),
                reason=one.reason,
                description=one.measured.benchmark.description,
                metric=one.metric,
            )
            for one in unseen
        ),
        *(_without(recording, row, policy) for row in compared.rows if row.id not in known),
        *_not_shared(recording, policy),
    ]


def unmatched(recording: Recording, policy: GatePolicy) -> list[Caveat]:
    """Patterns of the policy's margins that fit nothing here; required ones have rows of their own.

    `check` refuses them before measuring when it knows every benchmark's name. Not where BENCHMARK
    arguments on the command line leave others out: those of other benchmarks are no mistake then.
    """
    if is_chosen(recording.run):
        return []
    had = [one for x in recording.unpaired for one in names_written(recording.run, x.label, x.had)]
    has = [one for x in recording.unpaired for one in names_written(recording.run, x.label, x.has)]
    patterns = unknown(recording, [pattern for pattern, _ in policy.margins])
    found = [one for one in patterns if not fits(one, (*had, *has))]
    if not found:
        return []
    text = f"no benchmark of this run is meant by the policy's {', '.join(found)}"
    remedy = "correct the pattern"
    if scripts := untold(recording):
        text += f"; perhaps one of {shown(scripts)}, whose names are not known"
        remedy = "correct the pattern if it means none of them"
    return [Caveat(code="unmatched-pattern", text=text, remedy=remedy, benchmark=None)]


def _not_shared(recording: Recording, policy: GatePolicy) -> list[GateRow]:
    """Scripts that one revision alone has or has otherwise, and required ones that are nowhere."""
    missing = absent(recording, policy)
    rows = []
    for one in recording.unpaired:
        verdict = _UNPAIRED.get(one.how, GateVerdict.NOT_COMPARABLE)
        required = is_required(policy, names_of_unpaired(recording.run, one))
        row = _blank(one.label, verdict=verdict, required=required, reason=one.reason)
        if one.label in missing:  # a benchmark of the script's name: one row for both
            named, why = missing.pop(one.label)
            if verdict is GateVerdict.NOT_COMPARABLE and named is not verdict:
                row = replace(row, verdict=named, required=True, reason=f"{why}; {one.reason}")
        rows.append(row)
    rows += [
        _blank(name, verdict=verdict, required=True, reason=reason)
        for name, (verdict, reason) in missing.items()
    ]
    return rows


def _without(recording: Recording, row: Row, policy: GatePolicy) -> GateRow:
    """A benchmark that failed, or that was not come to."""
    failure = row.failure
    if row.measured:
        names = names_of(row.measured.benchmark)
    else:
        names = names_of_failure(recording.run, failure) if failure else names_in(row.id)
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
    name: str,
    *,
    verdict: GateVerdict,
    required: bool,
    reason: str,
    description: str = "",
    metric: Metric = Metric.TIME,
) -> GateRow:
    return GateRow(
        id=name,
        metric=metric,
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
