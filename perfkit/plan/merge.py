"""What the command line and the configuration file say together; the command line wins."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from perfkit.errors import PerfkitError
from perfkit.plan import config
from perfkit.plan.options import GATE_KEYS, KEYS, KEYS_OF, LOAD_FROM_FILE, Options, check

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

GATE_TABLE = "check"
"""Table of the gate's policy inside ``[tool.perfkit]``."""

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
        unread: There is a configuration file and it cannot be read, which is reported as well.
        preset: ``"quick"``, ``"rigorous"`` or None.
    """

    said: Options
    wrong: frozenset[str]
    unread: bool
    preset: str | None


def merge(
    options: Mapping[str, object], *, command: str, cwd: Path, problems: list[PerfkitError]
) -> Merged:
    """Lay the layers on each other: the file's preset, the file, the line's preset, the line."""
    line, wrong_line = _line(options, command=command, cwd=cwd, problems=problems)
    before = len(problems)
    raw = config.read(cwd, problems)
    unread = len(problems) > before
    gate = config.table(raw.pop(GATE_TABLE, {}), GATE_TABLE, problems)
    file, wrong_file = check(raw, keys=KEYS, spelled=_in_file, cwd=cwd, problems=problems)
    if command == "load":
        file = _only(file, LOAD_FROM_FILE)
    elif command == "check":
        own, wrong = check(gate, keys=GATE_KEYS, spelled=_in_gate, cwd=cwd, problems=problems)
        file = _laid(_only(file, GATE_KEYS), own)
        wrong_file |= wrong
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
        unread=unread,
        preset=line_preset or file_preset,
    )


def on_line_only(
    options: Mapping[str, object], *, command: str, cwd: Path, problems: list[PerfkitError]
) -> Options:
    """What the command line says, whatever the file does."""
    return _line(options, command=command, cwd=cwd, problems=problems)[0]


def _line(
    options: Mapping[str, object], *, command: str, cwd: Path, problems: list[PerfkitError]
) -> tuple[Options, frozenset[str]]:
    given = {_key(k): v for k, v in options.items() if v is not None and v not in ((), [])}
    return check(given, keys=KEYS_OF[command], spelled=on_line, cwd=cwd, problems=problems)


def _only(options: Options, keys: frozenset[str]) -> Options:
    """Those of the options that count here."""
    kept = {name: getattr(options, name) for name in options.model_fields_set if _key(name) in keys}
    return Options.model_construct(**kept)


def _laid(below: Options, above: Options) -> Options:
    """Two tables in one; the upper wins."""
    layers = {name: getattr(one, name) for one in (below, above) for name in one.model_fields_set}
    return Options.model_construct(**layers)


def _key(name: str) -> str:
    return str(name).rstrip("_").replace("_", "-")


def on_line(key: str) -> str:
    """How an option is written on the command line."""
    return {"benchmarks": "BENCHMARK", "profile": "PROFILE"}.get(key, f"--{key}")


def _in_file(key: str) -> str:
    return f"{key!r} in [tool.perfkit]"


def _in_gate(key: str) -> str:
    return f"{key!r} in [tool.perfkit.{GATE_TABLE}]"


def _preset(
    options: Options, spelled: Callable[[str], str], problems: list[PerfkitError]
) -> str | None:
    if options.quick and options.rigorous:
        what = f"{spelled('quick')} and {spelled('rigorous')} exclude each other"
        problems.append(PerfkitError(what, remedy="leave one of them out"))
    return "quick" if options.quick else "rigorous" if options.rigorous else None
