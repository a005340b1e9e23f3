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
        help="A first look: precision 2%, margin 5%, 6 s (more where ten blocks take longer), and "
        "stop once the verdict is clear.",
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

store = click.option(
    "--store",
    metavar="FILE",
    help="Add the run to this history; see 'perfkit history'.  [default: none]",
)

_SIDES: tuple[Decorator, ...] = (
    click.option("--baseline", metavar="PYTHON", help="The yardstick: 3.12, 3.13t, a path."),
    click.option("--candidate", metavar="PYTHON", help="What is judged.  [default: next minor]"),
    click.option("--baseline-with", metavar="REQ", multiple=True, help="Install on this side."),
    click.option("--candidate-with", metavar="REQ", multiple=True, help="Install on this side."),
    click.option("--baseline-env", metavar="K=V", multiple=True, help="Set on this side only."),
    click.option("--candidate-env", metavar="K=V", multiple=True, help="Set on this side only."),
    click.option("--baseline-flag", metavar="OPTS", multiple=True, help="Of its interpreter."),
    click.option("--candidate-flag", metavar="OPTS", multiple=True, help="Of its interpreter."),
)

_REVISIONS: tuple[Decorator, ...] = (
    click.option(
        "--baseline-rev", metavar="REV", help="The project as this git revision has it: main."
    ),
    click.option(
        "--candidate-rev", metavar="REV", help="What is judged.  [default: this working tree]"
    ),
    click.option("--python", metavar="PYTHON", help="Of both sides.  [default: this Python]"),
)

_GATE: tuple[Decorator, ...] = (
    click.option("--margin", metavar="SHARE", help="Slowdown that is allowed.  [default: 2%]"),
    click.option(
        "--margins", metavar="PATTERN=SHARE", multiple=True, help="The same for some benchmarks."
    ),
    click.option(
        "--memory-margin", metavar="SHARE", help="Growth of memory allowed.  [default: 2%]"
    ),
    click.option(
        "--metrics",
        metavar="METRIC",
        multiple=True,
        help="What is judged: time, peak-memory, traced-memory.  [default: time]",
    ),
    click.option(
        "--required",
        metavar="PATTERN",
        multiple=True,
        help="Must be there and must not fail.  [default: what both sides have must not fail]",
    ),
    click.option(
        "--error-rate", metavar="SHARE", help="Chance of a false red in a build.  [default: 1%]"
    ),
    click.option(
        "--on-inconclusive", metavar="pass|fail", help="What cannot be told.  [default: pass]"
    ),
    click.option("--on-noise", metavar="pass|fail", help="A noisy machine.  [default: pass]"),
    click.option(
        "--time-total", metavar="TIME", help="Budget for all benchmarks together, such as 5m."
    ),
    click.option("--time", metavar="SECONDS", help="Budget for each benchmark.  [default: 20]"),
    click.option("--confidence", metavar="SHARE", help="Of every interval.  [default: 95%]"),
    click.option("--seed", metavar="N", help="Root of every random choice.  [default: random]"),
    click.option(
        "--timeout", metavar="SECONDS", help="Silence after which a process has hung. [default: 60]"
    ),
)

_CHECK_FILES: tuple[Decorator, ...] = (
    click.option("--junit", metavar="FILE", help="Write the JUnit XML here as well."),
    click.option("--comment", metavar="FILE", help="Write a pull-request comment here as well."),
)

_LOAD_SIDES: tuple[Decorator, ...] = (
    click.option("--python", metavar="PYTHON", help="The only side.  [default: this Python]"),
    *_SIDES,
    *_PROVISION,
)

_LOAD_SERVICE: tuple[Decorator, ...] = (
    click.option("--app", metavar="MODULE:APP", help="An ASGI app, started with uvicorn."),
    click.option("--command", metavar="CMD", help="Anything that listens on {port}."),
    click.option("--url", metavar="URL", help="A service that runs already; one variant only."),
    click.option(
        "--path", metavar="PATH", help="What the options of a k6 script, which do not say it, get."
    ),
    click.option("--pid", metavar="PID", help="With --url: whose memory and CPU to look at."),
    click.option(
        "--health",
        metavar="PATH",
        help="Answers below 400 once it is ready.  [default: /health; / of --command and --url]",
    ),
    click.option("--ready", metavar="SECONDS", help="Deadline for that.  [default: 30]"),
    click.option("--allow-host", metavar="HOST", multiple=True, help="A target beside loopback."),
    click.option(
        "--services", metavar="NAMES", multiple=True, help="Start these too: postgres,valkey."
    ),
)

_LOAD_SHAPE: tuple[Decorator, ...] = (
    click.option(
        "--time-scale",
        metavar="X",
        help="Multiply all lengths of time (stages, '… for 10s', recovery; not think times), and a "
        "number of requests: 0.02.",
    ),
    click.option("--user-scale", metavar="X", help="Multiply users and rates."),
)

_LOAD_GENERATOR: tuple[Decorator, ...] = (
    click.option("--workers", metavar="N", help="Generator processes here.  [default: 1]"),
    click.option("--expect-workers", metavar="N", help="Wait for so many from elsewhere."),
    click.option("--bind", metavar="ADDRESS", help="Where they come to.  [default: 127.0.0.1]"),
    click.option("--port", metavar="PORT", help="Port they come to.  [default: a free one]"),
    click.option(
        "--worker-timeout", metavar="SECONDS", help="How long they are awaited.  [default: 300]"
    ),
    click.option(
        "--token-file", metavar="FILE", help="What they must know.  [default: perfkit says one]"
    ),
    click.option("--engine", metavar="NAME", help="locust or k6.  [default: locust]"),
    click.option(
        "--pin/--no-pin", default=None, help="Service and generator on CPUs of their own."
    ),
)

_LOAD_FILES: tuple[Decorator, ...] = (
    click.option(
        "--margin", metavar="SHARE", help="Changes smaller than this do not matter.  [default: 5%]"
    ),
    click.option("--confidence", metavar="SHARE", help="Of every interval.  [default: 95%]"),
    click.option("--seed", metavar="N", help="Root of every random choice.  [default: random]"),
    *_OUTPUT,
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


def sides(function: Callable[..., Any]) -> Callable[..., Any]:
    """The two variants of a comparison."""
    return _apply(_SIDES, function)


def revisions(function: Callable[..., Any]) -> Callable[..., Any]:
    """The two revisions of a project."""
    return _apply(_REVISIONS, function)


def gate(function: Callable[..., Any]) -> Callable[..., Any]:
    """What a gate allows, and how long it may take."""
    return _apply(_GATE, function)


def check_files(function: Callable[..., Any]) -> Callable[..., Any]:
    """Files for a CI system."""
    return _apply(_CHECK_FILES, function)


def load_sides(function: Callable[..., Any]) -> Callable[..., Any]:
    """Under which Python the service runs."""
    return _apply(_LOAD_SIDES, function)


def load_service(function: Callable[..., Any]) -> Callable[..., Any]:
    """Which service is loaded."""
    return _apply(_LOAD_SERVICE, function)


def load_shape(function: Callable[..., Any]) -> Callable[..., Any]:
    """How a profile is shrunk."""
    return _apply(_LOAD_SHAPE, function)


def load_generator(function: Callable[..., Any]) -> Callable[..., Any]:
    """What sends the load."""
    return _apply(_LOAD_GENERATOR, function)


def load_files(function: Callable[..., Any]) -> Callable[..., Any]:
    """What the figures are held against, and where files are."""
    return _apply(_LOAD_FILES, function)


def _apply(decorators: tuple[Decorator, ...], function: Callable[..., Any]) -> Callable[..., Any]:
    for decorator in reversed(decorators):
        function = decorator(function)
    return function
