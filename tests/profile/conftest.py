from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from perfkit.errors import PlanError
from perfkit.profile.parse import parse_profile

if TYPE_CHECKING:
    from collections.abc import Callable

    from perfkit.profile.value import Profile

SMALL = {
    "model": "model: closed",
    "stages": "stages: [{name: hold, duration: 10s, users: 5}]",
    "start": "start: 5",
    "scenario": "scenario: {requests: [{get: /}]}",
}


@pytest.fixture
def parse() -> Callable[..., Profile]:
    """A small profile with some of its lines replaced: ``parse(think="think: 1s")``."""

    def make(**lines: str) -> Profile:
        return parse_profile("\n".join({**SMALL, **lines}.values()), Path("/some/where/small.yaml"))

    return make


@pytest.fixture
def problems(parse: Callable[..., Profile]) -> Callable[..., str]:
    """What is said against it."""

    def make(**lines: str) -> str:
        with pytest.raises(PlanError) as caught:
            parse(**lines)
        return str(caught.value)

    return make
