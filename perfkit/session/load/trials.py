"""Trials: a fresh service (or pair of services) each, until all are complete."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING

from perfkit.loadtest.windows import take_turns
from perfkit.recording.load import LoadFailure, TrialEnd
from perfkit.recording.segment import WENT_WELL
from perfkit.session.load.segment import Segment, run_segment
from perfkit.session.progress import LoadDone, Note
from perfkit.units import format_duration
from perfkit.variant import Side

if TYPE_CHECKING:
    from collections.abc import Sequence

    from perfkit.plan.load_value import LoadPlan
    from perfkit.recording.load import LoadRecorder, LoadRecording
    from perfkit.session.load.bench import LoadBench
    from perfkit.session.load.segment import Ended

_START_SECONDS = 4.0  # what starting and stopping services is expected to take
_ANNOUNCED = 60.0  # seconds from which a run's length is worth saying beforehand
_FAILURES = {"service": "run", "backing": "backing", "generator": "engine", "disk": "engine"}


def measure_trials(bench: LoadBench, known: LoadRecording, recorder: LoadRecorder) -> bool:
    """Run every trial that is not complete yet.

    Returns:
        Whether all went as they should; a load that had to end early ends the run.

    Raises:
        ServiceError: A service cannot be started.
        EngineError: The engine cannot be started.
    """
    plan = bench.plan
    trials = [number for number in range(plan.trials) if number not in known.trials]
    each = trial_seconds(plan)
    if len(trials) * each >= _ANNOUNCED:
        length = format_duration(len(trials) * each)
        text = f"{len(trials)} trials take about {length}" if plan.candidate else f"about {length}"
        bench.listener(Note(text=f"{text}; --time-scale 0.1 shortens a profile"))
    for place, trial in enumerate(trials):
        after = (len(trials) - place - 1) * each
        for segment in _segments(bench, trial, known, after=after):
            ended = run_segment(bench, segment, recorder)
            _tell(bench, segment, ended)
            note_failure(segment, ended, recorder)
            if ended.end.reason not in WENT_WELL:
                return False
        recorder.append(TrialEnd(trial=trial, good=None, reason=""))
    return True


def trial_seconds(plan: LoadPlan) -> float:
    """Expected wall seconds of one trial."""
    passes = 1 if plan.candidate is None or plan.profile.sliced else len(Side)
    return passes * (plan.profile.seconds + _START_SECONDS)


def _segments(
    bench: LoadBench, trial: int, known: LoadRecording, *, after: float
) -> Sequence[Segment]:
    plan = bench.plan
    seed = random.Random(f"{plan.seed} {trial}").getrandbits(32)  # noqa: S311 - no secret

    def make(id_: str, sides: tuple[Side, ...], rest: float) -> Segment:
        before = known.starts.get(id_)
        windows = take_turns(plan.profile.seconds, plan.method.window_seconds, seed=seed)
        return Segment(
            id=id_,
            trial=trial,
            attempt=0 if before is None else before.attempt + 1,
            sides=sides,
            profile=plan.profile,
            windows=windows if len(sides) > 1 else (),
            level=None,
            seed=seed,
            what=_what(plan, trial, sides),
            position=trial,
            total=plan.trials,
            seconds_after=rest,
        )

    if plan.candidate is None or plan.profile.sliced:
        return [make(f"t{trial:02d}", bench.sides, after)]
    order = list(Side) if baseline_first(plan, trial) else list(reversed(Side))
    rests = (after + plan.profile.seconds + _START_SECONDS, after)
    return [
        make(f"t{trial:02d}-{side}", (side,), rest) for side, rest in zip(order, rests, strict=True)
    ]


def baseline_first(plan: LoadPlan, trial: int) -> bool:
    """Half of the trials each way, shuffled: what grows with time must not favour a side."""
    first = [number % 2 == 0 for number in range(plan.trials)]
    random.Random(plan.seed).shuffle(first)  # noqa: S311 - no secret
    return first[trial]


def _what(plan: LoadPlan, trial: int, sides: tuple[Side, ...]) -> str:
    if plan.candidate is None:
        return plan.profile.name
    side = f", {sides[0]}" if len(sides) == 1 else ""
    return f"trial {trial + 1}{side}"


def note_failure(segment: Segment, ended: Ended, recorder: LoadRecorder) -> None:
    """Record what kept a trial or probe from being measured, if anything."""
    end = ended.end
    if end.reason not in _FAILURES:
        return
    alone = segment.sides[0] if len(segment.sides) == 1 and end.reason == "service" else None
    recorder.append(
        LoadFailure(
            trial=segment.trial,
            side=ended.side or alone,
            stage=_FAILURES[end.reason],
            reason=end.detail.partition("\n")[0] or end.reason,
            detail=end.detail,
        )
    )


def _tell(bench: LoadBench, segment: Segment, ended: Ended) -> None:
    end = ended.end
    sent = sum(worker.sent for worker in end.workers)
    failed = sum(worker.failed for worker in end.workers)
    good = end.reason in WENT_WELL
    result = f"{sent} requests, {failed} failed, {format_duration(end.seconds)}"
    if not good:
        why = end.detail.partition("\n")[0]
        result = f"{result}; ended early ({end.reason}): {why}".rstrip(": ")
    bench.listener(LoadDone(what=segment.what, result=result, good=good))
