"""The run directory's `recording.jsonl`: append-only, versioned, whatever kind of run it is.

One JSON object a line; the key ``kind`` names what it is and the rest are the fields of one of the
types a kind of run declares. Raw observations are the artefact: every verdict, plot and report can
be recomputed from them. A line is written by one ``write`` call as soon as it is known, so that a
crash loses at most the line under way; a cut last line is tolerated when reading and removed when
writing goes on.
"""

from __future__ import annotations

import dataclasses
import errno
import json
import math
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from perfkit.errors import RecordingError, WritingError

if TYPE_CHECKING:
    from pydantic import TypeAdapter

FILE_NAME = "recording.jsonl"


@dataclass(frozen=True, slots=True, kw_only=True)
class Format:
    """What a kind of run writes into its file.

    Attributes:
        first: Kind of the first line; its type has the attribute ``schema``.
        schema: Version of the format.
        kinds: Type of every line by kind.
    """

    first: str
    schema: int
    kinds: Mapping[str, type[Any]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Read:
    """A file read back.

    Attributes:
        path: The file.
        lines: Values of the format's types, in the order written.
        cut: The last line was incomplete and has been left out.
    """

    path: Path
    lines: tuple[Any, ...]
    cut: bool


class Journal:
    """Appends lines to a recording, each with one system call.

    Raises:
        RecordingError: The folder or file cannot be written.
        WritingError: A line could not be written, or the disk is full; what was written before
            stays readable.
    """

    def __init__(self, folder: Path, form: Format) -> None:
        """Open ``folder``'s recording for appending; a cut last line is removed first."""
        self.folder = folder
        self._path = folder / FILE_NAME
        self._kind_of = {cls: kind for kind, cls in form.kinds.items()}
        try:
            folder.mkdir(parents=True, exist_ok=True)
            self._fd = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o644)
            _remove_cut_line(self._fd, self._path)
        except OSError as error:
            raise _unwritable(self._path, error, RecordingError) from error

    def append(self, line: Any) -> None:  # noqa: ANN401 - any of the format's types
        """Write one line, without the credentials of any URL in it."""
        record = _without_credentials(
            {"kind": self._kind_of[type(line)], **dataclasses.asdict(line)}
        )
        data = json.dumps(record, default=str, allow_nan=False, separators=(",", ":")).encode()
        try:
            written = os.write(self._fd, data + b"\n")
            if written <= len(data):
                _remove_cut_line(self._fd, self._path)  # should anything be appended after all
        except OSError as error:
            raise _unwritable(self._path, error, WritingError) from error
        if written <= len(data):
            full = OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
            raise _unwritable(self._path, full, WritingError)

    def close(self) -> None:
        """Close the file; further appends fail."""
        os.close(self._fd)


def kind_of_run(folder: Path) -> str:
    """The kind of a recording's first line, by which its format is known.

    Raises:
        RecordingError: There is none, or it is no recording.
    """
    path, data = _content(folder)
    head = data.split(b"\n", 1)[0]
    try:
        return str(json.loads(head)["kind"])
    except (ValueError, LookupError, TypeError, RecursionError) as error:
        if b"\n" not in data:
            raise _empty(path) from error
        raise _damaged(head, 1, path) from error


def read_journal(folder: Path, form: Format) -> Read:
    """Read a run directory's file back.

    Args:
        folder: A run directory, or the path of its recording.jsonl.
        form: What it must be.

    Raises:
        RecordingError: There is none, it is no recording, or of a schema this perfkit cannot read.
    """
    path, data = _content(folder)
    raw = data.split(b"\n")
    cut = raw.pop() != b""
    lines = [_parse(text, number, path, form) for number, text in enumerate(raw, 1)]
    kept = tuple(line for line in lines if line is not None)
    if not kept:
        raise _empty(path)
    return Read(path=path, lines=kept, cut=cut)


def check_possible(
    folder: Path, *, shares: Mapping[str, float], amounts: Mapping[str, float]
) -> None:
    """Refuse what no perfkit has written, before anything is computed from it.

    Args:
        folder: The run directory.
        shares: What must lie between 0 and 1, by name.
        amounts: What must be above 0, and finite.

    Raises:
        RecordingError: Something does not.
    """
    limits = [(name, value, 1.0) for name, value in shares.items()]
    limits += [(name, value, math.inf) for name, value in amounts.items()]
    for name, value, below in limits:
        if not 0 < value < below:
            raise RecordingError(
                f"the recording's {name} is impossible",
                got=value,
                allowed="a number between 0 and 1" if below == 1 else "a number above 0",
                remedy=f"correct the first line of {folder / FILE_NAME}, or measure again",
            )


def _content(folder: Path) -> tuple[Path, bytes]:
    path = folder / FILE_NAME if folder.is_dir() else folder
    try:
        return path, path.read_bytes()
    except OSError as error:
        raise RecordingError(
            "no recorded run here",
            got=str(folder),
            allowed=f"a folder that holds a {FILE_NAME}",
            remedy="name a run folder such as those under reports/",
        ) from error


def _empty(path: Path) -> RecordingError:
    return RecordingError(
        "the recording holds nothing yet", got=str(path), remedy="start the run again"
    )


def _damaged(text: bytes, number: int, path: Path) -> RecordingError:
    return RecordingError(
        f"line {number} of the recording cannot be read",
        got=text[:80].decode(errors="replace"),
        remedy=f"remove the damaged line from {path} to use the rest",
    )


def _parse(text: bytes, number: int, path: Path, form: Format) -> Any:  # noqa: ANN401
    try:
        record: dict[str, Any] = json.loads(text)
        kind = record.pop("kind")
        if number == 1 and (kind != form.first or record.get("schema") != form.schema):
            raise RecordingError(
                "the recording has another format than this perfkit reads",
                got=f"{kind} of schema {record.get('schema')}",
                allowed=f"{form.first} of schema {form.schema}",
                remedy="use the perfkit version that wrote it",
            )
        if kind not in form.kinds:
            return None  # written by a later perfkit of the same schema: additions are allowed
        cls: Any = form.kinds[kind]  # a class can be hashed, whatever mypy thinks of type[Any]
        return _adapter(cls).validate_python(record)
    except (ValueError, LookupError, TypeError, AttributeError, RecursionError) as error:
        raise _damaged(text, number, path) from error


@cache
def _adapter(cls: Any) -> TypeAdapter[Any]:  # noqa: ANN401 - a type, hashable
    from pydantic import TypeAdapter

    return TypeAdapter(cls)


def _remove_cut_line(fd: int, path: Path) -> None:
    data = path.read_bytes()
    if data and not data.endswith(b"\n"):
        os.ftruncate(fd, data.rfind(b"\n") + 1)


def _unwritable(path: Path, error: OSError, kind: type[RecordingError]) -> RecordingError:
    return kind(
        f"the recording cannot be written: {error.strerror}",
        got=str(path),
        remedy="make room or name another folder with --output, then go on with --resume",
    )


_CREDENTIALS = re.compile(
    r"(?P<scheme>[A-Za-z][A-Za-z0-9+.-]*://)"
    r"(?!git@)"  # a name, not a secret: git+ssh://git@…
    r"[^/?#\s]+@"  # to the last @, since a password may hold one
)


def redact(text: str) -> str:
    """Replace the credentials of any URL in a text.

    >>> redact("pkg @ git+https://me:secret@example.org/pkg")
    'pkg @ git+https://***@example.org/pkg'
    """
    return _CREDENTIALS.sub(r"\g<scheme>***@", text)


def _without_credentials(value: Any) -> Any:  # noqa: ANN401 - any JSON value
    if isinstance(value, str):
        return redact(value)
    if isinstance(value, dict):
        return {name: _without_credentials(one) for name, one in value.items()}
    if isinstance(value, list | tuple):
        return [_without_credentials(one) for one in value]
    return value
