"""Words of the load command's smaller subcommands. Pure."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import TYPE_CHECKING

from perfkit.cli.output import table
from perfkit.units import format_duration, format_seconds

if TYPE_CHECKING:
    from collections.abc import Sequence

    from perfkit.profile.value import Profile
    from perfkit.session.load.calibration import Calibration


def calibration_text(found: Calibration) -> str:
    """What the generator can do, in words."""
    lines = (
        ("ceiling", f"{found.ceiling:,.0f} requests/s (50 users, no think time)"),
        ("claims up to", f"{found.ceiling * 0.8:,.0f} requests/s (80 % of the ceiling)"),
        ("floor", f"{format_seconds(found.floor)} median at 100 requests/s"),
        ("floor p99", format_seconds(found.floor_p99)),
        ("engine", f"{found.engine}, {found.workers} worker{'' if found.workers == 1 else 's'}"),
        ("pinned", "yes" if found.pinned else "no: server and generator share CPUs"),
    )
    return "\n".join(f"{name:<13} {words}" for name, words in lines)


def calibration_json(found: Calibration) -> str:
    """The same for programs."""
    return json.dumps(asdict(found), indent=2)


def profile_table(profiles: Sequence[Profile]) -> str:
    """One line a profile."""
    return table(
        ("profile", "model", "length", "level", "what it is"),
        [
            (
                one.name,
                str(one.model),
                format_duration(one.seconds),
                f"{max((one.start, *(x.target for x in one.stages))):g}",
                one.description,
            )
            for one in profiles
        ],
    )
