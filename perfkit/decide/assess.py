"""A run against a policy: a finding for each heading, and what follows from them."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING

from perfkit.analyse.estimate import Estimate
from perfkit.analyse.stopping import minimum_blocks
from perfkit.decide.finding import Finding, Part, make_part, reduction
from perfkit.decide.load.evidence import LoadEvidence, load_finding, why_not
from perfkit.decide.policy import (
    Action,
    Measure,
    Policy,
    Recommendation,
    Status,
    recommend,
    status,
    worst,
)
from perfkit.decide.result import Result
from perfkit.settings import Goal, Metric

if TYPE_CHECKING:
    from collections.abc import Sequence

    from perfkit.decide.policy import Section
    from perfkit.decide.result import Row

PERFORMANCE_TARGET = "Performance Target"
NO_REGRESSIONS = "No Performance Regressions"


SAME = Recommendation(action=Action.HOLD, text="NONE (both sides are the same variant)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Assessment:
    """A run against a policy.

    Attributes:
        sections: One for each section of the policy, in its order.
        overall: The geometric mean against its target.
        improvement: 1 − geometric mean, or None.
        no_regressions: Whether no benchmark is slower beyond the margin.
        status: Of all together.
        recommendation: What follows from what is required.
    """

    sections: tuple[Finding, ...]
    overall: Finding
    improvement: Estimate | None
    no_regressions: Finding
    status: Status
    recommendation: Recommendation


def assess(
    result: Result,
    policy: Policy,
    *,
    goal: Goal,
    complete: bool,
    same: bool,
    load: Sequence[LoadEvidence] = (),
) -> Assessment:
    """Hold a run against a policy.

    Args:
        result: The run, judged. When its null control tripped, nothing measured counts as decided.
        policy: The targets.
        goal: What was wanted: its margin is what "no regressions" allows, and benchmarks with too
            few blocks for it decide nothing.
        complete: The run came to its end: an interrupted one meets no target, whatever it shows so
            far.
        same: Both sides are the same variant, so that there is nothing to recommend.
        load: Load runs of the same two variants: what response time, throughput and the memory of
            a service are judged by.
    """
    judging = _Judging(result=result, goal=goal, complete=complete, load=tuple(load))
    sections = tuple(_section(title, one, judging) for title, one in policy.sections.items())
    improvement = reduction(result.geometric_mean) if result.geometric_mean else None
    overall = Finding(
        title=PERFORMANCE_TARGET,
        measure=None,
        goal=policy.overall.goal,
        praise="",
        required=policy.overall.required,
        parts=(),
        status=judging.allow(status(improvement, policy.overall.target), result.rows),
        reason="" if improvement else "fewer than two benchmarks were measured",
        source="",
    )
    regressions = _no_regressions(judging, policy)
    findings = (*sections, overall, regressions)
    return Assessment(
        sections=sections,
        overall=overall,
        improvement=improvement,
        no_regressions=regressions,
        status=worst([one.status for one in findings]),
        recommendation=SAME if same else _recommendation(findings, policy, judging),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Judging:
    """What a status has to allow for, besides its interval."""

    result: Result
    goal: Goal
    complete: bool
    load: tuple[LoadEvidence, ...]

    @property
    def whole(self) -> bool:
        """Everything was measured to its end."""
        return self.complete and all(row.comparison for row in self.result.rows)

    def has_enough(self, row: Row) -> bool:
        """Its interval can be relied on."""
        return row.comparison is not None and row.comparison.ratio.n >= minimum_blocks(self.goal)

    def allow(self, found: Status, rows: Sequence[Row]) -> Status:
        """The status that measurements of ``rows`` may have.

        A noisy machine and benchmarks that were hardly begun decide nothing; a run that is not at
        its end, or has gaps among the rows, can miss a target but not meet it.
        """
        if found not in {Status.MET, Status.NOT_MET}:
            return found
        begun = [row for row in rows if row.comparison is not None]
        if self.result.noisy or not all(map(self.has_enough, begun)):
            return Status.UNDECIDED
        partial = not self.complete or len(begun) < len(rows)
        return Status.UNDECIDED if partial and found is Status.MET else found


def _recommendation(
    findings: Sequence[Finding], policy: Policy, judging: _Judging
) -> Recommendation:
    required = {one.title: one.status for one in findings if one.required}
    found = recommend(required, proceed=policy.proceed)
    if found.action is Action.PROCEED and not judging.whole:
        return Recommendation(
            action=Action.HOLD, text="HOLD (the suite was not measured as a whole)"
        )
    return found


def _section(title: str, section: Section, judging: _Judging) -> Finding:
    loaded = load_finding(title, section, judging.load)
    if loaded is not None:
        return loaded
    parts: tuple[Part, ...] = ()
    if section.measure in {Measure.RESPONSE_TIME, Measure.THROUGHPUT}:
        reason, gaps = why_not(section.measure, judging.load), False
    else:
        rows = [row for row in judging.result.rows if _selected(row, section.benchmarks)]
        of_memory = section.measure is Measure.PEAK_MEMORY
        parts = _memory(rows, section, judging) if of_memory else _times(rows, section, judging)
        missing = [row.id for row in rows if row.comparison is None]
        names = ", ".join(section.benchmarks)
        reason = f"no benchmark named {names} was measured" if not parts else ""
        # Memory is pooled over what there is; a named benchmark that failed leaves a gap.
        gaps = bool(missing) and not of_memory
        if missing:
            reason = f"failed or not measured: {', '.join(missing)}"
    statuses = [part.status for part in parts] + [Status.NOT_MEASURED] * gaps
    return Finding(
        title=title,
        measure=section.measure,
        goal=section.goal,
        praise=section.praise,
        required=section.required,
        parts=parts,
        status=worst(statuses),
        reason=reason,
        source="",
    )


def _selected(row: Row, patterns: Sequence[str]) -> bool:
    names = {row.id} | ({row.measured.benchmark.name} if row.measured else set())
    return any(fnmatchcase(name, pattern) for name in names for pattern in patterns)


def _times(rows: Sequence[Row], section: Section, judging: _Judging) -> tuple[Part, ...]:
    parts = (
        (row, make_part(row.id, one.baseline, one.candidate, reduction(one.ratio), section.target))
        for row in rows
        if (one := row.comparison) is not None
    )
    return tuple(replace(x, status=judging.allow(x.status, [row])) for row, x in parts)


def _memory(rows: Sequence[Row], section: Section, judging: _Judging) -> tuple[Part, ...]:
    found = [
        one
        for row in rows
        if row.comparison and (one := row.comparison.memory_of(Metric.PEAK_MEMORY))
    ]
    if not found:
        return ()
    baseline = _pooled([one.baseline for one in found])
    candidate = _pooled([one.candidate for one in found])
    ratio = _pooled([one.ratio for one in found])
    count = "1 benchmark" if len(found) == 1 else f"{len(found)} benchmarks, geometric mean"
    label = f"peak resident memory of the benchmark processes ({count}); not of a service"
    part = make_part(label, baseline, candidate, reduction(ratio), section.target)
    return (replace(part, status=judging.allow(part.status, rows)),)


def _pooled(estimates: Sequence[Estimate]) -> Estimate:
    """Geometric mean; its ends are the geometric means of the ends, wider than need be."""

    def mean(values: Sequence[float]) -> float:
        if any(value <= 0 for value in values):
            return 0.0
        return math.exp(math.fsum(map(math.log, values)) / len(values))

    return Estimate(
        value=mean([one.value for one in estimates]),
        low=mean([one.low for one in estimates]),
        high=mean([one.high for one in estimates]),
        confidence=min(one.confidence for one in estimates),
        n=min(one.n for one in estimates),
    )


def _no_regressions(judging: _Judging, policy: Policy) -> Finding:
    result, allowed = judging.result, 1 + judging.goal.margin
    enough = [
        (r.id, r.comparison.ratio) for r in result.rows if r.comparison and judging.has_enough(r)
    ]
    slower = [name for name, ratio in enough if ratio.low > allowed]
    excluded = {name for name, ratio in enough if ratio.high <= allowed}
    open_ = [row.id for row in result.rows if row.id not in excluded]
    if not any(row.comparison for row in result.rows):
        found, reason = Status.NOT_MEASURED, "no benchmark was measured"
    elif result.noisy:
        found, reason = Status.UNDECIDED, "the machine was too noisy"
    elif slower:
        found, reason = Status.NOT_MET, f"slower beyond the margin in {', '.join(slower)}"
    elif open_:
        found, reason = Status.UNDECIDED, f"cannot be excluded for {', '.join(open_)}"
    elif not judging.complete:
        found, reason = Status.UNDECIDED, "the run did not come to its end"
    else:
        found, reason = Status.MET, ""
    return Finding(
        title=NO_REGRESSIONS,
        measure=None,
        goal="no benchmark slower beyond the margin",
        praise="",
        required=policy.no_regressions.required,
        parts=(),
        status=found,
        reason=reason,
        source="",
    )
