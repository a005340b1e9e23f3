"""What a person may write for a Python: a version, or a path."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from perfkit.errors import PerfkitError

OLDEST = (3, 9)
"""The oldest Python that can be measured: the syntax of ``measure/target``."""

_VERSION = re.compile(
    r"(?P<implementation>pypy)?(?P<major>\d{1,2})\.(?P<minor>\d{1,3})"
    r"(?:\.(?P<patch>\d{1,3}))?(?P<free_threaded>t)?",
    re.ASCII,
)
_ALLOWED = (
    "a version (3.12, 3.12.1, 3.13t, pypy3.11), "
    "or the path of an interpreter, of its installation or of a virtual environment"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class PythonSpec:
    """A Python as asked for.

    Attributes:
        text: What was written; for a version in its normal form, which uv understands too.
        path: Absolute path of an existing interpreter or folder, or None for a version.
        implementation: ``"cpython"`` or ``"pypy"``; meaningless for a path.
        release: ``(3, 12)`` or ``(3, 12, 1)``; empty for a path.
        free_threaded: Asked for with the suffix ``t``.
    """

    text: str
    path: Path | None
    implementation: str
    release: tuple[int, ...]
    free_threaded: bool


def version_text(implementation: str, release: tuple[int, ...], *, free_threaded: bool) -> str:
    """A version as a person writes it: ``"3.13t"``, ``"pypy3.11"``."""
    prefix = "" if implementation == "cpython" else implementation
    return f"{prefix}{'.'.join(map(str, release))}{'t' if free_threaded else ''}"


def parse_spec(text: str) -> PythonSpec:
    """Read what was written for a Python.

    A text that reads as a version is one, even if a folder is called so: write ``./3.12``
    for the folder.

    Raises:
        PerfkitError: It is neither a version perfkit can measure nor an existing path.
    """
    written = text.strip()
    match = _VERSION.fullmatch(written)
    return _version_spec(match) if match else _path_spec(written, text)


def _version_spec(match: re.Match[str]) -> PythonSpec:
    numbers = (match["major"], match["minor"], match["patch"])
    release = tuple(int(number) for number in numbers if number is not None)
    implementation = match["implementation"] or "cpython"
    free_threaded = match["free_threaded"] is not None
    spec = PythonSpec(
        text=version_text(implementation, release, free_threaded=free_threaded),
        path=None,
        implementation=implementation,
        release=release,
        free_threaded=free_threaded,
    )
    if release < OLDEST or release[0] > OLDEST[0]:
        raise PerfkitError(
            "this Python cannot be measured",
            got=match.string,
            allowed=f"Python {'.'.join(map(str, OLDEST))} and newer, below 4",
            remedy="ask for a newer version",
        )
    if free_threaded and (implementation != "cpython" or release < (3, 13)):
        raise PerfkitError(
            "there is no free-threaded build of this Python",
            got=match.string,
            allowed="CPython from 3.13t on",
            remedy="drop the suffix 't', or ask for 3.13t or newer",
        )
    return spec


def _path_spec(written: str, text: str) -> PythonSpec:
    try:
        path = Path(written).expanduser()
        exists = bool(written) and path.exists()
    except (OSError, RuntimeError, ValueError):  # too long, no such home, a null byte
        exists = False
    if not exists:
        looks_like_path = "/" in written or "\\" in written
        what = "no such file or folder" if looks_like_path else "not a Python version or path"
        raise PerfkitError(
            what, got=text, allowed=_ALLOWED, remedy="run 'perfkit pythons' to see what is here"
        )
    return PythonSpec(
        text=written, path=path.absolute(), implementation="", release=(), free_threaded=False
    )
