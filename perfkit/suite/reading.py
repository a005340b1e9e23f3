"""One script, or one benchmark folder of pyperformance, with what it needs and a digest.

A folder ``bm_NAME`` holds ``run_benchmark.py``, ``pyproject.toml`` and perhaps variants
``bm_VARIANT.toml`` and pins, ``requirements.txt``. Source: ``_benchmark_metadata`` of
pyperformance 1.14, whose rules are followed where its documentation is silent.
"""

from __future__ import annotations

import hashlib
import os
import re
from contextlib import suppress
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet

from perfkit.benchmark import Script
from perfkit.suite.metadata import Reader, unreadable

if TYPE_CHECKING:
    from collections.abc import Iterator

    from perfkit.errors import PerfkitError

RUN_SCRIPT = "run_benchmark.py"
METAFILE = "pyproject.toml"
PINS = "requirements.txt"

_BIG_FILE = 1 << 20  # bytes; above, a digest stands for the content
_MOST_HELPERS = 200  # files beside a script that are read, those of packages included


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """A script and where it was found.

    Attributes:
        script: The script; its label is not yet unique.
        origin: The file that describes it, which tells it from its variants.
        place: The folder that tells it from its namesakes.
    """

    script: Script
    origin: Path
    place: Path


@dataclass(frozen=True, slots=True, kw_only=True)
class _Needs:
    """What a metafile says, with what it inherits."""

    name: str | None
    script: Path | None
    arguments: tuple[str, ...]
    requirements: tuple[str, ...]
    requires_python: str | None


def is_benchmark_folder(path: Path) -> bool:
    """Whether it is a folder in the manner of pyperformance."""
    return path.name.startswith("bm_") and (path / RUN_SCRIPT).is_file()


def read_script(
    path: Path, problems: list[PerfkitError], *, folder: Path | None = None
) -> list[Found]:
    """A script with a PEP 723 header or none; nothing, and problems, when that is invalid.

    Args:
        path: Absolute path of the script.
        problems: Where problems are appended.
        folder: The benchmark folder that the script runs, when it does.
    """
    before = len(problems)
    reader = Reader(path, problems)
    source = reader.content()
    header = reader.header(source)
    pins = Reader(folder / PINS, problems).pins() if folder else ()
    script = Script(
        path=path,
        label=folder.name.removeprefix("bm_") if folder else path.stem,
        arguments=(),
        requirements=() if pins else reader.texts(header, "dependencies", Requirement),
        pins=pins,
        requires_python=reader.text(header, "requires-python", SpecifierSet),
        digest=_digest(source, _folder_digest(folder, problems) if folder else _helpers(path)),
    )
    if len(problems) > before:
        return []
    return [Found(script=script, origin=path, place=(folder or path).parent)]


def read_folder(
    folder: Path, problems: list[PerfkitError], *, within: Path | None = None
) -> list[Found]:
    """The benchmark of a folder, then its variants by file name."""
    found = read_run_script(folder, problems, within=within)
    for variant in sorted(folder.glob("bm_*.toml")):
        found += read_metafile(variant, problems, within=within)
    return found


def read_run_script(
    folder: Path, problems: list[PerfkitError], *, within: Path | None = None
) -> list[Found]:
    """The benchmark of a folder without its variants."""
    if (folder / METAFILE).is_file():
        return read_metafile(folder / METAFILE, problems, within=within)
    return read_script(folder / RUN_SCRIPT, problems, folder=folder)


def read_metafile(
    metafile: Path, problems: list[PerfkitError], *, within: Path | None = None
) -> list[Found]:
    """The benchmark that a ``pyproject.toml`` or ``bm_VARIANT.toml`` describes.

    With a ``requirements.txt`` beside the script nothing else is required: pyperformance never
    looks at ``dependencies``, and some of its own name what does not exist.

    Args:
        metafile: Absolute path of the file.
        problems: Where problems are appended.
        within: Folder that the files it names must be in, or None when they may be anywhere.
    """
    before = len(problems)
    folder = metafile.parent
    needs = _needs(metafile, problems, above=(), within=within)
    path = (needs.script or folder / RUN_SCRIPT).resolve()
    source = Reader(path, problems).content()
    pins = Reader(path.parent / PINS, problems).pins()
    content = _folder_digest(folder, problems)
    if len(problems) > before:
        return []
    stem = folder.name if metafile.name == METAFILE else metafile.stem
    script = Script(
        path=path,
        label=needs.name or stem.removeprefix("bm_"),
        arguments=needs.arguments,
        requirements=() if pins else needs.requirements,
        pins=pins,
        requires_python=needs.requires_python,
        digest=_digest(source, content, *(argument.encode() for argument in needs.arguments)),
    )
    return [Found(script=script, origin=metafile, place=folder.parent)]


def _needs(
    metafile: Path,
    problems: list[PerfkitError],
    *,
    above: tuple[Path, ...],
    within: Path | None,
) -> _Needs:
    """Read a metafile and its bases; what it says itself wins, field by field."""
    reader = Reader(metafile, problems)
    data = reader.toml(reader.content().decode("utf-8", errors="replace"))
    project = reader.table(data, "project")
    tool = reader.table(reader.table(data, "tool"), "pyperformance")
    runscript = reader.text(tool, "runscript")
    own = _Needs(
        name=reader.text(tool, "name"),
        script=metafile.parent / runscript if runscript else None,
        arguments=reader.texts(tool, "extra_opts"),
        requirements=reader.texts(project, "dependencies", Requirement),
        requires_python=reader.text(project, "requires-python", SpecifierSet),
    )
    base_file = _base_of(metafile, reader.text(tool, "inherits"))
    for path in (own.script, base_file):
        if path is not None and within is not None and not path.resolve().is_relative_to(within):
            reader.problem("names a file elsewhere", got=str(path), allowed=f"one in {within}")
            return replace(own, script=None)
    if base_file is None:
        return own
    if base_file in {metafile, *above}:
        reader.problem("'inherits' goes round in a circle", got=str(base_file), allowed="a base")
        return own
    base = _needs(base_file, problems, above=(metafile, *above), within=within)
    return replace(
        own,
        script=own.script or base.script,
        arguments=own.arguments or base.arguments,
        requirements=own.requirements or base.requirements,
        requires_python=own.requires_python or base.requires_python,
    )


def _base_of(metafile: Path, inherits: str | None) -> Path | None:
    """Where pyperformance looks: ``..`` is ``base.toml`` one up; variants inherit unasked."""
    folder = metafile.parent
    if inherits == "..":
        return folder.parent / "base.toml"
    if inherits:
        return (folder / inherits).resolve()
    variant = metafile.name.startswith("bm_") and folder.name.startswith("bm_")
    return folder / METAFILE if variant and (folder / METAFILE).is_file() else None


def sources(found: Found) -> dict[str, Path]:
    """The files that a script's digest stands for, by their names beside it."""
    folder = found.origin.parent
    if found.origin.name.endswith(".toml") or is_benchmark_folder(folder):
        files = {path.relative_to(folder).as_posix(): path for path in _folder_files(folder)}
    else:
        top = found.origin.parent
        files = {path.relative_to(top).as_posix(): path for path in _beside(found.origin)}
    return files | {found.script.path.name: found.script.path}


def source_digest(path: Path) -> str:
    """Digest of a module, or of every ``.py`` file of a package, and of what is beside it."""
    parts = [_helpers(path)]
    for file in sorted(path.rglob("*.py")) if path.is_dir() else [path]:
        with suppress(OSError):  # what cannot be read cannot be imported
            if file.is_file():
                parts += [os.fsencode(file.relative_to(path.parent).as_posix()), _content(file)]
    return _digest(*parts)


def _folder_digest(folder: Path, problems: list[PerfkitError]) -> bytes:
    """Digest of all files of a folder, wherever it lies; caches and hidden folders left out."""
    parts: list[bytes] = []
    try:
        for path in _folder_files(folder):
            parts += [os.fsencode(path.relative_to(folder).as_posix()), _content(path)]
    except OSError as error:
        problems.append(unreadable(folder, error))
    return bytes.fromhex(_digest(*parts))


def _folder_files(folder: Path) -> Iterator[Path]:
    for root, folders, names in os.walk(folder):
        folders[:] = sorted(n for n in folders if not _is_passed_over(Path(root, n)))
        yield from (path for path in (Path(root, n) for n in sorted(names)) if path.is_file())


def _is_passed_over(folder: Path) -> bool:
    """Whether it is a cache, hidden, or a virtual environment."""
    name = folder.name
    return name == "__pycache__" or name.startswith(".") or (folder / "pyvenv.cfg").is_file()


def _helpers(script: Path) -> bytes:
    """Digest of what a lone script may import from beside it. Other benchmarks are not."""
    parts: list[bytes] = []
    for path in _beside(script):
        with suppress(OSError):  # what cannot be read cannot be imported
            if path.is_file():
                name = path.relative_to(script.parent).as_posix()
                parts += [os.fsencode(name), _content(path)]
    return bytes.fromhex(_digest(*parts)) if parts else b""


def _beside(script: Path) -> list[Path]:
    """The modules beside a script, then the files of the packages that it or they may import.

    A package is meant where its name is a word of a source: others, such as the tests beside a
    script at the top of a project, would change it again and again.
    """
    top = script.parent
    own = script.rglob("*.py") if script.is_dir() else (script,)
    beside = (x for x in sorted(top.glob("*.py")) if not x.name.startswith("bm_"))
    files = [path for path in islice(beside, _MOST_HELPERS) if path != script]
    packages = {path.parent.name: path.parent for path in sorted(top.glob("*/__init__.py"))}
    packages = {
        name: folder
        for name, folder in packages.items()
        if folder != script and not (name.startswith("bm_") or _is_passed_over(folder))
    }
    unread = [*own, *files]
    while packages and unread and len(files) < _MOST_HELPERS:
        words = _words(unread.pop(0))
        for name in [name for name in packages if name in words]:
            inside = (x for x in _folder_files(packages.pop(name)) if x.suffix == ".py")
            added = [*islice(inside, _MOST_HELPERS - len(files))]
            files += added
            unread += added
    return files


def _words(path: Path) -> set[str]:
    """The words of a source that may be names; of a big one, or one that cannot be read, none."""
    try:
        if not path.is_file() or path.stat().st_size > _BIG_FILE:
            return set()
        return set(re.findall(r"\w+", path.read_text(encoding="utf-8", errors="replace")))
    except OSError:
        return set()


def _content(path: Path) -> bytes:
    if path.stat().st_size > _BIG_FILE:
        with path.open("rb") as stream:
            return hashlib.file_digest(stream, "sha256").digest()
    return path.read_bytes()


def _digest(*parts: bytes) -> str:
    """SHA-256 of parts; lengths go in, so that parts cannot run into one another."""
    digest = hashlib.sha256()
    for part in parts:
        digest.update(b"%d:" % len(part))
        digest.update(part)
    return digest.hexdigest()
