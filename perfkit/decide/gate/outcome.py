"""From a gate's rows to one word about the build, and to what must not be overlooked."""

from __future__ import annotations

from typing import TYPE_CHECKING

from perfkit.caveat import Caveat
from perfkit.decide.gate.result import GateOutcome, GateVerdict
from perfkit.settings import Metric, OnOpen

if TYPE_CHECKING:
    from collections.abc import Sequence

    from perfkit.decide.gate.result import GateRow
    from perfkit.settings import GatePolicy

_ABSENT = {GateVerdict.FAILED, GateVerdict.MISSING}
_REMEDIES = {
    GateVerdict.FAILED: "mend it; nothing is known of its speed",
    GateVerdict.MISSING: "look whether it was removed on purpose; nothing guards it any more",
    GateVerdict.NEW: "nothing to do: it is compared once the baseline has it too",
    GateVerdict.NOT_COMPARABLE: "nothing is known of its speed; look at the change yourself",
    GateVerdict.NOT_MEASURED: "run the check again, to its end",
    GateVerdict.UNDECIDED: "give it more time (--time, --time-total) or a quieter machine",
    GateVerdict.TOO_NOISY: "run the check again on a quieter machine or at a quieter hour",
}


def outcome_of(
    rows: Sequence[GateRow], policy: GatePolicy, *, finished: bool
) -> tuple[GateOutcome, bool]:
    """What the rows together say of a build, and whether it fails.

    Args:
        rows: All of them.
        policy: What is allowed.
        finished: Measuring came to its end; what is open in a run that did not is not let pass.

    Returns:
        The most severe: a required benchmark failed or is missing, a slowdown, nothing measured,
        too noisy, undecided, passed. The policy says whether noise and indecision fail.
    """
    verdicts = {row.verdict for row in rows}
    open_fails = policy.on_inconclusive is OnOpen.FAIL or not finished
    if any(row.required and row.verdict in _ABSENT for row in rows):
        return GateOutcome.FAILED, True
    if any(verdict.red for verdict in verdicts):
        return GateOutcome.SLOWDOWN, True
    if all(row.ratio is None for row in rows):
        return GateOutcome.NOTHING, True
    if GateVerdict.TOO_NOISY in verdicts:
        open_too = open_fails and any(_is_open(row) for row in rows)
        return GateOutcome.NOISY, policy.on_noise is OnOpen.FAIL or open_too
    if any(_is_open(row) for row in rows):
        return GateOutcome.UNDECIDED, open_fails
    return GateOutcome.PASSED, False


def _is_open(row: GateRow) -> bool:
    """A question the gate was asked and has no answer to."""
    if row.verdict is GateVerdict.NOT_COMPARABLE:
        return row.required
    if row.verdict is GateVerdict.NOT_MEASURED:
        return row.metric is Metric.TIME  # memory that is not known is warned of
    return row.verdict is GateVerdict.UNDECIDED


def warnings_of(
    rows: Sequence[GateRow], policy: GatePolicy, *, finished: bool
) -> tuple[Caveat, ...]:
    """One for each kind of row that is no plain answer, the named ones first as measured."""
    found = []
    for verdict, remedy in _REMEDIES.items():
        mine = [row for row in rows if row.verdict is verdict]
        if mine:
            names = ", ".join(dict.fromkeys(row.id for row in mine))
            found.append(
                Caveat(
                    code=verdict.replace(" ", "-"),
                    text=f"{verdict}: {names}{_allowed(verdict, policy) if finished else ''}",
                    remedy=remedy,
                    benchmark=None,
                )
            )
    return tuple(found)


def _allowed(verdict: GateVerdict, policy: GatePolicy) -> str:
    """That the build passes all the same, where the policy lets it."""
    passes = {
        GateVerdict.UNDECIDED: policy.on_inconclusive is OnOpen.PASS,
        GateVerdict.NOT_MEASURED: policy.on_inconclusive is OnOpen.PASS,
        GateVerdict.TOO_NOISY: policy.on_noise is OnOpen.PASS,
    }
    return " (the policy lets this pass)" if passes.get(verdict) else ""
