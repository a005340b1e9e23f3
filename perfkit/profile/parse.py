"""Profiles from YAML, strictly: everything that is wrong, at once, each with its place.

    description: 100 users for half an hour
    model: closed                                   # or open
    stages:
      - {name: ramp-up, duration: 5m, users: 100}   # open: rate: 200, or 12000/min
      - {name: hold, duration: 30m, users: 100}
    think: 1s                                       # or [0.5s, 1.5s]
    scenario:
      requests:
        - {get: /api/v1/data, checks: {status: 200, time: 100ms}}
    thresholds: ["p(95)<150ms", "rate(errors)<1%"]

A stage moves the level in a straight line from where it was (``start``, 0 unless said) to its own,
as k6's stages do; without a ``role`` it is a ``hold`` when the level stays and a ``ramp`` when it
moves, which is noted where it may not have been meant. Places in messages count from 1, as people
do: ``stages → 2 → duration``. `perfkit.profile.reference` says what every key means.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from perfkit.errors import PerfkitError, PlanError
from perfkit.grammar import InvalidError, share
from perfkit.profile.document import read_yaml
from perfkit.profile.limits import read_limits
from perfkit.profile.notes import stage_notes
from perfkit.profile.reading import Problems, Value, choice, seconds, switch, text, whole
from perfkit.profile.scenario import read_scenario
from perfkit.profile.stages import read_level, read_stages
from perfkit.profile.value import RECOVERY, STRESS, Arrivals, Model, Profile

if TYPE_CHECKING:
    from pathlib import Path

    from perfkit.profile.reading import Table
    from perfkit.profile.value import Stage

KEYS = (
    *("name", "description", "model", "start", "stages", "requests", "users", "arrivals", "think"),
    *("scenario", "thresholds", "abort", "break", "sliced", "trials", "recovery"),
    "graceful-stop",
)
MOST_USERS = 100_000
MOST_DESCRIPTION = 1000
"""Characters."""

_TRIALS = 10
_TOLERANCE = 0.2
_STAY = 30.0
_HOUR = 3600.0
_MOST_REQUESTS = 10**9
_MOST_TRIALS = 1000
_FEWEST_POOLED = 10
_POOLED_SECONDS = 1.0


OPTIONS_SUFFIX = ".json"
"""Of a file with the options of a k6 script."""


def load_profile(path: Path, *, requested: str | None = None, searched: bool = False) -> Profile:
    """A profile from a YAML file, or from the options of a k6 script in a ``.json`` file.

    Args:
        path: The file.
        requested: What a profile from k6's options, which do not say it, requests: ``"/orders"``.
        searched: As `parse_profile` takes it.

    Raises:
        PlanError: It cannot be read, or with everything that is wrong in it.
    """
    try:
        content = path.read_bytes().decode("utf-8-sig")
    except (OSError, ValueError) as error:  # ValueError: no UTF-8, or a NUL in the name
        reason = getattr(error, "strerror", None) or str(error)
        problem = PerfkitError(f"the profile cannot be read: {reason}", got=str(path))
        raise PlanError([problem]) from error
    if path.suffix in {".yaml", ".yml"}:
        if requested is not None:
            what = (
                "--path belongs to the options of a k6 script; a profile says itself what it sends"
            )
            raise PlanError([PerfkitError(what, got=requested, remedy="write it into the profile")])
        return parse_profile(content, path, searched=searched)
    if path.suffix == OPTIONS_SUFFIX:
        from perfkit.profile.k6 import parse_options

        return parse_options(content, path, requested=requested)
    remedy = None
    if path.suffix in {".js", ".ts"}:
        remedy = f"run 'k6 inspect {path.name} > options.json' and name that"
    elif path.suffix == ".py":
        remedy = (
            "a Locust file is named in a profile, which says how many users come when: "
            f"'scenario: {{locustfile: {path.name}}}'; 'perfkit load profiles smoke' prints one"
        )
    allowed = "a .yaml file, or the options of a k6 script in a .json file"
    what = "the file is no profile"
    raise PlanError([PerfkitError(what, got=str(path), allowed=allowed, remedy=remedy)])


def parse_profile(text: str, source: Path, *, searched: bool = False) -> Profile:
    """A profile from YAML.

    Args:
        text: The YAML.
        source: Where it stands; names the profile, and relative paths start from its folder.
        searched: For a search, whose levels are its own: stages may be ramps only.

    Raises:
        PlanError: With everything that is wrong.
    """
    problems = Problems(source=source.name)
    raw = read_yaml(text, problems.add)
    if problems.found:
        raise PlanError(problems.found)
    table = Value(raw=raw, place=(), problems=problems).table(KEYS)
    profile = _profile(table, source, searched=searched)
    if problems.found:
        raise PlanError(problems.found)
    return profile


def pool(rate: float, timeout: float) -> int:
    """Users that send an open load when nobody says how many.

    As many as requests arrive in one second (or within the time-out, when that is shorter): enough
    for answers of a second, by Little's law. Arrivals that find no user free are sent late and are
    timed from when they were due, so a small pool hides nothing.
    """
    wanted = math.ceil(rate * min(timeout, _POOLED_SECONDS))
    return min(max(wanted, _FEWEST_POOLED), MOST_USERS)


def _profile(table: Table, source: Path, *, searched: bool) -> Profile:
    model = _model(table)
    start = read_level(table.get("start"), model, otherwise=0.0)
    stages = read_stages(table, model, start, judged=not searched)
    scenario_value = table.get("scenario")
    if scenario_value is None:
        table.here().wrong("has no scenario", allowed="scenario: {requests: […]}")
        scenario_value = Value(raw={"requests": [{"get": "/"}]}, place=(), problems=table.problems)
    scenario = read_scenario(scenario_value, think=_think(table, model), folder=source.parent)
    peak = max([start, *(stage.target for stage in stages)])
    thresholds, aborts, breaks = read_limits(table, stages)
    return Profile(
        name=table.read("name", text, source.stem),
        description=table.read("description", lambda value: text(value, most=MOST_DESCRIPTION), ""),
        source=source,
        model=model,
        start=start,
        stages=stages,
        requests=table.read("requests", whole(1, _MOST_REQUESTS), None),
        users=_users(table, model, peak, scenario.timeout),
        arrivals=_arrivals(table, model),
        scenario=scenario,
        thresholds=thresholds,
        aborts=aborts,
        breaks=breaks,
        sliced=_sliced(table, stages),
        trials=table.read("trials", whole(1, _MOST_TRIALS), _TRIALS),
        recovery=_recovery(table),
        graceful_stop=table.read("graceful-stop", seconds(0, _HOUR), scenario.timeout),
        time_scale=1.0,
        user_scale=1.0,
        stage_notes=() if table.problems.found else _notes(table, model, stages),
    )


def _model(table: Table) -> Model:
    if table.get("model") is None:
        allowed = "closed (a number of users) or open (a rate of requests)"
        table.here().wrong("does not say which model", allowed=f"model: {allowed}")
        stages = table.content.get("stages")
        first = stages[0] if isinstance(stages, list) and stages else None
        return Model.OPEN if isinstance(first, dict) and "rate" in first else Model.CLOSED
    return table.read("model", choice(*Model), Model.CLOSED)


def _notes(table: Table, model: Model, stages: tuple[Stage, ...]) -> tuple[tuple[str, str], ...]:
    items = table.at("stages").items(most=len(stages))
    roles = [one.any_table().content.get("role") for one in items]
    return stage_notes(stages, roles, start=table.content.get("start"), model=model)


def _think(table: Table, model: Model) -> tuple[float, float]:
    value = table.get("think")
    if value is None:
        return 0.0, 0.0
    if model is Model.OPEN:
        value.wrong("belongs to model: closed; arrivals of an open model wait for nobody")
        return 0.0, 0.0
    times = [one.read(seconds(0, _HOUR), 0.0) for one in value.items(most=2)]
    if not times or times[0] > times[-1]:
        value.wrong("is no range", got=value.raw, allowed='"1s", or [shortest, longest]')
        return 0.0, 0.0
    return times[0], times[-1]


def _users(table: Table, model: Model, peak: float, timeout: float) -> int:
    if model is Model.OPEN:
        return table.read("users", whole(1, MOST_USERS), pool(peak, timeout))
    if table.get("users") is not None:
        table.at("users").wrong("belongs to the stages of a closed model")
    return max(1, math.ceil(peak))


def _arrivals(table: Table, model: Model) -> Arrivals:
    if model is Model.CLOSED and table.get("arrivals") is not None:
        table.at("arrivals").wrong("belongs to model: open; users decide themselves when they send")
    return table.read("arrivals", choice(*Arrivals), Arrivals.UNIFORM)


def _sliced(table: Table, stages: tuple[Stage, ...]) -> bool:
    stressed = any(stage.role in {STRESS, RECOVERY} for stage in stages)
    sliced = table.read("sliced", switch, not stressed)
    if sliced and stressed:
        what = "cannot be true with stages of stress and recovery"
        table.at("sliced").wrong(f"{what}: a service that rests every other second is not stressed")
    return sliced


def _recovery(table: Table) -> tuple[float, float]:
    value = table.get("recovery")
    if value is None:
        return _TOLERANCE, _STAY
    found = value.table(("tolerance", "for"))
    return found.read("tolerance", _share, _TOLERANCE), found.read("for", _stay, _STAY)


def _stay(value: object) -> float:
    return seconds(0.001, _HOUR)(value)


def _share(value: object) -> float:
    found = share(value)
    if not 0 < found <= 1:
        raise InvalidError("is out of range", got=value, allowed="above 0% and up to 100%")
    return found
