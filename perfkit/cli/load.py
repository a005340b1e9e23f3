"""``perfkit load`` and its subcommands."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from perfkit.cli import options, output
from perfkit.cli.exit_codes import LOAD_HELP, ExitCode
from perfkit.cli.where import current_folder
from perfkit.errors import PerfkitError

if TYPE_CHECKING:
    from perfkit.session.load.outcome import LoadOutcome

_DEFAULT = "run"


class _Profiles(click.Group):
    """A group whose default command takes the name of a profile."""

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Anything that is no subcommand is a profile."""
        if args and args[0] in self.commands:
            return super().resolve_command(ctx, args)
        return _DEFAULT, self.commands[_DEFAULT], args

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """An option before the profile belongs to the default command, but for ``--help``."""
        if args and args[0].startswith("-") and args[0] not in ctx.help_option_names:
            args = [_DEFAULT, *args]
        return super().parse_args(ctx, args)


@click.group(
    cls=_Profiles,
    epilog=LOAD_HELP,
    short_help="Load and stress a service.",
    invoke_without_command=True,
)
@click.pass_context
def load(context: click.Context) -> ExitCode:
    """Load a service under one Python, or compare two.

    \b
      perfkit load smoke                           the reference service, this Python
      perfkit load smoke --baseline 3.12           3.12 against 3.13
      perfkit load sustained --app shop.main:app   your own service, the guide's profile
      perfkit load breakpoint --baseline 3.12      where does each of them break?
      perfkit load calibrate                       what can the generator do here?
      perfkit load profiles [PROFILE]              the profiles that come with perfkit; one of them
      perfkit load run --help                      every option
    """  # noqa: D301 - click wants a real backspace
    if context.invoked_subcommand is None:
        output.note(context.get_help())
        return ExitCode.INVALID
    return ExitCode.FINISHED


@load.command(name=_DEFAULT, epilog=LOAD_HELP, short_help="Run a profile (the default command).")
@click.argument("profile", required=False)
@options.load_sides
@options.load_service
@options.load_shape
@click.option(
    "--trials", metavar="N", help="Of a comparison, each with fresh services.  [default: profile's]"
)
@click.option(
    "--window", metavar="SECONDS", help="Turn of each service in a comparison.  [default: 0.25]"
)
@click.option("--gate", is_flag=True, default=None, help="Exit 1 if the candidate is worse.")
@options.load_generator
@options.load_files
@options.resume
@options.speech
def run(
    *,
    resume: str | None,
    as_json: bool,
    quiet: bool,
    no_color: bool,
    **given: Any,  # noqa: ANN401
) -> ExitCode:
    """Send a profile's load to a service, and hold the answers against its thresholds.

    PROFILE is one that comes with perfkit ('perfkit load profiles'), a YAML file, or the options
    of a k6 script as JSON. Without --app, --command or --url the reference service is loaded,
    which needs no set-up. With --baseline two Pythons are compared: both services are alive and
    the load alternates between them, with fresh services each trial.

    \b
      perfkit load smoke --baseline 3.12 --candidate 3.13
      perfkit load peak --time-scale 0.1 --services postgres,valkey
      perfkit load my.yaml --command "gunicorn shop.wsgi -b 127.0.0.1:{port}"
      perfkit load constant-rate --url http://127.0.0.1:8000 --pid 4242
    """  # noqa: D301 - click wants a real backspace
    return _run(given, None, resume, as_json=as_json, quiet=quiet, no_color=no_color)


@load.command(name="breakpoint", epilog=LOAD_HELP, short_help="Search for the breaking point.")
@click.option("--profile", metavar="PROFILE", help="Whose requests and limits.  [default: stress]")
@click.option("--from", "from_", metavar="LEVEL", help="First level, in users or requests/s.")
@click.option("--to", metavar="LEVEL", help="Highest level tried.  [default: 20000]")
@click.option("--resolution", metavar="SHARE", help="Width that is enough.  [default: 10%]")
@click.option("--probe", metavar="SECONDS", help="Steady window of a probe.  [default: 10]")
@click.option("--trials", metavar="N", help="Searches of each of two sides.  [default: 1]")
@options.load_sides
@options.load_service
@click.option("--user-scale", metavar="X", help="Multiply users and rates.")
@click.option("--gate", is_flag=True, default=None, help="Exit 1 if the candidate is worse.")
@options.load_generator
@options.load_files
@options.resume
@options.speech
def breakpoint_(
    *,
    resume: str | None,
    as_json: bool,
    quiet: bool,
    no_color: bool,
    **given: Any,  # noqa: ANN401
) -> ExitCode:
    """Find the level at which a service breaks: double, then bisect, a fresh service each time.

    With --url every probe meets the same running service.

    A level breaks when one of the profile's 'break' limits is passed in a steady window, or when
    throughput no longer rises with users. The last good and the first bad level are repeated.
    One search of each of two sides decides nothing between them; six do (--trials 6).
    """
    return _run(given, "breakpoint", resume, as_json=as_json, quiet=quiet, no_color=no_color)


@load.command(short_help="Measure what the generator can do on this machine.")
@click.option("--seconds", type=click.FloatRange(2, 600), default=8.0, show_default=True)
@click.option("--workers", type=click.IntRange(1, 64), default=1, show_default=True)
@click.option("--engine", type=click.Choice(["locust", "k6"]), default="locust", show_default=True)
@click.option("--pin/--no-pin", default=True, help="Generator and server on CPUs of their own.")
@options.speech
def calibrate(
    *,
    seconds: float,
    workers: int,
    engine: str,
    pin: bool,
    as_json: bool,
    quiet: bool,
    no_color: bool,
) -> ExitCode:
    """Load a server that does nothing: the rest is the generator.

    The ceiling is kept for later runs on this machine: a throughput above 80 % of it is not
    claimed for a service. The floor is what every response time contains of the generator.
    """
    from perfkit.cli.load_text import calibration_json, calibration_text
    from perfkit.cli.progress import listening
    from perfkit.loadtest.failure import ServiceError
    from perfkit.loadtest.generator import EngineError
    from perfkit.plan.load import load_method
    from perfkit.session.load.calibration import calibrate as session

    method = load_method(engine=engine, workers=workers, remote_workers=0, window=1.0, pin=pin)
    try:
        with listening(quiet=quiet, no_color=no_color) as listener:
            found = session(method, seconds=seconds, listener=listener)
    except (ServiceError, EngineError) as error:
        output.problem(error)
        return ExitCode.FAILED
    output.result(calibration_json(found) if as_json else calibration_text(found))
    return ExitCode.FINISHED


@load.command(short_help="List the profiles that come with perfkit, or print one.")
@click.argument("profile", required=False)
@click.option("--path", metavar="PATH", help="What the options of a k6 script request.")
@click.option("--reference", is_flag=True, help="All that may stand in a profile of your own.")
def profiles(*, profile: str | None, path: str | None, reference: bool) -> ExitCode:
    """List the profiles that come with perfkit, with their lengths and levels.

    PROFILE prints one, to begin your own with; the options of a k6 script (JSON) as a profile:
    'perfkit load profiles options.json --path /orders > mine.yaml'.
    """
    if reference:
        from perfkit.profile.reference import reference as text

        output.result(text())
        return ExitCode.FINISHED
    from perfkit.cli.load_text import profile_table
    from perfkit.profile.library import built_in, find
    from perfkit.profile.parse import OPTIONS_SUFFIX, load_profile

    cwd = current_folder()
    if profile is not None:
        from perfkit.profile.write import profile_text

        found = find(profile, cwd)
        output.result(profile_text(found, requested=path).rstrip("\n"))
        if found.suffix == OPTIONS_SUFFIX and path is None:
            from perfkit.profile.k6 import DEFAULT_PATH

            output.note(
                "perfkit: the options of a k6 script do not say what is sent: "
                f"GET {DEFAULT_PATH}, of the reference service, is assumed; "
                "say another with --path /orders"
            )
        return ExitCode.FINISHED
    output.result(profile_table([load_profile(find(name, cwd)) for name in built_in()]))
    return ExitCode.FINISHED


@load.command(short_help="Lend this machine to a load test on another.")
@click.option("--master", metavar="HOST:PORT", required=True, help="As the other perfkit says.")
@click.option("--allow-host", metavar="HOST", multiple=True, help="Targets beside loopback.")
@click.option("--wait", type=click.FloatRange(1, 3600), default=60.0, show_default=True)
@click.option("--token-file", metavar="FILE", type=click.Path(path_type=Path), help="Its token.")
def worker(
    *, master: str, allow_host: tuple[str, ...], wait: float, token_file: Path | None
) -> ExitCode:
    """Generate load for 'perfkit load PROFILE --expect-workers N --bind ADDRESS' elsewhere.

    Ends by itself with that run. Sends load only to loopback and to the hosts allowed here. The
    master lets in who has its token: from PERFKIT_WORKER_TOKEN, or a file.
    """
    from perfkit.loadtest.worker_token import VARIABLE, given_token
    from perfkit.session.load.worker import serve

    token = given_token(token_file, os.environ)
    if token is None:
        raise PerfkitError(
            "the master's token is missing",
            remedy=f"set {VARIABLE} as the other perfkit says, or name a --token-file",
        )
    output.note(f"perfkit: waiting for the master at {output.clean(master)}")
    done = serve(
        master,
        allow_hosts=allow_host,
        wait_seconds=wait,
        token=token,
        tell=lambda text: output.note(f"perfkit: {output.clean(text)}"),
    )
    output.result(f"{done.sent} requests sent, all handed over: {done.complete}")
    return ExitCode.FINISHED if done.complete else ExitCode.FAILED


def _run(
    given: dict[str, Any],
    mode: str | None,
    resume: str | None,
    *,
    as_json: bool,
    quiet: bool,
    no_color: bool,
) -> ExitCode:
    from perfkit.cli.finish import finish_load
    from perfkit.cli.progress import listening
    from perfkit.cli.resuming import nothing_else, resumed

    if resume is not None:
        nothing_else(given)
        return resumed(resume, {}, as_json=as_json, quiet=quiet, no_color=no_color)
    from perfkit.plan.load import make_load_plan

    given["services"] = tuple(
        name.strip() for text in given["services"] for name in text.split(",") if name.strip()
    )
    plan = make_load_plan(given, mode=mode, cwd=current_folder())
    from perfkit.session.load import run as session  # after the plan: a typo is answered at once

    with listening(quiet=quiet, no_color=no_color) as listener:
        outcome: LoadOutcome = session.run(plan, listener=listener)
    return finish_load(outcome, as_json=as_json, quiet=quiet, no_color=no_color)
