"""The sides of a run: interpreters found, requirements, variables and options put together."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

from perfkit.errors import InterpreterNotFoundError, PerfkitError
from perfkit.plan.merge import Merged, on_line
from perfkit.variant import Interpreter, Side, Variant

if TYPE_CHECKING:
    from perfkit.plan.options import Options


def one_python(merged: Merged, *, cwd: Path, problems: list[PerfkitError]) -> Interpreter | None:
    """The interpreter that ``--python`` names, by default the one running perfkit."""
    said = merged.said
    python = said.python or (None if "python" in merged.wrong else sys.executable)
    return _interpreter(on_line("python"), python, cwd, said.download, problems)


def two_pythons(
    merged: Merged, *, cwd: Path, problems: list[PerfkitError]
) -> tuple[Interpreter | None, Interpreter | None]:
    """The interpreters of ``--baseline`` and ``--candidate``; None for one not to be had."""
    said = merged.said
    if said.baseline is None and "baseline" not in merged.wrong:
        problems.append(_no_baseline())
    candidate = said.candidate
    if candidate is None and said.baseline is not None and "candidate" not in merged.wrong:
        candidate = _next(said.baseline, cwd)
    default = " (by default the next minor release)" if said.candidate is None else ""
    return (
        _interpreter(on_line("baseline"), said.baseline, cwd, said.download, problems),
        _interpreter(f"{on_line('candidate')}{default}", candidate, cwd, said.download, problems),
    )


def variant(said: Options, side: Side, interpreter: Interpreter | None) -> Variant | None:
    """One side with everything that was said of it and of both; None without an interpreter."""
    if interpreter is None:
        return None
    requirements: tuple[str, ...] = getattr(said, f"{side}_with") or ()
    environ: tuple[tuple[str, str], ...] = getattr(said, f"{side}_env") or ()
    flags: tuple[tuple[str, ...], ...] = getattr(said, f"{side}_flag") or ()
    return Variant(
        side=side,
        interpreter=interpreter,
        requirements=tuple(dict.fromkeys((*(said.with_ or ()), *requirements))),
        environ=tuple(sorted(dict(environ).items())),
        flags=tuple(word for words in flags for word in words),
    )


def _no_baseline() -> PerfkitError:
    return PerfkitError(
        "no baseline was named",
        allowed="a version such as 3.12, or the path of an interpreter",
        remedy="add --baseline 3.12, or 'baseline' to [tool.perfkit] in pyproject.toml",
    )


def _next(baseline: str, cwd: Path) -> str | None:
    """The default candidate; None when the baseline is wrong, which is reported with it."""
    from perfkit.provision.interpreters import next_minor, parse_spec

    try:
        return next_minor(parse_spec(_anchored(baseline, cwd)))
    except PerfkitError:
        return None


def _interpreter(
    label: str,
    text: str | None,
    cwd: Path,
    download: bool | None,  # noqa: FBT001 - None is "not said"
    problems: list[PerfkitError],
) -> Interpreter | None:
    from perfkit.provision.cache import cache_root
    from perfkit.provision.interpreters import find_interpreter, parse_spec

    if text is None:
        return None
    wanted = download is not False
    try:
        spec = parse_spec(_anchored(text, cwd))
        return find_interpreter(spec, download=wanted and not problems, cache=cache_root())
    except PerfkitError as error:
        if isinstance(error, InterpreterNotFoundError) and wanted and problems:
            error.remedy = "perfkit tries to install it once the other problems are solved"
        error.what = f"{label}: {error.what}"
        problems.append(error)
        return None


def _anchored(python: str, cwd: Path) -> str:
    """A path starts at ``cwd``; a version stays as it is."""
    if not ("/" in python or "\\" in python or python.startswith(("~", "."))):
        return python
    try:
        return str(cwd / Path(python).expanduser())
    except (OSError, RuntimeError, ValueError):
        return python
