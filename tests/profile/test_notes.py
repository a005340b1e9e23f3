"""What is told of stages that may have been meant as steps."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from perfkit.profile import library
from perfkit.profile.parse import load_profile

if TYPE_CHECKING:
    from collections.abc import Callable

    from perfkit.profile.value import Profile

    Parse = Callable[..., Profile]

HIGH = "{name: high, duration: 9s, users: 9%s}"
HELD = "{duration: 9s, users: 9}"
HOLD = "{duration: 9s, users: 5}"


@pytest.mark.parametrize("name", library.built_in())
def test_profiles_of_perfkit_say_what_they_mean(name: str) -> None:
    assert load_profile(library.find(name, Path.cwd())).stage_notes == ()


@pytest.mark.parametrize(
    "stages",
    [
        f"{HOLD}, {HIGH % ', role: ramp'}",
        f"{HOLD}, {HIGH % ', role: hold'}",
        f"{HOLD}, {HIGH % ''}, {HELD}",
        f"{HOLD}, {{duration: 0s, users: 9}}, {HIGH % ''}",
        f"{HOLD}, {{duration: 9s, users: 0}}, {HIGH % ''}",
        HOLD,
    ],
)
def test_plain_ramps_and_steps_are_not_noted(parse: Parse, stages: str) -> None:
    assert parse(stages=f"stages: [{stages}]").stage_notes == ()


def test_a_slope_that_is_left_out_is_noted(parse: Parse) -> None:
    profile = parse(stages=f"stages: [{HOLD}, {HIGH % ''}, {HOLD}]")
    assert [one.role for one in profile.stages] == ["hold", "ramp", "ramp"]
    (high, _), (back, _) = profile.stage_notes[0], profile.stage_notes[1]
    assert "'high' moves from 5 to 9 users in a straight line and counts as a ramp" in high
    assert "without @high" in high
    assert "'ramp-3' moves from 9 to 5 users" in back
    assert "'{duration: 0s, users: 9}'" in profile.stage_notes[0][1]


def test_users_who_come_one_by_one_are_noted(parse: Parse) -> None:
    stages = "stages: [{name: four, role: hold, duration: 10s, users: 4}]"
    ((what, remedy),) = parse(stages=stages, start="").stage_notes
    assert "'four' has the role hold and climbs from 0 to 4 users" in what
    assert "'start: 4'" in remedy
    assert parse(stages=stages, start="start: 0").stage_notes == ()
    assert parse(stages=stages, start="start: 4").stage_notes == ()
    ((what, _),) = parse(stages=stages.replace("[", "").replace("]", ""), start="").stage_notes
    assert "'four'" in what
