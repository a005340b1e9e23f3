"""Options that several commands share. Values stay text: the plan checks all of them together."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeAlias

import click

Decorator: TypeAlias = Callable[[Callable[..., Any]], Callable[..., Any]]

benchmarks = click.argument("benchmarks", metavar="[BENCHMARK]...", nargs=-1)
resume = click.option(
    "--resume", metavar="RUN_DIR", help="Go on with an interrupted run; takes no other option."
)

_GOAL: tuple[Decorator, ...] = (
    click.option("--time", metavar="SECONDS", help="Budget for each benchmark.  [default: 20]"),
    click.option(
        "--precision",
        metavar="SHARE",
        help="Half-width of the interval that is enough, such as 0.5%.  [default: 1%]",
    ),
    click.option(
        "--margin",
        metavar="SHARE",
        help="Changes smaller than this do not matter to you.  [default: 2%]",
    ),
    click.option(
        "--confidence", metavar="SHARE", help="Confidence of every interval.  [default: 95%]"
    ),
    click.option(
        "--quick",
        is_flag=True,
        default=None,
        help="A first look: precision 2%, margin 5%, 6 s, and stop once the verdict is clear.",
    ),
    click.option(
        "--rigorous", is_flag=True, default=None, help="For a decision: precision 0.5%, 2 min."
    ),
    click.option("--seed", metavar="N", help="Root of every random choice.  [default: random]"),
    click.option(
        "--timeout",
        metavar="SECONDS",
        help="A process that is silent for so long has hung.  [default: 60]",
    ),
)

_PROVISION: tuple[Decorator, ...] = (
    click.option(
        "--with",
        "with_",
        metavar="REQ_OR_PATH",
        multiple=True,
        help="Install on both sides: a requirement, or your own package (--with .).",
    ),
    click.option(
        "--download/--no-download",
        default=None,
        help="Let uv install a Python that is missing.  [default: download]",
    ),
)

_OUTPUT: tuple[Decorator, ...] = (
    click.option(
        "--output", metavar="DIR", help="Folder for the run's folder.  [default: reports]"
    ),
    click.option(
        "--policy", metavar="FILE", help="Targets for report.yaml.  [default: perfkit's own]"
    ),
)

_SPEECH: tuple[Decorator, ...] = (
    click.option(
        "--json", "as_json", is_flag=True, help="Print the result as JSON, and nothing else."
    ),
    click.option(
        "--quiet", is_flag=True, help="No progress, no table: the verdict in a few lines."
    ),
    click.option("--no-color", is_flag=True, help="Plain text; NO_COLOR does the same."),
)


def goal(function: Callable[..., Any]) -> Callable[..., Any]:
    """How good the answer must be."""
    return _apply(_GOAL, function)


def provision(function: Callable[..., Any]) -> Callable[..., Any]:
    """What is installed."""
    return _apply(_PROVISION, function)


def files(function: Callable[..., Any]) -> Callable[..., Any]:
    """Where files are."""
    return _apply(_OUTPUT, function)


def speech(function: Callable[..., Any]) -> Callable[..., Any]:
    """How the result is told."""
    return _apply(_SPEECH, function)


def _apply(decorators: tuple[Decorator, ...], function: Callable[..., Any]) -> Callable[..., Any]:
    for decorator in reversed(decorators):
        function = decorator(function)
    return function
