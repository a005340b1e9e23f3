"""From a recorded load run to a judged result: pure, so that any run can be judged again."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING

from perfkit.analyse.estimate import Estimate
from perfkit.analyse.load.run import LoadAnalysis, analyse_health, analyse_load
from perfkit.analyse.load.trials import throughput_metric
from perfkit.analyse.load.value import MORE_IS_BETTER, HealthProblem, LoadComparison, LoadMetric
from perfkit.analyse.location import critical_rank
from perfkit.decide.load.caveats import load_caveats
from perfkit.decide.load.probing import breakpoints, judge_probe, judge_stages, probe_health
from perfkit.decide.load.result import (
    HealthVerdict,
    Holds,
    LoadResult,
    LoadRow,
    ThresholdVerdict,
    Validity,
)
from perfkit.decide.load.threshold import decided, error_answers_of, judge_threshold
from perfkit.decide.load.validity import judge_health
from perfkit.decide.verdict import Verdict, judge
from perfkit.profile.value import STRESS
from perfkit.variant import Side

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from perfkit.analyse.load.value import Breakpoint, Health, SideLoad
    from perfkit.recording.load import LoadFailure, LoadRecording, LoadRun, SegmentStart

ERROR_MARGIN = 0.01
"""Difference of two error rates that is of no practical significance, unless the margin is less."""

INVALID = "the generator cannot be believed in this run"
NO_FAULT = "INVALID or not, the service itself answered so many with an error status"


def judge_load(recording: LoadRecording) -> LoadResult:
    """Judge a ``load`` run by what was recorded so far.

    Where the generator cannot be believed, no threshold holds and no side is better; a limit of
    errors fails all the same when the service's own answers exceed it.

    Raises:
        RecordingError: A file of events or samples is missing or none of ours.
    """
    run = recording.run
    if run.mode == "breakpoint":
        return _search(recording)
    found = analyse_load(recording)
    health = _judge(found.health, recording, found.sides)
    valid = health is not None and health.validity is Validity.VALID
    thresholds = tuple(
        judge_threshold(threshold, side, run.profile)
        for side in found.sides
        for threshold in run.profile.thresholds
    )
    stages = [judge_stages(side, run.profile) for side in found.sides] if _stress(recording) else []
    result = LoadResult(
        sides=found.sides,
        health=health,
        thresholds=(
            thresholds
            if valid
            else tuple(_distrusted(one, found.sides, health) for one in thresholds)
        ),
        rows=tuple(_row(one, run.margin, run.confidence, valid=valid) for one in found.comparisons),
        breakpoints=tuple(
            one if valid else replace(one, valid=False) for one in stages if one is not None
        ),
        failures=_standing_failures(recording),
        trials=len(recording.trials),
        caveats=(),
        seconds=seconds_by_stage(recording),
    )
    return replace(result, caveats=load_caveats(recording, result, found))


def _standing_failures(recording: LoadRecording) -> tuple[LoadFailure, ...]:
    """Failures of trials that no later sitting has made good."""
    return tuple(one for one in recording.failures if one.trial not in recording.trials)


def seconds_by_stage(recording: LoadRecording) -> dict[str, float]:
    """Where the wall time went, over all sittings that ended in order; at least the load's own."""
    load = sum(end.seconds for end in recording.ends.values())
    seconds: dict[str, float] = {}
    for finish in recording.finishes:
        for stage, spent in finish.seconds.items():
            seconds[stage] = seconds.get(stage, 0.0) + spent
    total = max(seconds.pop("total", 0.0), sum(seconds.values()), load)
    measure = max(seconds.pop("measure", 0.0), load)
    parts = {**seconds, "load": load, "start-up": measure - load}
    rest = max(total - sum(parts.values()), 0.0)
    return {**parts, "other": rest, "total": total}


def _search(recording: LoadRecording) -> LoadResult:
    starts = [one for one in recording.starts.values() if one.level is not None]
    probes = [judge_probe(recording, one) for one in starts]
    found = breakpoints(recording, probes)
    health = _search_health(recording, starts, found)
    result = LoadResult(
        sides=(),
        health=health,
        thresholds=(),
        rows=tuple(_breaking_rows(found, recording.run)),
        breakpoints=found,
        failures=_standing_failures(recording),
        trials=len(recording.trials),
        caveats=(),
        seconds=seconds_by_stage(recording),
    )
    figures = None if health is None else health.health
    nothing = LoadAnalysis(sides=(), comparisons=(), health=figures, warm_up=0.0)
    return replace(result, caveats=load_caveats(recording, result, nothing))


def _search_health(
    recording: LoadRecording, starts: Sequence[SegmentStart], found: Sequence[Breakpoint]
) -> HealthVerdict | None:
    """The generator over the probes that a search's result rests on.

    Those at which it fell behind say just that, and count only where the search ended with one.
    """
    probes = [one for point in found for one in point.probes]
    lost = [point.probes[-1] for point in found if not (point.valid or point.probes[-1].valid)]
    used = {one.trial for one in probes if one.valid and one.good is not None}
    used |= {one.trial for one in lost}
    health = analyse_health(recording, [one for one in starts if one.trial in used])
    if health is None:
        return None
    problems = {
        problem: (problem, f"at {one.level or 0.0:g}: {text}", remedy)
        for one in starts
        if one.trial in {probe.trial for probe in lost}
        and (own := probe_health(recording, one)) is not None
        for problem, text, remedy in own.problems
    }
    together = judge_health(health, ceiling=None, claimed=None)
    problems = {one[0]: one for one in together.problems} | problems
    return HealthVerdict(
        validity=Validity.INVALID if problems else Validity.VALID,
        problems=tuple(problems.values()),
        health=health,
    )


def _breaking_rows(found: Sequence[Breakpoint], run: LoadRun) -> Iterator[LoadRow]:
    """Breaking points side by side: one search each, so that no verdict rests on them.

    The ratio's ends are what the two searches' intervals allow.
    """
    if len(found) < len(Side):
        return
    one, other = found
    if not (one.valid and other.valid):
        return
    levels = [_bracket(point, run.confidence) for point in found]
    if all(math.isfinite(level.value) and level.value > 0 for level in levels):
        yield _single(LoadMetric.BREAKPOINT, *levels)
    rates = [point.max_throughput for point in found]
    if all(rates):
        known = [
            Estimate(value=rate or 0.0, low=0.0, high=math.inf, confidence=run.confidence, n=1)
            for rate in rates
        ]
        yield _single(LoadMetric.MAX_THROUGHPUT, *known)


def _bracket(point: Breakpoint, confidence: float) -> Estimate:
    middle = math.sqrt(point.low * point.high) if point.low else math.nan
    return Estimate(value=middle, low=point.low, high=point.high, confidence=confidence, n=1)


def _single(metric: LoadMetric, baseline: Estimate, candidate: Estimate) -> LoadRow:
    ratio = Estimate(
        value=candidate.value / baseline.value,
        low=candidate.low / baseline.high,
        high=candidate.high / baseline.low if baseline.low else math.inf,
        confidence=baseline.confidence,
        n=1,
    )
    comparison = LoadComparison(
        metric=metric,
        difference=False,
        ratio=ratio,
        baseline=baseline,
        candidate=candidate,
        effects=(math.log(ratio.value),),
        detectable=math.inf,
        p_value=1.0,
        trials_needed=None,
    )
    return LoadRow(comparison=comparison, verdict=Verdict.INCONCLUSIVE)


def _judge(
    health: Health | None, recording: LoadRecording, sides: Sequence[SideLoad]
) -> HealthVerdict | None:
    if health is None:
        return None
    run = recording.run
    own = throughput_metric(run.profile) is LoadMetric.MAX_THROUGHPUT
    rates = [one.overall.throughput.value for one in sides]
    claimed = max(rates, default=0.0) if own else None
    return judge_health(health, ceiling=run.ceiling, claimed=claimed)


def _distrusted(
    verdict: ThresholdVerdict, sides: Sequence[SideLoad], health: HealthVerdict | None
) -> ThresholdVerdict:
    """What is left of a verdict when the generator cannot be believed."""
    if verdict.holds is Holds.NO_DATA:
        return verdict
    if verdict.holds is Holds.FAIL and health is not None and _all_there(health):
        side = next(one for one in sides if one.side is verdict.side)
        answers = error_answers_of(verdict.threshold, side)
        if answers is not None and decided(verdict.threshold, answers) is Holds.FAIL:
            return replace(verdict, value=answers, reason=NO_FAULT)
    return replace(verdict, holds=Holds.INCONCLUSIVE, reason=INVALID)


def _all_there(health: HealthVerdict) -> bool:
    """Nothing was lost: of what is left any share may be wrong."""
    return all(problem is not HealthProblem.INCOMPLETE for problem, _, _ in health.problems)


def _row(one: LoadComparison, margin: float, confidence: float, *, valid: bool) -> LoadRow:
    enough = critical_rank(one.ratio.n, 1 - confidence) is not None
    if not valid or not enough:
        return LoadRow(comparison=one, verdict=Verdict.INCONCLUSIVE)
    if one.difference:
        return LoadRow(comparison=one, verdict=_difference(one.ratio, min(margin, ERROR_MARGIN)))
    verdict = judge(one.ratio, margin)
    if one.metric in MORE_IS_BETTER:
        turned = {Verdict.SLOWER: Verdict.FASTER, Verdict.FASTER: Verdict.SLOWER}
        verdict = turned.get(verdict, verdict)
    return LoadRow(comparison=one, verdict=verdict)


def _difference(found: Estimate, margin: float) -> Verdict:
    """As `perfkit.decide.verdict.judge`, around 0."""
    if -margin <= found.low and found.high <= margin:
        return Verdict.EQUIVALENT
    if found.low > 0:
        return Verdict.SLOWER
    return Verdict.FASTER if found.high < 0 else Verdict.INCONCLUSIVE


def _stress(recording: LoadRecording) -> bool:
    profile = recording.run.profile
    return bool(profile.breaks) and any(stage.role == STRESS for stage in profile.stages)
