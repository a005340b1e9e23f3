"""What a profile asks for at a moment: pure functions of elapsed seconds.

The level (users, or requests per second) is a chain of straight lines; a stage of no length is a
jump. At a jump the level is the one after it; before 0 and from the end on it is 0. Arrivals of an
open model are the inverse of the level's integral Λ: the k-th request is due when Λ(t) = k + ½, so
that a constant rate r sends r·T requests in T seconds, half a gap away from either end; Poisson
arrivals are due when Λ reaches the k-th sum of unit exponentials.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from perfkit.grammar import InvalidError
from perfkit.profile.threshold import lasting
from perfkit.profile.value import Arrivals, Model, Profile

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

_CHUNK = 16_384
"""Arrivals looked at at a time; the same for every worker, which keeps Poisson streams alike."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Line:
    """A stage of some length: the level goes from ``low`` to ``high``, whichever is higher."""

    begin: float
    end: float
    low: float
    high: float

    @property
    def slope(self) -> float:
        return (self.high - self.low) / (self.end - self.begin)


def stage_bounds(profile: Profile) -> tuple[tuple[float, float], ...]:
    """Begin and end of each stage, in seconds."""
    found = []
    begin = 0.0
    for stage in profile.stages:
        found.append((begin, begin + stage.seconds))
        begin += stage.seconds
    return tuple(found)


def level_at(profile: Profile, t: float) -> float:
    """Users or requests per second at a moment."""
    if t >= 0:
        for line in _lines(profile):
            if t < line.end:
                return _clip(line.low + line.slope * (t - line.begin), line)
    return 0.0


def levels_at(profile: Profile, t: NDArray[np.float64]) -> NDArray[np.float64]:
    """`level_at` of many moments."""
    lines = _lines(profile)
    begin, end, low, high = _columns(lines)
    index = np.clip(np.searchsorted(end, t, side="right"), 0, len(lines) - 1)
    level = low[index] + ((high - low) / (end - begin))[index] * (t - begin[index])
    level = np.clip(level, np.minimum(low, high)[index], np.maximum(low, high)[index])
    return np.where((t >= 0) & (t < end[-1]), level, 0.0)


def cumulative(profile: Profile, t: float) -> float:
    """Integral of the level from 0 to ``t``: user-seconds, or requests due."""
    total = 0.0
    for line in _lines(profile):
        if t <= line.begin:
            break
        passed = min(t, line.end) - line.begin
        total += passed * (line.low + line.slope * passed / 2)
    return total


def arrivals(
    profile: Profile, seed: int, *, first: int = 0, step: int = 1
) -> Iterator[NDArray[np.float64]]:
    """When requests of an open model are due, in seconds, chunk by chunk.

    Args:
        profile: An open model; no more than its ``requests`` arrive.
        seed: Of Poisson arrivals.
        first: Number of the first arrival wanted, from 0.
        step: Every so manieth from there: worker w of n takes ``first=w, step=n``.

    Yields:
        Rising times, never an empty array; memory does not grow with their number.

    Raises:
        ValueError: The model is closed, or the stripe makes no sense.
    """
    if profile.model is not Model.OPEN:
        raise ValueError("only an open model has arrivals")
    if not 0 <= first < step:
        raise ValueError(f"no stripe: first={first}, step={step}")
    inverse = _Inverse(profile)
    spread = _poisson if profile.arrivals is Arrivals.POISSON else _uniform
    for chunk in spread(inverse, seed, profile.requests, first, step):
        if len(chunk):
            yield chunk


def active(profile: Profile, user: int) -> tuple[tuple[float, float], ...]:
    """When a user of a closed model is at work: while the level is above the user's number.

    So ⌈level⌉ users are at work at any moment; of those who joined, the last leaves first.

    Returns:
        ``(from, to)`` in seconds, in order, neither empty nor touching.
    """
    found: list[tuple[float, float]] = []
    for line in _lines(profile):
        begin, end = _above(line, user)
        if begin >= end:
            continue
        if found and found[-1][1] == begin:
            begin = found.pop()[0]
        found.append((begin, end))
    return tuple(found)


def scaled(profile: Profile, time_scale: float, user_scale: float) -> Profile:
    """The same profile, shorter (or longer) and smaller (or larger).

    Stages, ``requests``, the ``for`` of conditions that end the run and the time that recovery must
    last are scaled by time, levels and the pool of users by users; a level above 0 stays at least
    one user. Think time, time-outs and limits stay: the service is as fast as it is.

    Raises:
        InvalidError: A scale is no positive number.
    """
    for name, scale in (("time", time_scale), ("user", user_scale)):
        if not 0 < scale < math.inf:
            what = f"the {name} scale is no positive number"
            raise InvalidError(what, got=scale, allowed="such as 0.02")
    least = 1.0 if profile.model is Model.CLOSED else 0.0

    def level(value: float) -> float:
        return max(value * user_scale, least) if value > 0 else 0.0

    stages = tuple(
        replace(stage, seconds=stage.seconds * time_scale, target=level(stage.target))
        for stage in profile.stages
    )
    start = level(profile.start)
    peak = max([start, *(stage.target for stage in stages)])
    wanted = peak if profile.model is Model.CLOSED else profile.users * user_scale
    requests = profile.requests
    return replace(
        profile,
        start=start,
        stages=stages,
        users=max(1, math.ceil(wanted)),
        requests=None if requests is None else max(1, round(requests * time_scale)),
        aborts=tuple(
            one if one.sustained is None else lasting(one, one.sustained * time_scale)
            for one in profile.aborts
        )
        if time_scale != 1
        else profile.aborts,
        recovery=(profile.recovery[0], profile.recovery[1] * time_scale),
        time_scale=profile.time_scale * time_scale,
        user_scale=profile.user_scale * user_scale,
    )


def _lines(profile: Profile) -> list[_Line]:
    found = []
    level = profile.start
    for stage, (begin, end) in zip(profile.stages, stage_bounds(profile), strict=True):
        if begin < end:  # a stage so short that it vanishes beside the others is a jump, too
            found.append(_Line(begin=begin, end=end, low=level, high=stage.target))
        level = stage.target
    return found


def _columns(lines: list[_Line]) -> tuple[NDArray[np.float64], ...]:
    rows = [(line.begin, line.end, line.low, line.high) for line in lines]
    return tuple(np.array(rows, dtype=np.float64).T)


def _clip(level: float, line: _Line) -> float:
    """Rounding must not lift a level above the ends of its line."""
    return min(max(level, min(line.low, line.high)), max(line.low, line.high))


def _above(line: _Line, user: int) -> tuple[float, float]:
    """Where a line is above a number; an empty stretch when it is nowhere."""
    if min(line.low, line.high) >= user and max(line.low, line.high) > user:
        return line.begin, line.end
    if max(line.low, line.high) <= user:
        return line.begin, line.begin
    crossing = line.begin + (user - line.low) / (line.high - line.low) * (line.end - line.begin)
    crossing = min(max(crossing, line.begin), line.end)
    return (crossing, line.end) if line.low < line.high else (line.begin, crossing)


class _Inverse:
    """Times at which the integral of the level reaches given values."""

    def __init__(self, profile: Profile) -> None:
        lines = [line for line in _lines(profile) if line.low or line.high]
        self._begin, end, self._low, high = _columns(lines) if lines else (np.empty(0),) * 4
        self._length = end - self._begin
        self._slope = (high - self._low) / self._length
        areas = (self._low + high) / 2 * self._length
        self._reached = np.cumsum(areas)
        self.total = float(self._reached[-1]) if lines else 0.0

    def __call__(self, area: NDArray[np.float64]) -> NDArray[np.float64]:
        """Source: the root of low·τ + slope·τ²/2 = rest, in the form that does not cancel."""
        index = np.searchsorted(self._reached, area, side="right")
        before = np.concatenate([[0.0], self._reached])[index]
        rest, low = area - before, self._low[index]
        root = np.sqrt(np.maximum(low * low + 2 * self._slope[index] * rest, 0.0))
        passed = np.divide(2 * rest, low + root, out=np.zeros_like(rest), where=rest > 0)
        times: NDArray[np.float64] = self._begin[index] + np.minimum(passed, self._length[index])
        return times


def _uniform(
    inverse: _Inverse, _seed: int, most: int | None, first: int, step: int
) -> Iterator[NDArray[np.float64]]:
    count = max(math.ceil(inverse.total - 0.5), 0)
    count = count if most is None else min(count, most)
    for begin in range(first, count, _CHUNK * step):
        numbers = np.arange(begin, min(begin + _CHUNK * step, count), step, dtype=np.float64)
        yield inverse(numbers + 0.5)


def _poisson(
    inverse: _Inverse, seed: int, most: int | None, first: int, step: int
) -> Iterator[NDArray[np.float64]]:
    random = np.random.default_rng(seed)
    reached, last, count = 0.0, 0.0, 0
    while reached < inverse.total and (most is None or count < most):
        areas = reached + np.cumsum(random.standard_exponential(_CHUNK))
        reached = float(areas[-1])
        areas = areas[areas < inverse.total][: None if most is None else most - count]
        # Rounding may swap two arrivals that are almost one.
        times = np.maximum.accumulate(np.maximum(inverse(areas), last))
        yield times[(first - count) % step :: step]
        count += len(areas)
        last = float(times[-1]) if len(times) else last
