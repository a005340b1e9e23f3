"""Local projects (``--with .``): built once into a wheel for each state of their files.

A project at a commit of a repository here (``--baseline-rev``) is one as well; its state is the
commit.
"""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit
from urllib.request import url2pathname

from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import InvalidWheelFilename, parse_wheel_filename

from perfkit.errors import ProvisionError
from perfkit.provision.cache import key_of, obtain
from perfkit.provision.git import submodules
from perfkit.provision.identity import identity
from perfkit.provision.revisions import Revision, as_revision, missing_project, worktree

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from perfkit.provision.installer import Installer
    from perfkit.variant import Interpreter

_SKIPPED = frozenset(
    {".git", ".hg", ".svn", "__pycache__", ".tox", ".nox", ".eggs", "node_modules", ".hypothesis"}
    | {".mypy_cache", ".ruff_cache", ".pytest_cache", ".ipynb_checkpoints", ".idea", ".vscode"}
)
_SKIPPED_AT_TOP = frozenset({"build", "dist"})  # elsewhere they may be packages
_OF_TOOLS = ("pyvenv.cfg", "recording.jsonl")  # a virtual environment; one of perfkit's own runs
_PROJECT_FILES = ("pyproject.toml", "setup.py")
_WITH_EXTRAS = re.compile(r"(?P<path>.*?)(?P<extras>\[[^\[\]/\\]*\])?", re.DOTALL)

_DIGESTS: dict[str, str] = {}  # by names, sizes and times of change: contents are read once


@dataclass(frozen=True, slots=True, kw_only=True)
class LocalProject:
    """A requirement that is a file or folder here.

    Attributes:
        path: Absolute path.
        extras: ``"[fast]"``, or an empty text.
    """

    path: Path
    extras: str


def as_local(requirement: str) -> LocalProject | Revision | None:
    """The local project a requirement means: a path, ``name @ file:///path``, or a commit."""
    if (revision := as_revision(requirement)) is not None:
        return revision
    try:
        parsed = Requirement(requirement)
    except InvalidRequirement:
        match = _WITH_EXTRAS.fullmatch(requirement.strip())
        if match and Path(match["path"]).is_absolute():
            return LocalProject(path=Path(match["path"]), extras=match["extras"] or "")
        return None
    if parsed.url is None or urlsplit(parsed.url).scheme != "file":
        return None
    extras = f"[{','.join(sorted(parsed.extras))}]" if parsed.extras else ""
    return LocalProject(path=Path(url2pathname(urlsplit(parsed.url).path)), extras=extras)


def as_wheel(
    project: LocalProject | Revision,
    *,
    interpreter: Interpreter,
    installer: Installer,
    cache: Path,
) -> str:
    """The project as a requirement on a wheel built from what it holds now.

    The wheel's name depends on what is in it, so that a change which never reaches the wheel (a
    test, a report) needs no new environment.

    Raises:
        ProvisionError: It does not exist, is no Python project, or cannot be built.
    """
    where, extras = (
        (project.repository, "")
        if isinstance(project, Revision)
        else (project.path, project.extras)
    )
    try:
        if isinstance(project, Revision):
            wheel = _build_revision(project, interpreter, installer, cache)
        elif _check(project).suffix == ".whl":
            wheel = _keep(project.path, cache)
        else:
            wheel = _build(project.path, interpreter, installer, cache)
    except (OSError, zipfile.BadZipFile, InvalidWheelFilename) as error:
        raise ProvisionError(
            f"this local requirement cannot be read: {error}",
            got=str(where),
            remedy="look at the file named, or leave the requirement out",
        ) from error
    return f"{parse_wheel_filename(wheel.name)[0]}{extras} @ {wheel.as_uri()}"


def tree_digest(path: Path) -> str:
    """SHA-256 over names and contents of a project's files, without what tools leave there."""
    files = sorted(_files(path)) if path.is_dir() else [path]
    seen = hashlib.sha256()
    for file in files:
        status = file.stat()
        stamp = f"{file}\0{status.st_size}\0{status.st_mtime_ns}\0{status.st_ctime_ns}\0"
        seen.update(stamp.encode("utf-8", "surrogateescape"))
    stamp = seen.hexdigest()
    if stamp not in _DIGESTS:
        contents = hashlib.sha256()
        for file in files:
            name = file.relative_to(path).as_posix() if file != path else file.name
            with file.open("rb") as stream:
                digest = hashlib.file_digest(stream, "sha256").hexdigest()
            contents.update(f"{name}\0{digest}\0".encode("utf-8", "surrogateescape"))
        _DIGESTS[stamp] = contents.hexdigest()
    return _DIGESTS[stamp]


def _files(top: Path) -> Iterator[Path]:
    for root, folders, names in os.walk(top):
        here = Path(root)
        at_top = here == top
        folders[:] = sorted(
            name
            for name in folders
            if name not in _SKIPPED
            and not name.endswith(".egg-info")
            and not (at_top and name in _SKIPPED_AT_TOP)
            and not any((here / name / sign).is_file() for sign in _OF_TOOLS)
        )
        for name in names:
            file = here / name
            if not name.endswith((".pyc", ".pyo")) and file.is_file():  # no sockets, dead links
                yield file


def _check(project: LocalProject) -> Path:
    path = project.path
    if not path.exists():
        raise ProvisionError(
            "no such local requirement", got=str(path), remedy="check the path given to --with"
        )
    if path.is_dir() and not any((path / name).is_file() for name in _PROJECT_FILES):
        raise ProvisionError(
            "this folder is no Python project",
            got=str(path),
            allowed="a folder with a pyproject.toml or setup.py, a wheel, or a source archive",
            remedy="point --with at the folder that holds pyproject.toml",
        )
    return path


def _build(path: Path, interpreter: Interpreter, installer: Installer, cache: Path) -> Path:
    def build(folder: Path) -> dict[str, Any]:
        return _built(path, folder, interpreter, installer, cache)

    key = key_of("build", str(path), tree_digest(path), identity(interpreter), installer.name)
    return _kept_build(key, f"{path} for {interpreter.label}", build, cache)


def _build_revision(
    revision: Revision, interpreter: Interpreter, installer: Installer, cache: Path
) -> Path:
    def build(folder: Path) -> dict[str, Any]:
        with worktree(revision.repository, revision.commit, cache=cache) as tree:
            project = tree / revision.subdirectory
            if not any((project / name).is_file() for name in _PROJECT_FILES):
                raise missing_project(revision)
            try:
                return _built(project, folder, interpreter, installer, cache)
            except ProvisionError as error:
                raise _explained(error, revision) from error

    project = [revision.commit, revision.subdirectory]
    key = key_of("build of a commit", project, identity(interpreter), installer.name)
    name = revision.repository / revision.subdirectory
    label = f"{name} at {revision.commit[:7]} for {interpreter.label}"
    return _kept_build(key, label, build, cache)


def _explained(error: ProvisionError, revision: Revision) -> ProvisionError:
    """The same error, named by the commit instead of a worktree that is gone."""
    remedy = error.remedy
    if found := submodules(revision.repository, revision.commit):
        names = ", ".join(found[:3]) + (", …" if len(found) > 3 else "")  # noqa: PLR2004
        remedy = f"its git submodules ({names}) are left empty: build without them if you can"
    return ProvisionError(
        f"{revision.commit[:7]} of {revision.repository} cannot be built",
        remedy=remedy,
        output=error.output,
    )


def _built(
    path: Path, folder: Path, interpreter: Interpreter, installer: Installer, cache: Path
) -> dict[str, Any]:
    out = folder / "out"
    out.mkdir()
    installer.build_wheel(interpreter, path, out)
    built = list(out.glob("*.whl"))
    if len(built) != 1:
        raise ProvisionError(f"building {path} made {len(built)} wheels instead of one")
    kept = _keep(built[0], cache)
    shutil.rmtree(out)
    return {"wheel": str(kept)}


def _kept_build(key: str, label: str, build: Callable[[Path], dict[str, Any]], cache: Path) -> Path:
    entry = obtain(
        cache,
        "builds",
        key,
        label=label,
        build=build,
        usable=lambda _, facts: Path(facts["wheel"]).is_file(),
    )
    return _keep(Path(entry.facts["wheel"]), cache)


def _keep(wheel: Path, cache: Path) -> Path:
    """A copy of the wheel under a name made from what is in it."""
    parse_wheel_filename(wheel.name)
    with zipfile.ZipFile(wheel) as archive:
        members = sorted((member.filename, member.CRC) for member in archive.infolist())

    def build(folder: Path) -> dict[str, Any]:
        shutil.copyfile(wheel, folder / wheel.name)
        return {}

    entry = obtain(
        cache,
        "wheels",
        key_of(wheel.name, members),
        label=wheel.name,
        build=build,
        usable=lambda folder, _: (folder / wheel.name).is_file(),
    )
    return entry.folder / wheel.name
