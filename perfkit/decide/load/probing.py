"""What a probe of a breaking-point search, or a stage of a stress, says of its level."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING

from perfkit.analyse.load.run import analyse_probe
from perfkit.analyse.load.search import Search, ends_of_stages
from perfkit.analyse.load.searches import all_searches
from perfkit.analyse.load.value import ProbeResult
from perfkit.decide.load.result import Holds, Validity
from perfkit.decide.load.threshold import figure_of, judge_threshold
from perfkit.decide.load.trust import trusted
from perfkit.decide.load.validity import judge_health
from perfkit.profile.value import RAMP, RECOVERY, Model
from perfkit.recording.segment import WENT_WELL
from perfkit.variant import Side

if TYPE_CHECKING:
    from collections.abc import Sequence

    from perfkit.analyse.load.searches import Searched
    from perfkit.analyse.load.value import Breakpoint, Health, SideLoad, Summary
    from perfkit.decide.load.result import HealthVerdict
    from perfkit.decide.load.trust import Trust
    from perfkit.profile.threshold import Threshold
    from perfkit.profile.value import Profile
    from perfkit.recording.load import LoadRecording, LoadRun, SegmentStart


def search_of(run: LoadRun) -> Search | None:
    """The search a run asks for; None in other modes."""
    if run.search is None:
        return None
    return Search(
        start=run.search.start,
        limit=run.search.limit,
        resolution=run.search.resolution,
        users=run.profile.model is Model.CLOSED,
    )


def judge_probe(recording: LoadRecording, start: SegmentStart) -> ProbeResult:
    """Judge one probe by its recorded events.

    By the figures themselves and not by their intervals: near its breaking point a service is
    undecided at any length of window, and the search repeats the levels that matter.

    Args:
        recording: The run.
        start: The probe's segment; its level is given.

    Raises:
        RecordingError: A file is missing or none of ours.
    """
    run = recording.run
    level = start.level or 0.0
    found = analyse_probe(recording, start)
    end = recording.ends.get(start.id)
    if found is None or end is None:
        failed = [one.reason for one in recording.failures if one.trial == start.trial]
        return _nothing(start, level, (failed or ["its load did not come to an end"])[-1])
    load, health = found
    if health is None:
        return _nothing(start, level, "the generator did not report")
    summary = load.overall
    verdict = _health(run, health, summary)
    broken = _broken(run.profile.breaks, summary)
    late = verdict.validity is Validity.LATE  # what disturbs a generator may disturb the service
    valid = verdict.validity is Validity.VALID or (late and not broken)
    good: bool | None = not broken
    reason = broken
    if end.reason == "service":
        good, reason = False, end.detail.partition("\n")[0] or "the service has ended"
    elif end.reason not in WENT_WELL:
        why = end.detail.partition("\n")[0]
        good, reason = None, f"its load ended early ({end.reason}): {why}".rstrip(": ")
    elif not valid:
        good, reason = None, "; ".join(text for _, text, _ in verdict.problems)
    elif not summary.sent:
        good, reason = None, "nothing was sent"
    probe = _probe(start.trial, load.side, level, summary, good=good, reason=reason, valid=valid)
    return replace(probe, search=start.search)


def probe_health(recording: LoadRecording, start: SegmentStart) -> HealthVerdict | None:
    """The generator during one probe; None when it did not report.

    Raises:
        RecordingError: A file is missing or none of ours.
    """
    found = analyse_probe(recording, start)
    if found is None or found[1] is None:
        return None
    return _health(recording.run, found[1], found[0].overall)


def _health(run: LoadRun, health: Health, summary: Summary) -> HealthVerdict:
    return judge_health(health, ceiling=run.ceiling, claimed=summary.throughput.value)


def judge_stages(load: SideLoad, profile: Profile, trust: Trust) -> Breakpoint | None:
    """The breaking point of a profile that climbs, stage by stage.

    A stage is said to hold or to break only where all of its figures' intervals do, since no stage
    is repeated. The top of a stage counts as its level.

    Args:
        load: One side.
        profile: With ``breaks``.
        trust: How far the generator can be believed.

    Returns:
        None when the profile has no such conditions, or no two levels.
    """
    by_name = {summary.phase: summary for summary in load.phases}
    stages = []
    level = profile.start
    for number, stage in enumerate(profile.stages):
        top, level = max(level, stage.target), stage.target
        summary = by_name.get(stage.name)
        if stage.role in {RAMP, RECOVERY} or summary is None or not summary.sent:
            continue
        told = [judge_threshold(one, load, profile, stage.name) for one in profile.breaks]
        states = {trusted(one, load, trust).holds for one in told}
        good = None
        if Holds.PASS in states:  # a condition for breaking is fulfilled
            good = False
        elif states == {Holds.FAIL}:
            good = True
        reason = "" if good is not False else _broken(profile.breaks, summary)
        stages.append(_probe(number, load.side, top, summary, good=good, reason=reason, valid=True))
    if not profile.breaks or len({one.level for one in stages}) < 2:  # noqa: PLR2004
        return None
    return ends_of_stages(load.side, stages, users=profile.model is Model.CLOSED)


def searches_of(run: LoadRun, probes: Sequence[ProbeResult]) -> tuple[Searched, ...]:
    """What the probes of a run say, search by search."""
    first = search_of(run)
    if first is None:
        return ()
    sides = (Side.BASELINE,) if run.candidate is None else tuple(Side)
    return all_searches(first, probes, sides, trials=run.trials, seed=run.seed)


def _broken(conditions: Sequence[Threshold], summary: Summary) -> str:
    """The first condition that is true, as written; empty when none is."""
    for one in conditions:
        figure = figure_of(one, summary)
        if figure is not None and not math.isnan(figure.value) and one.is_true(figure.value):
            return one.text
    if summary.sent and not summary.answered:
        return "nothing was answered rightly"
    return ""


def _probe(
    trial: int,
    side: Side,
    level: float,
    summary: Summary,
    *,
    good: bool | None,
    reason: str,
    valid: bool,
) -> ProbeResult:
    right = summary.response
    errors = summary.error_rate
    return ProbeResult(
        trial=trial,
        side=side,
        level=level,
        good=good,
        reason=reason,
        throughput=summary.goodput.value,  # quick failures must not look like a rising throughput
        p50=right.p50.value if right is not None else math.nan,
        p95=right.p95.value if right is not None else math.nan,
        error_rate=errors.value if errors is not None else math.nan,
        valid=valid,
    )


def _nothing(start: SegmentStart, level: float, reason: str) -> ProbeResult:
    nan = math.nan
    return ProbeResult(
        trial=start.trial,
        side=start.sides[0],
        level=level,
        good=None,
        reason=reason,
        throughput=nan,
        p50=nan,
        p95=nan,
        error_rate=nan,
        valid=True,
        search=start.search,
    )
