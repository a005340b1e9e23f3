from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
from made_load_runs import Requests, arrivals
from scipy import signal

from perfkit.analyse.load.run import analyse_load
from perfkit.analyse.load.slope import Track, slope
from perfkit.variant import Side

if TYPE_CHECKING:
    from collections.abc import Callable

    from made_load_runs import Maker

    from perfkit.analyse.load.value import Resources

AT = np.arange(-2.0, 33.0, 0.2)


def used(maker: Callable[..., Maker], **columns: np.ndarray) -> Resources | None:
    made = maker()
    due = arrivals(100, 30)
    rng = np.random.default_rng(0)
    samples = {Side.BASELINE: {"at": AT, **columns}}
    made.add(0, Requests(due, rng.lognormal(-4, 0.3, len(due))), samples=samples)
    return analyse_load(made.recording()).sides[0].overall.resources


def test_cpu_is_a_rate_and_a_cost_of_each_answer(maker: Callable[..., Maker]) -> None:
    cpu = np.clip(AT, 0, 30) * 0.4 + np.clip(AT - 10, 0, 2) * 0.5
    found = used(maker, cpu=cpu, switches=(AT + 2) * 50, threads=np.where(AT > 5, 7, 3))
    assert found is not None
    assert found.cpu.value == pytest.approx(0.4 + 1.0 / 30, rel=0.03)
    assert found.cpu.low < found.cpu.value < found.cpu.high
    assert found.cpu_peak == pytest.approx(0.9, rel=0.02)
    assert found.cpu_per_request == pytest.approx(found.cpu.value / 100, rel=0.02)
    assert found.threads == 7
    assert found.switches == pytest.approx(50, rel=0.02)


def test_memory_that_grows_is_seen(maker: Callable[..., Maker]) -> None:
    rng = np.random.default_rng(1)
    rss = 50e6 + 1e5 * np.clip(AT, 0, 30) + rng.normal(0, 2e5, len(AT))
    found = used(maker, rss=rss)
    assert found is not None
    assert found.rss_slope.low > 0
    assert found.rss_slope.low < 1e5 < found.rss_slope.high
    assert found.rss_peak == pytest.approx(53e6, rel=0.02)


def test_what_the_system_does_not_tell_is_none(maker: Callable[..., Maker]) -> None:
    unknown = np.full(len(AT), -1)
    found = used(maker, files=unknown, switches=unknown)
    assert found is not None
    assert found.files is None
    assert np.isnan(found.switches)


def test_without_samples_there_is_nothing(maker: Callable[..., Maker]) -> None:
    made = maker()
    due = arrivals(100, 30)
    made.add(0, Requests(due, np.full(len(due), 0.01)))
    assert analyse_load(made.recording()).sides[0].overall.resources is None


def test_steady_memory_seldom_seems_to_grow() -> None:
    rng = np.random.default_rng(0)
    seen = 0
    for _ in range(300):
        keep = np.exp(-1 / 12)  # correlated over 2 % of the time
        noise = signal.lfilter([1], [1, -keep], rng.normal(size=1200))[-600:]
        found = slope([Track(np.arange(600) * 0.2, noise)], 0.95)
        seen += found.low > 0 or found.high < 0
    assert seen / 300 < 0.10  # the docstring says 3 to 5 %


def test_growth_is_seen_by_mistake_as_often_as_shrinking() -> None:
    rng = np.random.default_rng(0)
    at = np.arange(20.0)
    alarms = np.zeros(2)
    for _ in range(200):
        tracks = [Track(at, rng.normal(size=20)) for _ in range(3)]
        found, mirrored = slope(tracks, 0.95), slope([Track(x, -y) for x, y in tracks], 0.95)
        assert (found.low, found.high) == (-mirrored.high, -mirrored.low)  # neither end is favoured
        alarms += (found.low > 0, found.high < 0)
    assert (alarms / 200 < 0.04).all()  # else 4 % up and 1 % down


def test_trials_are_pooled_without_comparing_their_levels() -> None:
    at = np.linspace(0, 60, 300)
    tracks = [Track(at, level + 3.0 * at) for level in (100.0, 500.0, 50.0)]
    found = slope(tracks, 0.95)
    assert found.value == pytest.approx(3.0)
    assert slope([], 0.95).high == np.inf
    assert slope([Track(at[:2], at[:2])], 0.95).high == np.inf
