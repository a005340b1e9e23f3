"""The breaking-point search against services whose capacity is known."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from perfkit.analyse.load.search import FLAT, MOST_PROBES, Search, ends_of_stages
from perfkit.analyse.load.value import Breakpoint, ProbeResult
from perfkit.variant import Side

if TYPE_CHECKING:
    from collections.abc import Callable


def probe(
    level: float,
    throughput: float = math.nan,
    *,
    good: bool | None,
    valid: bool = True,
    number: int = 0,
) -> ProbeResult:
    return ProbeResult(
        trial=number,
        side=Side.BASELINE,
        level=level,
        good=good,
        reason="" if good else "p(95)>=200ms",
        throughput=throughput,
        p50=0.01,
        p95=0.02,
        error_rate=0.0,
        valid=valid,
    )


def run(search: Search, service: Callable[[float], ProbeResult]) -> Breakpoint:
    probes: list[ProbeResult] = []
    while (level := search.next_level(probes)) is not None:
        assert len(probes) < MOST_PROBES
        assert level <= search.limit
        probes.append(service(level))
    return search.breakpoint_of(Side.BASELINE, probes)


def rates(start: float = 10.0, limit: float = 1e6, resolution: float = 0.1) -> Search:
    return Search(start=start, limit=limit, resolution=resolution, users=False)


def users(start: float = 8, limit: float = 5000) -> Search:
    return Search(start=start, limit=limit, resolution=0.1, users=True)


@given(st.floats(0.5, 50_000), st.floats(1, 1000), st.sampled_from([0.05, 0.1, 0.25]))
def test_a_threshold_is_found(capacity: float, start: float, resolution: float) -> None:
    search = rates(start=start, resolution=resolution)
    found = run(search, lambda level: probe(level, good=level < capacity))
    if capacity <= search.lowest:
        assert found.low == 0.0
        assert found.high <= 2 * search.lowest
        return
    assert found.low < capacity <= found.high
    if found.low > 0:
        assert found.high <= found.low * (1 + resolution) * 1.0001
    assert found.reason == "p(95)>=200ms"
    assert found.valid
    for end in (found.low, found.high):
        if end > 0:
            assert sum(one.level == end for one in found.probes) == 2


@given(st.integers(0, 2**31), st.floats(20, 5000))
def test_near_the_edge_verdicts_may_be_noisy(seed: int, capacity: float) -> None:
    rng = np.random.default_rng(seed)

    def service(level: float) -> ProbeResult:
        return probe(level, good=level < capacity * math.exp(rng.normal(0, 0.03)))

    found = run(rates(), service)
    assert found.low <= capacity * 1.1
    assert found.high >= capacity / 1.1
    assert len(found.probes) < MOST_PROBES


@pytest.mark.parametrize("slots", [1, 3, 10, 64, 100, 700])
@pytest.mark.parametrize("noise", [0.0, 0.01])
def test_the_slots_of_a_service_are_its_breaking_point(slots: int, noise: float) -> None:
    rng = np.random.default_rng(slots)

    def service(level: float) -> ProbeResult:
        throughput = min(level, slots) / 0.05 * math.exp(rng.normal(0, noise))
        return probe(level, throughput, good=True)

    found = run(users(), service)
    assert found.reason == FLAT
    assert found.low <= slots <= found.high * 1.1
    assert found.high <= max(slots * 1.1, slots + 1)
    assert found.low >= min(slots / 1.25, slots - 1)
    assert found.max_throughput == pytest.approx(slots / 0.05, rel=0.1)


def test_not_reached_is_a_result() -> None:
    found = run(rates(limit=500), lambda level: probe(level, good=True))
    assert (found.low, found.high, found.reason) == (500, math.inf, "")
    assert [one.level for one in found.probes] == [10, 20, 40, 80, 160, 320, 500, 500]
    assert found.valid


def test_a_generator_that_is_the_bottleneck_ends_the_search() -> None:
    found = run(
        rates(),
        lambda level: (
            probe(level, good=True) if level < 100 else probe(level, good=None, valid=False)
        ),
    )
    assert not found.valid
    assert (found.low, found.high) == (80, math.inf)
    assert [one.level for one in found.probes][-3:] == [160, 160, 160]


def test_a_probe_that_came_to_nothing_is_repeated_once() -> None:
    broken = iter([True])

    def service(level: float) -> ProbeResult:
        if level == 40 and next(broken, False):
            return probe(level, good=None)
        return probe(level, good=level < 100)

    found = run(rates(), service)
    assert found.valid
    assert found.low < 100 <= found.high


def test_a_contradiction_widens_the_interval() -> None:
    said = {84: iter([True, False])}

    def service(level: float) -> ProbeResult:
        return probe(level, good=next(said.get(round(level), iter([])), level < 90))

    found = run(rates(start=50), service)
    assert found.low == pytest.approx(50 * 2 ** (5 / 8))  # as near to it as is wanted
    assert found.high == pytest.approx(50 * 2 ** (7 / 8))
    assert sum(one.level == found.low for one in found.probes) == 2


def test_a_level_above_a_flat_one_is_flat_whatever_it_answers() -> None:
    """Twice as many users as were enough that answer 6 % less: a retreat is no rise."""
    known = [probe(100, 1000, good=True), probe(200, 1060, good=True), probe(400, 990, good=True)]
    found = users().breakpoint_of(Side.BASELINE, known)
    assert (found.low, found.high, found.reason) == (100, 200, FLAT)


def test_stages_of_a_stress() -> None:
    stages = [
        probe(100, good=True),
        probe(200, good=None),
        probe(400, good=False),
        probe(800, good=False),
    ]
    found = ends_of_stages(Side.BASELINE, stages, users=True)
    assert found is not None
    assert (found.low, found.high) == (100, 400)
    assert found.reason == "p(95)>=200ms"
    flat = [probe(100, 1000, good=True), probe(200, 1010, good=True), probe(400, 1000, good=True)]
    found = ends_of_stages(Side.BASELINE, flat, users=True)
    assert found is not None
    assert (found.low, found.high, found.reason) == (0.0, 100, FLAT)
    assert ends_of_stages(Side.BASELINE, [], users=True) is None
    held = ends_of_stages(Side.BASELINE, [probe(100, good=True), probe(200, good=True)], users=True)
    assert held is not None
    assert (held.low, held.high) == (200, math.inf)
