"""Before the first block: both environments of every script, and the names of its benchmarks."""

from __future__ import annotations

import dataclasses
import fnmatch
import hashlib
import json
import os
import tempfile
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

from perfkit import suite
from perfkit.benchmark import Benchmark, Script
from perfkit.block import Failure
from perfkit.errors import PerfkitError, ProvisionError, RequirementError
from perfkit.measure.child import TaskFacts
from perfkit.measure.failure import TargetError
from perfkit.measure.launch import Launch
from perfkit.provision.cache import LEARNT, cache_root
from perfkit.provision.environments import ProvisionedPair, provision_pair
from perfkit.provision.shadowing import hidden_modules, installed_modules
from perfkit.recording import Measured, SideFacts
from perfkit.session.progress import Failed, Listener, Note, Stage
from perfkit.variant import Environment, Side

if TYPE_CHECKING:
    from perfkit.measure.lockstep import Bench
    from perfkit.plan import Plan

_UNIT = "second"

_Task: TypeAlias = tuple[int, TaskFacts, TaskFacts] | str
"""A task's number and what each side tells of it; or why it cannot be measured."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Prepared:
    """A benchmark that can be measured.

    Attributes:
        measured: What is recorded of it.
        launches: How each side is started.
    """

    measured: Measured
    launches: Mapping[Side, Launch]


@dataclass(frozen=True, slots=True, kw_only=True)
class Preparation:
    """All that can be measured, and what cannot.

    Attributes:
        benchmarks: In the order of the plan.
        failures: Scripts and benchmarks that cannot be measured.
        left_out: Scripts that fail as well, but that no name pattern asks for.
        seconds: Wall seconds by stage, ``"provision"`` and ``"discover"``.
    """

    benchmarks: tuple[Prepared, ...]
    failures: tuple[Failure, ...]
    left_out: tuple[Failure, ...]
    seconds: dict[str, float]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Ready:
    script: Script
    pair: ProvisionedPair
    launches: Mapping[Side, Launch]


def prepare(plan: Plan, bench: Bench, listener: Listener) -> Preparation:
    """Make the environments of every script and learn its benchmarks.

    A script that fails is reported and left out; the others go on. With name patterns it is a
    failure only if it may be what was asked for.

    Raises:
        RequirementError: What an option asks for cannot be installed, so that every script fails.
    """
    began = time.perf_counter()
    ready, failures = _provision(plan, listener)
    provisioned = time.perf_counter()
    found, more = _discover(ready, bench, listener)
    paths = {one.label: one.path for one in plan.scripts}
    scripts = [
        dataclasses.replace(one, names=suite.names_written(paths[one.benchmark])[0])
        for one in (*failures, *more)
    ]
    benchmarks, single = _benchmarks(plan, found, pinned=bench.placement.measuring is not None)
    names = [*(x.measured.benchmark.id for x in benchmarks), *(x.benchmark for x in single)]
    asked = [x for x in scripts if _may_be_asked_for(plan.patterns, x, names)]
    left_out = [x for x in scripts if x not in asked]
    for failure in (*asked, *single):
        listener(Failed(failure=failure))
    for failure in left_out:
        why = "left out, since no name pattern asks for it"
        listener(Note(text=f"{failure.benchmark} fails: {failure.reason} ({why})"))
    return Preparation(
        benchmarks=tuple(benchmarks),
        failures=(*asked, *single),
        left_out=tuple(left_out),
        seconds={
            "provision": provisioned - began,
            "discover": time.perf_counter() - provisioned,
        },
    )


def _provision(plan: Plan, listener: Listener) -> tuple[list[_Ready], list[Failure]]:
    ready, failures = [], []
    known: dict[str, ProvisionError] = {}
    for done, script in enumerate(plan.scripts):
        listener(Stage(name="provision", item=script.label, done=done, total=len(plan.scripts)))
        try:
            pair = provision_pair(
                baseline=plan.baseline,
                candidate=plan.candidate,
                script=script,
                cache=cache_root(),
                failures=known,
            )
        except RequirementError:
            raise  # no other script would fare better
        except PerfkitError as error:
            failures.append(_not_provisioned(script, error))
            continue
        installed: frozenset[str] = frozenset()
        if plan.baseline.revision is not None:
            if hidden := hidden_modules(script, pair.candidate):
                failures.append(_same_on_both_sides(script, hidden))
                continue
            installed = installed_modules(pair.baseline, pair.candidate)
        launches = {
            variant.side: Launch.of(variant, environment, script, plan.cwd, installed=installed)
            for variant, environment in (
                (plan.baseline, pair.baseline),
                (plan.candidate, pair.candidate),
            )
        }
        ready.append(_Ready(script=script, pair=pair, launches=launches))
    return ready, failures


def _not_provisioned(script: Script, error: PerfkitError) -> Failure:
    return Failure(
        benchmark=script.label,
        side=error.side if isinstance(error, ProvisionError) else None,
        stage="provision",
        reason=str(error),
        detail=error.output if isinstance(error, ProvisionError) else "",
    )


def _same_on_both_sides(script: Script, hidden: Sequence[str]) -> Failure:
    names = ", ".join(map(repr, hidden))
    return Failure(
        benchmark=script.label,
        side=None,
        stage="provision",
        reason=f"it would import {names} from the folder it lies in, on both sides, and not as "
        "either revision has it; move the script into a folder of its own, such as benchmarks/",
        detail="",
    )


def _discover(
    ready: Sequence[_Ready], bench: Bench, listener: Listener
) -> tuple[list[tuple[_Ready, dict[str, _Task]]], list[Failure]]:
    """The tasks of each script by name, and the scripts that fail."""
    found: list[tuple[_Ready, dict[str, _Task]]] = []
    failures: list[Failure] = []
    for done, one in enumerate(ready):
        listener(Stage(name="discover", item=one.script.label, done=done, total=len(ready)))
        try:
            found.append((one, _paired(*(_tasks(bench, one, side) for side in Side))))
        except TargetError as error:
            failures.append(as_failure(one.script.label, error))
    return found, failures


def _benchmarks(
    plan: Plan, found: Sequence[tuple[_Ready, dict[str, _Task]]], *, pinned: bool
) -> tuple[list[Prepared], list[Failure]]:
    """What of the tasks is asked for and can be measured, and what cannot."""
    prepared: list[Prepared] = []
    failures: list[Failure] = []
    scripts_with = Counter(name for _, tasks in found for name in tasks)
    for one, tasks in found:
        for name, task in tasks.items():
            id_ = name if scripts_with[name] == 1 else f"{one.script.label}::{name}"
            if not _wanted(plan.patterns, id_, name):
                continue
            if isinstance(task, str):
                failures.append(
                    Failure(benchmark=id_, side=None, stage="start", reason=task, detail="")
                )
            else:
                prepared.append(_prepared(id_, one, task, pinned=pinned))
    return prepared, failures


def _paired(baseline: Sequence[TaskFacts], candidate: Sequence[TaskFacts]) -> dict[str, _Task]:
    """Tasks by name, the baseline's order first; why not, of those that cannot be measured."""
    sides = [
        {one.name: (number, one) for number, one in enumerate(x)} for x in (baseline, candidate)
    ]
    tasks: dict[str, _Task] = {}
    for name in sides[0] | sides[1]:
        first, second = sides[0].get(name), sides[1].get(name)
        if first is None or second is None:
            side = Side.BASELINE if first is None else Side.CANDIDATE
            tasks[name] = f"the {side}'s run of the script has no benchmark of this name"
        else:
            problem = _unmeasurable(*first, *second)
            tasks[name] = problem or (first[0], first[1], second[1])
    return tasks


def _unmeasurable(
    number: int, baseline: TaskFacts, elsewhere: int, candidate: TaskFacts
) -> str | None:
    for unit in (baseline.unit, candidate.unit):
        if unit != _UNIT:
            return f"it measures in {unit!r}; perfkit compares times in seconds"
    if number != elsewhere:
        return f"it is task {number} of the script under the baseline, {elsewhere} under the other"
    loops = baseline.inner_loops, candidate.inner_loops
    if loops[0] != loops[1]:
        return f"it has {loops[0]} inner loops under the baseline, {loops[1]} under the other"
    return None


def _prepared(
    id_: str, one: _Ready, task: tuple[int, TaskFacts, TaskFacts], *, pinned: bool
) -> Prepared:
    number, baseline, candidate = task
    benchmark = Benchmark(
        id=id_,
        name=baseline.name,
        script=one.script,
        task=number,
        inner_loops=baseline.inner_loops,
        description=baseline.description or suite.description(one.script.path),
    )
    measured = Measured(
        benchmark=benchmark,
        baseline=_side_facts(one.pair.baseline, baseline),
        candidate=_side_facts(one.pair.candidate, candidate),
        intended=tuple(x.name for x in one.pair.differences if x.intended),
        pinned=pinned,
    )
    return Prepared(measured=measured, launches=one.launches)


def _wanted(patterns: Sequence[str], *names: str) -> bool:
    return not patterns or any(
        fnmatch.fnmatchcase(name, pattern) for name in names for pattern in patterns
    )


def _may_be_asked_for(patterns: Sequence[str], script: Failure, names: Sequence[str]) -> bool:
    """Whether a script that fails has to be told of: not all its benchmarks' names are known.

    Args:
        patterns: The name patterns.
        script: Its failure.
        names: Benchmarks that fit the patterns. A pattern that none fits may mean this script's.
    """
    label = script.benchmark
    if any(_wanted(patterns, name, f"{label}::{name}") for name in script.names):
        return True
    known = {short for name in names for short in (name, name.rpartition("::")[2])}
    scripts = [pattern.partition("::")[0] for pattern in patterns]
    return _wanted(scripts, label) or not all(fnmatch.filter(known, one) for one in patterns)


def _side_facts(environment: Environment, facts: TaskFacts) -> SideFacts:
    return SideFacts(
        python=str(environment.python),
        version=facts.version,
        pyperf=facts.pyperf,
        packages=environment.packages,
    )


def as_failure(name: str, error: TargetError) -> Failure:
    """What is recorded of a process that did not do its part."""
    return Failure(
        benchmark=name, side=error.side, stage=error.stage, reason=str(error), detail=error.detail
    )


def _tasks(bench: Bench, one: _Ready, side: Side) -> list[TaskFacts]:
    """A script's tasks, learnt by running it once; kept in the cache by content."""
    launch = one.launches[side]
    environment = one.pair.baseline if side is Side.BASELINE else one.pair.candidate
    path = cache_root() / LEARNT / f"{_key(launch, environment)}.json"
    with suppress(OSError, ValueError, TypeError):
        return [TaskFacts(**facts) for facts in json.loads(path.read_text(encoding="utf-8"))]
    try:
        tasks = bench.tasks(launch)
    except TargetError as error:
        error.side = side
        raise
    _keep(path, json.dumps([dataclasses.asdict(facts) for facts in tasks]))
    return tasks


def _key(launch: Launch, environment: Environment) -> str:
    parts = [
        launch.script.digest,
        str(environment.python),
        environment.packages,
        launch.flags,
        launch.environ,
        launch.script.arguments,
    ]
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()[:24]


def _keep(path: Path, text: str) -> None:
    """Write a cache file whole or not at all; a cache that cannot be written is no failure."""
    with suppress(OSError):
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(dir=path.parent, prefix=".")
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(text)
        Path(name).replace(path)
