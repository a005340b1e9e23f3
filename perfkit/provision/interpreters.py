"""Find the interpreter a person asked for; ask each candidate what it is.

findpython knows where version managers keep their interpreters; it is used to list them only.
Its own questions to an executable run whatever stands on PATH, and a dead pyenv shim takes a
second each to fail.
"""

from __future__ import annotations

import os
import platform
import sys
import tempfile
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from findpython.providers import ALL_PROVIDERS
from packaging.version import Version

from perfkit.errors import InterpreterNotFoundError, PerfkitError, ProvisionError
from perfkit.provision.probe import ask, ask_all
from perfkit.provision.specs import OLDEST, PythonSpec, parse_spec, version_text
from perfkit.provision.tools import run_tool, tool_environ
from perfkit.provision.uv import find_uv

if TYPE_CHECKING:
    from collections.abc import Sequence

    from perfkit.variant import Interpreter

__all__ = [
    "PythonSpec",
    "Source",
    "choose",
    "default_stages",
    "find_all",
    "find_interpreter",
    "next_minor",
    "parse_spec",
]

DOWNLOAD_TIMEOUT = 600.0
"""Seconds that fetching an interpreter may take."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """A place where interpreters are.

    Attributes:
        name: ``"pyenv"``, ``"uv"``, …, ``"PATH"``; becomes ``Interpreter.found_by``.
        executables: Lists what may be interpreters, without running any.
    """

    name: str
    executables: Callable[[], Iterable[Path]]


def default_stages() -> tuple[tuple[Source, ...], ...]:
    """Where to look: version managers first, PATH only when they cannot help."""
    managers = [
        name
        for name, provider in ALL_PROVIDERS.items()
        if name != "path" and provider.create() is not None
    ]
    managers.sort(key=lambda name: name != "pyenv")
    return (
        tuple(Source(name=name, executables=_provider(name)) for name in managers),
        (
            Source(name="PATH", executables=_on_path),
            Source(name="perfkit", executables=lambda: [Path(sys.executable)]),
        ),
    )


def find_interpreter(
    spec: PythonSpec,
    *,
    download: bool,
    cache: Path | None = None,
    stages: Sequence[Sequence[Source]] | None = None,
) -> Interpreter:
    """The interpreter that fits best.

    The first stage that has a final release which fits wins; within it `choose` decides.

    Args:
        spec: What is wanted.
        download: Let uv install a version that is missing.
        cache: Folder that remembers what executables said they are; None to ask each time.
        stages: Where to look; None for `default_stages`.

    Raises:
        InterpreterNotFoundError: No such version here, and it could not be installed.
        ProvisionError: The path is no interpreter that can be measured.
    """
    if spec.path is not None:
        return _at_path(spec, spec.path)
    stages = default_stages() if stages is None else stages
    best, found = _search(spec, stages, cache)
    if best is not None:
        return best
    words = "not tried, as asked"
    if download:
        words = _install(spec)
        best, found = _search(spec, stages, cache)
        if best is not None:
            return best
    raise _not_found(spec, stages, found, download=download, words=words)


def find_all(
    *, cache: Path | None = None, stages: Sequence[Sequence[Source]] | None = None
) -> list[Interpreter]:
    """Every interpreter here that can be measured, newest first, with how it was found."""
    stages = default_stages() if stages is None else stages
    listed = [pair for stage in stages for pair in _listed(stage)]
    usable = [i for i in ask_all(listed, cache=cache) if Version(i.version).release >= OLDEST]
    return sorted(usable, key=_preference, reverse=True)


def next_minor(wanted: PythonSpec | Interpreter) -> str:
    """The minor release after this one, same implementation and build: 3.13t → ``"3.14t"``.

    Raises:
        ProvisionError: The path in a spec is no interpreter that can be measured.
    """
    if isinstance(wanted, PythonSpec):
        if wanted.path is None:
            major, minor = wanted.release[:2]
            return version_text(
                wanted.implementation, (major, minor + 1), free_threaded=wanted.free_threaded
            )
        wanted = _at_path(wanted, wanted.path)
    major, minor = Version(wanted.version).release[:2]
    return version_text(
        wanted.implementation, (major, minor + 1), free_threaded=wanted.free_threaded
    )


def choose(spec: PythonSpec, interpreters: Iterable[Interpreter]) -> Interpreter | None:
    """The best interpreter that fits a version.

    Final releases before pre-releases, release builds before debug builds, native before emulated
    ones, then the highest patch release.
    """
    return max((i for i in interpreters if _fits(spec, i)), key=_preference, default=None)


def _fits(spec: PythonSpec, interpreter: Interpreter) -> bool:
    release = Version(interpreter.version).release[: len(spec.release)]
    return (
        interpreter.implementation == spec.implementation
        and interpreter.free_threaded == spec.free_threaded
        and release == spec.release
    )


def _preference(interpreter: Interpreter) -> tuple[bool, bool, bool, bool, Version, int, str]:
    version = Version(interpreter.version)
    return (
        interpreter.implementation == "cpython",
        not version.is_prerelease,
        "--with-pydebug" not in interpreter.config_args,
        interpreter.platform.lower().endswith((platform.machine().lower(), "universal2")),
        version,
        -len(interpreter.executable),
        interpreter.executable,
    )


def _search(
    spec: PythonSpec, stages: Sequence[Sequence[Source]], cache: Path | None
) -> tuple[Interpreter | None, list[Interpreter]]:
    found: list[Interpreter] = []
    for stage in stages:
        found += ask_all(_listed(stage), cache=cache)
        best = choose(spec, found)
        if best is not None and not Version(best.version).is_prerelease:
            return best, found
    return choose(spec, found), found


def _listed(stage: Sequence[Source]) -> list[tuple[str, Path]]:
    return [(source.name, path) for source in stage for path in source.executables()]


def _provider(name: str) -> Callable[[], Iterable[Path]]:
    def executables() -> list[Path]:
        provider = ALL_PROVIDERS[name].create()
        if provider is None:
            return []
        try:
            return [version.executable for version in provider.find_pythons()]
        except OSError:  # a folder that cannot be read has nothing for us
            return []

    return executables


def _on_path() -> list[Path]:
    provider = ALL_PROVIDERS["path"]
    found: list[Path] = []
    for folder in os.environ.get("PATH", "").split(os.pathsep):
        # Shims of pyenv, asdf, rye, mise: slow stand-ins for interpreters found otherwise.
        if folder and "shims" not in Path(folder).parts:
            try:
                found += [v.executable for v in provider.find_pythons_from_path(Path(folder))]
            except OSError:
                continue
    return found


def _at_path(spec: PythonSpec, path: Path) -> Interpreter:
    tried = (
        [path]
        if not path.is_dir()
        else [
            path / folder / f"{name}{suffix}"
            for folder in ("bin", "Scripts", "")
            for name in ("python", "python3", "pypy3", "pypy")
            for suffix in ("", ".exe")
        ]
    )
    for executable in tried:
        if not executable.is_file():
            continue
        interpreter = ask(executable, found_by="path", as_written=True)
        if interpreter is None:
            continue
        if Version(interpreter.version).release < OLDEST:
            raise ProvisionError(
                f"Python {interpreter.label} cannot be measured",
                got=spec.text,
                allowed=f"Python {'.'.join(map(str, OLDEST))} and newer",
                remedy="give a newer interpreter",
            )
        return interpreter
    raise ProvisionError(
        "no working Python interpreter there",
        got=spec.text,
        allowed="an interpreter, its installation folder, or a virtual environment",
        remedy="run it by hand to see what is wrong, or 'perfkit pythons' to see what is here",
    )


def _install(spec: PythonSpec) -> str:
    """Let uv install a version; what it said if it could not, else an empty text."""
    uv = find_uv()
    if uv is None:
        return "uv is not usable here"
    environ = tool_environ()
    environ["UV_PYTHON_DOWNLOADS"] = "manual"
    environ["UV_PYTHON_INSTALL_BIN"] = "0"  # no python3.x in the user's ~/.local/bin
    environ["UV_PYTHON_INSTALL_REGISTRY"] = "0"
    environ.setdefault("UV_HTTP_RETRIES", "1")
    try:
        with tempfile.TemporaryDirectory(prefix="perfkit-") as folder:
            run_tool(
                [uv, "python", "install", spec.text],
                what=f"uv cannot install Python {spec.text}",
                cwd=Path(folder),
                environ=environ,
                timeout=DOWNLOAD_TIMEOUT,
            )
    except PerfkitError as error:
        return getattr(error, "output", "") or str(error)
    return ""


def _not_found(
    spec: PythonSpec,
    stages: Sequence[Sequence[Source]],
    found: Sequence[Interpreter],
    *,
    download: bool,
    words: str,
) -> InterpreterNotFoundError:
    where = ", ".join(source.name for stage in stages for source in stage)
    usable = {i.executable: i for i in reversed(found) if Version(i.version).release >= OLDEST}
    ranked = sorted(usable.values(), key=_preference, reverse=True)
    here = ", ".join(f"{i.label} ({i.found_by}: {i.executable})" for i in ranked)
    command = f"python -m uv python install {spec.text}"
    if not download:
        remedy = f"drop --no-download, or run '{command}', or give the path of an interpreter"
    else:
        remedy = (
            f"uv could not install it; run '{command}' where the network allows, install it "
            f"another way ('pyenv install {spec.text}'), or give the path of an interpreter"
        )
    return InterpreterNotFoundError(
        f"Python {spec.text} was not found; looked in {where}",
        got=spec.text,
        allowed=f"what is here: {here}" if here else "none, no interpreter was found at all",
        remedy=remedy,
        output=words if download else "",
    )
