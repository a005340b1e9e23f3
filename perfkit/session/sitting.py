"""One sitting at a run: prepare, measure what is missing, record; the same for every command."""

from __future__ import annotations

import re
import secrets
import time
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

import perfkit
from perfkit.errors import NothingFoundError, PlanError, RecordingError
from perfkit.measure import host
from perfkit.measure.lockstep import Bench
from perfkit.recording import (
    SCHEMA,
    Finish,
    Recorder,
    Recording,
    Run,
    read,
    redacted,
)
from perfkit.session.measuring import measure, tasks_of
from perfkit.session.prepare import Preparation, prepare
from perfkit.session.progress import Started

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from perfkit.plan import Plan
    from perfkit.session.progress import Listener


@dataclass(frozen=True, slots=True, kw_only=True)
class Sat:
    """What a sitting left behind.

    Attributes:
        recording: The run, read back from its file.
        interrupted: It was ended by Ctrl-C or SIGTERM.
    """

    recording: Recording
    interrupted: bool


def sit(plan: Plan, listener: Listener) -> Sat:
    """Begin a run and measure it.

    Raises:
        NothingFoundError: There is no benchmark, and none failed.
        RecordingError: The run folder cannot be written.
    """
    began = time.perf_counter()
    run = _header(plan)
    with Bench(run=run.id, method=plan.method) as bench:
        preparation = prepare(plan, bench, listener)
        if not preparation.benchmarks and not preparation.failures:
            raise _nothing(plan)
        with _recorder(plan.output / run.id) as recorder:
            recorder.append(run)
            for prepared in preparation.benchmarks:
                recorder.append(prepared.measured)
            for failure in preparation.failures:
                recorder.append(failure)
            listener(Started(folder=recorder.folder))
            return _measure(plan, preparation, bench, recorder, listener, began=began)


def resume(folder: Path, plan: Plan, listener: Listener) -> Sat:
    """Go on with a run where it ended; nothing that was recorded is measured again.

    Raises:
        RecordingError: The folder holds no run, or cannot be written.
        PlanError: A benchmark is not what it was when the run began.
    """
    began = time.perf_counter()
    known = read(folder)
    with Bench(run=known.run.id, method=plan.method) as bench:
        preparation = prepare(plan, bench, listener)
        _check_unchanged(known, preparation)
        with _recorder(known.folder) as recorder:
            for prepared in preparation.benchmarks:
                if prepared.measured.benchmark.id not in known.measured:
                    recorder.append(prepared.measured)
            listener(Started(folder=recorder.folder))
            return _measure(plan, preparation, bench, recorder, listener, began=began)


def _measure(
    plan: Plan,
    preparation: Preparation,
    bench: Bench,
    recorder: Recorder,
    listener: Listener,
    *,
    began: float,
) -> Sat:
    tasks = tasks_of(plan, preparation.benchmarks, read(recorder.folder))
    measuring = time.perf_counter()
    interrupted = False
    try:
        measure(tasks, plan, bench, recorder, listener)
    except KeyboardInterrupt:
        interrupted = True
    ended = time.perf_counter()
    seconds = {**preparation.seconds, "measure": ended - measuring, "total": ended - began}
    recorder.append(Finish(status="interrupted" if interrupted else "finished", seconds=seconds))
    return Sat(recording=read(recorder.folder), interrupted=interrupted)


@contextmanager
def _recorder(folder: Path) -> Iterator[Recorder]:
    """A recorder that no other process writes to meanwhile."""
    from filelock import FileLock, Timeout

    recorder = Recorder(folder)
    lock = FileLock(folder / ".lock")
    try:
        with lock.acquire(timeout=0):
            yield recorder
    except Timeout as error:
        raise RecordingError(
            "another perfkit is measuring this run",
            got=str(folder),
            remedy="wait for it, or end it first",
        ) from error
    finally:
        recorder.close()
        (folder / ".lock").unlink(missing_ok=True)


def _header(plan: Plan) -> Run:
    now = datetime.now().astimezone()
    baseline, candidate = redacted(plan.baseline), redacted(plan.candidate)
    return Run(
        schema=SCHEMA,
        id=_run_id(plan, now),
        command=plan.command,
        created=now.isoformat(timespec="seconds"),
        perfkit=perfkit.__version__,
        seed=plan.seed,
        goal=plan.goal,
        method=plan.method,
        baseline=baseline,
        candidate=candidate,
        host=host.facts(),
        cwd=str(plan.cwd),
        benchmarks=plan.benchmarks,
        control=plan.control,
        comparisons=plan.comparisons,
        inject=plan.inject,
        policy=str(plan.policy) if plan.policy is not None else None,
        redacted=(baseline, candidate) != (plan.baseline, plan.candidate),
    )


def _run_id(plan: Plan, now: datetime) -> str:
    """``<date>-<baseline>-vs-<candidate>-<id>``, fit for a folder's name anywhere."""
    sides = f"{plan.baseline.interpreter.label}-vs-{plan.candidate.interpreter.label}"
    name = f"{now:%Y-%m-%d}-{sides}-{secrets.token_hex(3)}"
    return re.sub(r"[^A-Za-z0-9._+-]", "_", name)


def _nothing(plan: Plan) -> NothingFoundError:
    if plan.patterns:
        return NothingFoundError(
            "no benchmark fits the name patterns",
            got=", ".join(plan.patterns),
            remedy="'perfkit list' names all of them",
        )
    return NothingFoundError(
        "the scripts hold no benchmark",
        got=", ".join(script.label for script in plan.scripts),
        allowed="pyperf scripts that call a Runner's bench_* method",
        remedy="see README, 'How to write a benchmark'",
    )


def _check_unchanged(known: Recording, preparation: Preparation) -> None:
    """Blocks of one series must all be of the same program."""
    problems = []
    for prepared in preparation.benchmarks:
        now = prepared.measured
        before = known.measured.get(now.benchmark.id)
        if before is None:
            continue
        same = (
            before.benchmark.script.digest == now.benchmark.script.digest
            and before.baseline == now.baseline
            and before.candidate == now.candidate
        )
        if not same:
            problems.append(
                RecordingError(
                    f"{now.benchmark.id} is not what it was when the run began: its script or its "
                    "environment has changed",
                    got=str(now.benchmark.script.path),
                    remedy="start a new run; what was measured stays readable with 'perfkit show'",
                )
            )
    if problems:
        raise PlanError(problems)
