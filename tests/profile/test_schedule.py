"""A profile as a function of time, held against plain quadrature and against itself."""

from __future__ import annotations

import itertools
import math
import tracemalloc
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from scipy import stats

from perfkit.grammar import InvalidError
from perfkit.profile import library
from perfkit.profile.parse import load_profile, parse_profile
from perfkit.profile.schedule import (
    active,
    arrivals,
    cumulative,
    level_at,
    levels_at,
    scaled,
    stage_bounds,
)
from perfkit.profile.value import Arrivals, Model, Profile, Stage

BASE = load_profile(library.find("constant-rate", Path.cwd()))

SECONDS = st.one_of(st.just(0.0), st.floats(0.01, 1000), st.integers(1, 60).map(float))
LEVEL = st.one_of(st.just(0.0), st.floats(0.01, 300), st.integers(1, 50).map(float))
SHARE = st.floats(0, 1)


def made(start: float, *stages: tuple[float, float], model: Model = Model.OPEN) -> Profile:
    return replace(
        BASE,
        model=model,
        start=start,
        stages=tuple(
            Stage(name=f"s{index}", seconds=seconds, target=target, role="hold")
            for index, (seconds, target) in enumerate(stages)
        ),
    )


@st.composite
def profiles(draw: st.DrawFn, model: Model = Model.OPEN) -> Profile:
    stages = draw(st.lists(st.tuples(SECONDS, LEVEL), min_size=1, max_size=6))
    assume(any(seconds for seconds, _ in stages))
    return made(draw(LEVEL), *stages, model=model)


def times(profile: Profile, seed: int = 1, **stripe: int) -> np.ndarray:
    return np.concatenate([np.empty(0), *arrivals(profile, seed, **stripe)])


def test_lines_and_jumps() -> None:
    profile = made(0.0, (10, 100), (0, 20), (5, 20), (0, 0), (5, 0), (0, 8), (2, 4))
    assert [level_at(profile, t) for t in (-1, 0, 5, 10, 14, 15, 19, 20, 21)] == [
        *(0, 0, 50, 20, 20, 0, 0, 8, 6)
    ]
    assert level_at(profile, 22) == 0
    assert stage_bounds(profile)[:3] == ((0, 10), (10, 10), (10, 15))
    assert cumulative(profile, -1) == 0
    assert cumulative(profile, 10) == 500
    assert cumulative(profile, 17) == 600
    assert cumulative(profile, 99) == 612


@given(profiles(), SHARE)
def test_the_level_is_continuous_within_a_stage(profile: Profile, share: float) -> None:
    for index, (begin, end) in enumerate(stage_bounds(profile)):
        if begin == end:
            continue
        before = profile.stages[index - 1].target if index else profile.start
        t = begin + share * (end - begin)
        if t < end:
            wanted = before + share * (profile.stages[index].target - before)
            assert level_at(profile, t) == pytest.approx(wanted, rel=1e-9, abs=1e-9)
        assert level_at(profile, begin) == before
        last = math.nextafter(end, 0)
        assert level_at(profile, last) == pytest.approx(profile.stages[index].target, abs=1e-6)


@given(profiles(), st.lists(st.floats(-5, 6000), max_size=20))
def test_many_moments_at_once(profile: Profile, moments: list[float]) -> None:
    moments += [edge for bounds in stage_bounds(profile) for edge in bounds]
    several = levels_at(profile, np.array(moments))
    one_by_one = [level_at(profile, t) for t in moments]
    assert several == pytest.approx(np.array(one_by_one), rel=1e-12, abs=1e-12)


@given(profiles(), SHARE)
@settings(deadline=None)
def test_the_cumulative_level_is_the_integral(profile: Profile, share: float) -> None:
    """Midpoints are exact for straight lines, so only the rounding of 20,000 terms is left."""
    t = share * profile.seconds
    edges = sorted({0.0, t, *(b for bounds in stage_bounds(profile) for b in bounds if b < t)})
    total = 0.0
    for begin, end in itertools.pairwise(edges):
        grid = np.linspace(begin, end, 1001)
        middles = (grid[1:] + grid[:-1]) / 2
        total += float(np.sum(levels_at(profile, middles) * np.diff(grid)))
    assert cumulative(profile, t) == pytest.approx(total, rel=1e-9, abs=1e-6)


@given(profiles())
@settings(deadline=None)
def test_uniform_arrivals_are_the_exact_inverse(profile: Profile) -> None:
    found = times(profile)
    total = cumulative(profile, profile.seconds)
    # One that is due at the very end is in or out by the last digit.
    ends = [max(math.ceil(total - 0.5 + hair), 0) for hair in (-1e-9 * total, 1e-9 * total)]
    assert ends[0] <= len(found) <= ends[1]
    assert np.all(np.diff(found) >= 0)
    assert np.all((found >= 0) & (found <= profile.seconds))
    for k in sorted({*range(min(len(found), 40)), *range(max(len(found) - 5, 0), len(found))}):
        assert cumulative(profile, float(found[k])) == pytest.approx(k + 0.5, rel=1e-12, abs=1e-9)


@given(profiles())
@settings(deadline=None)
def test_no_arrivals_where_there_is_no_load(profile: Profile) -> None:
    found = times(profile)
    levels = levels_at(profile, found)
    # Of an arrival at the very end of a ramp to zero the level may round to zero.
    assert np.all((levels > 0) | (found >= profile.seconds - 1e-6) | near_edge(profile, found))


def near_edge(profile: Profile, found: np.ndarray) -> np.ndarray:
    edges = np.array([end for _, end in stage_bounds(profile)])
    return np.min(np.abs(found[:, None] - edges[None, :]), axis=1, initial=np.inf) < 1e-6


@pytest.mark.parametrize("rate", [1.0, 7.0, 200.0, 333.3])
def test_a_constant_rate(rate: float) -> None:
    found = times(made(rate, (30, rate)))
    assert len(found) == round(rate * 30)
    assert found == pytest.approx((np.arange(len(found)) + 0.5) / rate, rel=1e-12)


def test_no_more_than_wanted() -> None:
    profile = replace(made(200, (30, 200)), requests=1234)
    for arriving in Arrivals:
        whole = times(replace(profile, arrivals=arriving))
        assert len(whole) == 1234
        assert np.array_equal(
            whole, times(replace(profile, arrivals=arriving, requests=None))[:1234]
        )


@pytest.mark.parametrize("arriving", Arrivals)
@pytest.mark.parametrize("step", [1, 2, 3, 7])
def test_stripes_are_the_whole(arriving: Arrivals, step: int) -> None:
    profile = replace(made(0, (30, 2000), (10, 0), (5, 0), (3, 100)), arrivals=arriving)
    whole = times(profile, seed=7)
    assert len(whole) > 35_000  # several chunks
    assert np.all(np.diff(whole) >= 0)
    for first in range(step):
        stripe = times(profile, seed=7, first=first, step=step)
        assert np.array_equal(stripe, whole[first::step])


@given(profiles(), st.integers(0, 2**32), st.integers(1, 5))
@settings(deadline=None, max_examples=50)
def test_stripes_of_any_profile(profile: Profile, seed: int, step: int) -> None:
    for arriving in Arrivals:
        spread = replace(profile, arrivals=arriving)
        stripes = [times(spread, seed, first=first, step=step) for first in range(step)]
        assert np.array_equal(np.sort(np.concatenate(stripes)), times(spread, seed))


def test_poisson_counts_are_poisson() -> None:
    """Counts in stretches of equal Λ, also where the rate moves, by a chi-square test."""
    profile = replace(made(0, (100, 400), (50, 100), (20, 0)), arrivals=Arrivals.POISSON)
    total = cumulative(profile, profile.seconds)
    reached = np.array([cumulative(profile, t) for t in times(profile, seed=11).tolist()])
    bins = round(total / 5)
    counts, _ = np.histogram(reached, bins=bins, range=(0, total))
    mean = total / bins
    seen = np.array([np.sum(counts == n) for n in range(1, 11)], dtype=float)
    wanted = stats.poisson.pmf(np.arange(1, 11), mean) * bins
    seen = np.append(seen, bins - seen.sum())
    wanted = np.append(wanted, bins - wanted.sum())
    assert stats.chisquare(seen, wanted).pvalue > 0.01
    assert abs(len(reached) - total) < 3 * math.sqrt(total)


def test_poisson_gaps_are_exponential_and_seeded() -> None:
    profile = replace(made(500, (60, 500)), arrivals=Arrivals.POISSON)
    found = times(profile, seed=5)
    assert stats.kstest(np.diff(found) * 500, "expon").pvalue > 0.01
    assert np.array_equal(found, times(profile, seed=5))
    assert not np.array_equal(found[:100], times(profile, seed=6)[:100])


def test_memory_does_not_grow_with_the_number_of_arrivals() -> None:
    peaks = []
    for seconds in (20, 400):
        profile = replace(made(10_000, (seconds, 10_000)), arrivals=Arrivals.POISSON)
        tracemalloc.start()
        assert sum(len(chunk) for chunk in arrivals(profile, 3)) > seconds * 9_000
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert peaks[1] < 1.2 * peaks[0] < 10e6


def test_a_closed_model_has_no_arrivals() -> None:
    with pytest.raises(ValueError, match="open"):
        next(arrivals(made(1, (1, 1), model=Model.CLOSED), 0))
    with pytest.raises(ValueError, match="stripe"):
        next(arrivals(made(1, (1, 1)), 0, first=2, step=2))


@given(profiles(model=Model.CLOSED), st.lists(SHARE, min_size=1, max_size=10))
@settings(deadline=None, max_examples=60)
def test_as_many_users_are_active_as_the_level_says(profile: Profile, shares: list[float]) -> None:
    users = math.ceil(max([profile.start, *(one.target for one in profile.stages)]))
    stretches = [active(profile, user) for user in range(users)]
    assert active(profile, users) == ()
    for share in shares:
        t = share * profile.seconds
        level = level_at(profile, t)
        if abs(level - round(level)) < 1e-6 and level:
            continue  # at a crossing either answer is right
        if any(abs(t - edge) < 1e-9 for bounds in stage_bounds(profile) for edge in bounds):
            continue
        count = sum(any(begin <= t < end for begin, end in one) for one in stretches)
        assert count == math.ceil(level)


@given(profiles(model=Model.CLOSED))
@settings(max_examples=60)
def test_stretches_are_in_order_and_last_as_long_as_the_level(profile: Profile) -> None:
    users = math.ceil(max([profile.start, *(one.target for one in profile.stages)]))
    for user in range(users):
        stretches = active(profile, user)
        assert all(begin < end for begin, end in stretches)
        assert all(a[1] < b[0] for a, b in itertools.pairwise(stretches))
    first = sum(end - begin for begin, end in active(profile, 0))
    loaded = sum(
        end - begin
        for (begin, end), (a, b) in zip(
            stage_bounds(profile),
            itertools.pairwise([profile.start, *(one.target for one in profile.stages)]),
            strict=True,
        )
        if a or b
    )
    assert first == pytest.approx(loaded, rel=1e-9, abs=1e-9)


def test_users_come_and_go_as_in_the_guide() -> None:
    profile = load_profile(library.find("sustained", Path.cwd()))
    assert active(profile, 0) == ((0.0, 2400.0),)
    assert active(profile, 50) == ((150.0, 2250.0),)
    (((begin, end)),) = active(profile, 99)
    assert (begin, end) == (pytest.approx(297), pytest.approx(2103))
    assert active(profile, 100) == ()


def same(one: Profile, other: Profile) -> None:
    assert one.start == pytest.approx(other.start, rel=1e-12)
    for a, b in zip(one.stages, other.stages, strict=True):
        assert (a.seconds, a.target) == pytest.approx((b.seconds, b.target), rel=1e-12)
    assert abs(one.users - other.users) <= 1
    assert (one.time_scale, one.user_scale) == pytest.approx((other.time_scale, other.user_scale))
    assert one.recovery == pytest.approx(other.recovery)
    assert one.thresholds == other.thresholds


SCALE = st.floats(0.01, 1)


@given(profiles() | profiles(model=Model.CLOSED), SCALE, SCALE, SCALE, SCALE)
def test_scaling_twice_is_scaling_once(
    profile: Profile, time: float, users: float, more_time: float, more_users: float
) -> None:
    once = scaled(profile, time * more_time, users * more_users)
    same(scaled(scaled(profile, time, users), more_time, more_users), once)
    same(scaled(scaled(profile, time, 1.0), 1.0, users), scaled(profile, time, users))


@given(profiles(), SCALE, SCALE, SHARE)
def test_scaling_commutes_with_the_level(
    profile: Profile, time: float, rate: float, share: float
) -> None:
    small = scaled(profile, time, rate)
    assert small.seconds == pytest.approx(profile.seconds * time)
    assert cumulative(small, small.seconds) == pytest.approx(
        cumulative(profile, profile.seconds) * time * rate, rel=1e-9, abs=1e-9
    )
    t = share * profile.seconds
    if all(abs(t - edge) > 1e-6 for bounds in stage_bounds(profile) for edge in bounds):
        assert level_at(small, t * time) == pytest.approx(level_at(profile, t) * rate, abs=1e-6)


def test_scaling_nothing_changes_nothing() -> None:
    for name in library.built_in():
        profile = load_profile(library.find(name, Path.cwd()))
        assert scaled(profile, 1.0, 1.0) == profile


def test_what_is_scaled_besides() -> None:
    text = (
        "model: closed\nstart: 40\nstages: [{duration: 10m, users: 40}, {duration: 1m, users: 0}]\n"
        "requests: 1000\nscenario: {requests: [{get: /}]}\nabort: ['p(95)>1s for 10s']\n"
        "recovery: {tolerance: 20%, for: 30s}"
    )
    small = scaled(parse_profile(text, Path("x.yaml")), 0.05, 0.01)
    assert (small.start, [one.target for one in small.stages]) == (1.0, [1.0, 0.0])
    assert (small.users, small.requests, small.recovery) == (1, 50, (0.2, 1.5))
    assert [(one.sustained, one.text) for one in small.aborts] == [(0.5, "p(95)>1s for 0.5s")]
    assert (small.time_scale, small.user_scale) == (0.05, 0.01)
    assert small.scenario.timeout == 10.0


@pytest.mark.parametrize("scale", [0.0, -1.0, math.inf, math.nan])
def test_no_scale(scale: float) -> None:
    with pytest.raises(InvalidError, match="the time scale"):
        scaled(BASE, scale, 1.0)
    with pytest.raises(InvalidError, match="the user scale"):
        scaled(BASE, 1.0, scale)
