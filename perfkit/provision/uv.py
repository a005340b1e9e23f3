"""uv: the fast way to resolve and install."""

from __future__ import annotations

import uv


def find_uv() -> str | None:
    """Path of the uv that came with perfkit; None where there is none for this system."""
    try:
        return str(uv.find_uv_bin())
    except OSError:
        return None
