"""Raw events of a load run: one row a request, streamed to disk as compressed Arrow batches.

A file is an Arrow IPC *stream*: record batches one after another, so that a reader of a file whose
writer was killed gets every complete batch. Names (of requests, of errors) are numbers in it;
what they mean stands in ``NAME.names.jsonl`` beside it, written before the batch that needs it.

Times are microseconds on the clock of the machine that perfkit runs on (CLOCK_MONOTONIC), counted
from the segment's origin; negative before the load began.
"""

from __future__ import annotations

import json
import struct
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import NDArray

from perfkit.errors import RecordingError
from perfkit.recording.arrow import ColumnWriter, WholeFile, read_columns, unwritable

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

COLUMNS: Final[dict[str, str]] = {
    "due": "int64",  # intended start, µs from the origin
    "start": "int64",  # actual start
    "end": "int64",  # answer complete, failed, or cut off
    "slip": "int32",  # µs of start - due that are the generator's own (a user was free)
    "size": "int64",  # bytes of the body
    "status": "int16",  # HTTP status; 0 where there was no answer
    "outcome": "int8",  # one of OUTCOMES
    "checks": "int16",  # bit i: check i of the request failed
    "request": "int16",  # number of the request's name
    "error": "int16",  # number of the error's text; -1 for none
    "phase": "int16",  # stage at the intended start; -1 for setup
    "target": "int8",  # which of the segment's services: 0 or 1
}

_CODES: Final = {"int64": "q", "int32": "i", "int16": "h", "int8": "b"}

ROW: Final = struct.Struct("<" + "".join(_CODES[kind] for kind in COLUMNS.values()))
"""A row in memory and between processes: the columns in order, packed, little-endian."""

ROW_TYPE: Final = np.dtype(
    [(name, np.dtype(kind).newbyteorder("<")) for name, kind in COLUMNS.items()]
)
"""The same for numpy: ``np.frombuffer(rows, ROW_TYPE)``."""

REQUEST: Final = "request"
ERROR: Final = "error"
_MICRO: Final = 1e-6
_TIMES: Final = ("due", "start", "end", "slip")

ANSWERED: Final = 0
"""The request was answered and its checks of status and body held."""

FAILED: Final = 1
"""It was answered wrongly, refused, or not answered within the time-out."""

CUT_OFF: Final = 2
"""It was still in flight when its user was stopped."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Events:
    """Requests of one segment (or of several): arrays of shape (n,), in no particular order.

    Attributes:
        due: Intended start, seconds from the origin.
        start: Actual start.
        end: End.
        slip: Seconds of ``start - due`` that are the generator's own.
        size: Bytes.
        status: HTTP status, 0 for none.
        outcome: `ANSWERED`, `FAILED` or `CUT_OFF`.
        checks: Bits of failed checks.
        request: Index into ``requests``.
        error: Index into ``errors``; -1 for none.
        phase: Index of the stage; -1 for setup.
        target: Which of the segment's services.
        requests: Names of requests.
        errors: Texts of errors.
    """

    due: NDArray[np.float64]
    start: NDArray[np.float64]
    end: NDArray[np.float64]
    slip: NDArray[np.float64]
    size: NDArray[np.int64]
    status: NDArray[np.int16]
    outcome: NDArray[np.int8]
    checks: NDArray[np.int16]
    request: NDArray[np.int16]
    error: NDArray[np.int16]
    phase: NDArray[np.int16]
    target: NDArray[np.int8]
    requests: tuple[str, ...]
    errors: tuple[str, ...]

    def __len__(self) -> int:
        return len(self.due)

    def where(self, mask: NDArray[np.bool_]) -> Events:
        """Those for which ``mask`` holds."""
        arrays = {name: getattr(self, name)[mask] for name in COLUMNS}
        return Events(**arrays, requests=self.requests, errors=self.errors)


@dataclass(frozen=True, slots=True, kw_only=True)
class Name:
    """What a number in the columns ``request`` or ``error`` means.

    Attributes:
        kind: `REQUEST` or `ERROR`.
        number: The number; those of a kind count from 0.
        text: What it means.
    """

    kind: str
    number: int
    text: str


def names_path(path: Path) -> Path:
    """The file of names beside a file of events."""
    return path.with_name(path.name.removesuffix(".arrow") + ".names.jsonl")


class EventWriter:
    """Appends rows to a file of events, and names to the one beside it.

    Raises:
        WritingError: A file cannot be made; neither may exist yet.
    """

    def __init__(self, path: Path) -> None:
        self._columns = ColumnWriter(path, COLUMNS)
        self._names_path = names_path(path)
        try:
            self._names = WholeFile(self._names_path)
        except OSError as error:
            self._columns.close()
            raise unwritable(self._names_path, error) from error

    def write(self, rows: NDArray[np.void], names: Iterable[Name]) -> None:
        """Append rows of `ROW_TYPE`, after the names that are new in them.

        Raises:
            WritingError: The disk is full, say; whole batches written before stay readable.
        """
        lines = [[one.kind, one.number, one.text] for one in names]
        if lines:
            data = "".join(json.dumps(line) + "\n" for line in lines).encode()
            try:
                self._names.write(data)
            except OSError as error:
                raise unwritable(self._names_path, error) from error
        if len(rows):
            self._columns.write({name: rows[name] for name in COLUMNS})

    def close(self) -> None:
        """Write the end mark and close.

        Raises:
            WritingError: The end mark cannot be written.
        """
        self._names.close()
        self._columns.close()


def read_events(files: Sequence[Path]) -> Events:
    """The events of a segment, of whichever files its workers wrote.

    What a worker that was killed has written is read as far as it is whole. Names that several
    workers numbered differently are one.

    Raises:
        RecordingError: A file is missing or none of ours.
    """
    tables: dict[str, dict[str, int]] = {REQUEST: {}, ERROR: {}}
    parts: list[dict[str, NDArray[Any]]] = []
    for file in files:
        columns: dict[str, NDArray[Any]] = dict(read_columns([file], COLUMNS))
        names = _read_names(names_path(file))
        for kind in (REQUEST, ERROR):
            columns[kind] = _renumbered(columns[kind], names[kind], tables[kind], file)
        for name in _TIMES:
            columns[name] = columns[name] * _MICRO
        parts.append(columns)
    whole = {
        name: np.concatenate([part[name] for part in parts])
        if parts
        else np.empty(0, dtype="float64" if name in _TIMES else kind)
        for name, kind in COLUMNS.items()
    }
    return Events(**whole, requests=tuple(tables[REQUEST]), errors=tuple(tables[ERROR]))


def _read_names(path: Path) -> dict[str, dict[int, str]]:
    """Texts by kind and number; a cut last line is left out, as no row needs it yet."""
    try:
        data = path.read_bytes()
    except OSError as error:
        raise RecordingError(
            "the names of a file of events are missing",
            got=str(path),
            remedy="restore the file, or remove its trial's lines from recording.jsonl",
        ) from error
    found: dict[str, dict[int, str]] = {REQUEST: {}, ERROR: {}}
    for line in data.split(b"\n")[:-1]:
        try:
            kind, number, text = json.loads(line)
            found[kind][int(number)] = str(text)
        except (ValueError, KeyError, TypeError) as error:
            raise RecordingError(
                "a line of the names of events cannot be read",
                got=line[:80].decode(errors="replace"),
                remedy=f"restore {path}",
            ) from error
    return found


def _renumbered(
    numbers: NDArray[Any], names: dict[int, str], table: dict[str, int], file: Path
) -> NDArray[np.int16]:
    """Numbers of a file as numbers of the common table, which grows; -1 stays."""
    used = np.unique(numbers)
    if unknown := sorted(set(used.tolist()) - set(names) - {-1}):
        raise RecordingError(
            "a file of events uses numbers that have no name",
            got=", ".join(map(str, unknown[:5])),
            remedy=f"restore {names_path(file)}",
        )
    there = np.full(max([-1, *names]) + 2, -1, dtype=np.int16)
    for number, text in sorted(names.items()):
        there[number] = table.setdefault(text, len(table))
    renumbered: NDArray[np.int16] = there[numbers]  # -1 takes the last, which is -1
    return renumbered
