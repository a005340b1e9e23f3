"""The profiles that come with perfkit, and what PROFILE on the command line means."""

from __future__ import annotations

import difflib
from pathlib import Path

from perfkit.errors import PerfkitError

_READ = (".yaml", ".yml", ".json")
_SUFFIXES = (*_READ, ".js", ".ts", ".py")
"""What `perfkit.profile.parse.load_profile` reads, and scripts, to which it says how."""

COMMANDS = ("breakpoint", "calibrate", "profiles", "worker")
"""Commands of ``perfkit load``, which stand where a profile may: a typo may have meant one."""


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
    raise PerfkitError(
        "no such profile",
        got=name_or_path,
        allowed=f"{', '.join(built_in())}; or the path of a .yaml file",
        remedy=_remedy(name_or_path, cwd),
    )


def _remedy(name: str, cwd: Path) -> str:
    """What may have been meant: a command, a file with another ending, or a name much like it."""
    if name in COMMANDS:
        return f"that is a command: 'perfkit load {name} --help'"
    if (beside := _beside(name, cwd)) is not None:
        return f"did you mean {beside!r}?"
    near = difflib.get_close_matches(name.lower(), (*built_in(), *COMMANDS), n=1)
    if near:
        return f"did you mean {f'perfkit load {near[0]}' if near[0] in COMMANDS else near[0]!r}?"
    if name.endswith(_SUFFIXES):
        return f"check the path; relative ones start at {cwd}"
    return "name one of them, or a file"


def _beside(name: str, cwd: Path) -> str | None:
    """The path of a file that a profile can be read from, and whose name only ends differently."""
    try:
        path = Path(name)
        stems = (name, str(path.with_suffix("")))
        found = (f"{stem}{suffix}" for stem in stems for suffix in _READ)
        return next((one for one in found if (cwd / Path(one).expanduser()).is_file()), None)
    except (OSError, RuntimeError, ValueError):  # as in `find`; a name that is no name
        return None


def _folder() -> Path:
    """Inside the wheel, or beside the package in a checkout."""
    package = Path(__file__).resolve().parents[1]
    carried = package / "_benchmarks" / "load"
    return carried if carried.is_dir() else package.parent / "benchmarks" / "load"
