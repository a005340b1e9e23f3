"""The search for a breaking point: a fresh service a probe, the two sides in turn."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING

from perfkit.analyse.load.searches import nth_search
from perfkit.decide.load.probing import judge_probe, search_of, searches_of
from perfkit.loadtest.generator import EngineError
from perfkit.loadtest.service import ServiceError
from perfkit.profile.probe import probe_profile
from perfkit.profile.value import Model
from perfkit.recording.load import LoadFailure, TrialEnd, read_load
from perfkit.session.load.segment import Segment, run_segment
from perfkit.session.load.trials import baseline_first, note_failure
from perfkit.session.progress import LoadDone
from perfkit.units import format_level, format_seconds, format_share

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from perfkit.analyse.load.search import Search
    from perfkit.analyse.load.value import ProbeResult
    from perfkit.plan.load_value import LoadPlan
    from perfkit.recording.load import LoadRecorder, LoadRecording
    from perfkit.session.load.bench import LoadBench
    from perfkit.variant import Side

_HOPELESS = frozenset({"backing", "disk"})


def search(bench: LoadBench, known: LoadRecording, recorder: LoadRecorder) -> bool:
    """Probe until every side's breaking point is known, or cannot be, as often as was asked for.

    A service or generator that cannot be made ready for a probe is tried again, as is any probe
    that tells nothing; what was measured before counts all the same.

    Returns:
        Whether it came to its end: what a probe shows, a service that dies included, is a result;
        not so a backing service that died or a full disk, of which every other probe would, too.

    Raises:
        ServiceError: A service cannot be started, and no probe of its side has told anything yet.
        EngineError: The same of the engine; or workers from elsewhere would have to come back.
    """
    first = search_of(known.run)
    if first is None:
        raise ValueError("the run searches for nothing")
    probes = _known(known)
    for number in range(bench.plan.trials):
        rules = {
            side: nth_search(
                first,
                number,
                side,
                searches_of(known.run, probes),
                trials=bench.plan.trials,
                seed=bench.plan.seed,
            )
            for side in _order(bench, number)
        }
        if not _one_search(bench, known, recorder, probes, rules=rules, number=number):
            return False
        if not searches_of(known.run, probes)[number].told:
            break  # a row that lacks a search decides nothing, and the next would end so, too
    return True


def _order(bench: LoadBench, number: int) -> tuple[Side, ...]:
    """Which side is probed first; what grows with time must not favour one."""
    return bench.sides if baseline_first(bench.plan, number) else bench.sides[::-1]


def _one_search(
    bench: LoadBench,
    known: LoadRecording,
    recorder: LoadRecorder,
    probes: list[ProbeResult],
    *,
    rules: Mapping[Side, Search],
    number: int,
) -> bool:
    """One search of every side, whose probes are added; whether it came to its end."""
    while pending := {
        side: level
        for side, rule in rules.items()
        if (level := rule.next_level(_of(probes, side, number))) is not None
    }:
        side = min(pending, key=lambda one: len(_of(probes, one, number)))
        segment = _segment(
            bench.plan,
            known,
            number=len(probes),
            side=side,
            level=pending[side],
            search=number,
        )
        try:
            ended = run_segment(bench, segment, recorder)
        except (ServiceError, EngineError) as error:
            if bench.plan.method.remote_workers or not _has_told(probes, side):
                raise
            _note_unready(segment, error, recorder)
        else:
            if ended.end.reason in _HOPELESS:
                note_failure(segment, ended, recorder)
                return False
        now = read_load(bench.folder)
        probe = judge_probe(now, now.starts[segment.id])
        recorder.append(TrialEnd(trial=segment.trial, good=probe.good, reason=probe.reason))
        _tell(bench, segment, probe)
        probes.append(probe)
    return True


def _of(probes: Sequence[ProbeResult], side: Side, search: int) -> list[ProbeResult]:
    return [one for one in probes if one.side is side and one.search == search]


def _has_told(probes: Sequence[ProbeResult], side: Side) -> bool:
    return any(one.side is side and one.good is not None for one in probes)


def _note_unready(
    segment: Segment, error: ServiceError | EngineError, recorder: LoadRecorder
) -> None:
    recorder.append(
        LoadFailure(
            trial=segment.trial,
            side=segment.sides[0],
            stage=error.stage,
            reason=str(error),
            detail=error.detail,
        )
    )


def _known(known: LoadRecording) -> list[ProbeResult]:
    """Probes from earlier sittings."""
    return [
        judge_probe(known, start) for start in known.starts.values() if start.trial in known.trials
    ]


def _segment(
    plan: LoadPlan, known: LoadRecording, *, number: int, side: Side, level: float, search: int
) -> Segment:
    if plan.search is None:
        raise ValueError("the plan searches for nothing")
    id_ = f"p{number:02d}-{side}"
    before = known.starts.get(id_)
    unit = "users" if plan.profile.model is Model.CLOSED else "requests/s"
    whose = f"{side}, " if plan.candidate is not None else ""
    which = f"search {search + 1} of {plan.trials}, " if plan.trials > 1 else ""
    return Segment(
        id=id_,
        trial=number,
        attempt=0 if before is None else before.attempt + 1,
        sides=(side,),
        profile=probe_profile(
            plan.profile,
            level=level,
            settle_seconds=plan.search.settle_seconds,
            hold_seconds=plan.search.hold_seconds,
        ),
        windows=(),
        level=level,
        seed=random.Random(f"{plan.seed} {number}").getrandbits(32),  # noqa: S311 - no secret
        what=f"{which}{whose}{format_level(level)} {unit}",
        search=search,
        position=number,
        total=None,
        seconds_after=None,
    )


def _tell(bench: LoadBench, segment: Segment, probe: ProbeResult) -> None:
    if probe.good is None:
        result = f"says nothing: {probe.reason}"
    else:
        result = (
            f"{'held' if probe.good else f'broke ({probe.reason})'}; "
            f"{probe.throughput:.0f} right answers/s, p95 {format_seconds(probe.p95)}, "
            f"{format_share(probe.error_rate)} failed"
        )
    bench.listener(LoadDone(what=segment.what, result=result, good=probe.good is True))
