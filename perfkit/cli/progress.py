"""Which way progress is told: a live view, plain lines, or not at all."""

from __future__ import annotations

import os
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from perfkit.session.progress import Listener


@contextmanager
def listening(*, quiet: bool, no_color: bool) -> Iterator[Listener]:
    """A listener for a session, on stderr; the live view needs a terminal at both streams."""
    from perfkit.cli.lines import PlainLines
    from perfkit.session.progress import ignore

    if quiet:
        yield ignore
    elif _is_terminal():
        from perfkit.cli.live import LiveView

        with LiveView(no_color=no_color) as view:
            yield view
    else:
        yield PlainLines()


def _is_terminal() -> bool:
    return sys.stdout.isatty() and sys.stderr.isatty() and os.environ.get("TERM") != "dumb"
