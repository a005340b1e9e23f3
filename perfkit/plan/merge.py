"""What the command line and the configuration file say together; the command line wins."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from perfkit.errors import PerfkitError
from perfkit.plan import config
from perfkit.plan.options import KEYS, KEYS_OF, LOAD_FROM_FILE, Options, check

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

PRESETS: Final[dict[str, dict[str, float]]] = {
    "quick": {"precision": 0.02, "margin": 0.05, "time": 6.0},
    "rigorous": {"precision": 0.005, "time": 120.0},
}
"""What ``--quick`` and ``--rigorous`` stand for, unless said otherwise in the same place."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Merged:
    """Command line and file in one.

    Attributes:
        said: The options that were given and are right.
        wrong: Keys that were given and are not; their problems are reported already.
        preset: ``"quick"``, ``"rigorous"`` or None.
    """

    said: Options
    wrong: frozenset[str]
    preset: str | None


def merge(
    options: Mapping[str, object], *, command: str, cwd: Path, problems: list[PerfkitError]
) -> Merged:
    """Lay the layers on each other: the file's preset, the file, the line's preset, the line."""
    given = {_key(k): v for k, v in options.items() if v is not None and v not in ((), [])}
    line, wrong_line = check(
        given, keys=KEYS_OF[command], spelled=on_line, cwd=cwd, problems=problems
    )
    file, wrong_file = check(
        config.read(cwd, problems), keys=KEYS, spelled=_in_file, cwd=cwd, problems=problems
    )
    if command == "load":
        kept = {
            name: getattr(file, name)
            for name in file.model_fields_set
            if _key(name) in LOAD_FROM_FILE
        }
        file = Options.model_construct(**kept)
    line_preset = _preset(line, on_line, problems)
    file_preset = _preset(file, _in_file, problems)
    if file_preset is not None and getattr(line, file_preset) is False:
        file_preset = None
    layers: dict[str, Any] = {}
    for preset, layer in ((None if line_preset else file_preset, file), (line_preset, line)):
        layers |= PRESETS.get(preset or "", {})
        layers |= {name: getattr(layer, name) for name in layer.model_fields_set}
    return Merged(
        said=Options.model_construct(**layers),
        wrong=wrong_line | wrong_file,
        preset=line_preset or file_preset,
    )


def _key(name: str) -> str:
    return str(name).rstrip("_").replace("_", "-")


def on_line(key: str) -> str:
    """How an option is written on the command line."""
    return {"benchmarks": "BENCHMARK", "profile": "PROFILE"}.get(key, f"--{key}")


def _in_file(key: str) -> str:
    return f"{key!r} in [tool.perfkit]"


def _preset(
    options: Options, spelled: Callable[[str], str], problems: list[PerfkitError]
) -> str | None:
    if options.quick and options.rigorous:
        what = f"{spelled('quick')} and {spelled('rigorous')} exclude each other"
        problems.append(PerfkitError(what, remedy="leave one of them out"))
    return "quick" if options.quick else "rigorous" if options.rigorous else None
