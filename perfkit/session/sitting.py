"""One sitting at a run: prepare, measure what is missing, record; the same for every command."""

from __future__ import annotations

import time
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING, TypeVar

import perfkit
from perfkit.caveat import venv_caveats
from perfkit.decide.gate.planning import may_go_on
from perfkit.decide.policy import policy_text
from perfkit.errors import NOT_AS_BEGUN, START_ANEW, NothingFoundError, PlanError, RecordingError
from perfkit.machine import host
from perfkit.measure.lockstep import Bench
from perfkit.recording import (
    SCHEMA,
    Finish,
    Measured,
    Recorder,
    Recording,
    Run,
    read,
    redacted,
)
from perfkit.recording.compare import made_of
from perfkit.session.gate import measure_gate
from perfkit.session.gate_names import check_patterns
from perfkit.session.measuring import measure
from perfkit.session.prepare import Preparation, prepare
from perfkit.session.progress import Note, Started
from perfkit.session.run_folder import keeping, locked, run_id, undisturbed
from perfkit.session.tasks import tasks_of, unfinished

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from perfkit.plan import Plan
    from perfkit.session.aa import AaOutcome
    from perfkit.session.check import CheckOutcome
    from perfkit.session.outcome import Outcome
    from perfkit.session.progress import Listener
    from perfkit.variant import Variant


_LONGEST_NAME = 40  # characters of a revision's name in a folder's

T = TypeVar("T", "Outcome", "AaOutcome", "CheckOutcome")


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
        RecordingError: The run folder cannot be written, or its history is damaged.
        PerfkitError: Its history cannot be written.
        KeyboardInterrupt: It was interrupted before there was anything to record.
    """
    began = time.perf_counter()
    _verify_history(plan)
    run = _header(plan)
    folder = plan.output / run.id
    for text in plan.notes:
        listener(Note(text=text))
    if plan.command != "aa":
        for caveat in venv_caveats(plan.baseline, plan.candidate):
            listener(Note(text=str(caveat)))
    with keeping(folder) as kept, Bench(run=run.id, method=plan.method) as bench:
        preparation = prepare(plan, bench, listener)
        if not (preparation.benchmarks or preparation.failures or plan.unpaired):
            raise _nothing(plan)
        check_patterns(plan, preparation)
        with _recorder(folder) as recorder:
            recorder.append(run)
            for one in plan.unpaired:
                recorder.append(one)
            _record_missing(preparation, read(folder), recorder)
            _measure(plan, preparation, bench, recorder, listener, began=began)
    return Sat(recording=read(folder), interrupted=kept.interrupted)


def resume(folder: Path, plan: Plan, listener: Listener) -> Sat:
    """Go on with a run where it ended; nothing that was recorded is measured again.

    What failed stays failed, and once a block was measured no benchmark joins the run.

    Raises:
        RecordingError: The folder holds no run, or cannot be written.
        PlanError: A benchmark that is not complete has changed or cannot be measured any more.
    """
    began = time.perf_counter()
    _verify_history(plan)
    run = read(folder)
    with (
        keeping(run.folder) as kept,
        _recorder(run.folder) as recorder,  # first: nothing is started beside a run under way
        Bench(run=run.run.id, method=plan.method) as bench,
    ):
        preparation = prepare(plan, bench, listener)
        known = read(run.folder)
        if not known.starts:
            _record_missing(preparation, known, recorder)
        _check_unchanged(plan, read(run.folder), preparation)
        _measure(plan, preparation, bench, recorder, listener, began=began)
    return Sat(recording=read(run.folder), interrupted=kept.interrupted)


def _verify_history(plan: Plan) -> None:
    """What cannot be added to later is told before minutes are spent."""
    if plan.store is not None:
        from perfkit.session import history

        history.verify(plan.store)


def conclude(sat: Sat, report: Callable[[Sat], T]) -> T:
    """Judge and report a sitting, also when a Ctrl-C comes meanwhile."""
    return undisturbed(sat, report, lambda found: replace(found, interrupted=True))


def _record_missing(preparation: Preparation, known: Recording, recorder: Recorder) -> None:
    """Record what is to be measured and what cannot be, before the first block."""
    for prepared in preparation.benchmarks:
        if prepared.measured.benchmark.id not in known.measured:
            recorder.append(prepared.measured)
    for failure in preparation.failures:
        if failure.benchmark not in known.failures:
            recorder.append(failure)


def _measure(
    plan: Plan,
    preparation: Preparation,
    bench: Bench,
    recorder: Recorder,
    listener: Listener,
    *,
    began: float,
) -> None:
    seconds = dict(preparation.seconds)
    measuring = time.perf_counter()

    def finish(status: str) -> None:
        ended = time.perf_counter()
        seconds.update(measure=ended - measuring, total=ended - began)
        recorder.append(Finish(status=status, seconds=seconds))

    try:
        listener(Started(folder=recorder.folder))
        ready = preparation.benchmarks
        tasks = tasks_of(plan, ready, read(recorder.folder))
        if plan.gate is not None:
            measure_gate(
                tasks, ready, plan, bench, recorder=recorder, listener=listener, spent=seconds
            )
        else:
            measure(tasks, plan, bench, recorder, listener, spent=seconds)
    except KeyboardInterrupt:
        finish("interrupted")
        raise
    finish("finished")


@contextmanager
def _recorder(folder: Path) -> Iterator[Recorder]:
    """A recorder that no other process writes to meanwhile."""
    with locked(folder), closing(Recorder(folder)) as recorder:
        yield recorder


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
        policy=policy_text(plan.policy) if plan.policy is not None else None,
        redacted=(baseline, candidate) != (plan.baseline, plan.candidate),
        gate=plan.gate,
        store=str(plan.store) if plan.store is not None else None,
        chosen=plan.chosen,
        patterns=plan.patterns,
    )


def _run_id(plan: Plan, now: datetime) -> str:
    """``<date>-<baseline>-vs-<candidate>-<id>``, fit for a folder's name anywhere."""
    sides = [_short(plan.baseline), _short(plan.candidate)]
    return run_id(now, "-vs-".join(sides))


def _short(variant: Variant) -> str:
    if variant.revision is None:
        return variant.interpreter.label
    return variant.revision.partition(" (")[0].replace(" ", "-")[:_LONGEST_NAME]


def _nothing(plan: Plan) -> NothingFoundError:
    if plan.patterns:
        return NothingFoundError(
            "no benchmark fits the name patterns",
            got=", ".join(plan.patterns),
            remedy="'perfkit list --names' tells all of them",
        )
    return NothingFoundError(
        "the scripts hold no benchmark",
        got=", ".join(script.label for script in plan.scripts),
        allowed="pyperf scripts that call a Runner's bench_* method",
        remedy="see README, 'How to write a benchmark'",
    )


def _check_unchanged(plan: Plan, known: Recording, preparation: Preparation) -> None:
    """Blocks of one series must all be of the same program."""
    now = {prepared.measured.benchmark.id: prepared.measured for prepared in preparation.benchmarks}
    problems = []
    for name in _going_on(plan, known):
        before = known.measured[name]
        path = str(before.benchmark.script.path)
        if name not in now:
            problems.append(
                RecordingError(
                    f"{name} cannot be measured any more: {_why_missing(before, preparation)}",
                    got=path,
                    remedy="bring it back, or start a new run; what was measured stays readable "
                    "with 'perfkit show'",
                )
            )
        elif _program(before) != _program(now[name]):
            problems.append(
                RecordingError(
                    f"{name} {NOT_AS_BEGUN}: its script or its environment has changed",
                    got=path,
                    remedy=START_ANEW,
                )
            )
    if problems:
        raise PlanError(problems)


def _going_on(plan: Plan, known: Recording) -> list[str]:
    """Benchmarks of which more blocks may be measured; before a gate knows its suspects, all.

    Then its suspects, and what may have the rest of a budget.
    """
    names = [name for name, _ in unfinished(plan, known)]
    if plan.gate is not None and known.confirming is None:
        names += [name for name in known.measured if name not in known.failures]
    elif plan.gate is not None:
        names += may_go_on(known, plan.gate)
    return list(dict.fromkeys(names))


def _program(measured: Measured) -> tuple[object, ...]:
    benchmark = measured.benchmark
    what = (benchmark.script.digest, benchmark.script.arguments, benchmark.task)
    sides = (made_of(measured.baseline), made_of(measured.candidate))
    return (*what, benchmark.inner_loops, *sides)


def _why_missing(before: Measured, preparation: Preparation) -> str:
    names = (before.benchmark.id, before.benchmark.script.label)
    failed = (*preparation.failures, *preparation.left_out)
    reasons = (x.reason for x in failed if x.benchmark in names)
    return next(reasons, "no script holds it")
