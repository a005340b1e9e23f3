"""The folder that perfkit was started in."""

from __future__ import annotations

from pathlib import Path

from perfkit.errors import PerfkitError


def current_folder() -> Path:
    """The current folder.

    Raises:
        PerfkitError: It has been removed meanwhile.
    """
    try:
        return Path.cwd()
    except OSError as error:
        raise PerfkitError(
            "the current folder is gone", remedy="change to another folder first"
        ) from error
