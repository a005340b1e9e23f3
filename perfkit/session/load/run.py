"""`perfkit load`: plan → provision → measure → analyse → decide → report, for a service."""

from __future__ import annotations

import time
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING

import perfkit
from perfkit.decide.policy import policy_text
from perfkit.errors import NOT_AS_BEGUN, START_ANEW, PerfkitError, PlanError, ProvisionError
from perfkit.loadtest.backing import BackingError
from perfkit.loadtest.failure import ServiceError
from perfkit.loadtest.generator import EngineError
from perfkit.machine import host
from perfkit.plan.load_program import sources_of, unchecked
from perfkit.plan.load_resume import resume_load_plan
from perfkit.recording import redacted
from perfkit.recording.compare import Finish, made_of
from perfkit.recording.load import (
    SCHEMA,
    LoadFailure,
    LoadRecorder,
    LoadRecording,
    LoadRun,
    Resumed,
    SideReady,
    read_load,
)
from perfkit.session.load.bench import LoadBench
from perfkit.session.load.calibration import stored_calibration
from perfkit.session.load.outcome import LoadOutcome, load_outcome_of, reported
from perfkit.session.load.search import search
from perfkit.session.load.trials import measure_trials
from perfkit.session.progress import LoadDone, Note, Started
from perfkit.session.run_folder import keeping, locked, run_id, undisturbed

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from perfkit.plan.load_value import LoadPlan
    from perfkit.recording.compare import SideFacts
    from perfkit.session.progress import Listener
    from perfkit.variant import Side, Variant


@dataclass(frozen=True, slots=True, kw_only=True)
class Sat:
    """What a sitting left behind.

    Attributes:
        recording: The run, read back from its file.
        interrupted: It was ended by Ctrl-C or SIGTERM.
    """

    recording: LoadRecording
    interrupted: bool


def run(plan: LoadPlan, *, listener: Listener) -> LoadOutcome:
    """Run a load test, a comparison or a search, and write every report.

    A service or an engine that fails ends the run; what was measured is reported.

    Raises:
        RecordingError: The run folder cannot be written.
        KeyboardInterrupt: It was interrupted before there was anything to record.
    """
    header = _header(plan)
    folder = plan.output / header.id
    return _conclude(_sit(plan, folder, header, listener))


def resume(folder: Path, *, listener: Listener) -> LoadOutcome:
    """Go on with an interrupted comparison or search; complete trials are not run again.

    Raises:
        RecordingError: The folder holds no load run, or cannot be written.
        PlanError: Something the run needs is not there any more or has changed.
    """
    recording = read_load(folder)
    plan = resume_load_plan(recording)
    return _conclude(_sit(plan, recording.folder, None, listener))


def _conclude(sat: Sat) -> LoadOutcome:
    return undisturbed(sat, _report, lambda found: replace(found, interrupted=True))


def _report(sat: Sat) -> LoadOutcome:
    began = time.perf_counter()
    outcome = load_outcome_of(sat.recording, interrupted=sat.interrupted)
    outcome = outcome.spent("analysis", time.perf_counter() - began)
    return reported(outcome)


def _sit(plan: LoadPlan, folder: Path, header: LoadRun | None, listener: Listener) -> Sat:
    """Measure what is missing. ``header``: of a run that begins; None to go on with one."""
    began = time.perf_counter()
    with (
        keeping(folder) as kept,
        locked(folder),
        closing(LoadRecorder(folder)) as recorder,
    ):
        if header is not None:
            recorder.append(header)
        seconds: dict[str, float] = {}

        def finish(status: str) -> None:
            seconds["total"] = time.perf_counter() - began
            recorder.append(Finish(status=status, seconds=seconds))

        try:
            listener(Started(folder=folder))
            for text in plan.notes:
                listener(Note(text=text))
            status = _measure(plan, folder, recorder, listener, seconds, resumed=header is None)
        except KeyboardInterrupt:
            finish("interrupted")
            raise
        finish(status)
    return Sat(recording=read_load(folder), interrupted=kept.interrupted)


def _measure(
    plan: LoadPlan,
    folder: Path,
    recorder: LoadRecorder,
    listener: Listener,
    seconds: dict[str, float],
    *,
    resumed: bool,
) -> str:
    """Prepare and measure; ``"finished"``, or ``"failed"`` when something kept it from going on."""
    known = read_load(folder)
    trial = len(known.trials)
    stage = "provision"
    try:
        with LoadBench(plan, run=folder.name, folder=folder, listener=listener) as bench:
            with _timed(seconds, "provision"):
                bench.prepare()
            _check_sides(known, bench.facts)
            if resumed:
                recorder.append(Resumed(unchecked=unchecked(known.run)))
            for side, facts in bench.facts.items():
                if side not in known.sides:
                    recorder.append(SideReady(side=side, facts=facts))
            if (backed := bench.backed) is not None:
                recorder.append(backed)
            stage = "run"
            step = search if plan.mode == "breakpoint" else measure_trials
            with _timed(seconds, "measure"):
                complete = step(bench, known, recorder)
    except ProvisionError as error:
        failure = LoadFailure(
            trial=trial, side=error.side, stage=stage, reason=str(error), detail=error.output
        )
    except (ServiceError, EngineError, BackingError) as error:
        failure = LoadFailure(
            trial=len(read_load(folder).trials),
            side=error.side if isinstance(error, ServiceError) else None,
            stage="backing" if isinstance(error, BackingError) else error.stage,
            reason=str(error),
            detail=error.detail,
        )
    else:
        return "finished" if complete else "failed"
    recorder.append(failure)
    listener(LoadDone(what=failure.stage, result=failure.reason, good=False))
    return "failed"


def _check_sides(known: LoadRecording, now: Mapping[Side, SideFacts]) -> None:
    """Trials of one run must all be of the same program."""
    changed = [x for x in now if x in known.sides and made_of(now[x]) != made_of(known.sides[x])]
    if changed:
        raise PlanError(
            PerfkitError(
                f"the {side} {NOT_AS_BEGUN}: its environment has changed",
                got=_difference(known.sides[side], now[side]),
                remedy=START_ANEW,
            )
            for side in changed
        )


def _difference(before: SideFacts, now: SideFacts) -> str:
    """What differs between two environments, in words."""
    if before.version != now.version:
        return f"Python {now.version} after {before.version}"
    old, new = dict(before.packages), dict(now.packages)
    names = sorted(name for name in old | new if old.get(name) != new.get(name))
    found = [f"{name} {new.get(name, 'gone')} after {old.get(name, 'none')}" for name in names]
    return ", ".join(found) or "a local project with other content"


@contextmanager
def _timed(seconds: dict[str, float], stage: str) -> Iterator[None]:
    """Note what a stage takes, however it ends."""
    began = time.perf_counter()
    try:
        yield
    finally:
        seconds[stage] = time.perf_counter() - began


def _header(plan: LoadPlan) -> LoadRun:
    now = datetime.now().astimezone()
    baseline, candidate = _redacted(plan.baseline), _redacted(plan.candidate)
    calibration = stored_calibration(plan.method)
    return LoadRun(
        schema=SCHEMA,
        id=run_id(now, f"load-{plan.profile.name}-{_sides(plan)}"),
        mode=plan.mode,
        created=now.isoformat(timespec="seconds"),
        perfkit=perfkit.__version__,
        seed=plan.seed,
        profile=plan.profile,
        service=plan.service,
        method=plan.method,
        search=plan.search,
        baseline=baseline,
        candidate=candidate,
        trials=plan.trials,
        margin=plan.margin,
        confidence=plan.confidence,
        ceiling=calibration.ceiling if calibration else None,
        floor=calibration.floor if calibration else None,
        gate=plan.gate,
        allow_hosts=plan.allow_hosts,
        host=host.facts(),
        cwd=str(plan.cwd),
        policy=policy_text(plan.policy) if plan.policy is not None else None,
        redacted=(baseline, candidate) != (plan.baseline, plan.candidate),
        sources=sources_of(plan.service, plan.profile, plan.cwd),
    )


def _redacted(variant: Variant | None) -> Variant | None:
    return None if variant is None else redacted(variant)


def _sides(plan: LoadPlan) -> str:
    labels = [x.interpreter.label for x in (plan.baseline, plan.candidate) if x is not None]
    return "-vs-".join(labels) or "url"
