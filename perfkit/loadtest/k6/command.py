"""How k6 is started: of itself and of what the user has set up for it, nothing counts."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from perfkit.loadtest.k6.script import k6_script
from perfkit.machine.environ import MARKER, inherited_environment

if TYPE_CHECKING:
    from pathlib import Path

    from perfkit.loadtest.k6.program import K6
    from perfkit.loadtest.spec import EngineSpec

_DROPPED = ("K6_", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY", "GODEBUG", "GOMAXPROCS")
_OWN = {
    "TZ": "UTC",
    "K6_NO_USAGE_REPORT": "true",
    "K6_AUTO_EXTENSION_RESOLUTION": "false",  # nothing is fetched
    "K6_BINARY_PROVISIONING": "false",  # the same, before 2.0
}


def write_command(program: K6, spec: EngineSpec, folder: Path) -> list[str]:
    """Write the script into a folder; the command that runs it, its points on standard output."""
    script, config = folder / "script.js", folder / "config.json"
    script.write_text(k6_script(spec), encoding="utf-8")
    config.write_text("{}", encoding="utf-8")  # the user's own may send results elsewhere
    return [
        str(program.path),
        "run",
        "--quiet",
        "--no-color",
        "--no-usage-report",
        "--no-thresholds",
        *program.quiet,
        *("--log-format", "raw"),
        *("--address", ""),  # no server of its own, on a port that another k6 may have
        *("--config", str(config)),
        *("--out", "json=-"),
        str(script),
    ]


def environment(program: K6, mark: str) -> dict[str, str]:
    """The variables it starts with."""
    kept = {
        name: value
        for name, value in inherited_environment(os.environ, program.path).items()
        if not name.upper().startswith(_DROPPED)
    }
    return {**kept, **_OWN, MARKER: mark}
