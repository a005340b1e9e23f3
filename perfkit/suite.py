"""From BENCHMARK arguments to scripts: what there is, what it needs, a digest of its sources.

Nothing is run or imported here. Sources: PEP 723 (inline script metadata) for scripts; for folders
``bm_NAME/run_benchmark.py`` the format of pyperformance 1.14 (its ``_benchmark_metadata`` module).
"""

from __future__ import annotations

import ast
import hashlib
import os
import re
import tomllib
import warnings
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet

from perfkit.benchmark import Script
from perfkit.errors import NothingFoundError, PerfkitError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

RUN_SCRIPT = "run_benchmark.py"
METAFILE = "pyproject.toml"
PINS = "requirements.txt"

# The reference expression of PEP 723; a block without an end does not count, says the PEP.
_BLOCK = re.compile(r"(?m)^# /// script$\s(?P<content>(?:^#(?:| .*)$\s)+)^# ///$")
_BIG_FILE = 1 << 20  # bytes; above, size and time of change stand for the content
_ALLOWED = "a .py script, a folder with bm_*.py or bm_*/run_benchmark.py, or a name such as json_*"


@dataclass(frozen=True, slots=True, kw_only=True)
class Selection:
    """What BENCHMARK arguments came to.

    Attributes:
        scripts: Scripts to learn names from; each once, labels unique, in the order of the
            arguments and by name within a folder.
        patterns: Shell patterns; when there are any, only benchmarks whose name fits one count.
        problems: Everything that was wrong. A folder without benchmarks is a
            ``NothingFoundError``; the rest are invalid paths or metadata.
    """

    scripts: tuple[Script, ...]
    patterns: tuple[str, ...]
    problems: tuple[PerfkitError, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Found:
    """A script, the file that describes it, and the folder that tells it from its namesakes."""

    script: Script
    origin: Path
    place: Path


@dataclass(frozen=True, slots=True, kw_only=True)
class _Needs:
    """What a header or a metafile says, bases merged in."""

    name: str | None
    script: Path | None
    arguments: tuple[str, ...]
    requirements: tuple[str, ...]
    requires_python: str | None


def default_suite() -> Path:
    """Folder of the suite that comes with perfkit: inside the wheel, or beside the package."""
    package = Path(__file__).resolve().parent
    carried = package / "_benchmarks"
    return carried if carried.is_dir() else package.parent / "benchmarks"


def select(arguments: Sequence[str], *, cwd: Path) -> Selection:
    """Find the scripts that BENCHMARK arguments mean.

    Args:
        arguments: Scripts, folders, metafiles of pyperformance (``.toml``), or name patterns.
        cwd: Folder that relative paths start from, and whose ``benchmarks/`` is searched when no
            argument is a path; without benchmarks there, the default suite is.
    """
    found: list[_Found] = []
    patterns: list[str] = []
    problems: list[PerfkitError] = []
    for argument in dict.fromkeys(arguments):
        if argument and _exists(cwd / argument):
            found += _from_path((cwd / argument).resolve(), problems)
        elif _is_pattern(argument):
            patterns.append(argument)
        else:
            problems.append(
                PerfkitError(
                    "no such file or folder",
                    got=argument,
                    allowed=_ALLOWED,
                    remedy="check the path; relative ones start at the current folder",
                )
            )
    if len(patterns) == len(set(arguments)):
        local = (cwd / "benchmarks").resolve()
        held = _search(local, problems) if local.is_dir() else []
        found += held or _search(default_suite(), problems)
    unique = {(one.origin, one.script.arguments): one for one in reversed(found)}
    return Selection(
        scripts=_with_unique_labels(list(reversed(unique.values()))),
        patterns=tuple(patterns),
        problems=tuple(problems),
    )


def description(path: Path) -> str:
    """First line of a script's docstring; empty when it has none or cannot be parsed."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # SyntaxWarning: the script's affair
            docstring = ast.get_docstring(ast.parse(path.read_bytes()))
    except (OSError, SyntaxError, ValueError, RecursionError, MemoryError):
        return ""
    return (docstring or "").partition("\n")[0].strip()


def _exists(path: Path) -> bool:
    try:
        path.stat()
    except (OSError, ValueError):  # ValueError: a NUL in the name
        return False
    return True


def _is_pattern(argument: str) -> bool:
    if not argument or argument.endswith((".py", ".toml")):
        return False
    separators = {"/", os.sep, os.altsep} - {None}
    return any(mark in argument for mark in ("*", "?", "[", "::")) or not any(
        separator in argument for separator in separators if separator
    )


def _from_path(path: Path, problems: list[PerfkitError]) -> list[_Found]:
    """Scripts of one existing file or folder."""
    if path.is_dir():
        if _is_benchmark_folder(path):
            return _read_folder(path, problems)
        before = len(problems)
        found = _search(path, problems)
        if not found and len(problems) == before:
            problems.append(
                NothingFoundError("the folder holds no benchmark", got=str(path), allowed=_ALLOWED)
            )
        return found
    if path.suffix == ".toml":
        return _read_metafile(path, _content_of(path.parent, problems), problems)
    if path.name == RUN_SCRIPT and (path.parent / METAFILE).is_file():
        return _from_path(path.parent / METAFILE, problems)
    if path.suffix == ".py":
        return _read_script(path, problems)
    problems.append(PerfkitError("not a benchmark script", got=str(path), allowed=_ALLOWED))
    return []


def _is_benchmark_folder(path: Path) -> bool:
    return path.name.startswith("bm_") and (path / RUN_SCRIPT).is_file()


def _search(folder: Path, problems: list[PerfkitError]) -> list[_Found]:
    """Scripts directly in a folder: ``bm_*.py`` and ``bm_*/run_benchmark.py``, by name."""
    try:
        entries = sorted(path for path in folder.iterdir() if path.name.startswith("bm_"))
    except OSError as error:
        problems.append(_unreadable(folder, error))
        return []
    found: list[_Found] = []
    for path in entries:
        if _is_benchmark_folder(path):
            found += _read_folder(path.resolve(), problems)
        elif path.suffix == ".py" and path.is_file():
            found += _read_script(path.resolve(), problems)
    return found


def _read_folder(folder: Path, problems: list[PerfkitError]) -> list[_Found]:
    """The benchmark of a pyperformance folder, then its variants by file name."""
    content = _content_of(folder, problems)
    found: list[_Found] = []
    if not (folder / METAFILE).is_file():
        found += _read_script(folder / RUN_SCRIPT, problems, content=content)
    metafiles = [folder / METAFILE, *sorted(folder.glob("bm_*.toml"))]
    for metafile in metafiles:
        if metafile.is_file():
            found += _read_metafile(metafile, content, problems)
    return found


def _read_script(path: Path, problems: list[PerfkitError], *, content: bytes = b"") -> list[_Found]:
    """A script with a PEP 723 header, or none."""
    try:
        source = path.read_bytes()
    except OSError as error:
        problems.append(_unreadable(path, error))
        return []
    # Not decodable is the script's own failure, shown when it is run; the header still counts.
    text = source.decode("utf-8", errors="replace").replace("\r\n", "\n")
    blocks = [match["content"] for match in _BLOCK.finditer(text)]
    if len(blocks) > 1:
        what = "more than one '# /// script' block"
        problems.append(PerfkitError(what, got=str(path), allowed="one, or none"))
        return []
    lines = (line.removeprefix("#").removeprefix(" ") for line in "".join(blocks).splitlines())
    before = len(problems)
    header = _parse("\n".join(lines), path, problems)
    requirements = _texts(header, "dependencies", path, problems, Requirement)
    requires_python = _text(header, "requires-python", path, problems, SpecifierSet)
    if len(problems) > before:
        return []
    in_folder = path.name == RUN_SCRIPT and path.parent.name.startswith("bm_")
    script = Script(
        path=path,
        label=path.parent.name.removeprefix("bm_") if in_folder else path.stem,
        arguments=(),
        requirements=requirements,
        pins=_read_pins(path.parent / PINS, problems) if in_folder else (),
        requires_python=requires_python,
        digest=_digest(source, content),
    )
    return [
        _Found(script=script, origin=path, place=path.parent.parent if in_folder else path.parent)
    ]


def _read_metafile(metafile: Path, content: bytes, problems: list[PerfkitError]) -> list[_Found]:
    """The benchmark that a ``pyproject.toml`` or ``bm_NAME_variant.toml`` describes."""
    before = len(problems)
    needs = _needs(metafile, problems, above=())
    path = needs.script or metafile.parent / RUN_SCRIPT
    try:
        source = path.read_bytes()
    except OSError as error:
        problems.append(_unreadable(path, error))
    pins = _read_pins(path.parent / PINS, problems)
    if len(problems) > before:
        return []
    stem = metafile.parent.name if metafile.name == METAFILE else metafile.stem
    script = Script(
        path=path.resolve(),
        label=needs.name or stem.removeprefix("bm_"),
        arguments=needs.arguments,
        requirements=needs.requirements,
        pins=pins,
        requires_python=needs.requires_python,
        digest=_digest(source, content, *(argument.encode() for argument in needs.arguments)),
    )
    return [_Found(script=script, origin=metafile, place=metafile.parent.parent)]


def _needs(metafile: Path, problems: list[PerfkitError], *, above: tuple[Path, ...]) -> _Needs:
    """Read a metafile and the bases it inherits from; what it says itself wins, field by field."""
    try:
        text = metafile.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        problems.append(_unreadable(metafile, error))
        text = ""
    data = _parse(text, metafile, problems)
    project = _table(data, "project", metafile, problems)
    tool = _table(_table(data, "tool", metafile, problems), "pyperformance", metafile, problems)
    runscript = _text(tool, "runscript", metafile, problems)
    own = _Needs(
        name=_text(tool, "name", metafile, problems),
        script=metafile.parent / runscript if runscript else None,
        arguments=_texts(tool, "extra_opts", metafile, problems),
        requirements=_texts(project, "dependencies", metafile, problems, Requirement),
        requires_python=_text(project, "requires-python", metafile, problems, SpecifierSet),
    )
    base_file = _base_of(metafile, _text(tool, "inherits", metafile, problems))
    if base_file is None:
        return own
    if base_file in {metafile, *above}:
        problems.append(PerfkitError("'inherits' goes round in a circle", got=str(metafile)))
        return own
    base = _needs(base_file, problems, above=(metafile, *above))
    return replace(
        own,
        script=own.script or base.script,
        arguments=own.arguments or base.arguments,
        requirements=own.requirements or base.requirements,
        requires_python=own.requires_python or base.requires_python,
    )


def _base_of(metafile: Path, inherits: str | None) -> Path | None:
    """Where pyperformance looks: ``..`` is ``base.toml`` one up; variants inherit silently."""
    folder = metafile.parent
    if inherits == "..":
        return folder.parent / "base.toml"
    if inherits:
        return (folder / inherits).resolve()
    silent = metafile.name.startswith("bm_") and folder.name.startswith("bm_")
    return folder / METAFILE if silent and (folder / METAFILE).is_file() else None


def _read_pins(path: Path, problems: list[PerfkitError]) -> tuple[str, ...]:
    """Requirements of a ``requirements.txt``; hashes are dropped, other options are problems."""
    if not path.is_file():
        return ()
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        problems.append(_unreadable(path, error))
        return ()
    lines = (re.sub(r"(^|\s)#.*|\s--hash\S*", "", line).strip() for line in _joined(text))
    table = {"requirements": [line for line in lines if line]}
    return _texts(table, "requirements", path, problems, Requirement)


def _joined(text: str) -> list[str]:
    return re.sub(r"\\\r?\n", " ", text).splitlines()


def _parse(text: str, where: Path, problems: list[PerfkitError]) -> dict[str, Any]:
    try:
        return tomllib.loads(text)
    except (ValueError, RecursionError) as error:
        problems.append(PerfkitError(f"invalid TOML in {where}: {error}", remedy="correct it"))
        return {}


def _table(
    parent: Mapping[str, Any], key: str, where: Path, problems: list[PerfkitError]
) -> Mapping[str, Any]:
    value = parent.get(key, {})
    if isinstance(value, dict):
        return value
    problems.append(PerfkitError(f"'{key}' in {where} is no table", got=value, allowed="a table"))
    return {}


def _text(
    table: Mapping[str, Any],
    key: str,
    where: Path,
    problems: list[PerfkitError],
    check: Callable[[str], object] = str,
) -> str | None:
    value = table.get(key)
    if value is None:
        return None
    return next(iter(_checked([value], key, where, problems, check)), None)


def _texts(
    table: Mapping[str, Any],
    key: str,
    where: Path,
    problems: list[PerfkitError],
    check: Callable[[str], object] = str,
) -> tuple[str, ...]:
    value = table.get(key, [])
    if not isinstance(value, list):
        what = f"'{key}' in {where} is no list"
        problems.append(PerfkitError(what, got=value, allowed="a list of strings"))
        return ()
    return tuple(_checked(value, key, where, problems, check))


def _checked(
    values: Sequence[object],
    key: str,
    where: Path,
    problems: list[PerfkitError],
    check: Callable[[str], object],
) -> Iterator[str]:
    for value in values:
        allowed = "a string" if check is str else f"a valid {check.__name__} of packaging (PEP 508)"
        try:
            if not isinstance(value, str) or not value:
                raise TypeError("no string, or an empty one")  # noqa: TRY301
            check(value)
        except (ValueError, TypeError, RecursionError) as error:
            reason = str(error).partition("\n")[0]
            what = f"invalid '{key}' in {where}: {reason}"
            problems.append(PerfkitError(what, got=value, allowed=allowed))
        else:
            yield value


def _content_of(folder: Path, problems: list[PerfkitError]) -> bytes:
    """Digest of all files of a benchmark folder, whatever its place on the disk."""
    digest = hashlib.sha256()
    try:
        for root, folders, names in os.walk(folder):
            folders[:] = sorted(n for n in folders if n != "__pycache__" and not n.startswith("."))
            for path in (Path(root, name) for name in sorted(names)):
                if not path.is_file():
                    continue
                facts = path.stat()
                big = facts.st_size > _BIG_FILE
                stand_in = f"{facts.st_size} {facts.st_mtime_ns}".encode()
                for part in (
                    path.relative_to(folder).as_posix().encode("utf-8", "surrogateescape"),
                    stand_in if big else path.read_bytes(),
                ):
                    digest.update(b"%d:" % len(part) + part)
    except OSError as error:
        problems.append(_unreadable(folder, error))
    return digest.digest()


def _digest(*parts: bytes) -> str:
    """SHA-256 of parts; lengths go in, so that parts cannot run into one another."""
    return hashlib.sha256(b"".join(b"%d:" % len(part) + part for part in parts)).hexdigest()


def _unreadable(path: Path, error: Exception) -> PerfkitError:
    reason = getattr(error, "strerror", None) or str(error)
    return PerfkitError(f"cannot be read: {reason}", got=str(path), remedy="check the path")


def _with_unique_labels(found: Sequence[_Found]) -> tuple[Script, ...]:
    """Tell namesakes apart by as many parent folders as it takes, then by number."""
    labels = [one.script.label for one in found]
    depth = 0
    while len(set(labels)) < len(labels) and depth < max(len(one.place.parts) for one in found):
        depth += 1
        labels = [
            "/".join((*one.place.parts[-depth:], one.script.label))
            if labels.count(label) > 1
            else label
            for one, label in zip(found, labels, strict=True)
        ]
    for index, label in enumerate(labels):
        if (times := labels[:index].count(label)) > 0:
            labels[index] = f"{label}-{times + 1}"
    return tuple(replace(one.script, label=label) for one, label in zip(found, labels, strict=True))
