"""What follows from load runs: the guide's overall assessment, status and recommendation."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from perfkit.analyse.load.value import MORE_IS_BETTER
from perfkit.decide.load.growth import (
    HOURLY_SECONDS,
    Growth,
    growth_of,
    growth_words,
    service_seconds,
)
from perfkit.decide.load.result import Holds, Validity
from perfkit.decide.policy import Action, Recommendation, Status, worst
from perfkit.decide.verdict import Verdict
from perfkit.report.load.kind import Kind

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from perfkit.decide.load.result import LoadResult, LoadRow
    from perfkit.report.load.view import LoadView

APPROVED = "APPROVED FOR PRODUCTION DEPLOYMENT"
OVERALL = {
    Status.MET: "✅ LOAD TESTING PASSED",
    Status.NOT_MET: "LOAD TESTING FAILED",
    Status.UNDECIDED: "LOAD TESTING UNDECIDED",
    Status.NOT_MEASURED: "LOAD TESTING NOT COMPLETE",
}
_NEEDED = (Kind.SUSTAINED, Kind.PEAK, Kind.STRESS)


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """One line of the overall assessment.

    Attributes:
        title: The guide's words.
        status: What was measured says to it.
        reason: Why; may be empty.
    """

    title: str
    status: Status
    reason: str


def checks_of(
    result: LoadResult,
    *,
    state: str,
    died: Sequence[str],
    ended: Sequence[str],
    baseline: str,
    margin: float,
    given: int,
) -> tuple[Check, ...]:
    """Hold one run against the guide's four points.

    Args:
        result: The judged run.
        state: ``"finished"``, ``"interrupted"`` or ``"unfinished"``.
        died: Where a service died, in words.
        ended: Where a condition ended the load early, in words.
        baseline: The baseline's name; empty for a run of one.
        margin: Practical significance: being worse within it is no miss, nor is it a hit.
        given: Thresholds that the profile has.
    """
    sound = state == "finished" and _valid(result)
    why = "" if sound else _unsound(result, state)
    checks = [
        _thresholds(result, why=why, given=given),
        _stability(result, died, ended, why=why, compared=bool(baseline)),
    ]
    if baseline:
        checks.append(_better(result, baseline, margin, why=why))
    return (*checks, _issues(result, died, why=why, compared=bool(baseline)))


def status_of(views: Sequence[LoadView]) -> Status:
    """Of all runs together.

    That no threshold was given, or nothing compared, is a gap; a point that is not met is a miss.
    """
    return worst([check.status for view in views for check in view.checks])


def status_line(views: Sequence[LoadView]) -> str:
    """The guide's status; a scaled profile says so, and never earns the tick."""
    text = OVERALL[status_of(views)]
    scales = [f"{view.profile.name}: {view.scale}" for view in views if view.scale]
    return f"{text.removeprefix('✅ ')} ({'; '.join(scales)})" if scales else text


def recommend(views: Sequence[LoadView]) -> Recommendation:
    """What follows for production from runs of sustained, peak and stress load together."""
    missed = _titles(views, Status.NOT_MET)
    kinds = {view.kind for view in views}
    absent = [f"{kind.value} load" for kind in _NEEDED if kind not in kinds]
    absent += _titles(views, Status.NOT_MEASURED)
    open_ = _titles(views, Status.UNDECIDED)
    scaled = [view.profile.name for view in views if view.scale]
    reasons = [
        f"{word}: {', '.join(found)}"
        for word, found in (
            ("target not met", missed),
            ("undecided", open_),
            ("not measured", absent),
            ("scaled", scaled),
        )
        if found
    ]
    if not reasons:
        return Recommendation(action=Action.PROCEED, text=APPROVED)
    action = Action.STOP if missed else Action.HOLD
    return Recommendation(action=action, text=f"{action.upper()} ({'; '.join(reasons)})")


def _titles(views: Iterable[LoadView], status: Status) -> list[str]:
    found = [check.title for view in views for check in view.checks if check.status is status]
    return list(dict.fromkeys(found))


def _valid(result: LoadResult) -> bool:
    """What a late generator may have brought about is open as it is."""
    return result.health is not None and result.health.validity is not Validity.INVALID


def _unsound(result: LoadResult, state: str) -> str:
    if state != "finished":
        return "the run did not come to its end"
    return "the generator is INVALID" if result.health else "the generator was not observed"


def _thresholds(result: LoadResult, *, why: str, given: int) -> Check:
    title, found = "All thresholds met", result.thresholds
    failed = [one.threshold.text for one in found if one.holds is Holds.FAIL]
    if not found:
        reason = "nothing was measured" if given else "no thresholds were given"
        if given and result.breakpoints:
            reason = "a search holds its own limits against the service"
        return Check(title=title, status=Status.NOT_MEASURED, reason=reason)
    missing = [one.threshold.text for one in found if one.holds is Holds.NO_DATA]
    open_ = [one.threshold.text for one in found if one.holds is Holds.INCONCLUSIVE]
    # What fails though the generator is INVALID is the service's own doing.
    if why and not (failed and result.health is not None and not _valid(result)):
        return Check(title=title, status=Status.UNDECIDED, reason=why)
    if failed:
        return Check(title=title, status=Status.NOT_MET, reason=f"failed: {_listed(failed)}")
    if missing:
        reason = f"no data: {_listed(missing)}"
        return Check(title=title, status=Status.NOT_MEASURED, reason=reason)
    if open_:
        reason = f"inconclusive: {_listed(open_)}"
        return Check(title=title, status=Status.UNDECIDED, reason=reason)
    return Check(title=title, status=Status.MET, reason="")


def _stability(
    result: LoadResult, died: Sequence[str], ended: Sequence[str], *, why: str, compared: bool
) -> Check:
    title = "System stability confirmed"
    if died:
        return Check(title=title, status=Status.NOT_MET, reason=f"it died: {_listed(died)}")
    if ended:
        return Check(title=title, status=Status.NOT_MET, reason=f"ended early: {_listed(ended)}")
    if why or not (result.sides or result.breakpoints):
        why = why or "nothing was measured"
        return Check(title=title, status=Status.UNDECIDED, reason=why)
    if any(side.recovery and side.recovery.seconds is None for side in result.sides):
        reason = "it did not recover while it was observed"
        return Check(title=title, status=Status.NOT_MET, reason=reason)
    grown = _grown(result, compared=compared)
    status = Status.UNDECIDED if grown else Status.MET
    return Check(title=title, status=status, reason=grown)


def _grown(result: LoadResult, *, compared: bool) -> str:
    """By how much memory grew, where that may be a leak, and what would tell; else empty."""
    told = {one.side: growth_of(one.overall) for one in result.sides}
    open_ = [one for one in result.sides if told[one.side] in {Growth.GROWS, Growth.UNTOLD}]
    if not open_:
        return ""
    by = ", ".join(
        f"{f'on the {one.side} ' if compared else ''}by {growth_words(one.overall)}"
        for one in open_
    )
    if all(service_seconds(one.overall) >= HOURLY_SECONDS for one in open_):
        return f"memory grew {by}"
    brief = any(told[one.side] is Growth.UNTOLD for one in open_)
    why = ", too briefly to tell a leak from a start" if brief else ""
    return f"memory grew {by}{why}: run soak"


def _better(result: LoadResult, baseline: str, margin: float, *, why: str) -> Check:
    by = {
        verdict: [row.comparison.metric.value for row in result.rows if row.verdict is verdict]
        for verdict in Verdict
    }
    worse, better = by[Verdict.SLOWER], by[Verdict.FASTER]
    beyond = [row.comparison.metric.value for row in result.rows if _beyond(row, margin)]
    if not result.rows:
        status, reason = Status.NOT_MEASURED, "nothing was compared"
    elif why:
        status, reason = Status.UNDECIDED, why
    elif beyond:
        status, reason = Status.NOT_MET, f"worse beyond the margin: {_listed(beyond)}"
    elif worse:
        status, reason = Status.UNDECIDED, f"worse, perhaps within the margin: {_listed(worse)}"
    elif better:
        status, reason = Status.MET, f"better: {_listed(better)}"
    elif len(by[Verdict.EQUIVALENT]) == len(result.rows):
        status, reason = Status.NOT_MET, "equivalent within the margin"
    else:
        status, reason = Status.UNDECIDED, "no difference was shown"
    return Check(title=f"Performance better than {baseline}", status=status, reason=reason)


def _beyond(row: LoadRow, margin: float) -> bool:
    """Worse by more than the margin, with the whole interval; a difference has no margin."""
    if row.verdict is not Verdict.SLOWER:
        return False
    ratio = row.comparison.ratio
    if row.comparison.difference:
        return True
    if row.comparison.metric in MORE_IS_BETTER:
        return ratio.high < 1 / (1 + margin)
    return ratio.low > 1 + margin


def _issues(result: LoadResult, died: Sequence[str], *, why: str, compared: bool) -> Check:
    title = "No critical issues discovered"
    if result.failures or died:
        found = [*(f"{one.stage}: {one.reason}" for one in result.failures), *died]
        return Check(title=title, status=Status.NOT_MET, reason=_listed(found))
    why = why or _grown(result, compared=compared)  # a leak would be one
    return Check(title=title, status=Status.UNDECIDED if why else Status.MET, reason=why)


def _listed(items: Sequence[str]) -> str:
    unique = list(dict.fromkeys(items))
    more = f" and {len(unique) - 3} more" if len(unique) > 3 else ""  # noqa: PLR2004 - three named
    return ", ".join(unique[:3]) + more
