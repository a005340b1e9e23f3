"""Name patterns of a gate's policy, held against what there is before anything is measured."""

from __future__ import annotations

from typing import TYPE_CHECKING

from perfkit.decide.gate.naming import means_some
from perfkit.decide.gate.rules import fits, names_of
from perfkit.errors import PerfkitError, PlanError

if TYPE_CHECKING:
    from perfkit.plan import Plan
    from perfkit.session.prepare import Preparation


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
        PerfkitError(
            f"{key!r} of the gate names no benchmark of this run",
            got=pattern,
            allowed=f"names or patterns of: {known}",
            remedy="correct the pattern, or name the benchmark to be measured",
        )
        for key, pattern in dict.fromkeys(patterns)
        if not any(fits(pattern, one) for one in names)
    ]
    if problems:
        raise PlanError(problems)
