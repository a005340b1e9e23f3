"""What ``perfkit check`` is asked for: two sides of any kind, and a policy."""

from __future__ import annotations

import secrets
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from perfkit.benchmark import Script
from perfkit.errors import PerfkitError, PlanError
from perfkit.plan.checks import OUTPUT, checked_policy, either, writable
from perfkit.plan.make import select_scripts
from perfkit.plan.merge import Merged, merge, on_line, on_line_only
from perfkit.plan.revisions import revision_sides
from perfkit.plan.sides import one_python, two_pythons, variant
from perfkit.plan.value import GATE, GOAL, METHOD, Plan
from perfkit.recording import Unpaired
from perfkit.settings import GatePolicy, Goal
from perfkit.variant import Side, Variant

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from perfkit.plan.options import Options
    from perfkit.plan.revisions import RevisionSides

_SIDES = ("with", "env", "flag")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Sides:
    """Both sides, and what they can be compared by."""

    baseline: Variant | None
    candidate: Variant | None
    scripts: tuple[Script, ...]
    patterns: tuple[str, ...]
    unpaired: tuple[Unpaired, ...]
    notes: tuple[str, ...]


def make_check_plan(options: Mapping[str, object], *, cwd: Path) -> Plan:
    """Check options against each other, the configuration file and this machine.

    Args:
        options: By the command line's names, as for `make_plan`.
        cwd: Folder whose ``pyproject.toml`` counts and that relative paths start from.

    Raises:
        PlanError: With everything that is wrong; nothing was measured.
    """
    problems: list[PerfkitError] = []
    cwd = cwd.absolute()
    merged = merge(options, command="check", cwd=cwd, problems=problems)
    line = on_line_only(options, command="check", cwd=cwd, problems=[])
    merged = _one_kind(merged, line, problems)
    said = merged.said
    output = writable(said.output or cwd / OUTPUT, problems)
    policy = checked_policy(said.policy, problems)
    sides = _sides(merged, cwd=cwd, problems=problems)
    if problems or sides.baseline is None or sides.candidate is None:
        raise PlanError(problems)
    gate = gate_policy(said)
    return Plan(
        command="check",
        baseline=sides.baseline,
        candidate=sides.candidate,
        goal=_goal(said, gate),
        method=replace(METHOD, timeout=either(said.timeout, METHOD.timeout)),
        scripts=sides.scripts,
        patterns=sides.patterns,
        benchmarks=said.benchmarks or (),
        control=False,
        seed=either(said.seed, secrets.randbits(32)),
        output=output,
        comparisons=None,
        inject=0.0,
        policy=policy,
        cwd=cwd,
        download=said.download is not False,
        gate=gate,
        unpaired=sides.unpaired,
        notes=sides.notes,
        store=said.store,
        chosen=bool(line.benchmarks),
    )


def make_policy(options: Mapping[str, object], *, cwd: Path, recorded: GatePolicy) -> GatePolicy:
    """The policy that a recorded run is judged by: its own, with what is said now laid over it.

    Args:
        options: Options of the policy, by the command line's names.
        cwd: Folder that relative paths start from; its configuration file is not read.
        recorded: What the run was measured under.

    Raises:
        PlanError: With everything that is wrong.
    """
    problems: list[PerfkitError] = []
    said = on_line_only(options, command="check", cwd=cwd, problems=problems)
    if problems:
        raise PlanError(problems)
    return gate_policy(said, recorded)


def gate_policy(said: Options, below: GatePolicy = GATE) -> GatePolicy:
    """What was said of the gate, laid over a policy."""
    margin = either(said.margin, below.margin)
    return GatePolicy(
        margin=margin,
        margins=either(said.margins, below.margins),
        memory_margin=either(said.memory_margin, below.memory_margin),
        metrics=either(said.metrics, below.metrics),
        required=either(said.required, below.required),
        error_rate=either(said.error_rate, below.error_rate),
        on_inconclusive=either(said.on_inconclusive, below.on_inconclusive),
        on_noise=either(said.on_noise, below.on_noise),
        budget=either(said.time_total, below.budget),
    )


def _goal(said: Options, gate: GatePolicy) -> Goal:
    """Looks are at verdicts, hence ``decided``; half a margin is precise enough for a gate."""
    return replace(
        GOAL,
        confidence=either(said.confidence, GOAL.confidence),
        precision=either(said.precision, gate.margin / 2),
        margin=gate.margin,
        budget=either(said.time, gate.budget or GOAL.budget),
        decided=True,
    )


def _one_kind(merged: Merged, line: Options, problems: list[PerfkitError]) -> Merged:
    """Revisions or Pythons: what the line says of one makes the file's of the other void."""
    pythons = [key for key in ("baseline", "candidate") if getattr(line, key) is not None]
    if pythons and line.baseline_rev is not None:
        problems.append(
            PerfkitError(
                f"{on_line('baseline-rev')} and {on_line(pythons[0])} exclude each other",
                allowed="revisions under one Python, or two Pythons",
                remedy="name the Python of both revisions with --python",
            )
        )
    elif not pythons:
        return merged
    values = {name: getattr(merged.said, name) for name in merged.said.model_fields_set}
    for name in ("baseline_rev", "candidate_rev"):
        values.pop(name, None)
    return replace(merged, said=type(merged.said).model_construct(**values))


def _sides(merged: Merged, *, cwd: Path, problems: list[PerfkitError]) -> _Sides:
    said = merged.said
    if said.baseline_rev is not None or "baseline-rev" in merged.wrong:
        return _revisions(merged, cwd=cwd, problems=problems)
    if said.candidate_rev is not None:
        problems.append(
            PerfkitError(
                f"{on_line('candidate-rev')} needs a revision to be compared with",
                got=said.candidate_rev,
                remedy="add --baseline-rev main",
            )
        )
    selection = select_scripts(said, cwd, problems)
    if said.baseline is None and said.candidate is None and _differ(merged):
        python = one_python(merged, cwd=cwd, problems=problems)
        found = (python, python)
    elif said.baseline is None and "baseline" not in merged.wrong:
        if not merged.unread:  # what cannot be read may name it
            problems.append(_nothing_to_compare())
        found = (None, None)
    else:
        found = two_pythons(merged, cwd=cwd, problems=problems)
    return _Sides(
        baseline=variant(said, Side.BASELINE, found[0]),
        candidate=variant(said, Side.CANDIDATE, found[1]),
        scripts=selection.scripts,
        patterns=selection.patterns,
        unpaired=(),
        notes=(),
    )


def _differ(merged: Merged) -> bool:
    """Whether one side was told something, right or wrong, that the other was not."""
    return any(
        getattr(merged.said, f"{side}_{what}") or f"{side}-{what}" in merged.wrong
        for side in Side
        for what in _SIDES
    )


def _revisions(merged: Merged, *, cwd: Path, problems: list[PerfkitError]) -> _Sides:
    said = merged.said
    python = one_python(merged, cwd=cwd, problems=problems)
    found = None
    if said.baseline_rev is not None:
        found = revision_sides(
            baseline_rev=said.baseline_rev,
            candidate_rev=said.candidate_rev,
            benchmarks=said.benchmarks or (),
            cwd=cwd,
            problems=problems,
        )
    return _Sides(
        baseline=_with_revision(variant(said, Side.BASELINE, python), found, cwd),
        candidate=_with_revision(variant(said, Side.CANDIDATE, python), found, cwd),
        scripts=found.scripts if found else (),
        patterns=found.patterns if found else (),
        unpaired=found.unpaired if found else (),
        notes=found.notes if found else (),
    )


def _with_revision(one: Variant | None, found: RevisionSides | None, cwd: Path) -> Variant | None:
    if one is None or found is None:
        return one
    is_baseline = one.side is Side.BASELINE
    # The project itself (``with = ["."]``) comes as the revision has it, and only so.
    own = {str(folder) for folder in (cwd, *cwd.parents)}
    others = [text for text in one.requirements if text.partition("[")[0].rstrip("/") not in own]
    return replace(
        one,
        requirements=(*others, found.baseline if is_baseline else found.candidate),
        revision=found.baseline_label if is_baseline else found.candidate_label,
    )


def _nothing_to_compare() -> PerfkitError:
    return PerfkitError(
        "nothing to compare with was named",
        allowed="--baseline-rev main, --baseline 3.12, or --baseline-with REQUIREMENT",
        remedy="add one of them, or 'baseline-rev' to [tool.perfkit.check] in pyproject.toml",
    )
