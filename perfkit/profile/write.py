"""A profile back to YAML, to be read by people and by `perfkit.profile.parse`."""

from __future__ import annotations

import math
from decimal import Decimal
from typing import TYPE_CHECKING

import yaml

from perfkit import grammar
from perfkit.profile.document import core_schema
from perfkit.profile.parse import OPTIONS_SUFFIX, load_profile
from perfkit.profile.stages import LEVEL_KEY
from perfkit.profile.value import Model

if TYPE_CHECKING:
    from pathlib import Path

    from perfkit.profile.value import Check, Profile, Request, Scenario, Stage

_UNITS = (("h", Decimal(3600)), ("m", Decimal(60)), ("s", Decimal(1)), ("ms", Decimal("0.001")))
_WIDTH = 100


@core_schema
class _Dumper(yaml.SafeDumper):
    """Quotes what the reader would take for something else than text."""

    def ignore_aliases(self, data: object) -> bool:  # noqa: ARG002 - the reader takes no aliases
        return True


def profile_text(path: Path, *, requested: str | None = None) -> str:
    """What to begin a profile of one's own with: a profile's own text, or k6's options as YAML.

    Args:
        path: The file.
        requested: As `perfkit.profile.parse.load_profile` takes it.

    Raises:
        PlanError: It is no profile.
    """
    profile = load_profile(path, requested=requested)
    if path.suffix == OPTIONS_SUFFIX:
        return profile_to_yaml(profile)
    return path.read_text(encoding="utf-8-sig")


def profile_to_yaml(profile: Profile) -> str:
    """A profile that was not scaled, as YAML; parsed, it is the same but for where it came from."""
    is_open = profile.model is Model.OPEN
    key = LEVEL_KEY[profile.model]
    recovery = {"tolerance": profile.recovery[0], "for": _time(profile.recovery[1])}
    if profile.recovery[0] >= 1:
        recovery["tolerance"] = "100%"
    content: dict[str, object | None] = {
        "name": profile.name,
        "description": profile.description or None,
        "model": str(profile.model),
        "start": _level(profile.start),
        "stages": [_stage(stage, key) for stage in profile.stages],
        "requests": profile.requests,
        "users": profile.users if is_open else None,
        "arrivals": str(profile.arrivals) if is_open else None,
        "think": None if is_open else [_time(one) for one in profile.scenario.think],
        "scenario": _scenario(profile.scenario),
        "thresholds": [one.text for one in profile.thresholds],
        "abort": [one.text for one in profile.aborts],
        "break": [one.text for one in profile.breaks],
        "sliced": profile.sliced,
        "trials": profile.trials,
        "recovery": recovery,
        "graceful-stop": _time(profile.graceful_stop),
    }
    said = {name: value for name, value in content.items() if value is not None}
    return yaml.dump(said, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=_WIDTH)


def _stage(stage: Stage, key: str) -> dict[str, object]:
    return {
        "name": stage.name,
        "role": stage.role,
        "duration": _time(stage.seconds),
        key: _level(stage.target),
    }


def _scenario(scenario: Scenario) -> dict[str, object]:
    found: dict[str, object] = {"timeout": _time(scenario.timeout)}
    if scenario.locustfile is not None:
        return found | {"locustfile": str(scenario.locustfile)}
    if scenario.setup:
        found["setup"] = [_request(request, in_setup=True) for request in scenario.setup]
    if scenario.variables:
        found["variables"] = {name: list(values) for name, values in scenario.variables}
    found["requests"] = [_request(request, in_setup=False) for request in scenario.requests]
    return found


def _request(request: Request, *, in_setup: bool) -> dict[str, object]:
    found: dict[str, object | None] = {
        "name": request.name,
        request.method.lower(): request.path,
        "weight": None if in_setup else _level(request.weight),
        "headers": dict(request.headers) or None,
        "body": request.body,
        "checks": [_check(check) for check in request.checks] or None,
        "capture": dict(request.capture) or None,
    }
    return {name: value for name, value in found.items() if value is not None}


def _check(check: Check) -> dict[str, object]:
    found: dict[str, object | None] = {
        "name": check.name,
        "status": None if check.status is None else list(check.status),
        "time": None if check.seconds is None else _time(check.seconds),
        "body": check.body,
    }
    return {name: value for name, value in found.items() if value is not None}


def _level(value: float) -> float:
    return int(value) if value == int(value) else value


def _time(seconds: float) -> str | float:
    """``"5m"`` where that is exactly the time, else the bare number of seconds.

    >>> _time(300.0), _time(0.1), _time(1 / 3)
    ('5m', '100ms', 0.3333333333333333)
    """
    if not math.isfinite(seconds):
        raise ValueError(seconds)
    for unit, length in _UNITS:
        number = round(Decimal(repr(seconds)) / length, 6)
        if number and number == int(number):
            said = f"{int(number)}{unit}"
            if grammar.duration(said) == seconds:
                return said
    return f"{int(seconds)}s" if seconds == int(seconds) else seconds
