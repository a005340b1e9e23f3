"""The profile of one probe of a breaking-point search: settle, then hold a level."""

from __future__ import annotations

import math
from dataclasses import replace

from perfkit.profile.value import Model, Profile, Stage

SETTLE = "settle"
HOLD = "hold"


def probe_profile(
    profile: Profile, *, level: float, settle_seconds: float, hold_seconds: float
) -> Profile:
    """The same scenario at one steady level.

    Args:
        profile: What the users do.
        level: Users (closed) or requests per second (open).
        settle_seconds: Beginning that is left out.
        hold_seconds: Steady window that is judged.
    """
    users = max(profile.users, math.ceil(level)) if profile.model is Model.OPEN else level
    return replace(
        profile,
        start=level,
        stages=(
            Stage(name=SETTLE, seconds=settle_seconds, target=level, role="ramp"),
            Stage(name=HOLD, seconds=hold_seconds, target=level, role="hold"),
        ),
        requests=None,
        users=math.ceil(users),
        aborts=(),
    )
