"""Name patterns of a gate's policy, held against what there is before anything is measured."""

from __future__ import annotations

from typing import TYPE_CHECKING

from perfkit.decide.gate.naming import means_some, unknown, untold
from perfkit.decide.gate.rules import fits, names_of
from perfkit.errors import PerfkitError, PlanError

if TYPE_CHECKING:
    from collections.abc import Collection

    from perfkit.plan import Plan
    from perfkit.recording import Recording
    from perfkit.session.prepare import Preparation
    from perfkit.settings import GatePolicy


def check_patterns(plan: Plan, preparation: Preparation) -> None:
    """Insist that every pattern of the policy means something.

    Not where a script failed or is not shared by the revisions, since nobody knows its benchmarks'
    names: the report tells of it then. Nor where BENCHMARK arguments on the command line leave
    others out, unless a required one is itself among them.

    Raises:
        PlanError: With every pattern that fits no benchmark.
    """
    unsure = preparation.failures or preparation.left_out or plan.unpaired
    if plan.gate is None or unsure:
        return
    names = [names_of(one.measured.benchmark) for one in preparation.benchmarks]
    patterns = [
        ("required", pattern)
        for pattern in plan.gate.required or ()
        if not plan.chosen or means_some(pattern, plan.patterns)
    ]
    if not plan.chosen:
        patterns += [("margins", pattern) for pattern, _ in plan.gate.margins]
    known = ", ".join(one[0] for one in names)
    problems = [
        _means_nothing(key, pattern, known, "or name the benchmark to be measured")
        for key, pattern in dict.fromkeys(patterns)
        if not any(fits(pattern, one) for one in names)
    ]
    if problems:
        raise PlanError(problems)


def check_named(recording: Recording, policy: GatePolicy, named: Collection[str]) -> None:
    """The same of a recorded run that is judged again, for what is named anew.

    Not where scripts failed or are not shared, since nobody knows all names of their benchmarks.

    Args:
        recording: The run.
        policy: By which it is to be judged.
        named: What of the policy is not the run's own: ``"required"``, ``"margins"``.

    Raises:
        PlanError: With every pattern that fits no benchmark.
    """
    if untold(recording):
        return
    patterns = {
        "required": policy.required or (),
        "margins": tuple(pattern for pattern, _ in policy.margins),
    }
    known = ", ".join(recording.measured)
    problems = [
        _means_nothing(key, pattern, known, "or judge another run")
        for key in patterns
        if key in named
        for pattern in unknown(recording, patterns[key])
    ]
    if problems:
        raise PlanError(problems)


def _means_nothing(key: str, pattern: str, known: str, otherwise: str) -> PerfkitError:
    return PerfkitError(
        f"{key!r} of the gate names no benchmark of this run",
        got=pattern,
        allowed=f"names or patterns of: {known}",
        remedy=f"correct the pattern, {otherwise}",
    )
