"""Options and configuration to one plan; every problem found is reported, before anything runs."""

from __future__ import annotations

import os
import secrets
import sys
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from perfkit.errors import InterpreterNotFoundError, PerfkitError, PlanError
from perfkit.grammar import InvalidError, duration
from perfkit.plan.merge import Merged, merge, on_line
from perfkit.plan.value import COMPARISONS, GOAL, METHOD, Plan
from perfkit.variant import Interpreter, Side, Variant

if TYPE_CHECKING:
    from collections.abc import Mapping

    from perfkit.plan.options import Options
    from perfkit.settings import Goal
    from perfkit.suite import Selection

T = TypeVar("T")

_OUTPUT = "reports"


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
    selection = _select(merged.said, cwd, problems)
    output = _writable(merged.said.output or cwd / _OUTPUT, problems)
    policy = _policy(merged.said.policy, problems)
    baseline, candidate = _variants(merged, command=command, cwd=cwd, problems=problems)
    if problems or baseline is None or candidate is None:
        raise PlanError(problems)
    said, is_aa = merged.said, command == "aa"
    return Plan(
        command=command,
        baseline=baseline,
        candidate=candidate,
        goal=_goal(merged),
        method=replace(METHOD, timeout=_or(said.timeout, METHOD.timeout)),
        scripts=selection.scripts,
        patterns=selection.patterns,
        benchmarks=said.benchmarks or (),
        control=bool(said.control) and not is_aa,
        seed=_or(said.seed, secrets.randbits(32)),
        output=output,
        comparisons=_or(said.comparisons, COMPARISONS) if is_aa else None,
        inject=_or(said.inject, 0.0) if is_aa else 0.0,
        policy=policy,
        cwd=cwd,
        download=said.download is not False,
    )


def select_benchmarks(benchmarks: tuple[str, ...], *, cwd: Path) -> Selection:
    """The scripts that ``perfkit compare`` would measure here.

    Raises:
        PlanError: With everything that is wrong, in the arguments or in the file.
    """
    problems: list[PerfkitError] = []
    options = {"benchmarks": benchmarks}
    merged = merge(options, command="compare", cwd=cwd.absolute(), problems=problems)
    selection = _select(merged.said, cwd.absolute(), problems)
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
        confidence=_or(said.confidence, GOAL.confidence),
        precision=_or(said.precision, GOAL.precision),
        margin=_or(said.margin, GOAL.margin),
        budget=_or(said.time, GOAL.budget),
        decided=merged.preset == "quick",
    )


def _select(said: Options, cwd: Path, problems: list[PerfkitError]) -> Selection:
    from perfkit.suite import select

    selection = select(said.benchmarks or (), cwd=cwd)
    problems += selection.problems
    return selection


def _variants(
    merged: Merged, *, command: str, cwd: Path, problems: list[PerfkitError]
) -> tuple[Variant | None, Variant | None]:
    """Both sides, or None for one whose interpreter is not to be had."""
    said = merged.said
    shared = said.with_ or ()
    if command == "aa":
        python = said.python or (None if "python" in merged.wrong else sys.executable)
        found = [_interpreter(on_line("python"), python, cwd, said.download, problems)] * 2
    else:
        if said.baseline is None and "baseline" not in merged.wrong:
            problems.append(_no_baseline())
        candidate = said.candidate
        if candidate is None and said.baseline is not None and "candidate" not in merged.wrong:
            candidate = _next(said.baseline, cwd)
        default = " (by default the next minor release)" if said.candidate is None else ""
        texts = {
            on_line("baseline"): said.baseline,
            f"{on_line('candidate')}{default}": candidate,
        }
        found = [_interpreter(k, text, cwd, said.download, problems) for k, text in texts.items()]
    sides: list[Variant | None] = []
    for side, interpreter in zip(Side, found, strict=True):
        own = command == "compare"
        requirements: tuple[str, ...] = getattr(said, f"{side}_with") or () if own else ()
        environ: tuple[tuple[str, str], ...] = getattr(said, f"{side}_env") or () if own else ()
        flags: tuple[tuple[str, ...], ...] = getattr(said, f"{side}_flag") or () if own else ()
        sides.append(
            None
            if interpreter is None
            else Variant(
                side=side,
                interpreter=interpreter,
                requirements=tuple(dict.fromkeys((*shared, *requirements))),
                environ=tuple(sorted(dict(environ).items())),
                flags=tuple(word for words in flags for word in words),
            )
        )
    return sides[0], sides[1]


def _no_baseline() -> PerfkitError:
    return PerfkitError(
        "no baseline was named",
        allowed="a version such as 3.12, or the path of an interpreter",
        remedy="add --baseline 3.12, or 'baseline' to [tool.perfkit] in pyproject.toml",
    )


def _next(baseline: str, cwd: Path) -> str | None:
    """The default candidate; None when the baseline is wrong, which is reported with it."""
    from perfkit.provision.interpreters import next_minor, parse_spec

    try:
        return next_minor(parse_spec(_anchored(baseline, cwd)))
    except PerfkitError:
        return None


def _interpreter(
    label: str,
    text: str | None,
    cwd: Path,
    download: bool | None,  # noqa: FBT001 - None is "not said"
    problems: list[PerfkitError],
) -> Interpreter | None:
    from perfkit.provision.cache import cache_root
    from perfkit.provision.interpreters import find_interpreter, parse_spec

    if text is None:
        return None
    wanted = download is not False
    try:
        spec = parse_spec(_anchored(text, cwd))
        return find_interpreter(spec, download=wanted and not problems, cache=cache_root())
    except PerfkitError as error:
        if isinstance(error, InterpreterNotFoundError) and wanted and problems:
            error.remedy = "perfkit tries to install it once the other problems are solved"
        error.what = f"{label}: {error.what}"
        problems.append(error)
        return None


def _anchored(python: str, cwd: Path) -> str:
    """A path starts at ``cwd``; a version stays as it is."""
    if not ("/" in python or "\\" in python or python.startswith(("~", "."))):
        return python
    try:
        return str(cwd / Path(python).expanduser())
    except (OSError, RuntimeError, ValueError):
        return python


def _writable(folder: Path, problems: list[PerfkitError]) -> Path:
    """Insist that run folders can be made there."""
    there = folder
    try:
        while not there.exists() and there != there.parent:
            there = there.parent
        usable = there.is_dir() and os.access(there, os.W_OK | os.X_OK)
    except (OSError, ValueError):
        usable = False
    if not usable:
        problems.append(
            PerfkitError(
                "--output is no folder that can be written to",
                got=str(folder),
                remedy="name another folder, or change its permissions",
            )
        )
    return folder


def _policy(path: Path | None, problems: list[PerfkitError]) -> Path | None:
    """Insist that the policy can be used: nobody should learn after measuring that it cannot."""
    from perfkit.decide.policy import load_policy

    if path is not None:
        try:
            load_policy(path)
        except PlanError as error:
            problems += error.problems
        except ValueError as error:  # a NUL in the name
            problems.append(PerfkitError(f"--policy cannot be read: {error}", got=str(path)))
    return path


def _or(value: T | None, default: T) -> T:
    return default if value is None else value
