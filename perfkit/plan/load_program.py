"""What a load run measures, so that trials of different programs are never taken for one run."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from perfkit.errors import NOT_AS_BEGUN, START_ANEW, PerfkitError
from perfkit.service import Service, ServiceKind

if TYPE_CHECKING:
    from perfkit.profile.value import Profile
    from perfkit.recording.load import LoadRun

LOCUSTFILE = "the Locust file"


def sources_of(service: Service, profile: Profile, cwd: Path) -> tuple[tuple[str, str], ...]:
    """Digests of the sources that are known, by name.

    Of an app, which is imported from ``cwd`` first: its module, or every ``.py`` file of its
    package, and the modules beside; what it imports from elsewhere is not known. Where neither is
    there it comes from the environment, whose packages are recorded. Of a Locust file: it, and the
    modules beside. A command or an address says nothing of what is behind it.
    """
    from perfkit.suite.reading import source_digest

    paths: dict[str, Path] = {}
    if service.kind is ServiceKind.APP and (found := _app(service.target, cwd)) is not None:
        paths[f"the app {service.target}"] = found
    if profile.scenario.locustfile is not None:
        paths[LOCUSTFILE] = profile.scenario.locustfile
    return tuple((name, source_digest(path)) for name, path in paths.items())


def _app(target: str, cwd: Path) -> Path | None:
    top = target.partition(":")[0].partition(".")[0]
    package, module = cwd / top, cwd / f"{top}.py"
    if package.is_dir():
        return package
    return module if module.is_file() else None


def changed_sources(run: LoadRun) -> list[PerfkitError]:
    """A problem for each source that is not what it was when the run began."""
    if run.sources is None:  # by an older perfkit: `unchecked` tells
        return []
    now = dict(sources_of(run.service, run.profile, Path(run.cwd)))
    before = dict(run.sources)
    return [
        PerfkitError(
            f"{name} {NOT_AS_BEGUN}: its source has changed",
            got=str(Path(run.cwd)) if name != LOCUSTFILE else str(run.profile.scenario.locustfile),
            remedy=START_ANEW,
        )
        for name in {**before, **now}
        if before.get(name) != now.get(name)
    ]


def unchecked(run: LoadRun) -> tuple[str, ...]:
    """What of the program nobody can compare with that of the sitting before; in words."""
    kind = run.service.kind
    found = []
    if kind is ServiceKind.COMMAND:
        found.append("what the command starts")
    if kind is ServiceKind.URL:
        found.append("the service at the address")
    if run.sources is None and kind is ServiceKind.APP:
        found.append(f"the app {run.service.target}")
    if run.sources is None and run.profile.scenario.locustfile is not None:
        found.append(LOCUSTFILE)
    return tuple(found)
