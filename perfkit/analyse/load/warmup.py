"""What a fresh service needs to warm up, told from its own response times."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from perfkit.analyse.load.covered import Stretches, covered
from perfkit.analyse.load.groups import group_quantiles
from perfkit.profile.schedule import stage_bounds
from perfkit.profile.value import RAMP
from perfkit.recording.events import ANSWERED

if TYPE_CHECKING:
    from perfkit.profile.value import Profile
    from perfkit.recording.events import Events
    from perfkit.recording.load import SegmentStart

PARTS = 40
"""Parts that the first steady stage of a service's life is cut into."""

MOST = 10
"""Parts of it that are left out at most: a quarter."""

NEAR = 1.05
"""Times the longest median of the second half up to which a part is like it; what differs by less
is not worth the requests that would be cut away. Chosen, not measured."""

_FEWEST_IN_PART = 5


def warm_up_of(
    events: Events, start: SegmentStart, profile: Profile, seconds: float
) -> tuple[float, float]:
    """The beginning of a service's first steady stage until it is like its second half.

    It ends with the first of forty parts whose median response time is no longer than `NEAR` times
    the longest of the second half's parts, or with the tenth part. A steady service loses its first
    part, a fortieth, in less than one case of twenty; a stall later on is never cut away, nor is
    the beginning of a queue that grows, whose first answers are the quickest. Of two services that
    take turns the slower to warm up counts for both. A stage whose level moves shows the level and
    not a warm-up, so that nothing is cut there.

    Returns:
        ``(begin, end)`` in seconds from the origin; equal when nothing is cut.
    """
    stage = next((i for i, x in enumerate(profile.stages) if x.role != RAMP and x.seconds > 0), -1)
    before = profile.stages[stage - 1].target if stage > 0 else profile.start
    if stage < 0 or profile.stages[stage].target != before:
        return 0.0, 0.0
    begin = stage_bounds(profile)[stage][0]
    ends = []
    for target in range(len(start.sides)):
        whole = covered(profile, start, target, seconds=seconds, cut=0.0)
        mine = whole.stage == stage
        stretches = Stretches(*(column[mine] for column in whole))
        ends.append(_until(events.where(events.target == target), stretches))
    return begin, max(begin, *ends)


def _until(events: Events, stretches: Stretches) -> float:
    """Seconds from the origin at which one service is warm; 0.0 when it was so all along."""
    if not len(stretches.begin):
        return 0.0
    offsets = np.concatenate([[0.0], np.cumsum(stretches.end - stretches.begin)])
    index = stretches.find(events.due)
    good = (index >= 0) & (events.outcome == ANSWERED)
    if good.sum() < PARTS * _FEWEST_IN_PART:
        return 0.0
    found = index[good]
    own = offsets[found] + events.due[good] - stretches.begin[found]
    part = np.minimum(own / offsets[-1] * PARTS, PARTS - 1).astype(np.int16)
    (medians,) = group_quantiles((events.end - events.due)[good], part, PARTS, (0.5,))
    settled = medians[PARTS // 2 :]
    if not np.isfinite(settled).any():
        return 0.0
    warm = medians <= NEAR * np.nanmax(settled)
    cut = int(np.argmax([*warm[:MOST], True]))
    if not cut:
        return 0.0
    moment = offsets[-1] * cut / PARTS
    which = int(np.searchsorted(offsets, moment, side="right")) - 1
    return float(stretches.begin[which] + moment - offsets[which])
