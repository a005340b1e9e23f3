"""A recorded load run to the plan that goes on with it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from perfkit.errors import NOT_AS_BEGUN, START_ANEW, PerfkitError, PlanError
from perfkit.plan.load_engine import engine_changed
from perfkit.plan.load_program import changed_sources
from perfkit.plan.load_value import WORKER_SECONDS, LoadPlan
from perfkit.plan.resume import credentials_missing, gone_interpreters

if TYPE_CHECKING:
    from perfkit.recording.load import LoadRecording


def resume_load_plan(recording: LoadRecording) -> LoadPlan:
    """The plan of an interrupted run: what was asked for then.

    Args:
        recording: The run; its interpreters must still be there.

    Raises:
        PlanError: With everything that stands in the way.
    """
    run = recording.run
    problems = []
    if run.redacted:
        problems.append(credentials_missing(recording.folder))
    if run.mode == "single":
        problems.append(
            PerfkitError(
                "a load test of one variant has one trial: there is nothing to go on with",
                got=str(recording.folder),
                remedy="start it again; what was measured stays readable with 'perfkit show'",
            )
        )
    if run.method.remote_workers:
        problems.append(
            PerfkitError(
                "the run cannot be resumed: workers on other machines would not find it again",
                got=str(recording.folder),
                remedy="start it again; what was measured stays readable with 'perfkit show'",
            )
        )
    if (changed := engine_changed(run.method)) is not None:
        problems.append(changed)
    problems += gone_interpreters(run.baseline, run.candidate)
    script = run.service.script
    if script is not None and script.requirements and script.path.suffix == ".py":
        problems += _check_script(script.path, script.digest)
    problems += changed_sources(run)
    if problems:
        raise PlanError(problems)
    return LoadPlan(
        mode=run.mode,
        profile=run.profile,
        service=run.service,
        method=run.method,
        search=run.search,
        baseline=run.baseline,
        candidate=run.candidate,
        trials=run.trials,
        seed=run.seed,
        output=recording.folder.absolute().parent,
        margin=run.margin,
        confidence=run.confidence,
        policy=None,  # its text is in the recording, whatever has become of the file
        gate=run.gate,
        allow_hosts=run.allow_hosts,
        bind="127.0.0.1",
        port=0,
        worker_seconds=WORKER_SECONDS,  # of no matter: a run that awaits workers is not resumed
        token=None,
        cwd=Path(run.cwd),
        download=False,
    )


def _check_script(path: Path, digest: str) -> list[PerfkitError]:
    from perfkit.suite import read_one

    problems: list[PerfkitError] = []
    now = read_one(path, problems)
    if now is not None and now.digest != digest:
        problems.append(
            PerfkitError(
                f"the service {NOT_AS_BEGUN}: its source has changed",
                got=str(path),
                remedy=START_ANEW,
            )
        )
    return problems
