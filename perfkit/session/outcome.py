"""What a finished session hands to its caller: numbers, verdicts, and where the files are."""

from __future__ import annotations

import os
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from perfkit.decide.judge import judge_run
from perfkit.decide.policy import load_policy, parse_policy
from perfkit.decide.result import Result, Row
from perfkit.errors import PerfkitError, WritingError
from perfkit.recording import Recording
from perfkit.report.view import View, build_view

if TYPE_CHECKING:
    from collections.abc import Callable

    import pandas as pd

    from perfkit.analyse.estimate import Estimate
    from perfkit.decide.policy import Policy
    from perfkit.decide.verdict import Verdict
    from perfkit.recording.load import LoadRecording
    from perfkit.session.check import CheckOutcome


@dataclass(frozen=True, slots=True, kw_only=True)
class BenchmarkOutcome:
    """One benchmark of an outcome.

    Attributes:
        row: Its row, with everything known of it.
    """

    row: Row

    @property
    def verdict(self) -> Verdict:
        """What its numbers say."""
        return self.row.verdict

    @property
    def ratio(self) -> Estimate:
        """Candidate / baseline; above 1 the candidate is slower.

        Raises:
            PerfkitError: It failed or was not measured.
        """
        if self.row.comparison is None:
            reason = self.row.failure.reason if self.row.failure else "no block was measured"
            raise PerfkitError(
                f"{self.row.id} has no ratio: {reason}",
                got=str(self.row.verdict),
                remedy="look at .verdict first",
            )
        return self.row.comparison.ratio


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """A compared run.

    Attributes:
        recording: The raw observations.
        result: Rows, geometric mean, caveats.
        view: The same, ready for every report.
        interrupted: The last sitting was ended by Ctrl-C or SIGTERM.
        unwritten: Why its reports could not be written, or None.
    """

    recording: Recording
    result: Result
    view: View
    interrupted: bool
    unwritten: WritingError | None = None

    @property
    def folder(self) -> Path:
        """The run folder."""
        return self.recording.folder

    def __getitem__(self, name: str) -> BenchmarkOutcome:
        """A benchmark by its pyperf name, or ``script::name`` when that is not unique.

        Raises:
            KeyError: There is none of that name.
        """
        for row in self.result.rows:
            if row.id == name:
                return BenchmarkOutcome(row=row)
        known = ", ".join(row.id for row in self.result.rows)
        raise KeyError(f"no benchmark {name!r}; there are: {known}")

    def to_frame(self) -> pd.DataFrame:
        """One row a benchmark, failed ones included."""
        from perfkit.report.frame import to_frame

        return to_frame(self.result)

    def _repr_html_(self) -> str:
        from perfkit.report.notebook import html_table

        return html_table(self.view)


def outcome_of(recording: Recording, *, interrupted: bool) -> Outcome:
    """Judge a recording and build its view."""
    result = judge_run(recording)
    view = build_view(recording, result, policy_of(recording))
    return Outcome(recording=recording, result=result, view=view, interrupted=interrupted)


def policy_of(recording: Recording | LoadRecording) -> Policy:
    """The policy a run was recorded with."""
    text = recording.run.policy
    return load_policy(None) if text is None else parse_policy(text, "of the recording")


def write_reports(outcome: Outcome) -> None:
    """Write every report beside the recording.

    Raises:
        WritingError: A file cannot be written; the recording itself is complete.
    """
    from perfkit.report.as_html import as_html
    from perfkit.report.as_pyperf import as_pyperf
    from perfkit.report.as_yaml import as_yaml

    files = {
        "report.yaml": as_yaml(outcome.view),
        "report.html": as_html(outcome.view),
        **{f"{side}.json": text for side, text in as_pyperf(outcome.recording).items()},
    }
    for name, text in files.items():
        write_whole(outcome.folder / name, text)


def remember(outcome: Outcome | CheckOutcome) -> None:
    """Add a run to the history it was to be added to, if there is one; see `history.remember`.

    Raises:
        WritingError: It cannot be written; the run itself is safe in its folder.
        RecordingError: The file is damaged, no history, or of a newer perfkit.
    """
    if outcome.recording.run.store is not None:
        from perfkit.session import history

        history.remember(outcome, Path(outcome.recording.run.store))


def unwritten(write: Callable[[], None]) -> WritingError | None:
    """Write reports; why that cannot be, which does not hide what was found."""
    try:
        write()
    except WritingError as error:
        return error
    return None


def write_whole(path: Path, text: str) -> None:
    """Write a file whole or not at all."""
    try:
        handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
        try:
            with os.fdopen(handle, "w", encoding="utf-8") as file:
                file.write(text)
            Path(name).chmod(0o644)
            Path(name).replace(path)
        except BaseException:
            Path(name).unlink(missing_ok=True)
            raise
    except OSError as error:
        raise WritingError(
            f"a report cannot be written: {error.strerror}",
            got=str(path),
            remedy=f"make room, then run 'perfkit show {path.parent}'; the measurements are safe",
        ) from error
