"""Options and configuration to one plan; every problem found is reported, before anything runs."""

from __future__ import annotations

import secrets
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

from perfkit.errors import PerfkitError, PlanError
from perfkit.grammar import InvalidError, duration
from perfkit.plan.checks import OUTPUT, checked_policy, either, writable
from perfkit.plan.merge import Merged, merge
from perfkit.plan.options import Options
from perfkit.plan.sides import one_python, two_pythons, variant
from perfkit.plan.value import COMPARISONS, GOAL, METHOD, Plan
from perfkit.variant import Side, Variant

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from perfkit.settings import Goal
    from perfkit.suite import Selection


def make_plan(options: Mapping[str, object], *, command: str, cwd: Path) -> Plan:
    """Check options against each other, the configuration file and this machine.

    What is said in ``options`` wins over the file, a preset there (``quick``) included. Missing
    interpreters are installed only when nothing else is wrong.

    Args:
        options: By the command line's names: ``"baseline-with"`` or ``"baseline_with"``, and
            ``"benchmarks"``; None and empty lists count as not said.
        command: ``"compare"`` or ``"aa"``.
        cwd: Folder whose ``pyproject.toml`` counts and that relative paths start from.

    Raises:
        PlanError: With everything that is wrong.
    """
    problems: list[PerfkitError] = []
    cwd = cwd.absolute()
    merged = merge(options, command=command, cwd=cwd, problems=problems)
    selection = select_scripts(merged.said, cwd, problems)
    output = writable(merged.said.output or cwd / OUTPUT, problems)
    policy = checked_policy(merged.said.policy, problems)
    baseline, candidate = _variants(merged, command=command, cwd=cwd, problems=problems)
    if problems or baseline is None or candidate is None:
        raise PlanError(problems)
    said, is_aa = merged.said, command == "aa"
    return Plan(
        command=command,
        baseline=baseline,
        candidate=candidate,
        goal=_goal(merged),
        method=replace(METHOD, timeout=either(said.timeout, METHOD.timeout)),
        scripts=selection.scripts,
        patterns=selection.patterns,
        benchmarks=said.benchmarks or (),
        control=bool(said.control) and not is_aa,
        seed=either(said.seed, secrets.randbits(32)),
        output=output,
        comparisons=either(said.comparisons, COMPARISONS) if is_aa else None,
        inject=either(said.inject, 0.0) if is_aa else 0.0,
        policy=policy,
        cwd=cwd,
        download=said.download is not False,
        gate=None,
        unpaired=(),
        notes=(),
        store=said.store,
    )


def select_benchmarks(benchmarks: tuple[str, ...], *, cwd: Path) -> Selection:
    """The scripts that ``perfkit compare`` would measure here.

    Raises:
        PlanError: With everything that is wrong, in the arguments or in the file.
    """
    problems: list[PerfkitError] = []
    options = {"benchmarks": benchmarks}
    merged = merge(options, command="compare", cwd=cwd.absolute(), problems=problems)
    selection = select_scripts(merged.said, cwd.absolute(), problems)
    if problems:
        raise PlanError(problems)
    return selection


def parse_age(text: str) -> timedelta:
    """How long ago, from what ``perfkit clean --older-than`` was given.

    Raises:
        PlanError: It is no time.
    """
    try:
        return timedelta(seconds=duration(text))
    except (InvalidError, OverflowError) as error:
        problem = PerfkitError("--older-than is not a time", got=text, allowed="30d, 12h, 90m")
        raise PlanError([problem]) from error


def _goal(merged: Merged) -> Goal:
    said = merged.said
    return replace(
        GOAL,
        confidence=either(said.confidence, GOAL.confidence),
        precision=either(said.precision, GOAL.precision),
        margin=either(said.margin, GOAL.margin),
        budget=either(said.time, GOAL.budget),
        decided=merged.preset == "quick",
    )


def select_scripts(said: Options, cwd: Path, problems: list[PerfkitError]) -> Selection:
    """The scripts that the BENCHMARK arguments mean."""
    from perfkit.suite import select

    selection = select(said.benchmarks or (), cwd=cwd)
    problems += selection.problems
    return selection


def _variants(
    merged: Merged, *, command: str, cwd: Path, problems: list[PerfkitError]
) -> tuple[Variant | None, Variant | None]:
    """Both sides, or None for one whose interpreter is not to be had."""
    if command == "aa":
        python = one_python(merged, cwd=cwd, problems=problems)
        # What one side alone was told, in the file, has no place in a comparison with itself.
        said = Options.model_construct(with_=merged.said.with_)
        return variant(said, Side.BASELINE, python), variant(said, Side.CANDIDATE, python)
    found = two_pythons(merged, cwd=cwd, problems=problems)
    return variant(merged.said, Side.BASELINE, found[0]), variant(
        merged.said, Side.CANDIDATE, found[1]
    )
