"""Memory is judged against the margin of time, by blocks alone."""

from __future__ import annotations

import dataclasses

import pytest

from perfkit.analyse.estimate import Comparison, Estimate, MemoryComparison
from perfkit.decide.judge import memory_rows
from perfkit.decide.verdict import Verdict
from perfkit.plan import GOAL
from perfkit.settings import Metric


def comparison(**ratios: tuple[float, float]) -> Comparison:
    """A comparison with these intervals of memory, and a time that says nothing."""
    names = {"peak": Metric.PEAK_MEMORY, "traced": Metric.TRACED_MEMORY}
    one = estimate(1.0, 1.0)
    return Comparison(
        benchmark="b",
        series="compare",
        ratio=estimate(0.5, 2.0),
        baseline=one,
        candidate=one,
        memory=tuple(
            MemoryComparison(
                metric=names[name],
                ratio=estimate(*ends),
                baseline=one,
                candidate=one,
                detectable=0.01,
                p_value=0.5,
            )
            for name, ends in ratios.items()
        ),
        detectable=1.0,
        p_value=1.0,
        effects=(),
        between_share=None,
        stopped="budget",
        caveats=(),
    )


def estimate(low: float, high: float, n: int = 14) -> Estimate:
    return Estimate(value=(low + high) / 2, low=low, high=high, confidence=0.95, n=n)


def words(found: Comparison, control: Comparison | None = None) -> list[Verdict]:
    return [row.verdict for row in memory_rows(found, control, GOAL)]


def test_each_measure_has_its_verdict() -> None:
    found = comparison(peak=(0.999, 1.001), traced=(1.1, 1.2))
    assert words(found) == [Verdict.EQUIVALENT, Verdict.LARGER]
    assert words(comparison(traced=(0.8, 0.9))) == [Verdict.SMALLER]
    assert words(comparison(traced=(0.5, 1.5))) == [Verdict.INCONCLUSIVE]
    assert words(comparison()) == []


@pytest.mark.parametrize(
    ("null", "wanted"),
    [
        ({"traced": (0.99, 1.01)}, Verdict.LARGER),
        ({"traced": (1.001, 1.01)}, Verdict.LARGER),  # a difference, but none that would matter
        ({"peak": (1.1, 1.2)}, Verdict.LARGER),  # of the other measure
        ({}, Verdict.LARGER),
        ({"traced": (1.05, 1.1)}, Verdict.INCONCLUSIVE),
        ({"traced": (0.8, 0.9)}, Verdict.INCONCLUSIVE),
    ],
)
def test_a_null_comparison_that_differs_takes_the_word_back(
    null: dict[str, tuple[float, float]], wanted: Verdict
) -> None:
    assert words(comparison(traced=(1.1, 1.2)), comparison(**null)) == [wanted]


def test_too_few_blocks_decide_nothing() -> None:
    found = comparison(traced=(1.1, 1.2))
    few = MemoryComparison(
        metric=Metric.PEAK_MEMORY,
        ratio=estimate(1.1, 1.2, n=9),
        baseline=estimate(1, 1),
        candidate=estimate(1, 1),
        detectable=0.01,
        p_value=0.5,
    )
    found = dataclasses.replace(found, memory=(few, *found.memory))
    assert words(found) == [Verdict.INCONCLUSIVE, Verdict.LARGER]
