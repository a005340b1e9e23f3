"""Profiles in a line, and whole runs of the engine."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from perfkit.loadtest.generator import Generator
from perfkit.profile.value import Arrivals, Check, Model, Profile, Request, Scenario, Stage

if TYPE_CHECKING:
    from collections.abc import Callable

    from perfkit.loadtest.generator import Second
    from perfkit.loadtest.spec import EngineSpec


class Tools:
    """What a test of the engine needs."""

    def __init__(self, ground: Any) -> None:
        self._ground = ground
        self.folder: Path = ground.folder
        self.mark: str = ground.mark
        self.server = ground.server
        self.runs: list[Any] = []

    @staticmethod
    def request(path: str = "/", **changes: Any) -> Request:
        content: dict[str, Any] = {
            "name": f"get {path}",
            "weight": 1.0,
            "method": "GET",
            "path": path,
            "headers": (),
            "body": None,
            "checks": (),
            "capture": (),
        }
        return Request(**{**content, **changes})

    @staticmethod
    def check(name: str = "c", **changes: Any) -> Check:
        return Check(**{"name": name, "status": None, "body": None, "seconds": None, **changes})

    def profile(self, *stages: tuple[float, float], **changes: Any) -> Profile:
        scenario = Scenario(
            requests=changes.pop("requests_of", (self.request(),)),
            setup=changes.pop("setup", ()),
            variables=changes.pop("variables", ()),
            think=changes.pop("think", (0.0, 0.0)),
            locustfile=changes.pop("locustfile", None),
            timeout=changes.pop("timeout", 5.0),
        )
        content: dict[str, Any] = {
            "name": "test",
            "description": "",
            "source": Path("test.yaml"),
            "model": Model.CLOSED,
            "start": stages[0][1],
            "stages": tuple(
                Stage(name=f"s{index}", seconds=seconds, target=target, role="hold")
                for index, (seconds, target) in enumerate(stages)
            ),
            "requests": None,
            "users": 1,
            "arrivals": Arrivals.UNIFORM,
            "scenario": scenario,
            "thresholds": (),
            "aborts": (),
            "breaks": (),
            "sliced": True,
            "trials": 1,
            "recovery": (0.1, 1.0),
            "graceful_stop": 2.0,
            "time_scale": 1.0,
            "user_scale": 1.0,
        }
        return Profile(**{**content, **changes})

    def spec(self, profile: Profile, *targets: str, **changes: Any) -> EngineSpec:
        found: EngineSpec = self._ground.spec("locust", profile, *targets, **changes)
        return found

    def run(
        self,
        profile: Profile,
        *targets: str,
        each: Callable[[Generator, Second], None] | None = None,
        tell: Callable[[str], None] = lambda _: None,
        **changes: Any,
    ) -> Any:
        """A whole run; every request is in one of the counts, and in the files."""
        spec = self.spec(profile, *targets, **changes)
        self.runs.append(self._ground.run(spec, Generator(spec, tell), each))
        return self.runs[-1]


@pytest.fixture
def tools(ground: Any) -> Tools:
    return Tools(ground)
