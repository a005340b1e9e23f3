"""``perfkit pythons``."""

from __future__ import annotations

import click

from perfkit.cli import output
from perfkit.cli.exit_codes import ExitCode


@click.command(short_help="List the interpreters found, and how.")
def pythons() -> ExitCode:
    """List the interpreters that can be compared, and how each was found.

    Give the version or the path to --baseline or --candidate. Python 3.9 and newer count;
    a missing one is installed by 'perfkit compare' itself where uv can.
    """
    from perfkit.provision.cache import cache_root
    from perfkit.provision.interpreters import find_all

    found = find_all(cache=cache_root())
    if not found:
        output.note("perfkit: no interpreter found that can be measured")
        return ExitCode.NOTHING
    rows = [
        (i.label, i.found_by, i.executable, "free-threaded" if i.free_threaded else "")
        for i in found
    ]
    output.result(output.table(("python", "found by", "path", ""), rows))
    return ExitCode.FINISHED
