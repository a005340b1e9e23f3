"""Two sides compared: each trial gives one effect a metric, and the trial is the unit.

Within a trial, requests resemble their neighbours and share one pair of services; between trials,
services are fresh. So a trial's percentiles are reduced to one number, the logarithm of candidate /
baseline, and those numbers are put through the same estimate, interval, p-value and smallest
detectable change as the blocks of a benchmark (`perfkit.analyse.location`). The number of trials is
fixed beforehand, so that there are no looks to be corrected for.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from scipy import special

from perfkit.analyse.estimate import Estimate
from perfkit.analyse.load.resources import cpu_per_answer
from perfkit.analyse.load.value import LoadComparison, LoadMetric
from perfkit.analyse.location import (
    detectable_shift,
    fewest_values,
    locate,
    signed_rank_p,
    spread,
)
from perfkit.analyse.proportion import proportion
from perfkit.errors import PerfkitError
from perfkit.profile.value import Model
from perfkit.recording.events import ANSWERED, FAILED

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import ArrayLike, NDArray

    from perfkit.analyse.load.gather import Counted
    from perfkit.analyse.load.resources import Watched
    from perfkit.analyse.location import Location
    from perfkit.profile.value import Profile
    from perfkit.variant import Side

_MOST_TRIALS = 10_000


class TrialSide(NamedTuple):
    """What one side did in one trial; nan where there is nothing.

    Attributes:
        trial: Number of the trial.
        side: Which side.
        figures: By metric, in base units.
    """

    trial: int
    side: Side
    figures: dict[LoadMetric, float]


def trial_side(
    trial: int,
    side: Side,
    counted: Counted,
    *,
    stages: frozenset[int],
    watched: Watched | None,
    profile: Profile,
) -> TrialSide:
    """Reduce one side of one trial to its figures.

    Args:
        trial: Its number.
        side: Which side.
        counted: What counts of it, ramps included.
        stages: Stages that are compared.
        watched: Its service, if it was sampled.
        profile: Says whether the throughput is the service's own.
    """
    mine = np.isin(counted.stage, list(stages))
    due = mine[counted.stretch]
    outcome = counted.outcome[due]
    response = counted.response[due][outcome == ANSWERED]
    failed = int((outcome == FAILED).sum())
    seconds = float((counted.end - counted.begin)[mine].sum())
    answers = int((mine[counted.ended] & counted.ended_right).sum())
    count = len(response)
    over = count + failed
    figures = dict(zip(_PERCENTILES, _order_statistics(response), strict=True))
    figures[LoadMetric.MEAN] = float(response.mean()) if count else math.nan
    figures[throughput_metric(profile)] = answers / seconds if seconds and answers else math.nan
    figures[LoadMetric.ERROR_RATE] = failed / over if over else math.nan
    figures[LoadMetric.RSS] = math.nan
    figures[LoadMetric.CPU_PER_REQUEST] = math.nan
    if watched is not None:
        figures[LoadMetric.RSS] = watched.peak
        figures[LoadMetric.CPU_PER_REQUEST] = cpu_per_answer(watched, stages)
    return TrialSide(trial, side, figures)


_PERCENTILES = {LoadMetric.P50: 0.5, LoadMetric.P95: 0.95, LoadMetric.P99: 0.99}


def _order_statistics(response: NDArray[np.float64]) -> list[float]:
    count = len(response)
    if not count:
        return [math.nan] * len(_PERCENTILES)
    ranks = [max(math.ceil(q * count - 1e-9), 1) - 1 for q in _PERCENTILES.values()]
    ordered = np.partition(response, sorted(set(ranks)))
    return [float(one) for one in ordered[ranks]]


def throughput_metric(profile: Profile) -> LoadMetric:
    """Whose the throughput is: users that never pause get whatever the service can give."""
    scenario = profile.scenario
    unpaced = (
        profile.model is Model.CLOSED and max(scenario.think) == 0 and scenario.locustfile is None
    )
    return LoadMetric.MAX_THROUGHPUT if unpaced else LoadMetric.THROUGHPUT


def compare_trials(
    baseline: Sequence[TrialSide],
    candidate: Sequence[TrialSide],
    *,
    confidence: float,
    margin: float,
) -> tuple[LoadComparison, ...]:
    """Compare two sides by every metric that both have.

    Args:
        baseline: Its trials.
        candidate: Its trials; those that only one side has are left out, and of each metric those
            in which a side has no value. What is left then does not speak for all, since the worse
            side loses its worst trials: ``ratio.n`` tells.
        confidence: Coverage of the intervals; infinite with fewer than six trials at 95 %.
        margin: For which ``trials_needed`` is said.
    """
    others = {one.trial: one.figures for one in candidate}
    pairs = [(one.figures, others[one.trial]) for one in baseline if one.trial in others]
    found = []
    for metric in LoadMetric:
        values = np.array(
            [
                (one[metric], other[metric])
                for one, other in pairs
                if _usable(metric, one.get(metric, math.nan), other.get(metric, math.nan))
            ]
        ).reshape(-1, 2)
        if len(values):
            found.append(_compare(metric, values, confidence, margin))
    return tuple(found)


def _usable(metric: LoadMetric, one: float, other: float) -> bool:
    if metric is LoadMetric.ERROR_RATE:
        return math.isfinite(one) and math.isfinite(other)
    return 0 < one < math.inf and 0 < other < math.inf


def _compare(
    metric: LoadMetric, values: NDArray[np.float64], confidence: float, margin: float
) -> LoadComparison:
    """``values``: baseline and candidate of each trial, shape (n, 2)."""
    difference = metric is LoadMetric.ERROR_RATE
    scaled = values if difference else np.log(values)
    effects = scaled[:, 1] - scaled[:, 0]
    count = len(effects)
    found = locate(effects, confidence)
    middle = float(locate(scaled.mean(axis=1), confidence).value)
    levels = [middle + part * float(found.value) for part in (-0.5, 0.5)]
    shift = detectable_shift(found, count, confidence)
    return LoadComparison(
        metric=metric,
        difference=difference,
        ratio=_estimate(found, count, confidence, difference=difference),
        baseline=_level(scaled[:, 0], levels[0], confidence, difference=difference),
        candidate=_level(scaled[:, 1], levels[1], confidence, difference=difference),
        effects=tuple(effects.tolist()),
        detectable=shift if difference else math.expm1(shift) if shift < 700 else math.inf,  # noqa: PLR2004 - exp
        p_value=signed_rank_p(effects),
        trials_needed=_trials_needed(
            found, count, confidence, margin if difference else math.log1p(margin)
        ),
    )


def _level(
    scaled: NDArray[np.float64], level: float, confidence: float, *, difference: bool
) -> Estimate:
    """One side's level in the typical trial.

    Each side's own typical figure would not do: their ratio is not the typical ratio, and where
    trials vary more than the sides differ it may even point the other way. So the levels are those
    around the middle of both sides that are the typical change apart. The interval is the side's
    own, widened where it does not reach so far.
    """
    level = max(level, 0.0) if difference else level  # no share is below 0
    own = locate(scaled, confidence)
    reaching = own._replace(
        value=np.asarray(level), low=np.minimum(own.low, level), high=np.maximum(own.high, level)
    )
    return _estimate(reaching, len(scaled), confidence, difference=difference)


def _estimate(found: Location, count: int, confidence: float, *, difference: bool) -> Estimate:
    value, low, high = (float(x if difference else np.exp(x)) for x in found)
    return Estimate(value=value, low=low, high=high, confidence=confidence, n=count)


def _trials_needed(found: Location, count: int, confidence: float, half: float) -> int | None:
    """Trials with which the half-width would be ``half``, were the spread to stay as it is."""
    each = float(spread(found, count, confidence)) * math.sqrt(math.pi / 3)
    if not math.isfinite(each) or half <= 0:
        return None
    number = max(fewest_values(1 - confidence), 2)
    if each == 0:
        return number
    while number < _MOST_TRIALS:
        factor = -float(special.stdtrit(number - 1, (1 - confidence) / 2))
        needed = math.ceil((factor * each / half) ** 2)
        if needed <= number:
            return number
        number = max(number + 1, min(needed, number * 2))
    return None


def replay_signs(
    series: Sequence[ArrayLike],
    *,
    trials: int,
    confidence: float,
    repeats: int,
    rng: np.random.Generator,
) -> Estimate:
    """Share of false alarms when recorded A/A trials are replayed with random signs.

    As `perfkit.analyse.replay` does for blocks, but without a stopping rule, since the number of
    trials of a load comparison is fixed.

    Args:
        series: Effects of the trials of each recorded comparison of a service with itself.
        trials: Trials of a replayed comparison.
        confidence: Coverage of its interval.
        repeats: Replays.
        rng: Source of randomness.

    Returns:
        The share with its exact interval.

    Raises:
        PerfkitError: There is nothing to replay.
    """
    pools = [np.asarray(effects, dtype=np.float64) for effects in series]
    if not pools or min(len(pool) for pool in pools) == 0:
        raise PerfkitError(
            "no trial effects to replay",
            got=[len(pool) for pool in pools],
            allowed="one effect or more in each series",
            remedy="Compare a service with itself first: perfkit load PROFILE --baseline X "
            "--candidate X.",
        )
    share = np.bincount(rng.integers(len(pools), size=repeats), minlength=len(pools))
    drawn = np.concatenate(
        [rng.choice(pool, size=(times, trials)) for pool, times in zip(pools, share, strict=True)]
    )
    found = locate(drawn * rng.choice(np.array([-1.0, 1.0]), size=drawn.shape), confidence)
    alarms = int(((found.low > 0) | (found.high < 0)).sum())
    return proportion(alarms, repeats, confidence)
