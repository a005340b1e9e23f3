"""Which of the guide's load tests a profile is (its section 6)."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from perfkit.recording.load import LoadRun


class Kind(StrEnum):
    """The guide's three, and the rest."""

    SUSTAINED = "sustained"
    PEAK = "peak"
    STRESS = "stress"
    OTHER = "other"


def kind_of(run: LoadRun) -> Kind:
    """By the profile's name; a search for the breaking point, and whatever has a stress, is one."""
    name = run.profile.name.lower()
    for kind in (Kind.SUSTAINED, Kind.PEAK, Kind.STRESS):
        if kind.value in name:
            return kind
    if run.mode == "breakpoint" or any(stage.role == "stress" for stage in run.profile.stages):
        return Kind.STRESS if "spike" not in name else Kind.OTHER
    return Kind.OTHER
