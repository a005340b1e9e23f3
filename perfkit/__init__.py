"""Is B slower than A, and may we ship it? Evidence for Python upgrades.

>>> import perfkit as pk
>>> outcome = pk.compare(
...     baseline="3.12", candidate="3.13", benchmarks=["benchmarks/bm_json.py"]
... )  # doctest: +SKIP
>>> outcome["json_dumps"].ratio  # doctest: +SKIP
Estimate(value=0.94, low=0.93, high=0.95, confidence=0.95, n=14)
"""

from __future__ import annotations

from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import os
    from collections.abc import Sequence

    from perfkit.analyse.estimate import Comparison, Estimate
    from perfkit.caveat import Caveat
    from perfkit.decide.verdict import Verdict
    from perfkit.errors import PerfkitError
    from perfkit.session.aa import AaOutcome
    from perfkit.session.check import CheckOutcome
    from perfkit.session.load.outcome import LoadOutcome
    from perfkit.session.outcome import Outcome
    from perfkit.session.progress import Listener

__version__ = "0.1.0"

__all__ = [
    "AaOutcome",
    "Caveat",
    "CheckOutcome",
    "Comparison",
    "Estimate",
    "LoadOutcome",
    "Outcome",
    "PerfkitError",
    "Verdict",
    "aa",
    "check",
    "compare",
    "load",
    "load_test",
]

_HOME_OF = {
    "AaOutcome": "perfkit.session.aa",
    "Caveat": "perfkit.caveat",
    "CheckOutcome": "perfkit.session.check",
    "Comparison": "perfkit.analyse.estimate",
    "Estimate": "perfkit.analyse.estimate",
    "LoadOutcome": "perfkit.session.load.outcome",
    "Outcome": "perfkit.session.outcome",
    "PerfkitError": "perfkit.errors",
    "Verdict": "perfkit.decide.verdict",
}


def compare(
    *,
    baseline: str | os.PathLike[str],
    candidate: str | os.PathLike[str] | None = None,
    benchmarks: Sequence[str | os.PathLike[str]] = (),
    listener: Listener | None = None,
    **options: object,
) -> Outcome:
    """Measure two variants against each other, as ``perfkit compare`` does.

    Args:
        baseline: ``"3.12"``, ``"3.12.1"``, ``"3.13t"``, ``"pypy3.11"`` or an interpreter's path.
        candidate: The same; by default the next minor release after the baseline.
        benchmarks: Files, folders or name patterns; by default ``benchmarks/`` or the suite.
        listener: Called with each event of ``perfkit.session.progress``.
        options: Any other option of the command by its name with underscores:
            ``precision="0.5%"``, ``candidate_env=["PYTHON_JIT=1"]``, ``output="runs"``.

    Returns:
        The outcome; its run folder holds every report.

    Raises:
        PerfkitError: Something about the plan is wrong (nothing was measured), nothing was found,
            or the run folder cannot be written.
    """
    from perfkit.plan import make_plan
    from perfkit.session import compare as session
    from perfkit.session.outcome import remember
    from perfkit.session.progress import ignore

    said = {
        "baseline": str(baseline),
        "candidate": None if candidate is None else str(candidate),
        "benchmarks": tuple(map(str, benchmarks)),
        **options,
    }
    plan = make_plan(said, command="compare", cwd=Path.cwd())
    outcome = session.run(plan, listener=listener or ignore)
    remember(outcome)
    _check_written(outcome.unwritten)
    return outcome


def aa(
    *,
    python: str | os.PathLike[str] | None = None,
    benchmarks: Sequence[str | os.PathLike[str]] = (),
    listener: Listener | None = None,
    **options: object,
) -> AaOutcome:
    """Measure a variant against itself, as ``perfkit aa`` does.

    Args:
        python: As ``baseline`` of `compare`; by default the Python that runs perfkit.
        benchmarks: As for `compare`.
        listener: As for `compare`.
        options: Any other option of the command: ``comparisons=60``, ``inject="2%"``.

    Returns:
        The outcome; ``outcome.result.accuracy`` holds the figures.

    Raises:
        PerfkitError: As for `compare`.
    """
    from perfkit.plan import make_plan
    from perfkit.session import aa as session
    from perfkit.session.progress import ignore

    said = {
        "python": None if python is None else str(python),
        "benchmarks": tuple(map(str, benchmarks)),
        **options,
    }
    plan = make_plan(said, command="aa", cwd=Path.cwd())
    outcome = session.run(plan, listener=listener or ignore)
    _check_written(outcome.unwritten)
    return outcome


def check(
    *,
    benchmarks: Sequence[str | os.PathLike[str]] = (),
    listener: Listener | None = None,
    **options: object,
) -> CheckOutcome:
    """Decide whether a change may pass, as ``perfkit check`` does.

    Args:
        benchmarks: As for `compare`.
        listener: As for `compare`.
        options: Any option of the command by its name with underscores: ``baseline_rev="main"``,
            ``baseline="3.12"``, ``margin="3%"``, ``time_total="5m"``, ``required=["json_*"]``.

    Returns:
        The outcome; ``outcome.passed`` says it in a word, its run folder holds every report.

    Raises:
        PerfkitError: As for `compare`; also when the policy names a benchmark that is not there.
    """
    from perfkit.plan.check import make_check_plan
    from perfkit.session import check as session
    from perfkit.session.outcome import remember
    from perfkit.session.progress import ignore

    said = {"benchmarks": tuple(map(str, benchmarks)), **options}
    plan = make_check_plan(said, cwd=Path.cwd())
    outcome = session.run(plan, listener=listener or ignore)
    remember(outcome)
    _check_written(outcome.unwritten)
    return outcome


def load_test(
    profile: str | os.PathLike[str] = "smoke",
    *,
    baseline: str | os.PathLike[str] | None = None,
    candidate: str | os.PathLike[str] | None = None,
    listener: Listener | None = None,
    **options: object,
) -> LoadOutcome:
    """Load a service under one Python, or compare two, as ``perfkit load`` does.

    Args:
        profile: ``"smoke"``, ``"sustained"``, … or the path of a YAML file; ``"breakpoint"``
            searches for the breaking point.
        baseline: As for `compare`; without it, one side is tested.
        candidate: As for `compare`.
        listener: As for `compare`.
        options: Any other option of the command by its name with underscores:
            ``python="3.13"``, ``app="shop.main:app"``, ``time_scale=0.02``, ``trials=12``.

    Returns:
        The outcome; its run folder holds the raw events and every report.

    Raises:
        PerfkitError: Something about the plan is wrong (nothing was sent), or the run folder
            cannot be written.
    """
    from perfkit.plan.load import make_load_plan
    from perfkit.session.load import run as session
    from perfkit.session.progress import ignore

    search = str(profile) == "breakpoint"
    said = {
        "baseline": None if baseline is None else str(baseline),
        "candidate": None if candidate is None else str(candidate),
        **({} if search else {"profile": str(profile)}),
        **options,
    }
    plan = make_load_plan(said, mode="breakpoint" if search else None, cwd=Path.cwd())
    outcome = session.run(plan, listener=listener or ignore)
    _check_written(outcome.unwritten)
    return outcome


def _check_written(error: PerfkitError | None) -> None:
    """Whoever asks in Python is not to find a report missing later."""
    if error is not None:
        raise error


def load(folder: str | os.PathLike[str]) -> Outcome | AaOutcome | CheckOutcome | LoadOutcome:
    """Read a recorded run, judge it again, and write nothing.

    Raises:
        PerfkitError: The folder holds no run that this perfkit can read.
    """
    from perfkit.session.show import load as session_load

    return session_load(Path(folder))


def __getattr__(name: str) -> Any:  # noqa: ANN401 - the types above, imported when asked for
    if name in _HOME_OF:
        return getattr(import_module(_HOME_OF[name]), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
