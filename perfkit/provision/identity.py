"""What makes two interpreters the same as far as an environment is concerned."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from perfkit.variant import Interpreter


def identity(interpreter: Interpreter) -> list[str | int | bool]:
    """Path, version, build and time of change, as JSON values for a cache key.

    The file is looked at again: a distribution may replace it under the same name.
    """
    try:
        changed = Path(interpreter.executable).stat().st_mtime_ns
    except OSError:
        changed = 0
    return [
        interpreter.executable,
        interpreter.implementation,
        interpreter.version,
        interpreter.free_threaded,
        interpreter.build,
        changed,
    ]
