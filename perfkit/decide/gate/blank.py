"""Rows of a gate that have no numbers: nothing that was asked for is left out in silence."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from perfkit.caveat import Caveat
from perfkit.decide.gate.result import GateRow, GateVerdict
from perfkit.decide.gate.rules import fits, is_required, names_of
from perfkit.decide.gate.screening import unseen_in
from perfkit.settings import Metric

if TYPE_CHECKING:
    from collections.abc import Sequence

    from perfkit.block import Failure
    from perfkit.decide.result import Result, Row
    from perfkit.recording import Recording
    from perfkit.settings import GatePolicy

_SHOWN = 3  # scripts that a warning names
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
        *(_without(row, policy) for row in compared.rows if row.id not in known),
        *(
            _blank(
                one.label,
                verdict=_UNPAIRED.get(one.how, GateVerdict.NOT_COMPARABLE),
                required=is_required(policy, (one.label,)),
                reason=one.reason,
            )
            for one in recording.unpaired
        ),
        *_required_and_not_there(recording, policy),
    ]


def unmatched(recording: Recording, policy: GatePolicy) -> list[Caveat]:
    """Patterns of the policy's margins that fit nothing here; required ones have rows of their own.

    `check` refuses them before measuring when it knows every benchmark's name. Not where BENCHMARK
    arguments leave others out: those of other benchmarks are no mistake then.
    """
    if recording.run.benchmarks:
        return []
    found = _unknown(recording, [pattern for pattern, _ in policy.margins])
    if not found:
        return []
    text = f"no benchmark of this run is meant by the policy's {', '.join(found)}"
    remedy = "correct the pattern"
    if untold := _untold(recording):
        more = ", …" if len(untold) > _SHOWN else ""
        text += f"; perhaps one of {', '.join(untold[:_SHOWN])}{more}, whose names are not known"
        remedy = "correct the pattern if it means none of them"
    return [Caveat(code="unmatched-pattern", text=text, remedy=remedy, benchmark=None)]


def _required_and_not_there(recording: Recording, policy: GatePolicy) -> list[GateRow]:
    """Not where BENCHMARK arguments left others out; nor can the names in a new script be known."""
    if recording.run.benchmarks:
        return []
    unsure = any(one.how != "missing" for one in recording.unpaired)
    return [
        _blank(
            pattern,
            verdict=GateVerdict.NOT_COMPARABLE if unsure else GateVerdict.MISSING,
            required=True,
            reason="no benchmark that both sides have is meant by it",
        )
        for pattern in _unknown(recording, policy.required or ())
    ]


def _unknown(recording: Recording, patterns: Sequence[str]) -> list[str]:
    """Name patterns, each once, that fit nothing the run knows of, failed or unpaired included."""
    names = [names_of(one.benchmark) for one in recording.measured.values()]
    names += [_names_in(name) for name in recording.failures]
    names += [(one.label,) for one in recording.unpaired]
    unlike = (one for one in patterns if not any(fits(one, known) for known in names))
    return list(dict.fromkeys(unlike))


def _untold(recording: Recording) -> list[str]:
    """Scripts of whose benchmarks nobody knows the names: they failed, or are not shared."""
    failed = [one for one in recording.failures if one not in recording.measured]
    return [one for one in failed if "::" not in one] + [one.label for one in recording.unpaired]


def _names_in(failed: str) -> tuple[str, ...]:
    """What ``label::name``, a name, or a label may be meant by."""
    label, _, name = failed.partition("::")
    return (failed, label, name) if name else (failed,)


def _without(row: Row, policy: GatePolicy) -> GateRow:
    """A benchmark that failed, or that was not come to."""
    names = names_of(row.measured.benchmark) if row.measured else _names_in(row.id)
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
