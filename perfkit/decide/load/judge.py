"""From a recorded load run to a judged result: pure, so that any run can be judged again."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from perfkit.analyse.load.run import LoadAnalysis, analyse_health, analyse_load
from perfkit.analyse.load.trials import throughput_metric
from perfkit.analyse.load.value import LoadMetric
from perfkit.decide.load.caveats import load_caveats
from perfkit.decide.load.probing import judge_probe, judge_stages, probe_health, searches_of
from perfkit.decide.load.result import (
    HealthVerdict,
    LoadResult,
    Validity,
)
from perfkit.decide.load.rows import judge_row
from perfkit.decide.load.searching import points_of, search_rows
from perfkit.decide.load.threshold import by_trials, judge_threshold
from perfkit.decide.load.trust import trust_in, trusted, trusted_row
from perfkit.decide.load.validity import judge_health
from perfkit.profile.value import STRESS
from perfkit.units import format_level

if TYPE_CHECKING:
    from collections.abc import Sequence

    from perfkit.analyse.load.value import Breakpoint, Health, SideLoad
    from perfkit.recording.load import LoadFailure, LoadRecording, SegmentStart


def judge_load(recording: LoadRecording) -> LoadResult:
    """Judge a ``load`` run by what was recorded so far.

    Where the generator cannot be believed, what stands is what it cannot have brought about
    (`perfkit.decide.load.trust`).

    Raises:
        RecordingError: A file of events or samples is missing or none of ours.
    """
    run = recording.run
    if run.mode == "breakpoint":
        return _search(recording)
    found = analyse_load(recording)
    health = _judge(found.health, recording, found.sides)
    trust = trust_in(health, run.profile)
    alike = [(one, by_trials(one, found.sides)) for one in run.profile.thresholds]
    stress = found.sides if _stress(recording) else ()
    stages = [judge_stages(side, run.profile, trust) for side in stress]
    rows = [
        judge_row(one, trials=len(recording.trials), margin=run.margin) for one in found.comparisons
    ]
    result = LoadResult(
        sides=found.sides,
        health=health,
        thresholds=tuple(
            trusted(judge_threshold(one, side, run.profile, by_trial=own), side, trust)
            for side in found.sides
            for one, own in alike
        ),
        rows=tuple(
            replace(one, verdict=trusted_row(one.verdict, one.comparison.metric, trust))
            for one in rows
        ),
        breakpoints=tuple(
            one if trust.delivered else replace(one, valid=False)
            for one in stages
            if one is not None
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
    # A probe that was broken off is made again when the search goes on; until then it says nothing.
    starts = [
        one
        for one in recording.starts.values()
        if one.level is not None and one.trial in recording.trials
    ]
    probes = [judge_probe(recording, one) for one in starts]
    searches = searches_of(recording.run, probes)
    points = [point for one in searches for point in one.points]
    health = _search_health(recording, starts, points)
    unready = _unready(recording, starts, points)
    result = LoadResult(
        sides=(),
        health=health,
        thresholds=(),
        rows=search_rows(searches, recording.run),
        breakpoints=points_of(searches),
        failures=(*_standing_failures(recording), *unready),
        trials=sum(one.finished for one in searches),
        caveats=(),
        seconds=seconds_by_stage(recording),
    )
    figures = None if health is None else health.health
    nothing = LoadAnalysis(sides=(), comparisons=(), health=figures, warm_up=0.0)
    return replace(result, caveats=load_caveats(recording, result, nothing))


def _unready(
    recording: LoadRecording, starts: Sequence[SegmentStart], found: Sequence[Breakpoint]
) -> tuple[LoadFailure, ...]:
    """What kept the probes at which searches ended from being made; others were made good."""
    last = {point.probes[-1].trial for point in found if not point.valid}
    never = {one.trial for one in starts if one.trial in last and one.id not in recording.ends}
    by_trial = {one.trial: one for one in recording.failures if one.trial in never}
    return tuple(by_trial.values())


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
    lost_to = {
        problem: (problem, f"at {format_level(one.level or 0.0)}: {text}", remedy)
        for one in starts
        if one.trial in {probe.trial for probe in lost}
        and (own := probe_health(recording, one)) is not None
        for problem, text, remedy in own.problems
    }
    together = judge_health(health, ceiling=None, claimed=None)
    problems = {one[0]: one for one in together.problems}
    return HealthVerdict(
        validity=Validity.INVALID if lost_to else together.validity,
        problems=tuple((problems | lost_to).values()),
        health=health,
    )


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


def _stress(recording: LoadRecording) -> bool:
    profile = recording.run.profile
    return bool(profile.breaks) and any(stage.role == STRESS for stage in profile.stages)
