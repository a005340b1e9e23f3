"""The history: adding runs to it, looking at it, repairing it."""

from __future__ import annotations

import difflib
import fnmatch
import hashlib
import os
import re
import tomllib
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from perfkit import __version__
from perfkit.decide.gate.result import GateResult
from perfkit.errors import NothingFoundError, PerfkitError, WritingError
from perfkit.history import Store, StoredRow, StoredRun, Wanted, read_series
from perfkit.report import wording
from perfkit.report.history.words import METRICS
from perfkit.settings import Metric

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from perfkit.analyse.estimate import Estimate
    from perfkit.decide.result import Result
    from perfkit.recording import Measured, Recording
    from perfkit.report.history.view import HistoryView
    from perfkit.session.check import CheckOutcome
    from perfkit.session.outcome import Outcome
    from perfkit.variant import Variant

LISTED = 200
"""Runs of each setting that a list of all benchmarks looks at, unless told otherwise."""

PLOTTED = 1000
"""Runs that one benchmark, or a page, goes back to, unless told otherwise."""

_KEPT = {"compare", "check"}
_ANOTHER = "name another file with --store"
_LONGEST_NAME = 1000  # characters of a benchmark's name that are kept
_ARCHIVES = (".whl", ".tar.gz", ".zip")
# The grammar of PEP 508, so that nothing in a name looks like the end of it.
_PROJECT = re.compile(r"[a-z0-9](?:[a-z0-9._-]{0,98}[a-z0-9])?", re.ASCII | re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """What is to be shown of a history.

    Attributes:
        store: Its file.
        benchmark: A name, a name pattern, or None for all.
        metric: Which metric.
        ratio: The ratio candidate / baseline instead of the candidate's own value.
        limit: Only the last so many runs of each setting; None: as many as is usual.
        plots: A page with plots is wanted.
    """

    store: Path
    benchmark: str | None
    metric: Metric
    ratio: bool
    limit: int | None
    plots: bool


def verify(path: Path) -> None:
    """Make sure, before anything is measured, that a run can be added.

    Raises:
        RecordingError: The file is damaged, no history, or of a newer perfkit.
        PerfkitError: It cannot be written, or not be made.
    """
    place = path
    while not place.exists() and place != place.parent:
        place = place.parent
    if place != path:  # it is made when there is something to add
        if not (place.is_dir() and os.access(place, os.W_OK | os.X_OK)):
            raise PerfkitError(
                "the history cannot be made there",
                got=str(path),
                remedy=f"name another file with --store, or make {place} a folder that you may "
                "write to",
            )
        return
    try:
        with Store(path, write=True) as store:
            store.verify()
    except WritingError as error:  # nothing was measured that could be lost
        raise PerfkitError(error.what, got=error.got, remedy=_ANOTHER) from error


def remember(outcome: Outcome | CheckOutcome, path: Path) -> None:
    """Append a run to a history; one that is there already is brought up to date.

    Raises:
        WritingError: It cannot be written; the run itself is safe in its folder.
        RecordingError: The file is damaged, no history, or of a newer perfkit.
    """
    with Store(path, write=True) as store:
        run = stored_run(outcome.recording, outcome.result)
        if run.commit is None:  # a working tree, or Pythons: as they are now
            commit, branch = _place(Path(outcome.recording.run.cwd))
            run = replace(run, commit=commit, branch=branch)
        store.append(run)


def add(folders: Sequence[Path], path: Path) -> int:
    """Append recorded runs; all are read before the first is written.

    Returns:
        How many there were.

    Raises:
        RecordingError: A folder holds no run that can be read.
        PerfkitError: One is no run of ``compare`` or ``check``.
    """
    from perfkit.recording import kind_of_run, read
    from perfkit.session.check import CheckOutcome
    from perfkit.session.outcome import Outcome
    from perfkit.session.show import load

    runs = []
    for folder in folders:
        # Asked first, as judging takes a while.
        known = kind_of_run(folder) != "load" and read(folder).run.command in _KEPT
        found = load(folder) if known else None
        if not isinstance(found, Outcome | CheckOutcome):
            raise PerfkitError(
                "this run does not belong into a history",
                got=str(folder),
                allowed="runs of compare and check",
            )
        runs.append(stored_run(found.recording, found.result))
    with Store(path, write=True) as store:
        for run in runs:
            store.append(run)
    return len(runs)


def look(question: Question) -> HistoryView:
    """Read series out of a history and find where they changed.

    Raises:
        RecordingError: There is no history, or it cannot be read.
        NothingFoundError: It holds nothing of what was asked for.
        PerfkitError: There is no such benchmark.
    """
    from perfkit.analyse.changes import find_changes
    from perfkit.history.reading import read_cells
    from perfkit.report.history.view import Found, build_history_view

    with Store(question.store, write=False) as store:
        names = _chosen(question, store.benchmarks())
        single = names[0] if names is not None and len(names) == 1 else None
        usual = PLOTTED if single is not None or question.plots else LISTED
        limit = question.limit or usual
        wanted = Wanted(metric=question.metric, ratio=question.ratio, benchmarks=names, limit=limit)
        series = read_series(store, wanted)
        cells = read_cells(store, single, question.metric) if single is not None else {}
    if not series:
        of = f" of {question.benchmark!r}" if question.benchmark else ""
        raise NothingFoundError(
            f"the history holds no {METRICS[question.metric]}{of}",
            got=str(question.store),
        )
    found = [Found(series=one, changes=find_changes(one.present)) for one in series]
    return build_history_view(
        found,
        perfkit=__version__,
        store=question.store,
        metric=question.metric,
        ratio=question.ratio,
        limit=limit,
        cells=cells,
    )


def write_page(view: HistoryView, path: Path) -> None:
    """Write the page with the plots.

    Raises:
        WritingError: The file cannot be written.
    """
    from perfkit.report.history.as_html import as_html
    from perfkit.session.outcome import write_whole

    try:
        write_whole(path, as_html(view))
    except WritingError as error:
        raise WritingError(error.what, got=error.got, remedy="name another file") from error


def stored_run(recording: Recording, result: Result | GateResult) -> StoredRun:
    """What is kept of a judged run.

    Its commit is known where the candidate is a revision; where the folder of any other run stood
    in git is not in the recording.
    """
    run = recording.run
    names = wording.side_names(run.baseline, run.candidate)
    cpus = run.host.get("cpus usable") or run.host.get("cpus")
    return StoredRun(
        id=run.id,
        created=run.created,
        command=run.command,
        state=recording.finishes[-1].status if recording.finishes else "unfinished",
        outcome=str(result.outcome) if isinstance(result, GateResult) else "",
        perfkit=run.perfkit,
        baseline=names[0],
        candidate=names[1],
        baseline_setting=setting_of(run.baseline),
        candidate_setting=setting_of(run.candidate),
        baseline_packages=_packages(recording.measured.values(), baseline=True),
        candidate_packages=_packages(recording.measured.values(), baseline=False),
        machine=_machine(recording),
        cpus=cpus if isinstance(cpus, int) else None,
        commit=_measured_commit(run.candidate, run.cwd),
        branch=None,
        rows=tuple(_gate_rows(result) if isinstance(result, GateResult) else _rows(result)),
    )


def setting_of(variant: Variant) -> str:
    """What a variant runs with, but for the revision or the folder of a local project.

    Runs whose settings are the same can be put in one line: a project's checkouts and revisions
    are the same project, another Python or another pinned library is another line. A project goes
    by the name in the pyproject.toml that its folder holds now, or, where none can be read (it has
    moved; the run comes from another machine), by the folder's own name.

    Not told apart, therefore: projects of one name, or of one folder name where nothing better is
    known; forks; the branches of one project. Put in two lines although they are one: a project
    that was renamed, or whose folder has another name than the project and is there for some of
    the runs only.
    """
    extras = [
        *map(_without_revision, variant.requirements),
        *(f"{key}={value}" for key, value in variant.environ),
        *([" ".join(variant.flags)] if variant.flags else []),
    ]
    name = f"Python {variant.interpreter.label}"
    return f"{name} with {', '.join(extras)}" if extras else name


def _without_revision(requirement: str) -> str:
    """A local project's name, and its extras; any other requirement as it is."""
    from perfkit.provision.local import LocalProject, as_local

    try:
        project = as_local(requirement)
    except ValueError:  # an address that is none, in somebody else's recording
        project = None
    if project is None:
        return requirement
    if isinstance(project, LocalProject):
        return f"{_project_name(project.path)}{project.extras}"
    return _project_name(project.repository / project.subdirectory)


def _project_name(path: Path) -> str:
    """As its pyproject.toml has it, else the last part of the path; both in normal form."""
    from packaging.utils import canonicalize_name

    if path.name.endswith(_ARCHIVES):  # its version is in its name, and means something
        return path.name
    try:
        document = tomllib.loads((path / "pyproject.toml").read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        document = {}
    project = document.get("project")
    name = project.get("name") if isinstance(project, dict) else None
    known = name if isinstance(name, str) and _PROJECT.fullmatch(name) else path.name
    return canonicalize_name(known) if _PROJECT.fullmatch(known) else known


def _measured_commit(candidate: Variant, cwd: str) -> str | None:
    """The commit that was measured where that is a revision of the project, else None.

    Of older recordings, which do not say what is the project, a commit of the repository the run
    was started in.
    """
    from perfkit.provision.revisions import as_revision

    if candidate.revision is not None and candidate.requirements:
        project = as_revision(candidate.requirements[-1])
        return project.commit if project is not None else None
    revisions = filter(None, map(as_revision, candidate.requirements))
    here = [one.commit for one in revisions if Path(cwd).is_relative_to(one.repository)]
    return here[-1] if here else None


def _rows(result: Result) -> Iterator[StoredRow]:
    for row in result.rows:
        found = row.comparison
        numbers = (found.baseline, found.candidate, found.ratio) if found else (None, None, None)
        yield _stored(row.id, Metric.TIME, *numbers, verdict=str(row.verdict))
        for one in row.memory:
            memory = one.comparison
            yield _stored(
                row.id,
                memory.metric,
                memory.baseline,
                memory.candidate,
                memory.ratio,
                verdict=str(one.verdict),
            )


def _gate_rows(result: GateResult) -> Iterator[StoredRow]:
    """What the gate judged, then what was measured beside it."""
    judged = {(row.id, row.metric) for row in result.rows}
    for row in result.rows:
        yield _stored(
            row.id, row.metric, row.baseline, row.candidate, row.ratio, verdict=str(row.verdict)
        )
    for one in _rows(result.compared):
        if (one.benchmark, one.metric) not in judged:
            yield one


def _stored(
    benchmark: str,
    metric: Metric,
    baseline: Estimate | None,
    candidate: Estimate | None,
    ratio: Estimate | None,
    *,
    verdict: str,
) -> StoredRow:
    return StoredRow(
        benchmark=benchmark[:_LONGEST_NAME],
        metric=metric,
        baseline=baseline.value if baseline else None,
        candidate=candidate.value if candidate else None,
        candidate_low=candidate.low if candidate else None,
        candidate_high=candidate.high if candidate else None,
        ratio=ratio.value if ratio else None,
        low=ratio.low if ratio else None,
        high=ratio.high if ratio else None,
        n=ratio.n if ratio else 0,
        verdict=verdict,
    )


def _packages(measured: Iterable[Measured], *, baseline: bool) -> str:
    """One digest of all that was installed on a side."""
    facts = [one.baseline if baseline else one.candidate for one in measured]
    lines = sorted({f"{name}=={version}" for fact in facts for name, version in fact.packages})
    return hashlib.sha256("\n".join(lines).encode()).hexdigest() if lines else ""


def _machine(recording: Recording) -> str:
    host = recording.run.host
    cpu = str(host.get("cpu") or "unknown")
    return cpu if cpu != "unknown" else str(host.get("machine") or "an unknown machine")


def _place(cwd: Path) -> tuple[str | None, str | None]:
    """Commit and branch of a folder, where it is one of git's; never a reason to fail."""
    from perfkit.provision.git import run_git

    def asked(*arguments: str) -> str | None:
        try:
            return run_git(cwd, arguments, what="git", timeout=5.0).strip() or None
        except (PerfkitError, OSError):
            return None

    if not cwd.is_dir() or (commit := asked("rev-parse", "--verify", "HEAD")) is None:
        return None, None
    return commit, asked("symbolic-ref", "--quiet", "--short", "HEAD")


def _chosen(question: Question, known: tuple[str, ...]) -> tuple[str, ...] | None:
    """The benchmarks that were asked for: the one of that name, else those the pattern fits."""
    if not known:
        raise NothingFoundError("the history is empty", got=str(question.store))
    asked = question.benchmark
    if asked is None:
        return None
    if asked in known:
        return (asked,)
    if fitting := tuple(name for name in known if fnmatch.fnmatchcase(name, asked)):
        return fitting
    close = difflib.get_close_matches(asked, known, n=3)
    raise PerfkitError(
        "the history knows no such benchmark",
        got=asked,
        allowed=", ".join(close) if close else None,
        remedy="list them with 'perfkit history'",
    )
