"""How people write things: percentages, times, variables, options, requirements.

Pure, but for a look at paths. Each function takes what a person wrote and returns a value, or
raises `InvalidError`.
"""

from __future__ import annotations

import math
import re
import shlex
from decimal import Decimal
from pathlib import Path
from typing import TypeGuard

from packaging.requirements import InvalidRequirement, Requirement

from perfkit.errors import PerfkitError

_NUMBER = r"(?P<number>\d{1,12}(?:\.\d{0,12})?|\.\d{1,12})"
_SHARE = re.compile(rf"{_NUMBER}\s?(?P<unit>%?)", re.ASCII)
_DURATION = re.compile(rf"{_NUMBER}\s?(?P<unit>ms|s|m|min|h|d)?", re.ASCII)
_SECONDS = {"ms": 1e-3, "s": 1.0, "m": 60.0, "min": 60.0, "h": 3600.0, "d": 86400.0, None: 1.0}

_SHARE_FORMS = 'a percentage such as "1%" or "0.5 %", or a fraction below 1 such as 0.01'
_DURATION_FORMS = 'seconds, or a number with a unit: "20", "20s", "1.5m", "2h", "500ms"'

# Options without a word after them. Everything else either changes what runs (-c, -m, -i), makes
# Python ignore PYTHONHASHSEED (-E, -I) or the environment's packages (-S), or prints and exits.
_PLAIN_FLAG = re.compile(r"-[ObBsPu]+", re.ASCII)
_FLAG_WITH_VALUE = ("-X", "-W", "--jit")
_FLAG_FORMS = "-X OPTION, -W FILTER, -O, -OO, -B, -b, -s, -P, -u, and PyPy's --jit OPTIONS"
_HASH_SEED = "it makes Python ignore PYTHONHASHSEED, which perfkit shares between both sides"
_OTHER_CODE = "it changes what runs"
_FLAG_REASONS = {
    "E": _HASH_SEED,
    "I": _HASH_SEED,
    "S": "it hides the packages the benchmark needs",
    "c": _OTHER_CODE,
    "m": _OTHER_CODE,
    "i": _OTHER_CODE,
    "x": _OTHER_CODE,
}

_VARIABLE = re.compile(r"(?P<name>[^=\0]+)=(?P<value>[^\0]*)", re.DOTALL)
_OWN_VARIABLES = {
    "PYTHONHASHSEED": "perfkit sets it: the same for both sides of a block, new for the next",
    "PYTHONHOME": "it would make the interpreter load another one's library",
    "PYTHONINSPECT": "it would keep the measured process waiting for input",
}
_OWN_PREFIX = "PERFKIT_"
_SERVICE_PREFIX = "PERFKIT_SERVICE_"  # the reference service's settings: a person's to choose

_REQUIREMENT_FORMS = (
    'a requirement such as "pydantic==2.11.*", or the path of a project folder, wheel or sdist'
)
_ARCHIVES = (".whl", ".tar.gz", ".zip")
_URL_OR_MARKER = re.compile(r"[@;]|://")
_PATH_LIKE = re.compile(r"^[.~]|[/\\]|\.(whl|tar\.gz|zip)(\[[^\[\]]*\])?$", re.IGNORECASE)
_EXTRAS = re.compile(r"\[[\w.,\s-]*\]$", re.ASCII)

GIT_REVISION = re.compile(
    r"git\+(?P<repository>file://[^\s@#?]+)@(?P<commit>[0-9a-f]{40}(?:[0-9a-f]{24})?)"
    r"(?:#subdirectory=(?P<subdirectory>[^\s#&]+))?",
    re.ASCII,
)
"""A commit of a repository here, as ``--baseline-rev`` enters a variant's requirements."""


class InvalidError(PerfkitError, ValueError):
    """A value is not written as it should be; a ValueError so that pydantic collects it."""


def share(value: object) -> float:
    """A fraction from a percentage.

    >>> share("1%"), share("0.5 %"), share(0.02)
    (0.01, 0.005, 0.02)

    Raises:
        InvalidError: Neither a percentage nor a fraction below 1: a bare ``1`` may mean 1 %.
    """
    if isinstance(value, str) and (match := _SHARE.fullmatch(value.strip())):
        number = float(match["number"])
        if match["unit"]:
            return float(Decimal(match["number"]) / 100)  # 0.7 / 100 is not 0.007
        if number < 1:
            return number
        remedy = f'write "{match["number"]}%"'
        raise InvalidError("has no % sign", got=value, allowed=_SHARE_FORMS, remedy=remedy)
    if _is_number(value) and 0 <= value < 1:
        return float(value)
    raise InvalidError("is not a percentage", got=value, allowed=_SHARE_FORMS)


def duration(value: object) -> float:
    """Seconds from a time.

    >>> duration("20"), duration("1.5m"), duration(3)
    (20.0, 90.0, 3.0)

    Raises:
        InvalidError: Not a time.
    """
    if isinstance(value, str) and (match := _DURATION.fullmatch(value.strip())):
        return float(match["number"]) * _SECONDS[match["unit"]]
    if _is_number(value) and 0 <= value < math.inf:
        return float(value)
    raise InvalidError("is not a time", got=value, allowed=_DURATION_FORMS)


def environ(value: object) -> tuple[str, str]:
    """A variable from ``K=V``.

    >>> environ("PYTHON_JIT=1")
    ('PYTHON_JIT', '1')

    Raises:
        InvalidError: Not K=V, or a variable that is perfkit's own.
    """
    match = _VARIABLE.fullmatch(value) if isinstance(value, str) else None
    if match is None:
        allowed = "NAME=VALUE, such as PYTHON_JIT=1"
        raise InvalidError("is no environment variable", got=value, allowed=allowed)
    reason = _OWN_VARIABLES.get(match["name"])
    if match["name"].startswith(_OWN_PREFIX) and not match["name"].startswith(_SERVICE_PREFIX):
        reason = f"perfkit marks and pads what it measures with variables called {_OWN_PREFIX}*"
    if reason is not None:
        raise InvalidError(f"{match['name']} cannot be set: {reason}", remedy="leave it out")
    return match["name"], match["value"]


def flags(value: object) -> tuple[str, ...]:
    """Interpreter options from one string, split as a shell does.

    >>> flags("-X gil=0 -OO")
    ('-X', 'gil=0', '-OO')

    Raises:
        InvalidError: Not an option, or one that would change what is measured.
    """
    if not isinstance(value, str):
        raise InvalidError("is not a string", got=value, allowed=_FLAG_FORMS)
    try:
        words = shlex.split(value)
    except ValueError as error:
        raise InvalidError(f"cannot be split: {error}", got=value, allowed=_FLAG_FORMS) from error
    if "\0" in value:
        raise InvalidError("holds a NUL character", got=value, allowed=_FLAG_FORMS)
    rest = iter(words)
    for word in rest:
        if word in _FLAG_WITH_VALUE:
            if not (following := next(rest, "")) or following.startswith("-"):
                raise InvalidError(f"nothing follows {word}", got=value, allowed=_FLAG_FORMS)
        elif not (_PLAIN_FLAG.fullmatch(word) or re.match(r"-[XW].", word)):
            raise InvalidError(_why_not(word), got=value, allowed=_FLAG_FORMS)
    if not words:
        raise InvalidError("is empty", got=value, allowed=_FLAG_FORMS)
    return tuple(words)


def requirement(value: object, *, cwd: Path) -> str:
    """A PEP 508 requirement as given, or the absolute path of something that can be installed.

    So is a commit of a repository here, written in full (`GIT_REVISION`). What looks like a path to
    pip is one: it starts with a dot, holds a separator, or ends like an archive; ``name @ url``
    never does.

    Raises:
        InvalidError: Neither; or a path without a project.
    """
    if not isinstance(value, str) or not value.strip():
        raise InvalidError("is no requirement", got=value, allowed=_REQUIREMENT_FORMS)
    text = value.strip()
    if GIT_REVISION.fullmatch(text):
        return text
    if not _URL_OR_MARKER.search(text) and _PATH_LIKE.search(text):
        return _path_requirement(text, cwd)
    try:
        parsed = Requirement(text)
    except InvalidRequirement as error:
        reason = str(error).partition("\n")[0]
        remedy = 'write "NAME @ URL"' if "://" in text else None
        raise InvalidError(
            f"is no requirement ({reason})", got=value, allowed=_REQUIREMENT_FORMS, remedy=remedy
        ) from error
    if parsed.url is None or ":" in parsed.url:
        return text
    parsed.url = Path(_path_requirement(parsed.url, cwd)).as_uri()
    return str(parsed)


def _path_requirement(text: str, cwd: Path) -> str:
    path_text, extras = text, ""
    if match := _EXTRAS.search(text):
        path_text, extras = text[: match.start()], match[0]
    try:
        path = (cwd / Path(path_text).expanduser()).resolve()
        is_archive = path.is_file() and path.name.lower().endswith(_ARCHIVES)
        is_project = any((path / name).is_file() for name in ("pyproject.toml", "setup.py"))
        exists = path.exists()
    except (OSError, RuntimeError, ValueError) as error:  # too long; no home; a NUL inside
        reason = f"is no usable path ({error})"
        raise InvalidError(reason, got=text, allowed=_REQUIREMENT_FORMS) from error
    if is_archive or is_project:
        return f"{path}{extras}"
    if exists:
        what = "is no project: it holds neither pyproject.toml nor setup.py"
        raise InvalidError(what, got=str(path), allowed=_REQUIREMENT_FORMS)
    remedy = "check the path; relative ones start at the current folder"
    raise InvalidError("does not exist", got=str(path), allowed=_REQUIREMENT_FORMS, remedy=remedy)


def _why_not(word: str) -> str:
    if not word.startswith("-"):
        return f"holds {word!r}, which is no option"
    letter = word[1:].lstrip("ObBsPu")[:1]
    reason = _FLAG_REASONS.get(letter)
    if reason is not None:
        return f"holds -{letter}, which cannot be used: {reason}"
    return f"holds {word}, which is not among the options that can be compared"


def _is_number(value: object) -> TypeGuard[int | float]:
    return isinstance(value, int | float) and not isinstance(value, bool)
