"""What load runs say to a policy's targets of response time, throughput and memory."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from perfkit.analyse.load.value import MORE_IS_BETTER, LoadMetric
from perfkit.analyse.location import critical_rank
from perfkit.decide.finding import Finding, make_part, reduction, rise
from perfkit.decide.load.result import LoadRow, Validity
from perfkit.decide.policy import Measure, Status, worst
from perfkit.decide.verdict import Verdict
from perfkit.profile.value import Model

if TYPE_CHECKING:
    from collections.abc import Sequence

    from perfkit.decide.finding import Part
    from perfkit.decide.load.result import LoadResult
    from perfkit.decide.policy import Section
    from perfkit.recording.load import LoadRecording

_OWN_ENGINE = "locust"
_LABELS: dict[Measure, dict[LoadMetric, str]] = {
    Measure.RESPONSE_TIME: {
        LoadMetric.MEAN: "Average",
        LoadMetric.P95: "P95",
        LoadMetric.P99: "P99",
    },
    Measure.THROUGHPUT: {
        LoadMetric.MAX_THROUGHPUT: "maximum throughput",
        LoadMetric.THROUGHPUT: "throughput",
    },
    Measure.PEAK_MEMORY: {LoadMetric.RSS: "resident memory of the service under load"},
}


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadEvidence:
    """A compared load run, as far as a policy asks.

    Attributes:
        label: Which run: ``"profile api-baseline, run 2026-…"``, and its engine if it is not
            perfkit's own.
        rows: Its comparison by metric.
        whole: It came to its end, nothing failed, and the generator was believed.
        saturating: Its throughput is the service's own and not the profile's: users without think
            time, or a search for the breaking point.
    """

    label: str
    rows: tuple[LoadRow, ...]
    whole: bool
    saturating: bool


def evidence_of(recording: LoadRecording, result: LoadResult) -> LoadEvidence | None:
    """What a load run has to say to a policy; None for a run of one side."""
    run = recording.run
    if run.candidate is None or run.mode not in {"compare", "breakpoint"}:
        return None
    finished = bool(recording.finishes) and recording.finishes[-1].status == "finished"
    valid = result.health is not None and result.health.validity is Validity.VALID
    profile = run.profile
    unpaced = profile.model is Model.CLOSED and max(profile.scenario.think) == 0
    return LoadEvidence(
        label=f"profile {profile.name}, run {run.id}{_by(run.method.engine)}",
        rows=result.rows,
        whole=finished and valid and not result.failures,
        saturating=run.mode == "breakpoint" or (unpaced and profile.scenario.locustfile is None),
    )


def _by(engine: str) -> str:
    """Loads of different engines stand side by side at most: whoever reads must see which it is."""
    return "" if engine == _OWN_ENGINE else f", sent by {engine}"


def load_finding(title: str, section: Section, found: Sequence[LoadEvidence]) -> Finding | None:
    """A heading by load runs; None when none has figures for it.

    Of several runs with such figures the first one counts, so that nobody picks the best.
    """
    if section.measure not in _LABELS:
        return None
    for evidence in found:
        parts = _parts(section, evidence)
        if parts:
            enough = all(map(_enough, parts))
            return Finding(
                title=title,
                measure=section.measure,
                goal=section.goal,
                praise=section.praise,
                required=section.required,
                parts=parts,
                status=worst([part.status for part in parts]),
                reason=_reason(evidence, enough=enough),
                source=evidence.label,
            )
    return None


def why_not(measure: Measure, found: Sequence[LoadEvidence]) -> str:
    """Why there is no figure of a load test."""
    if not found:
        return "needs a load test; not part of perfkit compare"
    if measure is Measure.THROUGHPUT and not any(one.saturating for one in found):
        return "the profile sets the throughput; measure api-baseline or search the breaking point"
    return "the load test has no such figure"


def _parts(section: Section, evidence: LoadEvidence) -> tuple[Part, ...]:
    labels = _LABELS[section.measure]
    if section.measure is Measure.THROUGHPUT and not evidence.saturating:
        return ()
    rows = {
        row.comparison.metric: row
        for row in evidence.rows
        if row.comparison.metric in labels
        and not row.comparison.difference
        and row.verdict not in {Verdict.NOT_COMPARABLE, Verdict.FAILED, Verdict.NOT_MEASURED}
    }
    wanted = [metric for metric in labels if metric in rows]
    if section.measure is Measure.THROUGHPUT:
        wanted = wanted[:1]
    found = (_part(labels[metric], rows[metric], section.target) for metric in wanted)
    return tuple(replace(one, status=_allow(one, evidence)) for one in found)


def _part(label: str, row: LoadRow, target: float) -> Part:
    one = row.comparison
    gain = rise(one.ratio) if one.metric in MORE_IS_BETTER else reduction(one.ratio)
    return make_part(label, one.baseline, one.candidate, gain, target)


def _allow(part: Part, evidence: LoadEvidence) -> Status:
    """A run with gaps or of few trials decides nothing."""
    decided = part.status in {Status.MET, Status.NOT_MET}
    return Status.UNDECIDED if decided and not (evidence.whole and _enough(part)) else part.status


def _enough(part: Part) -> bool:
    """Trials from which a signed-rank interval has two ends."""
    gain = part.improvement
    return critical_rank(gain.n, 1 - gain.confidence) is not None


def _reason(evidence: LoadEvidence, *, enough: bool) -> str:
    if not evidence.whole:
        return "the load run has gaps, or its generator was late or invalid: it decides nothing"
    return "" if enough else "too few trials to decide anything"
