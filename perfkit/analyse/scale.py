"""From log values over blocks to figures on their own scale, looks at the data allowed for."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from perfkit.analyse.estimate import Estimate
from perfkit.analyse.location import detectable_shift, locate, signed_rank_p
from perfkit.analyse.stopping import look_confidence

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    from perfkit.analyse.location import Location
    from perfkit.settings import Goal


def located(logs: NDArray[np.float64], goal: Goal) -> Estimate:
    """Location of log values, shape (n,), on the scale itself."""
    return from_logs(locate(logs, look_confidence(goal)), len(logs), goal)


def from_logs(found: Location, count: int, goal: Goal) -> Estimate:
    """A location of ``count`` log values on the scale itself."""
    return _on_scale(found, count, goal.confidence)


def uncorrected(logs: ArrayLike, confidence: float) -> Estimate:
    """Location of log values, shape (n,), n > 0, on the scale itself, not corrected for looks.

    For blocks whose number was fixed beforehand, or for display only.
    """
    return _on_scale(locate(logs, confidence), np.size(logs), confidence)


def _on_scale(found: Location, count: int, confidence: float) -> Estimate:
    return Estimate(
        value=float(np.exp(found.value)),
        low=float(np.exp(found.low)),
        high=float(np.exp(found.high)),
        confidence=confidence,
        n=count,
    )


def p_value(effects: NDArray[np.float64], goal: Goal) -> float:
    """At most 1 - confidence exactly when the ratio's interval excludes 1."""
    looks = (1 - goal.confidence) / (1 - look_confidence(goal))
    return min(1.0, signed_rank_p(effects) * looks)


def detectable(found: Location, count: int, goal: Goal) -> float:
    """Smallest change that would have been found, as a relative one."""
    return float(np.expm1(detectable_shift(found, count, look_confidence(goal))))
