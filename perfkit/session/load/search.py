"""The search for a breaking point: a fresh service a probe, the two sides in turn."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING

from perfkit.decide.load.probing import judge_probe, search_of
from perfkit.profile.probe import probe_profile
from perfkit.profile.value import Model
from perfkit.recording.load import TrialEnd, read_load
from perfkit.session.load.segment import Segment, run_segment
from perfkit.session.load.trials import note_failure
from perfkit.session.progress import LoadDone
from perfkit.units import format_seconds, format_share

if TYPE_CHECKING:
    from perfkit.analyse.load.value import ProbeResult
    from perfkit.plan.load_value import LoadPlan
    from perfkit.recording.load import LoadRecorder, LoadRecording
    from perfkit.session.load.bench import LoadBench
    from perfkit.variant import Side

_HOPELESS = frozenset({"backing", "disk"})


def search(bench: LoadBench, known: LoadRecording, recorder: LoadRecorder) -> bool:
    """Probe until every side's breaking point is known, or cannot be.

    Returns:
        Whether it came to its end: what a probe shows, a service that dies included, is a result;
        not so a backing service that died or a full disk, of which every other probe would, too.

    Raises:
        ServiceError: A service cannot be started.
        EngineError: The engine cannot be started.
    """
    method = search_of(known.run)
    if method is None:
        raise ValueError("the run searches for nothing")
    probes = {side: _known(known, side) for side in bench.sides}
    number = sum(map(len, probes.values()))
    while pending := {
        side: level
        for side, found in probes.items()
        if (level := method.next_level(found)) is not None
    }:
        side = min(pending, key=lambda one: len(probes[one]))
        segment = _segment(bench.plan, known, number=number, side=side, level=pending[side])
        ended = run_segment(bench, segment, recorder)
        if ended.end.reason in _HOPELESS:
            note_failure(segment, ended, recorder)
            return False
        now = read_load(bench.folder)
        probe = judge_probe(now, now.starts[segment.id])
        recorder.append(TrialEnd(trial=number, good=probe.good, reason=probe.reason))
        _tell(bench, segment, probe)
        probes[side].append(probe)
        number += 1
    return True


def _known(known: LoadRecording, side: Side) -> list[ProbeResult]:
    """Probes of a side from earlier sittings."""
    return [
        judge_probe(known, start)
        for start in known.starts.values()
        if start.sides == (side,) and start.trial in known.trials
    ]


def _segment(
    plan: LoadPlan, known: LoadRecording, *, number: int, side: Side, level: float
) -> Segment:
    if plan.search is None:
        raise ValueError("the plan searches for nothing")
    id_ = f"p{number:02d}-{side}"
    before = known.starts.get(id_)
    unit = "users" if plan.profile.model is Model.CLOSED else "requests/s"
    whose = f"{side}, " if plan.candidate is not None else ""
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
        what=f"{whose}{level:g} {unit}",
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
