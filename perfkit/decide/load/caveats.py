"""What to know before trusting a load run, and what to do about it."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from perfkit.analyse.family import benjamini_hochberg
from perfkit.analyse.load.searches import middle
from perfkit.caveat import run_caveat, venv_caveats
from perfkit.decide.load.engine_caveats import engine_caveats
from perfkit.decide.load.growth import growth_words, memory_grows
from perfkit.decide.load.missing import missing_caveats
from perfkit.decide.load.program import program_caveats
from perfkit.decide.load.result import Validity
from perfkit.decide.load.rows import fewest_trials
from perfkit.decide.load.search_caveats import search_caveats
from perfkit.decide.verdict import Verdict
from perfkit.profile.value import STRESS
from perfkit.recording.segment import WENT_WELL
from perfkit.service import ServiceKind
from perfkit.units import format_duration, format_seconds, format_share
from perfkit.variant import Side

if TYPE_CHECKING:
    from collections.abc import Iterator

    from perfkit.analyse.load.run import LoadAnalysis
    from perfkit.analyse.load.value import SideLoad
    from perfkit.caveat import Caveat
    from perfkit.decide.load.result import LoadResult
    from perfkit.recording.load import LoadRecording, LoadRun

WIDE = 0.20
"""Half-width of p95's interval, relative to p95, from which it is worth a word."""

NEAR_FLOOR = 2.0
"""Times the floor below which a median is mostly the generator's own."""

CLOCK_SHARE = 0.05
"""Share of the median response time from which a remote clock's error matters."""


def load_caveats(
    recording: LoadRecording, result: LoadResult, found: LoadAnalysis
) -> tuple[Caveat, ...]:
    """Everything worth knowing of a judged run.

    Args:
        recording: The run.
        result: Its result, still without caveats.
        found: Its analysis.
    """
    return (
        *_generator(recording, result),
        *_trials(recording, result),
        *missing_caveats(recording, result),
        *program_caveats(recording),
        *_endings(recording),
        *_placement(recording),
        *engine_caveats(recording),
        *_profile(recording),
        *_scales(recording),
        *_warm_up(found),
        *(one for side in result.sides for one in _side(side, recording)),
        *_requests(result),
        *search_caveats(recording, result),
        *_variants(recording),
    )


def _profile(recording: LoadRecording) -> Iterator[Caveat]:
    run = recording.run
    for what, remedy in run.profile.notes_of(searched=run.mode == "breakpoint"):
        yield run_caveat("profile", what, remedy)


def _generator(recording: LoadRecording, result: LoadResult) -> Iterator[Caveat]:
    if result.health is None:
        if recording.origins:  # else no load began, and what kept it from that is told
            yield run_caveat(
                "generator-silent",
                "the generator never reported on itself, so nothing is judged",
                "run it again",
            )
    elif recording.run.mode == "breakpoint" and any(not one.valid for one in result.breakpoints):
        return  # it fell behind at the end of the search, of which `_searches` tells
    elif result.health.validity is Validity.INVALID:  # why, and what to do, the verdict says
        yield run_caveat(
            "generator-invalid",
            "the run is INVALID: its figures tell of its own generator",
            "do not take them for the service's",
        )
    elif result.health.validity is Validity.LATE:
        late = format_seconds(result.health.health.slip_p99 + result.health.health.lag_p99)
        yield run_caveat(
            "generator-late",
            f"the generator was late, so that response times look up to {late} longer than they "
            "are; verdicts that this may have brought about are left open",
            result.health.problems[0][2],
        )


def _trials(recording: LoadRecording, result: LoadResult) -> Iterator[Caveat]:
    run = recording.run
    if run.candidate is None or not (result.sides or result.breakpoints):
        return
    searched = run.mode == "breakpoint"
    fewest = fewest_trials(run.confidence)
    if result.trials < fewest:
        what = " (a search of each side)" if searched else ""
        yield run_caveat(
            "too-few-trials",
            f"{_number(result.trials, 'trial')}{what}: an interval at "
            f"{format_share(run.confidence)} needs {fewest}, so that nothing is decided",
            _more_trials(recording, result, fewest),
        )
        return
    missing = {one.comparison.metric: result.trials - one.comparison.ratio.n for one in result.rows}
    missing = {metric: count for metric, count in missing.items() if searched and count}
    if missing:
        each = ", ".join(
            f"{metric} {count} of {result.trials}" for metric, count in missing.items()
        )
        yield run_caveat(
            "searches-missing",
            f"searches of some pairs found no end, and what is left decides nothing: {each}",
            "search further up or down (--to, --from), or give the generator more processes",
        )
    yield from _chance(recording, result)
    open_rows = [row.comparison for row in result.rows if row.verdict is Verdict.INCONCLUSIVE]
    needed = {one.metric: one.trials_needed for one in open_rows if one.trials_needed is not None}
    needed = {metric: count for metric, count in needed.items() if count > result.trials}
    invalid = result.health is not None and result.health.validity is Validity.INVALID
    if needed and not invalid:  # more of what cannot be believed would decide nothing
        each = ", ".join(f"{metric} {count}" for metric, count in needed.items())
        yield run_caveat(
            "undecided",
            f"{_number(result.trials, 'trial')} did not decide everything; for intervals as narrow "
            f"as the margin of {format_share(run.margin)} about so many are needed: {each}",
            f"measure {max(needed.values())} trials, or accept a wider margin",
        )


def _more_trials(recording: LoadRecording, result: LoadResult, fewest: int) -> str:
    """How to come to enough trials: not by asking for what was asked for already."""
    run = recording.run
    if run.trials < fewest:
        return f"measure at least {fewest} trials (--trials {fewest})"
    if run.mode == "breakpoint" and any(math.isnan(middle(one)) for one in result.breakpoints):
        return f"see why a search found no end: the rest of the {run.trials} would not have, either"
    if result.failures:
        return "see what failed"
    return (
        "go on with --resume and the run's folder" if resumable(run) else "run it again to its end"
    )


def _chance(recording: LoadRecording, result: LoadResult) -> Iterator[Caveat]:
    """Differences that several figures looked at together may show by chance; none is changed."""
    told = [row.verdict in {Verdict.SLOWER, Verdict.FASTER} for row in result.rows]
    if not any(told):
        return
    adjusted = benjamini_hochberg([row.comparison.p_value for row in result.rows])
    doubtful = [
        str(row.comparison.metric)
        for row, is_told, p_value in zip(result.rows, told, adjusted, strict=True)
        if is_told and p_value > 1 - recording.run.confidence
    ]
    if doubtful:
        yield run_caveat(
            "may-be-chance",
            f"among {len(told)} figures, {', '.join(doubtful)} may differ by chance "
            "(Benjamini–Hochberg)",
            "measure more trials before acting on them",
        )


def _endings(recording: LoadRecording) -> Iterator[Caveat]:
    finishes = recording.finishes
    if not finishes or finishes[-1].status == "interrupted":
        yield run_caveat(
            "interrupted",
            "the run did not come to its end"
            + ("; figures are of what was measured until then" if recording.ends else ""),
            "go on with --resume and the run's folder"
            if resumable(recording.run)
            else "run it again",
        )
    told = {failure.trial for failure in recording.failures}
    for end in recording.ends.values():
        if end.reason not in WENT_WELL and end.reason != "interrupted":
            after = format_duration(end.seconds)
            start = recording.starts.get(end.id)
            detail = "" if start is not None and start.trial in told else _first_line(end.detail)
            yield run_caveat(
                "ended-early",
                f"segment {end.id} ended after {after} ({end.reason}){detail}",
                "do not take its figures for those of the whole profile",
            )
    if recording.cut:
        yield run_caveat(
            "recording-cut",
            "the recording's last line is incomplete and was left out",
            "run it again where something is missing",
        )


def resumable(run: LoadRun) -> bool:
    """Whether `perfkit.plan.load_resume` goes on with it: it has trials, and all it needs."""
    return run.mode != "single" and not (run.redacted or run.method.remote_workers)


def _first_line(detail: str) -> str:
    """What was said of an end, if anything."""
    return f": {detail.strip().splitlines()[0]}" if detail.strip() else ""


def _placement(recording: LoadRecording) -> Iterator[Caveat]:
    pins = [start.pins for start in recording.starts.values()]
    if not pins:
        return
    generator, service = (
        {cpu for one in pins for cpu in one.get(who, ())} for who in ("generator", "service")
    )
    if not generator or not service:
        yield run_caveat(
            "not-pinned",
            "generator and service were not kept on CPUs of their own",
            "expect wider intervals, or measure on a machine with two CPUs or more",
        )
    elif generator & service:
        yield run_caveat(
            "shared-cpu",
            "generator and service share a CPU, so that each slows the other",
            "measure on a machine with two CPUs or more",
        )
    backing = recording.run.service.backing
    if backing and generator:
        names = " and ".join(backing)
        yield run_caveat(
            "backing-shares-cpu",
            f"{names} ran on the generator's CPU, not on the service's",
            "compare sides with it; do not take the throughput for that of a system of its own",
        )


def _scales(recording: LoadRecording) -> Iterator[Caveat]:
    profile = recording.run.profile
    scales = {"time": profile.time_scale, "users": profile.user_scale}
    changed = [f"{name} × {scale:g}" for name, scale in scales.items() if scale != 1]
    if changed:
        yield run_caveat(
            "scaled",
            f"the profile {profile.name} was run scaled ({', '.join(changed)})",
            "run it as it is written before a decision rests on it",
        )


def _warm_up(found: LoadAnalysis) -> Iterator[Caveat]:
    if found.warm_up > 0:
        yield run_caveat(
            "warm-up-cut",
            f"the first {format_seconds(found.warm_up)} of the first steady stage were slower "
            "than its second half and are left out as warm-up",
            "see the timeline, which shows them",
        )


def _side(side: SideLoad, recording: LoadRecording) -> Iterator[Caveat]:
    overall = side.overall
    two = recording.run.candidate is not None
    who = f"{side.side}: " if two else ""
    p95 = overall.response.p95 if overall.response is not None else None
    if p95 is not None and p95.value > 0 and not p95.half_width <= WIDE * p95.value:
        width = (
            f"is only known to ± {format_share(p95.half_width / p95.value, digits=0)}"
            if math.isfinite(p95.half_width)
            else "has no upper bound"
        )
        yield run_caveat(
            "wide-intervals",
            f"{who}p95 {width}: requests are few, or slow ones come in long runs",
            "measure for longer",
        )
    yield from _memory(side, who, recording)
    floor = recording.run.floor
    if floor and overall.service is not None and overall.service.p50.value < NEAR_FLOOR * floor:
        yield run_caveat(
            "near-floor",
            f"{who}a median of {format_seconds(overall.service.p50.value)} is hardly more than the "
            f"{format_seconds(floor)} that a server which does nothing takes",
            "compare differences of times rather than ratios",
        )
    if overall.cut_off:
        yield run_caveat(
            "cut-off",
            f"{who}{_number(overall.cut_off, 'request')} had no answer when the load was over and "
            "count in no response time",
            "set a longer graceful_stop",
        )


def _memory(side: SideLoad, who: str, recording: LoadRecording) -> Iterator[Caveat]:
    used = side.overall.resources
    if used is None:
        if side.side is Side.BASELINE and side.overall.sent:  # else there was no time to look
            yield run_caveat(
                "no-resources",
                "memory and CPU of the service are not known",
                "name its process with --pid"
                if recording.run.service.kind is ServiceKind.URL
                else "look at the run's logs",
            )
        return
    steady = all(stage.role != STRESS for stage in recording.run.profile.stages)
    if steady and memory_grows(side.overall):  # more load may well need more memory
        yield run_caveat(
            "memory-grows",
            f"{who}resident memory grew by {growth_words(side.overall)}",
            "run soak before a release: it tells a leak from a cache that fills",
        )


def _requests(result: LoadResult) -> Iterator[Caveat]:
    if result.health is None:
        return
    health = result.health.health
    if health.unsent:
        yield run_caveat(
            "unsent",
            f"{_number(health.unsent, 'planned request')} never left, since all users waited for "
            "the service; they count in no response time",
            "give the profile more users, or take the rate for too high for the service",
        )
    medians = [one.overall.response.p50.value for one in result.sides if one.overall.response]
    if health.clock_error > CLOCK_SHARE * min(medians, default=math.inf):
        yield run_caveat(
            "clock-error",
            f"clocks of other machines are known to {format_seconds(health.clock_error)} only",
            "compare percentiles of one machine's workers, or bring the machines closer",
        )


def _variants(recording: LoadRecording) -> Iterator[Caveat]:
    """A Python that nobody named, of which nothing is needed, has no packages to be missed."""
    run = recording.run
    compared, kind = run.candidate is not None, run.service.kind
    needed = kind is ServiceKind.APP or (compared and kind is ServiceKind.COMMAND)
    if needed or (kind is ServiceKind.COMMAND and _is_python(run.service.target)):
        sides = (run.baseline, run.candidate)
        yield from venv_caveats(*(one for one in sides if one is not None), alone=not compared)


def _is_python(command: str) -> bool:
    words = (word.rpartition("/")[2] for word in command.split())
    return any(word.startswith(("python", "{python}")) for word in words)


def _number(count: int, noun: str) -> str:
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"
