"""Benchmarks: a pyperf script, and the named tasks it holds."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True, kw_only=True)
class Script:
    """A pyperf script with what it takes to run it.

    Attributes:
        path: Absolute path of the script.
        label: Name for people and for ``label::name``: ``"bm_json"``; unique within a plan.
        arguments: Arguments it is run with (pyperformance's ``extra_opts``).
        requirements: What it must have installed, PEP 508; pyperf itself is always added.
        pins: Exact pins (``requirements.txt`` of a pyperformance folder) that win.
        requires_python: PEP 440 specifier, or None when it does not say.
        digest: SHA-256 over its sources and arguments, hexadecimal.
    """

    path: Path
    label: str
    arguments: tuple[str, ...]
    requirements: tuple[str, ...]
    pins: tuple[str, ...]
    requires_python: str | None
    digest: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Benchmark:
    """One named task of a script.

    Attributes:
        id: Unique within a run: the pyperf name, or ``label::name`` when it is duplicated.
        name: The name given to pyperf.
        script: Where it comes from.
        task: Position among the script's tasks, from 0 (pyperf's ``--worker-task``).
        inner_loops: pyperf's inner loop count; 1 when the script gives none.
        description: First line of the script's docstring, or of pyperf's ``description`` metadata.
    """

    id: str
    name: str
    script: Script
    task: int
    inner_loops: int
    description: str
