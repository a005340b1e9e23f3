"""A whole run, segment by segment: each file is read once, and let go before the next.

What is kept of a request, over all trials, is what its side's percentiles need: 36 bytes.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from perfkit.analyse.load.gather import combine, gather, open_segment
from perfkit.analyse.load.health import Slips, health
from perfkit.analyse.load.recovery import over_trials, recovery
from perfkit.analyse.load.resources import Watched, resources, watch
from perfkit.analyse.load.summary import LEAST, Labels, choose, summarise
from perfkit.analyse.load.timeline import timeline
from perfkit.analyse.load.trials import TrialSide, compare_trials, trial_side
from perfkit.analyse.load.value import Health, LoadComparison, SideLoad
from perfkit.profile.threshold import Metric
from perfkit.profile.value import RAMP, Model
from perfkit.variant import Side

if TYPE_CHECKING:
    from collections.abc import Sequence

    from perfkit.analyse.load.gather import Counted, Opened
    from perfkit.analyse.load.value import Recovery, Timeline
    from perfkit.profile.value import Profile
    from perfkit.recording.load import LoadRecording, SegmentEnd, SegmentStart


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadAnalysis:
    """What the recorded events and samples of a run say.

    Attributes:
        sides: Baseline first; sides without a single request are left out.
        comparisons: By metric; empty for a run of one.
        health: The generator; None when it never reported.
        warm_up: Seconds left out as warm-up, the most of any segment.
    """

    sides: tuple[SideLoad, ...]
    comparisons: tuple[LoadComparison, ...]
    health: Health | None
    warm_up: float


class _Side:
    """Gathers one side over its segments."""

    def __init__(self) -> None:
        self.counted: list[Counted] = []
        self.watched: list[Watched] = []
        self.trials: list[TrialSide] = []
        self.recoveries: list[Recovery] = []
        self.timeline: Timeline | None = None


def analyse_load(recording: LoadRecording) -> LoadAnalysis:
    """Analyse a run of one side, or a comparison.

    Complete trials count; while there is none, what there is of the first.

    Raises:
        RecordingError: A file is missing or none of ours.
    """
    run = recording.run
    profile = run.profile
    steady = steady_stages(profile)
    gathered = {side: _Side() for side in Side}
    slips, ends = Slips(), []
    warm_up = 0.0
    for start in counting_starts(recording):
        opened = open_segment(recording, start)
        if opened is None:
            continue
        if start.id in recording.ends:
            ends.append(recording.ends[start.id])
            slips.add(opened)
        warm_up = max(warm_up, opened.warm_up[1] - opened.warm_up[0])
        _add(opened, gathered, steady, recording)
        del opened  # before the next is read
    sides = {
        side: _side_load(side, one, profile, run.confidence)
        for side, one in gathered.items()
        if one.counted
    }
    return LoadAnalysis(
        sides=tuple(sides.values()),
        comparisons=compare_trials(
            gathered[Side.BASELINE].trials,
            gathered[Side.CANDIDATE].trials,
            confidence=run.confidence,
            margin=run.margin,
        ),
        health=health(ends, slips, planned=profile.model is Model.OPEN),
        warm_up=warm_up,
    )


def analyse_health(recording: LoadRecording, starts: Sequence[SegmentStart]) -> Health | None:
    """The generator over some segments, such as the probes of a search."""
    slips = Slips()
    ends: list[SegmentEnd] = []
    for start in starts:
        end = recording.ends.get(start.id)
        opened = open_segment(recording, start) if end is not None else None
        if opened is not None and end is not None:
            slips.add(opened)
            ends.append(end)
    return health(ends, slips, planned=recording.run.profile.model is Model.OPEN)


def analyse_probe(
    recording: LoadRecording, start: SegmentStart
) -> tuple[SideLoad, Health | None] | None:
    """One probe of a breaking-point search; None when its load never began.

    Raises:
        RecordingError: A file is missing or none of ours.
    """
    opened = open_segment(recording, start)
    if opened is None:
        return None
    side = start.sides[0]
    one = _Side()
    one.counted.append(gather(opened, 0, cut=0.0))
    watched = watch(opened, 0)
    one.watched += [] if watched is None else [watched]
    one.timeline = timeline(opened, 0)
    slips = Slips()
    slips.add(opened)
    end = recording.ends.get(start.id)
    planned = opened.profile.model is Model.OPEN
    found = None if end is None else health([end], slips, planned=planned)
    return _side_load(side, one, opened.profile, recording.run.confidence), found


def steady_stages(profile: Profile) -> frozenset[int]:
    """Indices of the stages that are no ramps; all of them when all are."""
    found = frozenset(i for i, stage in enumerate(profile.stages) if stage.role != RAMP)
    return found or frozenset(range(len(profile.stages)))


def counting_starts(recording: LoadRecording) -> list[SegmentStart]:
    """Segments of complete trials; while there is none, those of the first that began."""
    begun = [start for start in recording.starts.values() if start.id in recording.origins]
    whole = [start for start in begun if start.trial in recording.trials]
    return whole or [start for start in begun if start.trial == begun[0].trial]


def _add(
    opened: Opened,
    gathered: dict[Side, _Side],
    steady: frozenset[int],
    recording: LoadRecording,
) -> None:
    start = opened.start
    for target, side in enumerate(start.sides):
        one = gathered[side]
        cut = recording.run.method.cut_seconds if start.windows else 0.0
        counted = gather(opened, target, cut=cut)
        watched = watch(opened, target)
        one.counted.append(counted)
        one.watched += [] if watched is None else [watched]
        if start.trial in recording.trials:
            one.trials.append(
                trial_side(
                    start.trial,
                    side,
                    counted,
                    stages=steady,
                    watched=watched,
                    profile=opened.profile,
                )
            )
        found = recovery(opened, target)
        one.recoveries += [] if found is None else [found]
        if one.timeline is None:
            one.timeline = timeline(opened, target)


def _side_load(side: Side, one: _Side, profile: Profile, confidence: float) -> SideLoad:
    counted = combine(one.counted)
    one.counted.clear()
    steady = steady_stages(profile)
    quantiles = _wanted(profile)
    checked = any(request.checks for request in profile.scenario.requests)

    def labels(phase: str | None, request: str | None) -> Labels:
        return Labels(
            phase=phase,
            request=request,
            quantiles=quantiles,
            checked=checked,
            confidence=confidence,
        )

    overall, curve = summarise(
        choose(counted, steady), labels(None, None), resources(one.watched, steady, confidence)
    )
    phases = tuple(
        replace(overall, phase=stage.name)
        if steady == {number}
        else summarise(
            choose(counted, frozenset({number})),
            labels(stage.name, None),
            resources(one.watched, frozenset({number}), confidence),
        )[0]
        for number, stage in enumerate(profile.stages)
        if stage.seconds > 0 and (counted.stage == number).any()
    )
    names = sorted(enumerate(counted.requests), key=lambda one: one[1])
    requests = tuple(
        replace(overall, request=name, resources=None)
        if len(names) == 1
        else summarise(choose(counted, steady, number), labels(None, name), None)[0]
        for number, name in names
    )
    if one.timeline is None:  # it is set with the first segment
        raise TypeError(side)
    return SideLoad(
        side=side,
        overall=overall,
        phases=phases,
        requests=tuple(summary for summary in requests if summary.sent),
        timeline=one.timeline,
        curve=curve,
        recovery=over_trials(one.recoveries),
    )


def _wanted(profile: Profile) -> tuple[float, ...]:
    """Percentiles that the profile's thresholds name, and the smallest where one names that."""
    every = (*profile.thresholds, *profile.breaks)
    found = {one.quantile for one in every if one.quantile is not None}
    found |= {LEAST for one in every if one.metric is Metric.MINIMUM}
    return tuple(sorted(found))
