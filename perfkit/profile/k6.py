"""Options of a k6 script, as JSON, to a profile.

``k6 inspect script.js`` prints them, defaults and nulls included; so does the ``options`` object of
a script written as JSON. They say how many users come when and what must hold, but not what the
users do: that is in the script, which stays where it is. What the profile assumes instead, and what
was left out, stands in its description. What would change the load and cannot be carried over is a
problem.

Source: k6's documentation, "Options reference", "Scenarios" and "Thresholds", as of v1.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass, field
from itertools import pairwise
from typing import TYPE_CHECKING

from perfkit.errors import PerfkitError, PlanError
from perfkit.grammar import InvalidError
from perfkit.profile.document import read_json
from perfkit.profile.k6_limits import read_thresholds
from perfkit.profile.limits import BREAKS
from perfkit.profile.parse import MOST_DESCRIPTION, MOST_USERS, pool
from perfkit.profile.reading import Problems, Table, Value, number, whole
from perfkit.profile.scenario import read_path
from perfkit.profile.stages import MOST_LEVEL, WEEK, check_stages
from perfkit.profile.template import variables_in
from perfkit.profile.threshold import parse_threshold
from perfkit.profile.value import (
    BUILT_IN,
    HOLD,
    RAMP,
    Arrivals,
    Check,
    Model,
    Profile,
    Request,
    Scenario,
    Stage,
)

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

_HARMLESS = (
    *("batch", "batchPerHost", "blacklistIPs", "blockHostnames", "cloud", "discardResponseBodies"),
    *("dns", "execution", "ext", "hosts", "httpDebug", "insecureSkipTLSVerify", "linger"),
    *("localIPs", "maxRedirects", "maxVUs", "minIterationDuration", "noCookiesReset"),
    *("noConnectionReuse", "noSetup", "noTeardown", "noUsageReport", "noVUConnectionReuse"),
    *("paused", "setupTimeout", "summaryTimeUnit", "summaryTrendStats", "systemTags", "tags"),
    *("teardownTimeout", "throw", "tlsAuth", "tlsCipherSuites", "tlsVersion", "totalDuration"),
    "userAgent",
)
_SHORT = ("vus", "duration", "iterations", "stages")
_CHANGING = ("rps", "executionSegment", "executionSegmentSequence")
_KEYS = (*_SHORT, "scenarios", "thresholds", *_CHANGING, *_HARMLESS)
_COMMON = ("executor", "startTime", "gracefulStop", "gracefulRampDown", "exec", "env", "tags")
_OWN_KEYS = {
    "constant-vus": ("vus", "duration"),
    "ramping-vus": ("startVUs", "stages"),
    "shared-iterations": ("vus", "iterations", "maxDuration"),
    "per-vu-iterations": ("vus", "iterations", "maxDuration"),
    "constant-arrival-rate": ("rate", "timeUnit", "duration", "preAllocatedVUs", "maxVUs"),
    "ramping-arrival-rate": ("startRate", "timeUnit", "stages", "preAllocatedVUs", "maxVUs"),
}

DEFAULT_PATH = "/api/v1/data"
"""What is requested of the reference service."""

_THINK = 1.0
_TIMEOUT = 60.0
_GRACE = 30.0
_LONGEST = 600.0
_MOST_STAGES = 1000
_MOST_ITERATIONS = 10**9
_TRIALS = 10
_RECOVERY = (0.2, 30.0)
_STEP = re.compile(r"(\d{1,12}(?:\.\d{1,9})?)(ms|us|µs|ns|d|h|m|s)", re.ASCII)
_SECONDS = {
    "ns": 1e-9,
    "us": 1e-6,
    "µs": 1e-6,
    "ms": 1e-3,
    "s": 1.0,
    "m": 60.0,
    "h": 3600.0,
    "d": 86_400.0,
}


@dataclass(slots=True, kw_only=True)
class _Load:
    """What the options come to, so far."""

    model: Model = Model.CLOSED
    start: float = 0.0
    stages: list[tuple[float, float]] = field(default_factory=list)
    requests: int | None = None
    users: int | None = None
    grace: float = _GRACE
    notes: list[str] = field(default_factory=list)


def parse_options(text: str, source: Path, *, requested: str | None = None) -> Profile:
    """A profile from the options of a k6 script.

    Args:
        text: JSON: the options, or a table with ``options`` in it.
        source: Where it stands; names the profile.
        requested: Path that is requested; by default one of the reference service.

    Raises:
        PlanError: With everything that is wrong or cannot be carried over.
    """
    problems = Problems(source=source.name)
    raw = read_json(text, problems.add)
    if problems.found:
        raise PlanError(problems.found)
    value = Value(raw=raw, place=(), problems=problems)
    if isinstance(raw, dict) and set(raw) == {"options"}:
        value = value.any_table().at("options")
    path = DEFAULT_PATH if requested is None else _requested(requested, problems)
    profile = _profile(value.table(_KEYS), source, path, is_said=requested is not None)
    if problems.found:
        raise PlanError(problems.found)
    return profile


def _requested(path: str, problems: Problems) -> str:
    try:
        _check_path(path)
    except InvalidError as error:
        what = f"--path {error.what}"
        problems.found.append(
            PerfkitError(what, got=error.got, allowed=error.allowed, remedy=error.remedy)
        )
    return path


def _check_path(path: str) -> None:
    unknown = set(variables_in(read_path(path))) - {*BUILT_IN}
    if unknown:
        allowed = ", ".join(f"${{{name}}}" for name in BUILT_IN)
        raise InvalidError("holds an unknown variable", got=min(unknown), allowed=allowed)


def _profile(table: Table, source: Path, path: str, *, is_said: bool) -> Profile:
    load = _load(table)
    for key in _CHANGING:
        if table.get(key) is not None:
            table.at(key).wrong("changes the load and cannot be carried over", remedy="remove it")
    stages = _stages(load, table)
    thresholds, aborts = read_thresholds(table.get("thresholds"), load.notes)
    if thresholds and any(stage.role == RAMP and stage.seconds for stage in stages):
        load.notes.append("thresholds leave out the ramps, which they count in k6")
    left_out = [key for key in _HARMLESS if table.content.get(key)]
    if left_out:
        load.notes.append(f"left out: {', '.join(left_out)}")
    peak = max([load.start, *(stage.target for stage in stages)])
    is_open = load.model is Model.OPEN
    whose = "as --path says" if is_said else "is assumed"
    assumed = f"the options do not say what is sent: GET {path} {whose}" + (
        "" if is_open else f" with {_THINK:g} s of think time"
    )
    notes = "; ".join([assumed, *load.notes])
    return Profile(
        name=source.stem,
        description=_cut(f"imported from the k6 options {source.name}; {notes}"),
        source=source,
        model=load.model,
        start=load.start,
        stages=stages,
        requests=load.requests,
        users=load.users or (pool(peak, _TIMEOUT) if is_open else max(1, math.ceil(peak))),
        arrivals=Arrivals.UNIFORM,
        scenario=_scenario(path, 0.0 if is_open else _THINK),
        thresholds=thresholds,
        aborts=aborts,
        breaks=tuple(parse_threshold(one) for one in BREAKS),
        sliced=True,
        trials=_TRIALS,
        recovery=_RECOVERY,
        graceful_stop=load.grace,
        time_scale=1.0,
        user_scale=1.0,
        notes=((f"imported from {source.name}: {notes}", _remedy(is_said=is_said)),),
    )


def _cut(text: str) -> str:
    """What a profile's description may hold, so that it can be read back."""
    return text if len(text) <= MOST_DESCRIPTION else f"{text[: MOST_DESCRIPTION - 1]}…"


def _remedy(*, is_said: bool) -> str:
    own = "write a profile of your own"
    return f"{own} where users do more than that" if is_said else f"say another --path, or {own}"


def _scenario(path: str, think: float) -> Scenario:
    right = Check(name="status is 200", status=(200,), body=None, seconds=None)
    request = Request(
        name=f"GET {path}",
        weight=1.0,
        method="GET",
        path=path,
        headers=(),
        body=None,
        checks=(right,),
        capture=(),
    )
    return Scenario(
        requests=(request,),
        setup=(),
        variables=(),
        think=(think, think),
        locustfile=None,
        timeout=_TIMEOUT,
    )


def _load(table: Table) -> _Load:
    """From ``scenarios``, or from the shortcuts, which stand for a scenario each."""
    short = [key for key in _SHORT if table.get(key) is not None]
    scenarios = table.get("scenarios")
    if scenarios is not None:
        # 'k6 inspect' prints the one scenario that the shortcuts stand for beside them
        if short and scenarios.any_table().keys() != ("default",):
            what = "exclude vus, duration, iterations and stages"
            scenarios.wrong(what, remedy="remove one or the other")
        return _of_scenarios(scenarios)
    load = _Load()
    if table.get("stages") is not None:
        _ramping(table, load, start_key="vus")
    elif table.get("iterations") is not None:
        _iterations(table, load, length_key="duration", each=False)
    elif table.get("duration") is not None:
        _constant(table, load)
    else:
        table.here().wrong("say no load", allowed="stages, vus and duration, or scenarios")
    return load


def _of_scenarios(value: Value) -> _Load:
    load = _Load()
    scenarios = value.any_table()
    names = scenarios.keys()
    if len(names) != 1:
        remedy = "keep one, and write a file for each of the others"
        value.wrong("are not one scenario, which a profile is", got=", ".join(names), remedy=remedy)
        return load
    one = scenarios.at(names[0])
    executor = one.any_table().content.get("executor")
    if executor not in [*_OWN_KEYS]:
        one.wrong(
            "has no executor that can be carried over", got=executor, allowed=", ".join(_OWN_KEYS)
        )
        return load
    table = one.table((*_COMMON, *_OWN_KEYS[str(executor)]))
    load.grace = table.read("gracefulStop", _span, _GRACE)
    if table.read("startTime", _span, 0.0) > 0:
        load.notes.append("startTime left out")
    match executor:
        case "constant-vus":
            _constant(table, load)
        case "ramping-vus":
            _ramping(table, load, start_key="startVUs")
        case "shared-iterations" | "per-vu-iterations":
            each = executor == "per-vu-iterations"
            _iterations(table, load, length_key="maxDuration", each=each)
        case _:
            _rates(table, load, ramping=executor == "ramping-arrival-rate")
    return load


def _users(table: Table, key: str, otherwise: int) -> int:
    return table.read(key, whole(0, MOST_USERS), otherwise)


def _constant(table: Table, load: _Load) -> None:
    load.start = float(_users(table, "vus", 1))
    if table.get("duration") is None:
        table.here().wrong("has no duration")
    load.stages = [(table.read("duration", _span, 1.0), load.start)]


def _iterations(table: Table, load: _Load, *, length_key: str, each: bool) -> None:
    users = _users(table, "vus", 1)
    count = table.read("iterations", whole(1, _MOST_ITERATIONS), 1)
    load.requests = count * users if each else count
    load.notes.append(
        "an iteration is taken for one request"
        + (", counted over all users together" if each else "")
    )
    load.start = float(users)
    load.stages = [(table.read(length_key, _span, _LONGEST), load.start)]


def _ramping(table: Table, load: _Load, *, start_key: str) -> None:
    """k6 starts with one user unless told; here a ramp from 0 has one from its first moment."""
    load.start = float(_users(table, start_key, 0))
    load.stages = _steps(table, number(0, MOST_USERS))


def _rates(table: Table, load: _Load, *, ramping: bool) -> None:
    load.model = Model.OPEN
    unit = table.read("timeUnit", _span, 1.0)
    if unit <= 0:
        table.at("timeUnit").wrong("is no time")
        unit = 1.0
    rate = number(0, MOST_LEVEL[Model.OPEN])
    first = table.read("startRate" if ramping else "rate", rate, 0.0) / unit
    load.start = first
    if ramping:
        load.stages = [(length, target / unit) for length, target in _steps(table, rate)]
    else:
        load.stages = [(table.read("duration", _span, 0.0), first)]
    ready = table.read("preAllocatedVUs", whole(0, MOST_USERS), 0)
    load.users = max(ready, table.read("maxVUs", whole(0, MOST_USERS), 0)) or None


def _steps(table: Table, parse: Callable[[object], float]) -> list[tuple[float, float]]:
    value = table.get("stages")
    if value is None or not isinstance(value.raw, list):
        table.here().wrong("has no list of stages")
        return []
    found = []
    for one in value.items(most=_MOST_STAGES):
        stage = one.table(("duration", "target"))
        for key in ("duration", "target"):
            if stage.get(key) is None:
                one.wrong(f"has no {key}")
        found.append((stage.read("duration", _span, 0.0), float(stage.read("target", parse, 0.0))))
    return found


def _stages(load: _Load, table: Table) -> tuple[Stage, ...]:
    """Stages with names and roles: what moves is a ramp, unless nothing would be left."""
    levels = [load.start, *(target for _, target in load.stages)]
    moves = [before != after for before, after in pairwise(levels)]
    spans = [seconds for seconds, _ in load.stages]
    holds = any(s and not m and level for s, m, level in zip(spans, moves, levels, strict=False))
    found = []
    for index, (seconds, target) in enumerate(load.stages, 1):
        moving = moves[index - 1] and (holds or target == 0)
        role = RAMP if moving or not seconds else HOLD
        found.append(Stage(name=f"{role}-{index}", seconds=seconds, target=target, role=role))
    if found and not holds:
        load.notes.append("its level always moves, so all but the ramps to 0 is judged")
    if not table.problems.found:
        check_stages(tuple(found), load.start, table.at("stages"))
    return tuple(found)


def _span(value: object) -> float:
    """Seconds from what k6 takes for a duration: ``"1m30s"``, or milliseconds."""
    if isinstance(value, int | float) and not isinstance(value, bool) and value >= 0:
        found = value / 1000
    elif isinstance(value, str) and (steps := _STEP.findall(value)):
        if "".join(map("".join, steps)) != value:
            raise InvalidError("is no time", got=value, allowed='such as "5m" or "1m30s"')
        found = math.fsum(float(count) * _SECONDS[unit] for count, unit in steps)
    elif value == "0":
        found = 0.0
    else:
        raise InvalidError("is no time", got=value, allowed='such as "5m" or "1m30s"')
    if found > WEEK:
        raise InvalidError("is out of range", got=value, allowed="up to 7 days")
    return found
