"""What a service prints: the last megabyte or two of it, in a file."""

from __future__ import annotations

import contextlib
from typing import IO, TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

LIMIT = 2_000_000
"""Bytes at which the beginning is left out."""

KEPT = 1_000_000
"""Bytes that stay then."""

_CUT = b"[... what came before is left out]\n"


class Log:
    """A file that never grows beyond `LIMIT`.

    A disk that is full costs the log and nothing else: the service must go on being read.
    """

    def __init__(self, path: Path | None) -> None:
        self._file: IO[bytes] | None = None
        self._size = 0
        if path is not None:
            with contextlib.suppress(OSError):
                path.parent.mkdir(parents=True, exist_ok=True)
                self._file = path.open("w+b", buffering=0)

    def write(self, chunk: bytes) -> None:
        """Append some output."""
        file = self._file
        if file is None:
            return
        with contextlib.suppress(OSError, ValueError):  # ValueError: closed meanwhile
            if self._size + len(chunk) > LIMIT:
                file.seek(self._size - KEPT)
                end = file.read(KEPT)
                file.seek(0)
                file.truncate()
                file.write(_CUT + end)
                self._size = file.tell()
            file.write(chunk)
            self._size = file.tell()

    def close(self) -> None:
        """Close the file; what still comes is dropped."""
        file, self._file = self._file, None
        if file is not None:
            with contextlib.suppress(OSError):
                file.close()
