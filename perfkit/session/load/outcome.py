"""What a finished load session hands to its caller: numbers, verdicts, and where the files are."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from perfkit.decide.load.judge import judge_load
from perfkit.decide.load.result import LoadResult
from perfkit.recording.load import LoadRecording
from perfkit.report.load.view import LoadView, build_load_view
from perfkit.session.outcome import policy_of, write_whole

if TYPE_CHECKING:
    from pathlib import Path

    import pandas as pd

    from perfkit.recording.events import Events


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadOutcome:
    """A load run.

    Attributes:
        recording: What was recorded, but for the raw events on disk.
        result: Figures, thresholds, comparison, caveats.
        view: The same, ready for every report.
        interrupted: The last sitting was ended by Ctrl-C or SIGTERM.
    """

    recording: LoadRecording
    result: LoadResult
    view: LoadView
    interrupted: bool

    @property
    def folder(self) -> Path:
        """The run folder."""
        return self.recording.folder

    def events(self, segment: str) -> Events:
        """The raw events of a segment (``"t00"``): every request with its times and outcome.

        Raises:
            KeyError: There is no segment of that name.
            RecordingError: Its files cannot be read.
        """
        from perfkit.recording.events import read_events

        start = self.recording.starts[segment]
        return read_events([self.folder / file for file in start.events])

    def to_frame(self) -> pd.DataFrame:
        """One row a side and phase."""
        from perfkit.report.load.frame import to_frame

        return to_frame(self.result)


def load_outcome_of(recording: LoadRecording, *, interrupted: bool) -> LoadOutcome:
    """Judge a recording and build its view."""
    result = judge_load(recording)
    view = build_load_view(recording, result, policy_of(recording))
    return LoadOutcome(recording=recording, result=result, view=view, interrupted=interrupted)


def write_load_reports(outcome: LoadOutcome) -> None:
    """Write every report beside the recording.

    Raises:
        WritingError: A file cannot be written; the recording itself is complete.
    """
    from perfkit.report.load.as_html import as_html
    from perfkit.report.load.as_yaml import as_yaml

    write_whole(outcome.folder / "report.yaml", as_yaml(outcome.view))
    write_whole(outcome.folder / "report.html", as_html(outcome.view))
