"""Options of `perfkit load` to one plan; every problem found is reported, before anything runs."""

from __future__ import annotations

import ipaddress
import os
import secrets
from typing import TYPE_CHECKING

from perfkit.decide.load.rows import fewest_trials
from perfkit.errors import PerfkitError, PlanError
from perfkit.loadtest.target import LOOPBACK, is_taken
from perfkit.loadtest.worker_token import given_token
from perfkit.plan.checks import OUTPUT, checked_policy, either, writable
from perfkit.plan.load_engine import choose_engine, engine_facts
from perfkit.plan.load_service import BACKING, plan_service
from perfkit.plan.load_value import (
    CONFIDENCE,
    CUT,
    FEWEST_TURNS,
    MARGIN,
    WINDOW,
    WORKER_SECONDS,
    LoadPlan,
)
from perfkit.plan.merge import Merged, merge
from perfkit.plan.sides import one_python, two_pythons, variant
from perfkit.recording.load import LoadMethod, SearchMethod
from perfkit.service import ServiceKind
from perfkit.variant import Side

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from perfkit.plan.options import Options
    from perfkit.profile.value import Profile
    from perfkit.variant import Variant

_SAMPLE_SECONDS = 0.25
_SETTLE_SECONDS = 3.0
_HOLD_SECONDS = 10.0
_RESOLUTION = 0.1
_LIMIT = 20_000.0
_SEARCHED = "stress"
_OF_BASELINE = ("baseline_with", "baseline_env", "baseline_flag")
_OF_CANDIDATE = ("candidate_with", "candidate_env", "candidate_flag")


def make_load_plan(options: Mapping[str, object], *, mode: str | None, cwd: Path) -> LoadPlan:
    """Check options against each other, the profile, the configuration file and this machine.

    Args:
        options: By the command line's names, with ``"profile"``; None and empty count as not said.
        mode: ``"breakpoint"``, or None: a comparison if there is a baseline.
        cwd: Folder whose ``pyproject.toml`` counts and that relative paths start from.

    Raises:
        PlanError: With everything that is wrong.
    """
    problems: list[PerfkitError] = []
    cwd = cwd.absolute()
    merged = merge(options, command="load", cwd=cwd, problems=problems)
    said = merged.said
    two = any(options.get(name) is not None for name in ("baseline", "candidate"))
    chosen = mode or ("compare" if two else "single")
    _check_together(said, mode=chosen, two=two, problems=problems)
    profile = _profile(said, cwd, problems, mode=chosen)
    _check_own(said, profile, problems)
    service = plan_service(said, cwd, problems)
    method, profile = _method(said, profile, problems, mode=chosen, two=two)
    output = writable(said.output or cwd / OUTPUT, problems)
    policy = checked_policy(said.policy, problems)
    token = _token(said, problems)
    reached = service is not None and service.kind is ServiceKind.URL
    sides = (None, None) if reached else _sides(merged, two=two, cwd=cwd, problems=problems)
    if problems or profile is None or service is None:
        raise PlanError(problems)
    trials = either(said.trials, profile.trials if chosen == "compare" else 1)
    confidence = either(said.confidence, CONFIDENCE)
    return LoadPlan(
        mode=chosen,
        profile=profile,
        service=service,
        method=method,
        search=_search(said, profile) if chosen == "breakpoint" else None,
        baseline=sides[0],
        candidate=sides[1],
        trials=trials,
        seed=either(said.seed, secrets.randbits(32)),
        output=output,
        margin=either(said.margin, MARGIN),
        confidence=confidence,
        policy=policy,
        gate=bool(said.gate),
        allow_hosts=said.allow_host or (),
        bind=said.bind or LOOPBACK,
        port=either(said.port, 0),
        worker_seconds=either(said.worker_timeout, WORKER_SECONDS),
        token=token,
        cwd=cwd,
        download=said.download is not False,
        notes=(
            *(
                f"{what}; {remedy}"
                for what, remedy in profile.notes_of(searched=chosen == "breakpoint")
            ),
            *(_notes(trials, confidence, mode=chosen) if two else ()),
        ),
    )


def _notes(trials: int, confidence: float, *, mode: str) -> tuple[str, ...]:
    """That so few trials of two sides decide nothing, before anybody waits for them."""
    fewest = fewest_trials(confidence)
    if trials >= fewest:
        return ()
    one, more = ("search", "searches") if mode == "breakpoint" else ("trial", "trials")
    count = f"1 {one} of each side decides" if trials == 1 else f"{trials} {more} decide"
    needed = f"an interval at {confidence * 100:g} % needs {fewest} (--trials {fewest})"
    return (f"{count} nothing between the two: {needed}",)


def load_method(
    *, engine: str, workers: int, remote_workers: int, window: float, pin: bool
) -> LoadMethod:
    """How load is generated, with the version of what generates it.

    Raises:
        PerfkitError: The engine is not on this machine.
    """
    version, runs_on = engine_facts(engine)
    return LoadMethod(
        engine=engine,
        engine_version=version,
        generator=runs_on,
        workers=workers,
        remote_workers=remote_workers,
        window_seconds=window,
        cut_seconds=CUT * window,
        sample_seconds=_SAMPLE_SECONDS,
        pin=pin,
    )


def _check_together(said: Options, *, mode: str, two: bool, problems: list[PerfkitError]) -> None:
    """Options that exclude each other, or that need another."""
    targets = [f"--{x}" for x in ("app", "command", "url") if getattr(said, x) is not None]
    rules = (
        (len(targets) > 1, f"{' and '.join(targets)} exclude each other", "name one service"),
        (
            two and said.python is not None,
            "--python names the only side, --baseline and --candidate name two",
            "leave one or the other out",
        ),
        (
            said.url is not None and two,
            "a service that runs already has one variant: --url cannot be compared",
            "use --app or --command, so that perfkit can start it under each Python",
        ),
        (
            said.url is not None and bool(said.services),
            "--services belongs to a service that perfkit starts",
            "leave --services out",
        ),
        (
            said.pid is not None and said.url is None,
            "--pid belongs to --url",
            "perfkit knows the processes of a service it starts; leave it out",
        ),
        (
            said.trials is not None and not two,
            "--trials belongs to a comparison",
            "add --baseline 3.12, or leave it out",
        ),
        (
            bool(said.gate) and not two,
            "--gate judges a candidate against a baseline",
            "add --baseline 3.12",
        ),
        (
            said.window is not None and mode != "compare",
            "--window is a turn of two services in a comparison",
            "add --baseline 3.12, or leave it out",
        ),
        (
            None not in (said.from_, said.to) and either(said.from_, 0.0) > either(said.to, 0.0),
            "--from is above --to",
            "begin below the highest level",
        ),
        *(
            (
                not two and getattr(said, name) is not None,
                f"--{name.replace('_', '-')} belongs to a candidate",
                "add --baseline and --candidate, or use --baseline-… for the only side",
            )
            for name in _OF_CANDIDATE
        ),
        *(
            (
                said.url is not None and getattr(said, name) is not None,
                f"--{name.replace('_', '-')} says how a service is started, and --url runs already",
                "leave it out",
            )
            for name in ("python", *_OF_BASELINE)
        ),
        *(
            (
                mode != "breakpoint" and getattr(said, name) is not None,
                f"--{name.rstrip('_')} belongs to 'perfkit load breakpoint'",
                "leave it out",
            )
            for name in ("from_", "to", "resolution", "probe")
        ),
    )
    problems += [PerfkitError(what, remedy=remedy) for broken, what, remedy in rules if broken]
    _check_workers(said, problems)
    unknown = [name for name in said.services or () if name not in BACKING]
    if unknown:
        problems.append(
            PerfkitError(
                "--services names what perfkit cannot start",
                got=", ".join(unknown),
                allowed=", ".join(BACKING),
            )
        )


def _check_workers(said: Options, problems: list[PerfkitError]) -> None:
    several = (said.workers or 1) > 1 or said.expect_workers is not None
    if not several and (said.bind is not None or said.port is not None):
        problems.append(
            PerfkitError(
                "--bind and --port are where workers come to",
                remedy="add --expect-workers N, or leave them out",
            )
        )
    problems += [
        PerfkitError(
            f"--{name.replace('_', '-')} is about workers from other machines",
            remedy="add --expect-workers N, or leave it out",
        )
        for name in ("worker_timeout", "token_file")
        if said.expect_workers is None and getattr(said, name) is not None
    ]
    bind = said.bind or LOOPBACK
    if not _is_address(bind):
        problems.append(
            PerfkitError(
                "--bind is no address of this machine",
                got=bind,
                allowed="an IP address: 127.0.0.1, one of a network, or 0.0.0.0 for all",
            )
        )
    elif several and said.port and is_taken(bind, said.port):
        problems.append(
            PerfkitError(
                f"somebody listens at --port on {bind} already",
                got=said.port,
                remedy="choose another one, or leave it out for a free one",
            )
        )


def _token(said: Options, problems: list[PerfkitError]) -> str | None:
    """What the user wants workers from elsewhere to know; None when that is left to perfkit."""
    if said.expect_workers is None:
        return None
    try:
        return given_token(said.token_file, os.environ)
    except PerfkitError as error:
        problems.append(error)
        return None


def _is_address(text: str) -> bool:
    try:
        return bool(ipaddress.ip_address(text))
    except ValueError:
        return False


def _profile(
    said: Options, cwd: Path, problems: list[PerfkitError], *, mode: str
) -> Profile | None:
    from perfkit.profile.library import find
    from perfkit.profile.parse import load_profile
    from perfkit.profile.schedule import scaled

    name = said.profile or (_SEARCHED if mode == "breakpoint" else None)
    if name is None:
        problems.append(
            PerfkitError(
                "no profile was named",
                allowed="a profile that comes with perfkit, or the path of a YAML file",
                remedy="try 'perfkit load smoke'; 'perfkit load profiles' lists them",
            )
        )
        return None
    try:
        searched = mode == "breakpoint"
        profile = load_profile(find(name, cwd), requested=said.path, searched=searched)
        return scaled(profile, either(said.time_scale, 1.0), either(said.user_scale, 1.0))
    except PlanError as error:
        problems += error.problems
    except PerfkitError as error:
        problems.append(error)
    return None


def _check_own(said: Options, profile: Profile | None, problems: list[PerfkitError]) -> None:
    """The options of a k6 script do not say what to send, and not every service has our path."""
    own = any(target is not None for target in (said.app, said.command, said.url))
    if profile is None or said.path is not None or not own:
        return
    from perfkit.profile.parse import OPTIONS_SUFFIX

    if profile.source.suffix != OPTIONS_SUFFIX:
        return
    problems.append(
        PerfkitError(
            f"{profile.source.name}: the options of a k6 script do not say what is sent",
            allowed="the path of a GET request to your service",
            remedy="add --path /, say, or write a profile: 'perfkit load profiles "
            f"{profile.source.name} > mine.yaml'",
        )
    )


def _method(
    said: Options, profile: Profile | None, problems: list[PerfkitError], *, mode: str, two: bool
) -> tuple[LoadMethod, Profile | None]:
    """How load is generated, and the profile as that engine runs it."""
    searched = either(said.to, _LIMIT) if mode == "breakpoint" else None
    engine, profile = choose_engine(said, profile, problems, two=two, most_users=searched)
    method = load_method(
        engine=engine,
        workers=either(said.workers, 0 if said.expect_workers else 1),
        remote_workers=either(said.expect_workers, 0),
        window=either(said.window, _window(profile)),
        pin=said.pin is not False,
    )
    return method, profile


def _window(profile: Profile | None) -> float:
    """Turns of a second, shorter where a profile is too short for four of each side."""
    return WINDOW if profile is None else min(WINDOW, profile.seconds / FEWEST_TURNS)


def _search(said: Options, profile: Profile) -> SearchMethod:
    positive = [level for level in (profile.start, *(x.target for x in profile.stages)) if level]
    limit = either(said.to, _LIMIT)
    return SearchMethod(
        start=min(either(said.from_, max(1.0, min(positive) / 10)), limit),
        limit=limit,
        resolution=either(said.resolution, _RESOLUTION),
        settle_seconds=min(_SETTLE_SECONDS, either(said.probe, _HOLD_SECONDS)),
        hold_seconds=either(said.probe, _HOLD_SECONDS),
    )


def _sides(
    merged: Merged, *, two: bool, cwd: Path, problems: list[PerfkitError]
) -> tuple[Variant | None, Variant | None]:
    said = merged.said
    if not two:
        return variant(said, Side.BASELINE, one_python(merged, cwd=cwd, problems=problems)), None
    if said.baseline is None:
        if "baseline" not in merged.wrong:
            problems.append(
                PerfkitError(
                    "--candidate is judged against a baseline, and none was named",
                    remedy="add --baseline 3.12; a load test of one side takes --python",
                )
            )
        return None, None
    pythons = two_pythons(merged, cwd=cwd, problems=problems)
    return variant(said, Side.BASELINE, pythons[0]), variant(said, Side.CANDIDATE, pythons[1])
