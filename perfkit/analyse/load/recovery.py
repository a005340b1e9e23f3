"""How long a service takes to be itself again after a stress."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from perfkit.analyse.load.covered import covered
from perfkit.analyse.load.value import Recovery
from perfkit.profile.schedule import stage_bounds
from perfkit.profile.value import BEFORE, STRESS
from perfkit.recording.events import ANSWERED, FAILED

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from perfkit.analyse.load.gather import Opened
from perfkit.profile.value import Profile

STEADY = 0.95
"""Share of the windows before the stress that must be within tolerance by themselves."""

_PARTS = 10  # windows of the time that it must stay
_FEWEST = 20  # requests of a window, so that it has a 95th percentile


class _Windows(NamedTuple):
    p95: NDArray[np.float64]  # inf where failures reach down to it or nothing came
    errors: NDArray[np.float64]


def recovery(opened: Opened, target: int) -> Recovery | None:
    """Recovery of one of a segment's services; None when the profile has no stress.

    The windows are a tenth of the time that it must stay within tolerance, and longer where they
    would hold fewer than twenty requests, or where one in twenty windows before the stress would be
    out of tolerance already. Where that is so even with windows of the whole time, the tolerance is
    what the windows before the stress need: no service is asked to be calmer than it was.
    """
    profile = opened.profile
    before = _bounds(profile, BEFORE)
    stress = _bounds(profile, STRESS)
    if not before or not stress:
        return None
    tolerance, stay = profile.recovery
    after = stress[-1][1]
    observed = max(opened.seconds - after, 0.0)
    level = _look(opened, target, before, max(end - begin for begin, end in before))
    whole = _whole(opened, target, before)
    width = stay / _PARTS
    while True:
        calm = _look(opened, target, before, width)
        needed = _needed(calm, whole)
        few = whole.number * width / whole.seconds < _FEWEST
        if width >= stay or (needed <= tolerance and not few) or not len(level.p95):
            break
        width = min(width * 2, stay)
    used = max(tolerance, needed) if np.isfinite(needed) else tolerance
    seconds = None
    if observed >= stay:
        found = _look(opened, target, ((after, opened.seconds),), width)
        good = (found.p95 <= whole.p95 * (1 + used)) & (found.errors <= whole.errors + used)
        seconds = _first_run(good, max(int(np.ceil(stay / width - 1e-9)), 1), width)
    return Recovery(
        seconds=seconds,
        observed=observed,
        p95_before=whole.p95,
        error_rate_before=whole.errors,
        tolerance=used,
        stay=stay,
    )


def over_trials(found: Sequence[Recovery]) -> Recovery | None:
    """The middle one of several trials; a censored one is longer than any."""
    if not found:
        return None
    ranked = sorted(found, key=lambda one: np.inf if one.seconds is None else one.seconds)
    return ranked[len(ranked) // 2]


class _Level(NamedTuple):
    p95: float
    errors: float
    number: int
    seconds: float


def _bounds(profile: Profile, role: str) -> tuple[tuple[float, float], ...]:
    bounds = zip(profile.stages, stage_bounds(profile), strict=True)
    return tuple(both for stage, both in bounds if stage.role == role)


def _whole(opened: Opened, target: int, bounds: Sequence[tuple[float, float]]) -> _Level:
    """The level before the stress; the warm-up is left out."""
    events = opened.events
    mine = np.zeros(len(events), dtype=np.bool_)
    seconds = 0.0
    own = covered(opened.profile, opened.start, target, seconds=opened.seconds, cut=0.0)
    for begin, end in bounds:
        start = max(begin, opened.warm_up[1]) if begin <= opened.warm_up[0] < end else begin
        mine |= (events.due >= start) & (events.due < end)
        seconds += own.within(start, end)
    mine &= events.target == target
    right, failed = (mine & (events.outcome == x) for x in (ANSWERED, FAILED))
    p95 = _p95((events.end - events.due)[right], int(failed.sum()))
    count = int(right.sum() + failed.sum())
    errors = float(failed.sum()) / count if count else float("nan")
    return _Level(p95, errors, count, max(seconds, 1e-9))


def _look(
    opened: Opened, target: int, bounds: Sequence[tuple[float, float]], width: float
) -> _Windows:
    """Windows of a width over some stretches, whole windows only."""
    events = opened.events
    p95s: list[float] = []
    errors: list[float] = []
    for begin, end in bounds:
        start = max(begin, opened.warm_up[1]) if begin <= opened.warm_up[0] < end else begin
        count = int((min(end, opened.seconds) - start) / width + 1e-9)
        mine = (events.target == target) & (events.due >= start)
        mine &= (events.due < start + count * width) & (events.outcome <= FAILED)
        window = ((events.due[mine] - start) / width).astype(np.int64)
        order = np.argsort(window, kind="stable")
        response = (events.end - events.due)[mine][order]
        failed = (events.outcome == FAILED)[mine][order]
        cuts = np.searchsorted(window[order], np.arange(count + 1))
        for low, high in pairwise(cuts.tolist()):
            bad = failed[low:high]
            p95s.append(_p95(response[low:high][~bad], int(bad.sum())))
            errors.append(float(bad.mean()) if high > low else 0.0)
    return _Windows(np.array(p95s), np.array(errors))


def _p95(response: NDArray[np.float64], failed: int) -> float:
    """Failures are slower than any answer; nothing at all is as slow."""
    rank = int(np.ceil(0.95 * (len(response) + failed) - 1e-9))
    if not rank or rank > len(response):
        return float("inf")
    return float(np.partition(response, rank - 1)[rank - 1])


def _needed(calm: _Windows, whole: _Level) -> float:
    """The tolerance that all but one in twenty windows before the stress keep."""
    if not len(calm.p95) or not np.isfinite(whole.p95) or not whole.p95:
        return float("inf")
    excess = np.maximum(calm.p95 / whole.p95 - 1, calm.errors - whole.errors)
    rank = max(int(np.ceil(STEADY * len(excess) - 1e-9)), 1) - 1
    return max(float(np.sort(excess)[rank]), 0.0)


def _first_run(good: NDArray[np.bool_], length: int, width: float) -> float | None:
    """Beginning of the first run of ``length`` good windows, in seconds."""
    run = 0
    for index, one in enumerate(good.tolist()):
        run = run + 1 if one else 0
        if run == length:
            return (index + 1 - length) * width
    return None
