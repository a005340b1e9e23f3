"""A profile as a k6 script.

The same load as Locust's, as far as k6 knows it. What differs: k6 counts its users down to whole
ones where perfkit counts up; it starts no request late but leaves it out when no user is free; all
users are prepared one after another in k6's ``setup``, and take their cookies along from there.
"""

from __future__ import annotations

import json
import math
import re
from itertools import accumulate
from pathlib import Path
from typing import TYPE_CHECKING, Any

from perfkit.profile.template import variables_in
from perfkit.profile.value import Model

if TYPE_CHECKING:
    from perfkit.loadtest.spec import EngineSpec
    from perfkit.profile.value import Profile, Request

NUMBER_TAG = "r"
ERROR_TAG = "e"
BEGIN, END, READY = "perfkit_begin", "perfkit_end", "perfkit_ready"
CHECKS_FROM = 2**36
"""Of the value of `END`: what is below is the size of the body, what is above its failed checks."""

NOT_CAPTURED = 2**16
"""Bit of failed checks: something to be captured was not there."""

_TEMPLATE = Path(__file__).with_name("script.js")
_HOLE = "const P = {};"
_RATE_SECONDS = 100
_SETUP_TIMEOUT = "1h"
_SPARE_SECONDS = 1.0


def k6_script(spec: EngineSpec) -> str:
    """The whole script."""
    content = json.dumps(_content(spec), indent=1)  # ASCII: U+2028 cannot break a line
    return _TEMPLATE.read_text(encoding="utf-8").replace(_HOLE, f"const P = {content};", 1)


def names_of(profile: Profile) -> tuple[str, ...]:
    """Names of requests by the number they have in the script: the scenario's, then the setup's."""
    scenario = profile.scenario
    return tuple(dict.fromkeys(one.name for one in (*scenario.requests, *scenario.setup)))


def requests_of(profile: Profile) -> tuple[Request, ...]:
    """Requests by the number they have in the script."""
    return (*profile.scenario.requests, *profile.scenario.setup)


def _content(spec: EngineSpec) -> dict[str, Any]:
    profile = spec.profile
    scenario = profile.scenario
    base = len(scenario.requests)
    closed = profile.model is Model.CLOSED
    return {
        "base": spec.targets[0].rstrip("/"),
        "seed": spec.seed,
        "users": profile.users,
        "most": profile.requests,
        "think": list(scenario.think) if closed else [0.0, 0.0],
        "timeout": _time(scenario.timeout),
        "variables": {name: list(values) for name, values in scenario.variables},
        "bounds": list(accumulate(one.weight for one in scenario.requests)),
        "requests": [_request(one, number) for number, one in enumerate(scenario.requests)],
        "setup": [_request(one, base + number) for number, one in enumerate(scenario.setup)],
        "options": {
            "scenarios": {"load": _executor(profile)},
            "systemTags": ["status", "vu"],
            "noCookiesReset": True,
            "insecureSkipTLSVerify": True,  # as Locust's fast client does
            "setupTimeout": _SETUP_TIMEOUT,
        },
    }


def _executor(profile: Profile) -> dict[str, Any]:
    """The schedule in k6's words."""
    scenario = profile.scenario
    if profile.model is Model.OPEN:
        return {
            "executor": "ramping-arrival-rate",
            "startRate": _rate(profile.start),
            "timeUnit": f"{_RATE_SECONDS}s",
            "preAllocatedVUs": profile.users,
            "maxVUs": profile.users,
            "stages": [
                {"duration": _time(stage.seconds), "target": _rate(stage.target)}
                for stage in profile.stages
            ],
            "gracefulStop": _time(profile.graceful_stop),
        }
    patience = scenario.timeout + scenario.think[1] + _SPARE_SECONDS  # users leave in peace
    return {
        "executor": "ramping-vus",
        "startVUs": math.ceil(profile.start),
        "stages": [
            {"duration": _time(stage.seconds), "target": math.ceil(stage.target)}
            for stage in profile.stages
        ],
        "gracefulRampDown": _time(patience),
        "gracefulStop": _time(profile.graceful_stop),
    }


def _rate(level: float) -> int:
    """Requests in `_RATE_SECONDS`: k6 takes whole numbers only."""
    return round(level * _RATE_SECONDS)


def _time(seconds: float) -> str:
    return f"{round(seconds * 1000)}ms"


def _request(request: Request, number: int) -> dict[str, Any]:
    names = {name.lower() for name, _ in request.headers}
    plain = () if "accept-encoding" in names else (("Accept-Encoding", "identity"),)
    headers = (*request.headers, *plain)
    texts = (request.path, request.body or "", *(value for _, value in headers))
    needles = [
        [1 << index, check.body]
        for index, check in enumerate(request.checks)
        if check.body is not None
    ]
    return {
        "number": str(number),
        "name": request.name,
        "method": request.method,
        "path": _parts(request.path),
        "headers": [[name, _parts(value)] for name, value in headers],
        "body": None if request.body is None else _parts(request.body),
        "wanted": list(dict.fromkeys(name for text in texts for name in variables_in(text))),
        "allowed": _allowed(request),
        "needles": needles,
        "capture": [list(pair) for pair in request.capture],
        "text": bool(needles or request.capture),
    }


def _parts(text: str) -> str | list[str]:
    """Text and names of variables in turn: ``["/items/", "id", ""]``; plain without variables."""
    names = variables_in(text)
    if not names:
        return text
    return re.split(rf"\$\{{({'|'.join(map(re.escape, names))})\}}", text)


def _allowed(request: Request) -> list[int] | None:
    """Statuses that all checks of status allow; None without such checks."""
    sets = [set(check.status) for check in request.checks if check.status is not None]
    return sorted(set.intersection(*sets)) if sets else None
