"""The profiles that come with perfkit, and what PROFILE on the command line means."""

from __future__ import annotations

import difflib
from pathlib import Path

from perfkit.errors import PerfkitError

_SUFFIXES = (".yaml", ".yml", ".json", ".js", ".ts")
"""What `perfkit.profile.parse.load_profile` reads, and scripts of k6, to which it says how."""


def built_in() -> tuple[str, ...]:
    """Names of the profiles that come with perfkit."""
    return tuple(sorted(path.stem for path in _folder().glob("*.yaml")))


def find(name_or_path: str, cwd: Path) -> Path:
    """The file of a profile.

    Args:
        name_or_path: A name that comes with perfkit (``"smoke"``), or the path of a file.
        cwd: Folder that relative paths start from.

    Raises:
        PerfkitError: There is no such profile.
    """
    if name_or_path in built_in():
        return _folder() / f"{name_or_path}.yaml"
    try:
        path = (cwd / Path(name_or_path).expanduser()).absolute()
        if path.is_file():
            return path
    except (OSError, RuntimeError, ValueError):  # too long; no such home; a NUL inside
        pass
    names = built_in()
    near = difflib.get_close_matches(name_or_path.lower(), names, n=1)
    if not near and name_or_path.endswith(_SUFFIXES):
        near_remedy = f"check the path; relative ones start at {cwd}"
    else:
        near_remedy = f"did you mean {near[0]!r}?" if near else "name one of them, or a file"
    raise PerfkitError(
        "no such profile",
        got=name_or_path,
        allowed=f"{', '.join(names)}; or the path of a .yaml file",
        remedy=near_remedy,
    )


def _folder() -> Path:
    """Inside the wheel, or beside the package in a checkout."""
    package = Path(__file__).resolve().parents[1]
    carried = package / "_benchmarks" / "load"
    return carried if carried.is_dir() else package.parent / "benchmarks" / "load"
