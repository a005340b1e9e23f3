"""The two descriptors over which the engine hears and says what `_perfkit_engine` tells of."""

from __future__ import annotations

import json
import os
from contextlib import suppress
from typing import Any

from gevent.os import make_nonblocking, nb_read


class Channel:
    """The protocol's two descriptors."""

    def __init__(self) -> None:
        """Take over standard input and output."""
        self._reader = os.dup(0)
        self._writer = os.dup(1)
        os.dup2(2, 1)
        nothing = os.open(os.devnull, os.O_RDONLY)
        os.dup2(nothing, 0)
        make_nonblocking(self._reader)
        self._data = b""

    def say(self, kind: str, **content: Any) -> None:  # noqa: ANN401 - any JSON
        """Write one line; a reader that is gone is noticed at the other end."""
        line = json.dumps({"kind": kind, **content}).encode() + b"\n"
        with suppress(BrokenPipeError):
            os.write(self._writer, line)

    def hear(self) -> str | None:
        """The next line; None at the end."""
        while b"\n" not in self._data:
            piece = nb_read(self._reader, 1 << 16)
            if not piece:
                return None
            self._data += piece
        line, _, self._data = self._data.partition(b"\n")
        return line.decode()
