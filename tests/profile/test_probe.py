"""The profile of one probe."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from perfkit.profile.probe import probe_profile
from perfkit.profile.schedule import level_at, stage_bounds
from perfkit.profile.value import Model

if TYPE_CHECKING:
    from collections.abc import Callable

    from perfkit.profile.value import Profile


@pytest.mark.parametrize("level", [1.0, 7.0, 250.0])
def test_users(parse: Callable[..., Profile], level: float) -> None:
    profile = parse(requests="requests: 100", abort='abort: ["p(95)>200ms for 10s"]')
    probe = probe_profile(profile, level=level, settle_seconds=3, hold_seconds=10)
    assert probe.seconds == 13
    assert {level_at(probe, t) for t in (0, 1, 3, 9, 12.9)} == {level}
    assert (probe.users, probe.model) == (level, Model.CLOSED)
    assert [stage.role for stage in probe.stages] == ["ramp", "hold"]
    assert stage_bounds(probe) == ((0, 3), (3, 13))
    assert (probe.requests, probe.aborts) == (None, ())
    assert probe.scenario == profile.scenario


def test_a_rate_that_is_no_whole_number(parse: Callable[..., Profile]) -> None:
    profile = parse(
        model="model: open",
        start="start: 10",
        stages="stages: [{name: hold, duration: 10s, rate: 10}]",
        users="users: 30",
    )
    probe = probe_profile(profile, level=12.5, settle_seconds=1, hold_seconds=2)
    assert level_at(probe, 1.5) == 12.5
    assert probe.users == 30
    assert probe_profile(profile, level=99.5, settle_seconds=1, hold_seconds=2).users == 100
