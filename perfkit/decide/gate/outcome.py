"""From a gate's rows to one word about the build, and to what must not be overlooked."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from perfkit.analyse.diagnostics import TIME, TIME_TOTAL
from perfkit.caveat import Caveat
from perfkit.decide.gate.result import GateOutcome, GateVerdict
from perfkit.settings import Metric, OnOpen

if TYPE_CHECKING:
    from collections.abc import Sequence

    from perfkit.decide.gate.result import GateRow
    from perfkit.settings import GatePolicy

_ABSENT = {GateVerdict.FAILED, GateVerdict.MISSING}
_LET = {GateVerdict.UNDECIDED, GateVerdict.NOT_MEASURED, GateVerdict.TOO_NOISY}
_REMEDIES = {
    GateVerdict.FAILED: "mend it; nothing is known of its speed",
    GateVerdict.MISSING: "look whether it was removed on purpose; nothing guards it any more",
    GateVerdict.NEW: "nothing to do: it is compared once the baseline has it too",
    GateVerdict.NOT_COMPARABLE: "nothing is known of its speed; look at the change yourself",
    GateVerdict.NOT_MEASURED: "run the check again, to its end",
    GateVerdict.UNMEASURABLE: "",  # nothing would help, and nothing is wrong
    GateVerdict.UNDECIDED: "give it more time ({limit}) or a quieter machine",
    GateVerdict.TOO_NOISY: "run the check again on a quieter machine or at a quieter hour",
}


_OF_A_WHOLE_RUN = {
    GateVerdict.NOT_MEASURED: "see why in its row; a metric is measured where --metrics names it"
}
_OF_COMPARE = {
    GateVerdict.UNDECIDED: "run 'perfkit check': a run of compare has no fresh blocks of suspects"
}


def marked(rows: Sequence[GateRow], policy: GatePolicy, *, finished: bool) -> tuple[GateRow, ...]:
    """The rows, each with whether it makes the build fail by itself; the one place that says so.

    Args:
        rows: All of them.
        policy: Whether noise and indecision fail.
        finished: Measuring came to its end; what is open in a run that did not is not let pass.
    """
    open_fails = policy.on_inconclusive is OnOpen.FAIL or not finished

    def fails(row: GateRow) -> bool:
        if row.verdict in _ABSENT:
            return row.required
        if row.verdict is GateVerdict.TOO_NOISY:
            return policy.on_noise is OnOpen.FAIL
        return row.verdict.red or (row.open and open_fails)

    return tuple(replace(row, fails=fails(row)) for row in rows)


def outcome_of(rows: Sequence[GateRow]) -> tuple[GateOutcome, bool]:
    """What the rows together say of a build, and whether it fails: where a row does (`marked`).

    Returns:
        The most severe: a required benchmark failed or is missing, a slowdown, nothing measured
        (which fails whatever the policy), too noisy, undecided, passed.
    """
    outcome = _outcome(rows)
    return outcome, outcome is GateOutcome.NOTHING or any(row.fails for row in rows)


def _outcome(rows: Sequence[GateRow]) -> GateOutcome:
    verdicts = {row.verdict for row in rows}
    if any(row.fails and row.verdict in _ABSENT for row in rows):
        return GateOutcome.FAILED
    if any(verdict.red for verdict in verdicts):
        return GateOutcome.SLOWDOWN
    if all(row.ratio is None for row in rows):
        return GateOutcome.NOTHING
    if GateVerdict.TOO_NOISY in verdicts:
        return GateOutcome.NOISY
    return GateOutcome.UNDECIDED if any(row.open for row in rows) else GateOutcome.PASSED


def warnings_of(
    rows: Sequence[GateRow], policy: GatePolicy, *, finished: bool, gated: bool
) -> tuple[Caveat, ...]:
    """One for each kind of row that is no plain answer, the named ones first as measured.

    Args:
        rows: All of them, as `marked`.
        policy: Its budget says which option limits the time.
        finished: Measuring came to its end.
        gated: It was a run of ``check``, which measures suspects again.
    """
    limit = TIME if policy.budget is None else TIME_TOTAL
    judged = any(row.ratio is not None for row in rows)
    remedies = _REMEDIES | (_OF_A_WHOLE_RUN if finished else {}) | ({} if gated else _OF_COMPARE)
    found = []
    for verdict, remedy in remedies.items():
        mine = [row for row in rows if row.verdict is verdict]
        if mine:
            lets = finished and judged and verdict in _LET and not any(row.fails for row in mine)
            passes = " (the policy lets this pass)" if lets else ""
            found.append(
                Caveat(
                    code=verdict.replace(" ", "-"),
                    text=f"{verdict}: {_named(mine)}{passes}",
                    remedy=remedy.format(limit=limit),
                    benchmark=None,
                )
            )
    return tuple(found)


def _named(rows: Sequence[GateRow]) -> str:
    """Their names, with the metric unless that is time; what cannot be measured, with the why."""
    names = dict.fromkeys(map(_name, rows))
    if rows[0].verdict is not GateVerdict.UNMEASURABLE:
        return ", ".join(names)
    reasons = dict.fromkeys(row.reason for row in rows)
    return "; ".join(
        f"{', '.join(_name(row) for row in rows if row.reason == reason)}: {reason}"
        for reason in reasons
    )


def _name(row: GateRow) -> str:
    return row.id if row.metric is Metric.TIME else f"{row.id} ({row.metric.replace('-', ' ')})"
