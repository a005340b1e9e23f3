"""Run uv, pip and interpreters with a clean environment, and keep what they say readable."""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

from perfkit.errors import ProvisionError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

TIMEOUT = 900.0
"""Seconds after which a tool counts as hung; a long build from source takes minutes."""

_SHOWN_LINES = 25

# Settings that would install somewhere else, or something else, than was asked for.
_DROPPED = frozenset(
    {
        "__PYVENV_LAUNCHER__",
        "VIRTUAL_ENV",
        "CONDA_PREFIX",
        "UV_PYTHON",
        "UV_SYSTEM_PYTHON",
        "UV_PROJECT",
        "UV_PROJECT_ENVIRONMENT",
        "UV_WORKING_DIR",
        "UV_WORKING_DIRECTORY",
        "UV_CONSTRAINT",
        "UV_OVERRIDE",
        "UV_EXCLUDE",
        "UV_BREAK_SYSTEM_PACKAGES",
        "UV_VENV_SEED",
        "UV_VENV_CLEAR",
        "UV_REQUIRE_HASHES",
        "UV_TORCH_BACKEND",
        "UV_LOG_CONTEXT",
        "PIP_TARGET",
        "PIP_PREFIX",
        "PIP_ROOT",
        "PIP_USER",
        "PIP_PYTHON",
        "PIP_CONSTRAINT",
        "PIP_REQUIREMENT",
        "PIP_EDITABLE",
        "PIP_DRY_RUN",
        "PIP_REPORT",
        "PIP_REQUIRE_VIRTUALENV",
        "PIP_REQUIRE_HASHES",
        "PIP_QUIET",
        "PIP_VERBOSE",
        "PIP_LOG",
        "PIP_NO_DEPS",
        "PIP_IGNORE_INSTALLED",
        "PIP_UPGRADE",
    }
)
_RESOLUTION_SETTING = re.compile(
    r"(UV|PIP)_.*(INDEX|FIND_LINKS|RESOLUTION|PRERELEASE|PRE$|EXCLUDE|BINARY|BUILD|CONFIG)"
)
_NOISE = re.compile(
    r"^(WARNING: Location .* is ignored|Looking in (indexes|links)|\[notice\]|DEPRECATION:"
    r"|Using CPython|Using PyPy|Creating virtual environment|Activate with"
    r"|warning: Failed to (hard|sym)link|\s*$)"
)


_MARKS = re.compile(r"^\s*(?:[×│]|╰─▶|error:|cause:|ERROR:)\s*")  # of uv and of pip
_LONGEST_GIST = 300  # characters
_UNREACHABLE = re.compile(
    r"Failed to fetch|Failed to download|error sending request|Request failed after"
    r"|NewConnectionError|NameResolutionError|Max retries exceeded|Could not fetch URL"
)


def tool_environ() -> dict[str, str]:
    """The environment of every subprocess here.

    ``PYTHON*`` and what would redirect an installation are gone; uv downloads no interpreter
    behind our back; pip's index settings are handed to uv, which does not read them, unless uv has
    its own.
    """
    environ = {
        name: value
        for name, value in os.environ.items()
        if not name.upper().startswith("PYTHON") and name.upper() not in _DROPPED
    }
    environ |= {
        "NO_COLOR": "1",
        "UV_NO_PROGRESS": "1",
        "UV_PYTHON_DOWNLOADS": "never",
        "PIP_NO_INPUT": "1",
        "PIP_DISABLE_PIP_VERSION_CHECK": "1",
    }
    environ.update(_settings_for_uv(environ))
    return environ


def resolution_settings(environ: Mapping[str, str]) -> dict[str, str]:
    """The part of an environment that decides which packages are found."""
    return {name: environ[name] for name in sorted(environ) if _RESOLUTION_SETTING.match(name)}


def _settings_for_uv(environ: Mapping[str, str]) -> dict[str, str]:
    settings: dict[str, str] = {}
    main = environ.get("PIP_INDEX_URL", "").strip()
    if main and not environ.keys() & {"UV_DEFAULT_INDEX", "UV_INDEX_URL"}:
        settings["UV_DEFAULT_INDEX"] = main
    extra = environ.get("PIP_EXTRA_INDEX_URL", "").split()
    if extra and not environ.keys() & {"UV_INDEX", "UV_EXTRA_INDEX_URL"}:
        settings["UV_INDEX"] = " ".join(extra)
        # pip takes the best version of all indexes; uv would stop at the first one with the name.
        settings["UV_INDEX_STRATEGY"] = environ.get("UV_INDEX_STRATEGY", "unsafe-best-match")
    links = [link for link in environ.get("PIP_FIND_LINKS", "").split() if _usable(link)]
    if links and "UV_FIND_LINKS" not in environ:
        settings["UV_FIND_LINKS"] = ",".join(
            link if "://" in link else str(Path(link).expanduser().absolute()) for link in links
        )
    return settings


def _usable(link: str) -> bool:
    return "://" in link or Path(link).expanduser().exists()


def build_environ(scratch: Path) -> dict[str, str]:
    """The environment of a build: setuptools keeps its intermediate files in ``scratch``.

    In the project's own ``build/lib`` it would leave files behind, and find those of modules that
    are gone by now: they would be in the wheel.
    """
    settings = scratch / "setuptools.cfg"
    settings.write_text(f"[build]\nbuild_base = {scratch / 'build'}\n", encoding="utf-8")
    return {**tool_environ(), "DIST_EXTRA_CONFIG": str(settings)}


def run_tool(
    command: Sequence[str],
    *,
    what: str,
    cwd: Path,
    environ: Mapping[str, str] | None = None,
    timeout: float = TIMEOUT,
) -> str:
    """Run a tool to its end.

    Args:
        command: Program and arguments.
        what: What failed if it fails, one sentence without a full stop.
        cwd: Where it runs; never the user's project, whose configuration it would read.
        environ: Its environment; None for `tool_environ`.
        timeout: Seconds it may take.

    Returns:
        Its standard output.

    Raises:
        ProvisionError: It could not be run, took too long, or failed; with its own words.
    """
    try:
        done = subprocess.run(
            list(command),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            cwd=cwd,
            env=dict(environ) if environ is not None else tool_environ(),
            timeout=timeout,
            check=False,
            encoding="utf-8",
            errors="replace",
        )
    except subprocess.TimeoutExpired as error:
        raise ProvisionError(
            f"{what}: no end within {timeout:.0f} s",
            remedy="check the network and the package's build, then try again",
            output=shorten(_text(error.stderr)),
        ) from error
    except OSError as error:
        raise ProvisionError(f"{what}: {command[0]} cannot be run", output=str(error)) from error
    if done.returncode != 0:
        words = done.stderr if done.stderr.strip() else done.stdout
        raise ProvisionError(what, output=shorten(words) or f"exit status {done.returncode}")
    return done.stdout


def shorten(words: str) -> str:
    """The meaningful lines of a tool's output: noise dropped, a long middle left out."""
    lines = [line.rstrip() for line in words.splitlines() if not _NOISE.match(line)]
    if len(lines) <= _SHOWN_LINES:
        return "\n".join(lines)
    head = _SHOWN_LINES // 3
    tail = _SHOWN_LINES - head - 1
    left_out = len(lines) - head - tail
    return "\n".join([*lines[:head], f"… {left_out} lines …", *lines[-tail:]])


def gist(words: str) -> str:
    r"""What a resolver says in the end, on one line: why there is no set of versions.

    >>> gist("error: No solution found\n  cause: Because there is no a==9\n         it fails.")
    'because there is no a==9 it fails'
    >>> gist("ERROR: Could not find a==9 (from versions: 1)\nERROR: No distribution found for a==9")
    'no distribution found for a==9'
    """
    said = words.partition("\nhint:")[0]
    lines = [_MARKS.sub("", line).strip() for line in said.splitlines()]
    lines = [line for line in lines if line and not line.startswith("ResolutionImpossible")]
    causes = [number for number, line in enumerate(lines) if line.startswith("Because")]
    text = " ".join(lines[causes[0] if causes else -1 :]).rstrip(".")
    text = text if len(text) <= _LONGEST_GIST else f"{text[:_LONGEST_GIST]}…"
    return text[:1].lower() + text[1:]


def unreachable(words: str) -> bool:
    """Whether a tool complains about the network, so that asking it otherwise is no use."""
    return _UNREACHABLE.search(words) is not None


def _text(output: bytes | str | None) -> str:
    if output is None:
        return ""
    return output.decode("utf-8", "replace") if isinstance(output, bytes) else output
