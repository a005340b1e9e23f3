"""What a judged load run comes to, for whoever asks by exit code. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from perfkit.analyse.load.value import MORE_IS_BETTER
from perfkit.decide.load.missing import MISSING
from perfkit.decide.load.result import Holds, Validity
from perfkit.decide.verdict import Verdict

if TYPE_CHECKING:
    from perfkit.analyse.load.value import LoadComparison
    from perfkit.decide.load.result import LoadResult
    from perfkit.recording.load import LoadRecording


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """How a run stands.

    Attributes:
        failed: The service, a backing service or the engine failed.
        broken: A threshold failed, a condition ended the load, or the gate found a candidate that
            is worse beyond the margin.
        undecided: Something that was asked for has no answer, or the generator is not to be
            believed.
    """

    failed: bool
    broken: bool
    undecided: bool


def load_standing(recording: LoadRecording, result: LoadResult) -> Standing:
    """How a judged run stands."""
    run = recording.run
    holds = {verdict.holds for verdict in result.thresholds}
    aborted = any(end.reason == "aborted" for end in recording.ends.values())
    worse = run.gate and any(
        row.verdict is Verdict.SLOWER and _beyond(row.comparison, run.margin) for row in result.rows
    )
    invalid = result.health is not None and result.health.validity is Validity.INVALID
    points = any(not point.valid for point in result.breakpoints)
    # Nothing compared is no answer either: of two breaking points that were not reached, say.
    open_rows = run.gate and (
        not result.rows
        or any(one.code == MISSING for one in result.caveats)
        or any(row.verdict is Verdict.INCONCLUSIVE for row in result.rows)
    )
    nothing = not result.sides and not result.breakpoints
    return Standing(
        failed=bool(result.failures),
        broken=Holds.FAIL in holds or aborted or worse,
        undecided=bool(holds & {Holds.INCONCLUSIVE, Holds.NO_DATA})
        or invalid
        or points
        or open_rows
        or nothing,
    )


def _beyond(one: LoadComparison, margin: float) -> bool:
    """Whether the whole interval lies beyond the margin, on the worse side."""
    if one.difference:
        return one.ratio.low > 0
    if one.metric in MORE_IS_BETTER:
        return one.ratio.high < 1 / (1 + margin)
    return one.ratio.low > 1 + margin
