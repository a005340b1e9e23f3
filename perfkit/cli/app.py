"""The group of commands, and what surrounds every one of them: errors, signals, streams."""

from __future__ import annotations

import sys
from contextlib import ExitStack, redirect_stderr, redirect_stdout
from typing import TYPE_CHECKING, TextIO

import click

from perfkit import __version__
from perfkit.cli import output
from perfkit.cli.aa import aa
from perfkit.cli.check import check
from perfkit.cli.clean import clean
from perfkit.cli.compare import compare
from perfkit.cli.exit_codes import HELP, ExitCode, of_error
from perfkit.cli.history import history
from perfkit.cli.init import init
from perfkit.cli.listing import list_command
from perfkit.cli.load import load
from perfkit.cli.pythons import pythons
from perfkit.cli.show import show
from perfkit.cli.signals import as_interrupt
from perfkit.errors import PerfkitError

if TYPE_CHECKING:
    from collections.abc import Sequence

_SETTINGS = {"help_option_names": ["-h", "--help"], "max_content_width": 100}


@click.group(context_settings=_SETTINGS, invoke_without_command=True, epilog=HELP)
@click.version_option(__version__, prog_name="perfkit", message="%(prog)s %(version)s")
@click.pass_context
def cli(context: click.Context) -> int:
    """Is B slower than A, and may we ship it? Python upgrades decided with evidence.

    \b
    Start here:
      perfkit compare --baseline 3.12              the default suite, 3.12 against 3.13
      perfkit compare --baseline 3.12 bm_mine.py   your own pyperf script
      perfkit check --baseline-rev main            may this change be merged?
      perfkit load smoke --baseline 3.12           the same for a service under load
      perfkit show reports/RUN                     the report of a recorded run, again
      perfkit aa                                   how far this machine can be trusted
    """  # noqa: D301 - click wants a real backspace
    if context.invoked_subcommand is None:
        output.note(context.get_help())
        return ExitCode.INVALID
    return ExitCode.FINISHED


for command in (init, compare, check, load, aa, show, history, pythons, list_command, clean):
    cli.add_command(command)


def main(
    argv: Sequence[str] | None = None,
    *,
    stdout: TextIO | None = None,
    stderr: TextIO | None = None,
) -> int:
    """Run a command line.

    Args:
        argv: Arguments without the program's name; None for the process's own.
        stdout: Where results go; None for the process's own.
        stderr: Where progress and errors go; None for the process's own.

    Returns:
        The exit code. Nothing is raised, whatever happens.
    """
    with ExitStack() as stack:
        if stdout is not None:
            stack.enter_context(redirect_stdout(stdout))
        if stderr is not None:
            stack.enter_context(redirect_stderr(stderr))
        stack.enter_context(as_interrupt())
        return int(_run(list(sys.argv[1:] if argv is None else argv)))


def entry_point() -> None:
    """The console script ``perfkit`` and ``python -m perfkit``."""
    output.prepare_streams()
    code = main()
    output.flush()
    sys.exit(code)


def _run(argv: list[str]) -> int:
    try:
        return int(cli.main(argv, prog_name="perfkit", standalone_mode=False) or 0)
    except click.ClickException as error:
        _show_usage(error)
        return ExitCode.INVALID
    except PerfkitError as error:
        output.problem(error)
        return of_error(error)
    except (KeyboardInterrupt, click.Abort):
        output.note("perfkit: interrupted")
        return ExitCode.INTERRUPTED
    except BrokenPipeError:
        output.silence(sys.stdout)
        return ExitCode.FAILED if argv[:1] == ["check"] else ExitCode.FINISHED  # no gate opens so
    except Exception as error:  # noqa: BLE001 - a person is never shown perfkit's own traceback
        output.crash(error)
        return ExitCode.FAILED


def _show_usage(error: click.ClickException) -> None:
    context = getattr(error, "ctx", None)
    output.note(f"perfkit: error: {output.clean(error.format_message())}")
    if context is not None:
        output.note(f"Try '{context.command_path} --help'.")
