"""Reading TOML that others wrote: every fault becomes a problem, none an exception."""

from __future__ import annotations

import re
import tomllib
from typing import TYPE_CHECKING, Any

from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet

from perfkit.errors import PerfkitError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

# The reference expression of PEP 723; a block without an end does not count, says the PEP.
_BLOCK = re.compile(r"(?m)^# /// script$\s(?P<content>(?:^#(?:| .*)$\s)+)^# ///$")

_ALLOWED: Mapping[Callable[[str], object], str] = {
    str: "a string that is not empty",
    Requirement: "a requirement such as 'pydantic>=2' (PEP 508)",
    SpecifierSet: "a version specifier such as '>=3.9' (PEP 440)",
}


class Reader:
    """Reads one file's metadata and notes what is wrong with it.

    Args:
        where: The file, for messages.
        problems: Where problems are appended.
    """

    def __init__(self, where: Path, problems: list[PerfkitError]) -> None:
        self.where = where
        self.problems = problems

    def problem(self, what: str, *, got: object, allowed: str) -> None:
        """Note a problem of this file."""
        remedy = f"correct {self.where}"
        self.problems.append(PerfkitError(what, got=got, allowed=allowed, remedy=remedy))

    def content(self) -> bytes:
        """What is in the file; nothing when it cannot be read."""
        try:
            return self.where.read_bytes()
        except OSError as error:
            self.problems.append(unreadable(self.where, error))
            return b""

    def toml(self, text: str) -> dict[str, Any]:
        """Parse; an empty table when that fails."""
        try:
            return tomllib.loads(text)
        except (ValueError, RecursionError) as error:  # also numbers and nestings too long for it
            self.problem(f"invalid TOML: {error}", got=str(self.where), allowed="TOML 1.0")
            return {}

    def table(self, parent: Mapping[str, Any], key: str) -> Mapping[str, Any]:
        """A sub-table; empty when there is none."""
        value = parent.get(key, {})
        if isinstance(value, dict):
            return value
        self.problem(f"'{key}' is no table", got=value, allowed=f"a table [{key}]")
        return {}

    def text(
        self, table: Mapping[str, Any], key: str, kind: Callable[[str], object] = str
    ) -> str | None:
        """A string that ``kind`` accepts, or None."""
        value = table.get(key)
        return value if value is not None and self._fits(key, value, kind) else None

    def texts(
        self, table: Mapping[str, Any], key: str, kind: Callable[[str], object] = str
    ) -> tuple[str, ...]:
        """Those strings of a list that ``kind`` accepts; the others are problems."""
        values = table.get(key, [])
        if not isinstance(values, list):
            self.problem(f"'{key}' is no list", got=values, allowed="a list of strings")
            return ()
        return tuple(value for value in values if self._fits(key, value, kind))

    def _fits(self, key: str, value: object, kind: Callable[[str], object]) -> bool:
        try:
            if isinstance(value, str) and value:
                kind(value)
                return True
        except (ValueError, RecursionError):
            pass
        self.problem(f"'{key}' holds an invalid value", got=value, allowed=_ALLOWED[kind])
        return False

    def header(self, source: bytes) -> dict[str, Any]:
        """A script's inline metadata (PEP 723); empty when it has none.

        A source that is not UTF-8 is the script's own failure, shown when it is run.
        """
        blocks = header_blocks(source)
        if len(blocks) > 1:
            self.problem(
                "more than one '# /// script' block", got=len(blocks), allowed="one, or none"
            )
            return {}
        lines = "".join(blocks).split("\n")
        return self.toml("\n".join(line.removeprefix("#").removeprefix(" ") for line in lines))

    def pins(self) -> tuple[str, ...]:
        """Lines of a ``requirements.txt``; hashes are dropped, other options are problems."""
        if not self.where.is_file():
            return ()
        text = re.sub(r"\\\r?\n", " ", self.content().decode("utf-8", errors="replace"))
        lines = (re.sub(r"(?:^|\s)#.*|\s--hash\S*", "", line).strip() for line in text.splitlines())
        return self.texts({"line": [line for line in lines if line]}, "line", Requirement)


def header_blocks(source: bytes) -> list[str]:
    """The lines of each PEP 723 block in a script, ``#`` included; there should be one at most."""
    text = source.decode("utf-8", errors="replace").replace("\r\n", "\n")
    return [match["content"] for match in _BLOCK.finditer(text)]


def unreadable(path: Path, error: OSError) -> PerfkitError:
    """A file or folder that the system does not let us read."""
    return PerfkitError(
        f"cannot be read: {error.strerror or error}",
        got=str(path),
        remedy="check that it exists and who may read it",
    )
