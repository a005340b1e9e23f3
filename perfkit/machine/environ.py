"""The environment variables that processes under test start with."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

MARKER = "PERFKIT_RUN"
"""Environment variable that marks every process of a run, so that strays can be found."""

_DROPPED_PREFIXES = ("PYTHON", "PERFKIT", "PIP_", "UV_")
_DROPPED = frozenset({"VIRTUAL_ENV", "VIRTUAL_ENV_PROMPT", "__PYVENV_LAUNCHER__", "CONDA_PREFIX"})


def inherited_environment(inherited: Mapping[str, str], python: Path) -> dict[str, str]:
    """The inherited variables without Python's own; commands of the environment come first.

    Args:
        inherited: What perfkit itself was started with.
        python: The interpreter of the environment under test.
    """
    kept = {
        name: value
        for name, value in inherited.items()
        if not name.startswith(_DROPPED_PREFIXES) and name not in _DROPPED
    }
    # A command such as "python" or "uvicorn" is the environment's own.
    return {**kept, "PATH": os.pathsep.join(filter(None, (str(python.parent), kept.get("PATH"))))}
