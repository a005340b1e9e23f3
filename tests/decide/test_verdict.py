from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from perfkit.analyse.estimate import Estimate
from perfkit.decide.verdict import Verdict, judge, judge_memory

UP = math.nextafter(1.02, math.inf)
BELOW = math.nextafter(1 / 1.02, 0)


def ratio(low: float, high: float) -> Estimate:
    value = math.sqrt(low * high) if low and math.isfinite(high) else 1.0
    return Estimate(value=value, low=low, high=high, confidence=0.95, n=20)


@pytest.mark.parametrize(
    ("low", "high", "expected"),
    [
        # Inside the band, its edges included.
        (0.99, 1.01, Verdict.EQUIVALENT),
        (1 / 1.02, 1.02, Verdict.EQUIVALENT),
        (1.0, 1.0, Verdict.EQUIVALENT),
        (0.99, 1.02, Verdict.EQUIVALENT),
        (1 / 1.02, 0.99, Verdict.EQUIVALENT),
        # Equivalence comes first: a difference that is sure but too small to matter.
        (1.005, 1.015, Verdict.EQUIVALENT),
        (0.985, 0.995, Verdict.EQUIVALENT),
        # A hair beyond an edge.
        (1.005, UP, Verdict.SLOWER),
        (BELOW, 0.995, Verdict.FASTER),
        (0.99, UP, Verdict.INCONCLUSIVE),
        (BELOW, 1.01, Verdict.INCONCLUSIVE),
        # Beyond 1, which itself is no difference.
        (1.03, 1.05, Verdict.SLOWER),
        (math.nextafter(1.0, 2), 1.1, Verdict.SLOWER),
        (1.0, 1.1, Verdict.INCONCLUSIVE),
        (0.8, 0.9, Verdict.FASTER),
        (0.8, math.nextafter(1.0, 0), Verdict.FASTER),
        (0.8, 1.0, Verdict.INCONCLUSIVE),
        # Nothing known.
        (0.0, math.inf, Verdict.INCONCLUSIVE),
        (0.5, 2.0, Verdict.INCONCLUSIVE),
    ],
)
def test_table_at_a_margin_of_two_per_cent(low: float, high: float, expected: Verdict) -> None:
    assert judge(ratio(low, high), 0.02) is expected


def test_wider_margin_turns_slower_into_equivalent() -> None:
    assert judge(ratio(1.03, 1.05), 0.02) is Verdict.SLOWER
    assert judge(ratio(1.03, 1.05), 0.05) is Verdict.EQUIVALENT


@given(st.floats(0.5, 2), st.floats(0, 0.5), st.floats(0.001, 0.3))
def test_swapping_sides_swaps_the_words(low: float, width: float, margin: float) -> None:
    high = low + width
    # Rounding of reciprocals decides at the very edges, which the table covers.
    edges = (1.0, 1 + margin, 1 / (1 + margin))
    if any(abs(end - edge) < 1e-9 for end in (low, high) for edge in edges):
        return
    mirror = {Verdict.SLOWER: Verdict.FASTER, Verdict.FASTER: Verdict.SLOWER}
    word = judge(ratio(low, high), margin)
    assert judge(ratio(1 / high, 1 / low), margin) is mirror.get(word, word)


@pytest.mark.parametrize(
    ("low", "high", "expected"),
    [
        (1.03, 1.05, Verdict.LARGER),
        (1.021, 1.021, Verdict.LARGER),  # traced peaks often do not vary at all
        (0.8, 0.9, Verdict.SMALLER),
        (0.99, 1.01, Verdict.EQUIVALENT),
        (0.5, 2.0, Verdict.INCONCLUSIVE),
    ],
)
def test_memory_has_words_of_its_own(low: float, high: float, expected: Verdict) -> None:
    assert judge_memory(ratio(low, high), 0.02) is expected


def test_words_are_those_of_the_reports() -> None:
    assert [str(verdict) for verdict in Verdict] == [
        "faster",
        "slower",
        "larger",
        "smaller",
        "equivalent",
        "inconclusive",
        "failed",
        "not measured",
        "not comparable",
    ]
