"""The one model that checks what people wrote, on the command line or in ``[tool.perfkit]``."""

from __future__ import annotations

import difflib
import math
import os
import re
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, TypeAlias

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    StrictBool,
    ValidationError,
)

from perfkit import grammar
from perfkit.errors import PerfkitError
from perfkit.grammar import InvalidError
from perfkit.settings import Metric, OnOpen

if TYPE_CHECKING:
    from pydantic import ValidationInfo
    from pydantic_core import ErrorDetails

_DAY = 86_400.0
_MARGINS = (1e-4, 1.0)
_NUMBER = re.compile(r"[-+]?(\d{1,12}(\.\d{0,12})?|\.\d{1,12})([eE][-+]?\d{1,3})?", re.ASCII)


def _between(
    parse: Callable[[object], float], low: float, high: float, allowed: str
) -> BeforeValidator:
    """Parse, then insist on low ≤ value ≤ high."""

    def check(value: object) -> float:
        number = parse(value)
        if not low <= number <= high:
            raise InvalidError("is out of range", got=value, allowed=allowed)
        return number

    return BeforeValidator(check)


def _whole(low: int, high: int) -> BeforeValidator:
    allowed = f"a whole number from {low} to {high}"

    def check(value: object) -> int:
        number = int(value) if isinstance(value, str) and _is_digits(value) else value
        if isinstance(number, bool) or not isinstance(number, int) or not low <= number <= high:
            raise InvalidError("is not a usable number", got=value, allowed=allowed)
        return number

    return BeforeValidator(check)


def _is_digits(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) <= 20  # noqa: PLR2004 - 64 bits fit


def _text(value: object) -> str:
    value = os.fspath(value) if isinstance(value, os.PathLike) else value
    if not isinstance(value, str):
        remedy = f'write "{value}", in quotes' if isinstance(value, int | float) else None
        raise InvalidError("is not a string", got=value, allowed="a string", remedy=remedy)
    if not value.strip() or not value.isprintable():
        raise InvalidError("is not readable text", got=value, allowed="printable text, not empty")
    return value


def _path(value: object, info: ValidationInfo) -> Path:
    cwd: Path = info.context["cwd"] if info.context else Path.cwd()
    try:
        return (cwd / Path(_text(value)).expanduser()).absolute()
    except InvalidError:
        raise
    except (OSError, RuntimeError, ValueError) as error:  # no such home, a NUL, too long
        raise InvalidError(f"is no usable path ({error})", got=value, allowed="a path") from error


def _requirement(value: object, info: ValidationInfo) -> str:
    cwd: Path = info.context["cwd"] if info.context else Path.cwd()
    if isinstance(value, os.PathLike):
        value = os.path.join(cwd, value)  # noqa: PTH118 - keeps what is no proper path as it is
    return grammar.requirement(value, cwd=cwd)


def _several(value: object) -> object:
    """A single string stands for a list of one; a TOML table of variables for K=V strings."""
    if isinstance(value, str | os.PathLike):
        return (value,)
    if isinstance(value, list | tuple):
        return tuple(value)
    raise InvalidError("is no list", got=value, allowed="a string or a list of strings")


def _variables(value: object) -> object:
    if isinstance(value, Mapping):
        return tuple(f"{name}={_text(content)}" for name, content in value.items())
    return _several(value)


def _number(value: object) -> float:
    number = float(value) if isinstance(value, str) and _NUMBER.fullmatch(value) else value
    if isinstance(number, bool) or not isinstance(number, int | float) or math.isnan(number):
        raise InvalidError("is no number", got=value, allowed="a number such as 100 or 0.02")
    return float(number)


def _margins(value: object) -> object:
    """A TOML table of margins by name pattern, or ``PATTERN=SHARE`` strings."""
    if isinstance(value, Mapping):
        pairs: list[tuple[object, object]] = list(value.items())
    else:
        texts = _several(value)
        parts = [_text(one).rpartition("=") for one in texts] if isinstance(texts, tuple) else []
        pairs = [(pattern, margin) for pattern, _, margin in parts]
    for pattern, margin in pairs:
        if not pattern:
            allowed = "a name pattern and a share, such as 'json_*=5%'"
            raise InvalidError("names no benchmark", got=margin, allowed=allowed)
    return tuple((_text(pattern), _share(margin)) for pattern, margin in pairs)


def _share(value: object) -> float:
    low, high = _MARGINS
    number = grammar.share(value)
    if not low <= number <= high:
        raise InvalidError("is out of range", got=value, allowed="0.01% to 100%")
    return number


def _some(metrics: tuple[Metric, ...]) -> tuple[Metric, ...]:
    """Each once, and at least one."""
    if not metrics:
        raise InvalidError("judges nothing", got="[]", allowed=", ".join(Metric))
    return tuple(dict.fromkeys(metrics))


def _word(words: Iterable[str]) -> Callable[[object], str]:
    """Insist on one of some words."""
    allowed = tuple(words)

    def check(value: object) -> str:
        if value not in allowed:
            raise InvalidError("is not known", got=value, allowed=", ".join(allowed))
        return str(value)

    return check


Several = BeforeValidator(_several)
Margin: TypeAlias = Annotated[float, _between(grammar.share, *_MARGINS, "0.01% to 100%")]
Choice: TypeAlias = Annotated[OnOpen, BeforeValidator(_word(OnOpen))]
Metrics: TypeAlias = Annotated[
    tuple[Annotated[Metric, BeforeValidator(_word(Metric))], ...],
    Several,
    AfterValidator(_some),
]
Margins: TypeAlias = Annotated[tuple[tuple[str, float], ...], BeforeValidator(_margins)]
Scale: TypeAlias = Annotated[float, _between(_number, 1e-4, 1000, "0.0001 to 1000")]
Python: TypeAlias = Annotated[str, BeforeValidator(_text)]
Texts: TypeAlias = Annotated[tuple[Annotated[str, BeforeValidator(_text)], ...], Several]
Requirements: TypeAlias = Annotated[
    tuple[Annotated[str, BeforeValidator(_requirement)], ...], Several
]
Environ: TypeAlias = Annotated[
    tuple[Annotated[tuple[str, str], BeforeValidator(grammar.environ)], ...],
    BeforeValidator(_variables),
]
Flags: TypeAlias = Annotated[
    tuple[Annotated[tuple[str, ...], BeforeValidator(grammar.flags)], ...], Several
]
File: TypeAlias = Annotated[Path, BeforeValidator(_path)]
Switch: TypeAlias = StrictBool


class Options(BaseModel):
    """What can be said about a run, each option None until somebody says it.

    Keys are the command line's, without the dashes in front: ``baseline-with``.
    """

    model_config = ConfigDict(
        frozen=True,
        extra="forbid",
        alias_generator=lambda name: name.rstrip("_").replace("_", "-"),
        arbitrary_types_allowed=True,
    )

    benchmarks: Texts | None = None
    with_: Requirements | None = None
    time: (
        Annotated[float, _between(grammar.duration, 0.1, _DAY, "from 0.1 seconds to a day")] | None
    ) = None
    precision: Annotated[float, _between(grammar.share, 1e-4, 0.5, "0.01% to 50%")] | None = None
    margin: Margin | None = None
    confidence: Annotated[float, _between(grammar.share, 0.5, 0.9999, "50% to 99.99%")] | None = (
        None
    )
    seed: Annotated[int, _whole(0, 2**63 - 1)] | None = None
    quick: Switch | None = None
    rigorous: Switch | None = None
    output: File | None = None
    policy: File | None = None
    timeout: (
        Annotated[float, _between(grammar.duration, 0.1, _DAY, "from 0.1 seconds to a day")] | None
    ) = None
    download: Switch | None = None

    baseline: Python | None = None
    candidate: Python | None = None
    baseline_with: Requirements | None = None
    candidate_with: Requirements | None = None
    baseline_env: Environ | None = None
    candidate_env: Environ | None = None
    baseline_flag: Flags | None = None
    candidate_flag: Flags | None = None
    control: Switch | None = None

    python: Python | None = None
    comparisons: Annotated[int, _whole(2, 100_000)] | None = None
    inject: Annotated[float, _between(grammar.share, 0.0, 1.0, "0% to 100%")] | None = None

    baseline_rev: Python | None = None
    candidate_rev: Python | None = None
    margins: Margins | None = None
    memory_margin: Margin | None = None
    metrics: Metrics | None = None
    required: Texts | None = None
    error_rate: Annotated[float, _between(grammar.share, 1e-4, 0.5, "0.01% to 50%")] | None = None
    on_inconclusive: Choice | None = None
    on_noise: Choice | None = None
    time_total: (
        Annotated[float, _between(grammar.duration, 1, _DAY, "from a second to a day")] | None
    ) = None
    store: File | None = None

    profile: Python | None = None
    path: Python | None = None
    app: Python | None = None
    command: Python | None = None
    url: Python | None = None
    pid: Annotated[int, _whole(1, 2**31 - 1)] | None = None
    health: Python | None = None
    ready: Annotated[float, _between(grammar.duration, 0.1, 3600, "0.1 s to 1 h")] | None = None
    allow_host: Texts | None = None
    services: Texts | None = None
    time_scale: Scale | None = None
    user_scale: Scale | None = None
    trials: Annotated[int, _whole(1, 10_000)] | None = None
    workers: Annotated[int, _whole(1, 1000)] | None = None
    expect_workers: Annotated[int, _whole(1, 1000)] | None = None
    bind: Python | None = None
    port: Annotated[int, _whole(1, 65_535)] | None = None
    worker_timeout: Annotated[float, _between(grammar.duration, 1, 3600, "1 s to 1 h")] | None = (
        None
    )
    token_file: File | None = None
    engine: Python | None = None
    window: Annotated[float, _between(grammar.duration, 0.05, 3600, "50 ms to 1 h")] | None = None
    pin: Switch | None = None
    gate: Switch | None = None
    from_: Annotated[float, _between(_number, 1, 1e7, "1 to 10 million")] | None = None
    to: Annotated[float, _between(_number, 1, 1e7, "1 to 10 million")] | None = None
    resolution: Annotated[float, _between(grammar.share, 0.01, 1.0, "1% to 100%")] | None = None
    probe: Annotated[float, _between(grammar.duration, 1, 3600, "1 s to 1 h")] | None = None


_LOAD_ONLY = frozenset(
    {"profile", "path", "app", "command", "url", "pid", "health", "ready", "allow-host", "services"}
    | {"time-scale", "user-scale", "trials", "workers", "expect-workers", "bind", "port", "engine"}
    | {"window", "pin", "gate", "from", "to", "resolution", "probe"}
    | {"worker-timeout", "token-file"}
)
_GATE = frozenset(
    {"margins", "memory-margin", "metrics", "required", "error-rate", "on-inconclusive"}
    | {"on-noise", "time-total", "baseline-rev", "candidate-rev"}
)
_AA_ONLY = frozenset({"python", "comparisons", "inject"})
_SIDES = frozenset(
    {"baseline", "candidate"}
    | {f"{side}-{what}" for side in ("baseline", "candidate") for what in ("with", "env", "flag")}
)
KEYS = frozenset(str(field.alias) for field in Options.model_fields.values()) - _LOAD_ONLY - _GATE
"""What may stand in ``[tool.perfkit]``."""

GATE_KEYS = (KEYS - _AA_ONLY - {"control", "quick", "rigorous"}) | _GATE | {"python"}
"""What may stand in ``[tool.perfkit.check]``, and on the line of ``check``."""

LOAD_FROM_FILE = frozenset({"with", "margin", "confidence", "output", "policy", "download"})
"""What ``load`` takes from there: a baseline for ``compare`` makes no load test a comparison."""

KEYS_OF = {
    "compare": KEYS - _AA_ONLY,
    "aa": KEYS - _SIDES - {"control", "store"},
    "check": GATE_KEYS,
    "load": _LOAD_ONLY | _SIDES | LOAD_FROM_FILE | {"python", "seed"},
}


def check(
    raw: Mapping[str, object],
    *,
    keys: frozenset[str],
    spelled: Callable[[str], str],
    cwd: Path,
    problems: list[PerfkitError],
) -> tuple[Options, frozenset[str]]:
    """Check raw options; what is wrong goes to ``problems`` and is left out of the answer.

    Args:
        raw: Values by key.
        keys: The keys that may stand here.
        spelled: How a key is written where these options come from, for messages.
        cwd: Folder that relative paths start from.
        problems: Where to put what is wrong.

    Returns:
        The good options, and the keys that were given but are wrong.
    """
    known = {key: value for key, value in raw.items() if key in keys}
    problems += [_unknown(key, keys, spelled) for key in raw if key not in keys]
    try:
        return Options.model_validate(known, context={"cwd": cwd}), frozenset()
    except ValidationError as error:
        details = error.errors(include_url=False)
    wrong = frozenset(str(detail["loc"][0]) for detail in details)
    problems += [_translated(detail, spelled) for detail in details]
    good = {key: value for key, value in known.items() if key not in wrong}
    return Options.model_validate(good, context={"cwd": cwd}), wrong


def _unknown(key: str, keys: frozenset[str], spelled: Callable[[str], str]) -> PerfkitError:
    near = difflib.get_close_matches(key.lower().replace("_", "-"), sorted(keys), n=1)
    return PerfkitError(
        f"{spelled(key)} is not an option here",
        allowed=None if near else ", ".join(sorted(keys)),
        remedy=f"did you mean {near[0]!r}?" if near else None,
    )


def _translated(detail: ErrorDetails, spelled: Callable[[str], str]) -> PerfkitError:
    where = spelled(str(detail["loc"][0]))
    cause: Any = detail.get("ctx", {}).get("error")
    if isinstance(cause, PerfkitError):
        return PerfkitError(
            f"{where} {cause.what}", got=cause.got, allowed=cause.allowed, remedy=cause.remedy
        )
    if detail["type"].startswith("bool"):
        return PerfkitError(
            f"{where} is a switch", got=detail["input"], allowed="true or false, without quotes"
        )
    return PerfkitError(f"{where}: {detail['msg']}", got=detail["input"])
