"""`perfkit list --names`: what would be measured, by running each script once."""

from __future__ import annotations

from typing import TYPE_CHECKING

from perfkit.measure.lockstep import Bench
from perfkit.session.prepare import prepare

if TYPE_CHECKING:
    from perfkit.plan import Plan
    from perfkit.session.prepare import Preparation
    from perfkit.session.progress import Listener


def list_benchmarks(plan: Plan, *, listener: Listener) -> Preparation:
    """Make the environments, learn the names, and stop there."""
    with Bench(run="list", method=plan.method) as bench:
        return prepare(plan, bench, listener)
