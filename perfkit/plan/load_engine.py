"""The engine of a load run: there, of a known version, and able to do what the profile asks."""

from __future__ import annotations

import platform
from dataclasses import replace
from importlib import metadata
from typing import TYPE_CHECKING

from perfkit.errors import NOT_AS_BEGUN, START_ANEW, PerfkitError
from perfkit.loadtest.engines import ENGINES, K6, LOCUST
from perfkit.loadtest.k6.program import find_k6, k6_problems

if TYPE_CHECKING:
    from perfkit.plan.options import Options
    from perfkit.profile.value import Profile
    from perfkit.recording.load import LoadMethod


def engine_facts(engine: str) -> tuple[str, str]:
    """Version of an engine, and what it runs on: ``("2.43.4", "CPython 3.13.0")``.

    Raises:
        PerfkitError: It is not on this machine, or in a version that cannot be used.
    """
    if engine == K6:
        found = find_k6()
        return found.version, found.built
    python = f"{platform.python_implementation()} {platform.python_version()}"
    return metadata.version("locust"), python


def choose_engine(
    said: Options,
    profile: Profile | None,
    problems: list[PerfkitError],
    *,
    two: bool,
    most_users: float | None,
) -> tuple[str, Profile | None]:
    """The engine asked for, and the profile as that engine runs it.

    k6 cannot take turns between two services within one run, so that it measures two variants one
    after the other.

    Args:
        said: The options.
        profile: The profile, or None when it has problems of its own.
        problems: Is given what stands in the way.
        two: There are two variants.
        most_users: Users that a search may reach; None without a search.
    """
    engine = said.engine or LOCUST
    if engine not in ENGINES:
        problems.append(
            PerfkitError(
                "--engine is none that perfkit has", got=engine, allowed=", ".join(ENGINES)
            )
        )
        return LOCUST, profile
    if engine != K6:
        return engine, profile
    before = len(problems)
    try:
        find_k6()
    except PerfkitError as error:
        problems.append(error)
    problems += _unfit(said)
    if profile is not None:
        users = profile.users if most_users is None else max(profile.users, most_users)
        problems += k6_problems(profile, users=users)
        profile = replace(profile, sliced=profile.sliced and not two)
    return (LOCUST if len(problems) > before else K6), profile


def engine_changed(method: LoadMethod) -> PerfkitError | None:
    """Why a run cannot go on with the engine of this machine; None when it can."""
    try:
        version, _ = engine_facts(method.engine)
    except PerfkitError as error:
        return error
    if version == method.engine_version:
        return None
    return PerfkitError(
        f"the engine {NOT_AS_BEGUN}, and loads of different engines are never put together",
        got=f"{method.engine} {version}",
        allowed=f"{method.engine} {method.engine_version}",
        remedy=START_ANEW,
    )


def _unfit(said: Options) -> list[PerfkitError]:
    """Options that k6 has nothing for."""
    found = []
    if (said.workers or 1) > 1 or said.expect_workers is not None:
        told = {"--workers": said.workers, "--expect-workers": said.expect_workers}
        found.append(
            PerfkitError(
                "k6 runs in one process here, which uses all of the generator's CPUs",
                got=", ".join(f"{name} {value}" for name, value in told.items() if value),
                remedy="leave it out, or use the default engine",
            )
        )
    if said.window is not None:
        found.append(
            PerfkitError(
                "--window is a turn of two services, and k6 measures them one after the other",
                remedy="leave it out, or use the default engine",
            )
        )
    return found
