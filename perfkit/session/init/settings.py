"""perfkit's tables in ``pyproject.toml``: added at the end, or left alone where they are."""

from __future__ import annotations

import tomllib
from typing import TYPE_CHECKING, Any

from perfkit.errors import PerfkitError

if TYPE_CHECKING:
    from pathlib import Path

GENERAL = """\
[tool.perfkit]
# Options of 'perfkit compare' and 'perfkit check'; the command line wins.
margin = "2%"  # changes smaller than this do not matter to you
# time = 20  # seconds for each benchmark
# baseline = "3.12"  # for 'perfkit compare': the Python you run now
"""

GATE = """\
[tool.perfkit.check]
# What 'perfkit check' lets pass.
margin = "2%"  # a slowdown within it
time-total = "5m"  # for the whole suite, spent where decisions are still open
metrics = ["time"]  # also "peak-memory" and "traced-memory"
on-inconclusive = "pass"  # with a loud warning; "fail" exits with 3
on-noise = "pass"  # the same when the machine is too noisy to tell
# margins = { "import_*" = "5%" }  # others, by name
# required = ["*"]  # must be there and must not fail
"""

_TABLES = (("perfkit",), GENERAL), (("perfkit", "check"), GATE)


def extended(old: str | None, path: Path) -> tuple[str, tuple[str, ...]]:
    """The file with the tables it lacks; what was there stays, byte for byte.

    The tables are text at the end, so that no comment and no layout of the user's is touched; that
    the result means what the old file meant, and the new tables, is checked by reading it.

    Args:
        old: Its content, or None when there is no such file.
        path: Where it is, for messages.

    Returns:
        The new content, and the tables added to it: none when both were there.

    Raises:
        PerfkitError: It is no TOML, or the tables cannot be added to it.
    """
    document = _parsed(old or "", path)
    added = [text for keys, text in _TABLES if _lacks(document, keys, path)]
    if not added:
        return old or "", ()
    before = old or ""
    newline = "\r\n" if "\r\n" in before else "\n"
    gap = "" if not before else newline if before.endswith("\n") else newline * 2
    new = before + gap + "\n".join(added).replace("\n", newline)
    for text in added:
        _merge(document, tomllib.loads(text))
    try:
        same = tomllib.loads(new) == document
    except ValueError:
        same = False  # [tool.perfkit] is an inline table, say, or made of dotted keys
    if not same:
        raise PerfkitError(
            "perfkit's tables cannot be added at the end of this file",
            got=str(path),
            remedy="write what it holds for perfkit under a header, [tool.perfkit]",
        )
    return new, tuple(text.partition("\n")[0] for text in added)


def _lacks(document: dict[str, Any], keys: tuple[str, ...], path: Path) -> bool:
    inner: Any = document
    for key in ("tool", *keys):
        inner = inner.get(key)
        if inner is None:
            return True
        if not isinstance(inner, dict):
            raise PerfkitError(
                f"{key!r} in this file is no table", got=str(path), remedy="make it one"
            )
    return False


def _merge(document: dict[str, Any], more: dict[str, Any]) -> None:
    for key, value in more.items():
        if isinstance(value, dict) and key in document:
            _merge(document[key], value)
        else:
            document[key] = value


def _parsed(text: str, path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(text)
    except (ValueError, RecursionError) as error:
        raise PerfkitError(
            f"this file is no TOML: {str(error) or 'nested too deep'}",
            got=str(path),
            remedy="correct it first",
        ) from error
