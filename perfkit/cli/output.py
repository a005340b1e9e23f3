"""Words to the two streams: results to stdout, everything else to stderr."""

from __future__ import annotations

import contextlib
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

from perfkit.errors import PerfkitError, PlanError

if TYPE_CHECKING:
    from collections.abc import Iterable


def prepare_streams() -> None:
    """A character that the terminal's encoding lacks is replaced instead of raising.

    A stream that was closed by the caller (``>&-``) goes to the null device.
    """
    for name in ("stdout", "stderr"):
        if getattr(sys, name) is None:
            null = Path(os.devnull).open("w", encoding="utf-8")  # noqa: SIM115 - to the end
            setattr(sys, name, null)
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(AttributeError, ValueError, OSError):
            stream.reconfigure(errors="replace")  # type: ignore[union-attr]


def result(text: str) -> None:
    """Print what was asked for. A reader that has gone away (``| head``) is no error."""
    text = _harmless(text)
    try:
        sys.stdout.write(text if text.endswith("\n") or not text else f"{text}\n")
        sys.stdout.flush()
    except BrokenPipeError:
        silence(sys.stdout)


def note(text: str) -> None:
    """Print a line about what is going on."""
    command(_harmless(text))


def command(text: str) -> None:
    """Print a line as it is: GitHub's runner obeys it when it is a workflow command."""
    try:
        sys.stderr.write(f"{text}\n")
        sys.stderr.flush()
    except BrokenPipeError:
        silence(sys.stderr)


def _harmless(text: str) -> str:
    """Without what GitHub's runner would take for a command of its own."""
    if os.environ.get("GITHUB_ACTIONS") != "true":
        return text
    from perfkit.report.check.text import inert

    return inert(text)


def problem(error: PerfkitError) -> None:
    """Print an error with everything that is known of it."""
    note(f"perfkit: error: {describe(error)}")


def describe(error: PerfkitError) -> str:
    """An error's words, then those of the tools that caused it, indented."""
    problems = error.problems if isinstance(error, PlanError) else (error,)
    words = [clean(str(error), keep="\n")]
    for output in dict.fromkeys(getattr(one, "output", "") for one in problems):
        words += [f"    {clean(line)}" for line in output.strip().splitlines()]
    return "\n".join(words)


def crash(error: BaseException) -> None:
    """Say that something unforeseen happened; the traceback goes to a file."""
    import tempfile
    import traceback

    name = f"{type(error).__name__}: {clean(str(error))}".rstrip(": ")
    whose = "" if isinstance(error, OSError) else " (this is a bug in perfkit)"
    try:
        with tempfile.NamedTemporaryFile(
            "w", prefix="perfkit-", suffix=".txt", delete=False, encoding="utf-8", errors="replace"
        ) as file:
            traceback.print_exception(error, file=file)
        where = f"the details are in {file.name}"
    except OSError:
        where = "the details could not be written to a file"
    note(f"perfkit: error: {name}{whose}; {where}")


def clean(text: str, *, keep: str = "") -> str:
    """Text that cannot steer a terminal: control characters become U+FFFD."""
    return "".join(c if c.isprintable() or c in keep else "\ufffd" for c in text)


def table(header: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    """Columns, left-aligned, two blanks between."""
    lines = [[clean(cell) for cell in row] for row in (header, *rows)]
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip()
        for line in lines
    )


def colour_wanted(*, no_color: bool) -> bool:
    """Colour only for a terminal that has it, and when nobody objects (NO_COLOR)."""
    return (
        not no_color
        and not os.environ.get("NO_COLOR")
        and os.environ.get("TERM") != "dumb"
        and sys.stdout.isatty()
    )


def silence(stream: TextIO) -> None:
    """Send what still comes to the null device, so that flushing at exit says nothing."""
    with contextlib.suppress(OSError, ValueError):
        null = os.open(os.devnull, os.O_WRONLY)
        os.dup2(null, stream.fileno())
        os.close(null)


def flush() -> None:
    """Write what is still held back; a reader that has gone away is no error."""
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except (BrokenPipeError, ValueError):
            silence(stream)
