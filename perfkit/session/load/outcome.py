"""What a finished load session hands to its caller: numbers, verdicts, and where the files are."""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING

from perfkit.decide.load.judge import judge_load
from perfkit.decide.load.result import LoadResult, LoadRow
from perfkit.errors import PerfkitError, WritingError
from perfkit.recording.load import LoadRecording
from perfkit.report.load.view import LoadView, build_load_view
from perfkit.session.outcome import policy_of, unwritten, write_whole

if TYPE_CHECKING:
    from pathlib import Path

    import pandas as pd

    from perfkit.analyse.estimate import Estimate
    from perfkit.decide.load.result import ThresholdVerdict
    from perfkit.decide.verdict import Verdict
    from perfkit.recording.events import Events
    from perfkit.recording.samples import Samples
    from perfkit.recording.segment import SegmentStart


@dataclass(frozen=True, slots=True, kw_only=True)
class MetricOutcome:
    """One metric of a compared load run.

    Attributes:
        row: Its row, with everything known of it.
    """

    row: LoadRow

    @property
    def verdict(self) -> Verdict:
        """What its numbers say: `Verdict.SLOWER` is worse, `Verdict.FASTER` better."""
        return self.row.verdict

    @property
    def ratio(self) -> Estimate:
        """Candidate / baseline; candidate - baseline of the error rate. Its n counts trials."""
        return self.row.comparison.ratio


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadOutcome:
    """A load run.

    Attributes:
        recording: What was recorded, but for the raw events on disk.
        result: Figures, thresholds, comparison, caveats.
        view: The same, ready for every report.
        interrupted: The last sitting was ended by Ctrl-C or SIGTERM.
        unwritten: Why its reports could not be written, or None.
    """

    recording: LoadRecording
    result: LoadResult
    view: LoadView
    interrupted: bool
    unwritten: WritingError | None = None

    @property
    def folder(self) -> Path:
        """The run folder."""
        return self.recording.folder

    @property
    def segments(self) -> tuple[str, ...]:
        """Names of the stretches of load in the order begun.

        A trial of a comparison is one (``"t03"``) or, one side after the other, two
        (``"t03-baseline"``); a probe of a search is one (``"p05-baseline"``).
        """
        return tuple(self.recording.starts)

    def __getitem__(self, metric: str) -> MetricOutcome:
        """A metric of the comparison: ``"p95 response"``, ``"throughput"``, ``"memory (RSS)"``.

        Raises:
            KeyError: It was not compared.
        """
        for row in self.result.rows:
            if row.comparison.metric == metric:
                return MetricOutcome(row=row)
        known = ", ".join(row.comparison.metric for row in self.result.rows)
        there = f"there are: {known}" if known else "this run has one side"
        raise KeyError(f"no comparison of {metric!r}; {there}")

    def events(self, segment: str) -> Events:
        """The raw events of a segment (``"t00"``): every request with its times and outcome.

        Raises:
            KeyError: There is no segment of that name.
            RecordingError: Its files cannot be read.
        """
        from perfkit.recording.events import read_events

        return read_events([self.folder / file for file in self._start(segment).events])

    def events_frame(self, segment: str) -> pd.DataFrame:
        """The events of a segment as a table, without those of the setup; one row a request.

        Response times (``response``) count from when a request was due, service times
        (``service``) from when it was sent, all in seconds. Names of sides, phases, requests and
        errors stand in full. ``counted`` marks those that the figures of the whole load rest on:
        not in a ramp, the warm-up, or the first moments of a service's turn.

        Raises:
            KeyError: There is no segment of that name.
            RecordingError: Its files cannot be read.
        """
        from perfkit.report.load.raw import events_frame

        return events_frame(self.recording, self._start(segment))

    def samples(self, segment: str, side: str = "baseline") -> Samples:
        """Memory, CPU and more of a side's processes during a segment, look by look.

        Raises:
            KeyError: There is no such segment, or the side was not looked at in it.
            RecordingError: The file cannot be read.
        """
        from perfkit.recording.samples import read_samples

        files = dict(self._start(segment).samples)
        if side not in files:
            looked = ", ".join(files) or "none"
            raise KeyError(f"no samples of {side!r} in {segment!r}; there are: {looked}")
        return read_samples([self.folder / files[side]])  # type: ignore[index]  # a Side is a str

    def samples_frame(self, segment: str) -> pd.DataFrame:
        """The samples of a segment as a table, both sides, on the clock of `events_frame`.

        Raises:
            KeyError: There is no segment of that name.
            RecordingError: Its events cannot be read.
        """
        from perfkit.report.load.raw import samples_frame

        return samples_frame(self.recording, self._start(segment))

    def hold(self, *thresholds: str) -> tuple[ThresholdVerdict, ...]:
        """Hold other thresholds against what was recorded; nothing is measured.

        Args:
            thresholds: In the grammar of a profile: ``"p(95)@hold<100ms"``, ``"rss<90MB"``.

        Returns:
            One verdict a side and threshold, the baseline's first.

        Raises:
            InvalidError: One is not a threshold.
            PerfkitError: One names a stage that the profile does not have, or the run is a search.
        """
        from perfkit.profile.threshold import parse_threshold

        run = self.recording.run
        limits = tuple(map(parse_threshold, thresholds))
        stages = [stage.name for stage in run.profile.stages]
        if run.mode == "breakpoint":
            raise PerfkitError(
                "a search for the breaking point has no load to hold a limit against"
            )
        for one in limits:
            if one.phase is not None and one.phase not in stages:
                raise PerfkitError(
                    f"there is no stage {one.phase!r}", got=one.text, allowed=", ".join(stages)
                )
        changed = replace(run, profile=replace(run.profile, thresholds=limits))
        return judge_load(replace(self.recording, run=changed)).thresholds

    def to_frame(self) -> pd.DataFrame:
        """One row a side and phase; phase is missing for the whole load without its ramps."""
        from perfkit.report.load.frame import to_frame

        return to_frame(self.result)

    def comparison_frame(self) -> pd.DataFrame:
        """One row a metric of the comparison; none for a run of one side."""
        from perfkit.report.load.frame import comparison_frame

        return comparison_frame(self.result)

    def spent(self, stage: str, seconds: float) -> LoadOutcome:
        """The same with what a stage after the measuring took, which no recording holds."""
        *stages, (name, total) = self.view.seconds
        told = (*stages, (stage, seconds), (name, total + seconds))
        return replace(self, view=replace(self.view, seconds=told))

    def _start(self, segment: str) -> SegmentStart:
        if segment in self.recording.starts:
            return self.recording.starts[segment]
        known = ", ".join(self.segments) or "none"
        raise KeyError(f"no segment {segment!r}; there are: {known}")

    def _repr_html_(self) -> str:
        from perfkit.report.load.notebook import load_table

        return load_table(self.view)


def load_outcome_of(recording: LoadRecording, *, interrupted: bool) -> LoadOutcome:
    """Judge a recording and build its view."""
    result = judge_load(recording)
    view = build_load_view(recording, result, policy_of(recording))
    return LoadOutcome(recording=recording, result=result, view=view, interrupted=interrupted)


def reported(outcome: LoadOutcome) -> LoadOutcome:
    """Write every report; one that cannot be written does not hide what was found."""
    began = time.perf_counter()
    outcome = replace(outcome, unwritten=unwritten(partial(write_load_reports, outcome)))
    return outcome.spent("reports", time.perf_counter() - began)


def write_load_reports(outcome: LoadOutcome) -> None:
    """Write every report beside the recording.

    Raises:
        WritingError: A file cannot be written; the recording itself is complete.
    """
    from perfkit.report.load.as_html import as_html
    from perfkit.report.load.as_yaml import as_yaml

    write_whole(outcome.folder / "report.yaml", as_yaml(outcome.view))
    write_whole(outcome.folder / "report.html", as_html(outcome.view))
