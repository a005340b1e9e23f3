"""Which rule of the policy a benchmark falls under."""

from __future__ import annotations

from fnmatch import fnmatchcase
from typing import TYPE_CHECKING

from perfkit.settings import Metric

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from perfkit.benchmark import Benchmark
    from perfkit.settings import GatePolicy

CONFIRM = "confirm"
"""Series of a suspected benchmark's fresh blocks."""

CONFIRM_CONTROL = "confirm-control"
"""Series of the null control between them: baseline, and baseline again."""

NULL_RATE = 0.01
"""Chance that the null control trips in a build although the machine is as good as it gets."""


def names_of(benchmark: Benchmark) -> tuple[str, ...]:
    """What a pattern may mean a benchmark by: its id, its pyperf name, its script's label."""
    return benchmark.id, benchmark.name, benchmark.script.label


def fits(pattern: str, names: Iterable[str]) -> bool:
    """Whether a shell pattern fits one of a benchmark's names."""
    return any(name == pattern or fnmatchcase(name, pattern) for name in names)


def margin_of(policy: GatePolicy, metric: Metric, names: Sequence[str]) -> float:
    """The change a policy allows a benchmark, as a fraction."""
    if metric is not Metric.TIME:
        return policy.memory_margin
    own = (margin for pattern, margin in policy.margins if fits(pattern, names))
    return next(own, policy.margin)


def is_required(policy: GatePolicy, names: Sequence[str]) -> bool:
    """Whether the policy names a benchmark among those that must be there and must not fail."""
    return any(fits(pattern, names) for pattern in policy.required or ())
