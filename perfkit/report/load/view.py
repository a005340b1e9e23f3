"""Everything the renderers of a load run show, already in words and numbers."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from perfkit.analyse.load.value import Breakpoint
from perfkit.decide.finding import Finding
from perfkit.decide.load.evidence import evidence_of, load_finding, why_not
from perfkit.decide.load.result import Validity
from perfkit.decide.policy import Measure, Recommendation, Status, worst
from perfkit.profile.value import Profile
from perfkit.recording.load import LoadFailure
from perfkit.report import figures
from perfkit.report.caveats import CaveatGroup, group_caveats
from perfkit.report.environments import PackageLine, SideLine, lines_of, packages_of
from perfkit.report.load import outcome, words
from perfkit.report.load.compared import LoadRowView, ThresholdView, make_row, make_threshold
from perfkit.report.load.health import HealthView, make_health
from perfkit.report.load.kind import Kind, kind_of
from perfkit.report.load.outcome import Check
from perfkit.report.load.reading import how_to_read
from perfkit.report.load.sides import SideView, level_unit, make_side
from perfkit.report.view import host_facts
from perfkit.variant import Side

if TYPE_CHECKING:
    from collections.abc import Sequence

    from perfkit.decide.load.result import LoadResult
    from perfkit.decide.policy import Policy
    from perfkit.recording.load import LoadRecording, LoadRun

_WORTH_SECONDS = 0.05  # of a stage that has no name
_API = {Measure.RESPONSE_TIME, Measure.THROUGHPUT, Measure.PEAK_MEMORY}
FILES = (
    ("report.html", "this report, to be opened in a browser"),
    ("report.yaml", "the measurements as the guide's template has them"),
    ("recording.jsonl", "what was asked for and how it went; perfkit show renders it again"),
    ("events/", "every request with its times, in Arrow files"),
    ("service/", "memory and CPU of the service's processes, in Arrow files"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadView:
    """A whole load run, ready to be shown.

    Attributes:
        id: The run's name.
        title: Heading.
        verdict: One sentence that says what was found, and what was not.
        state: ``"finished"``, ``"interrupted"`` or ``"unfinished"`` (ended without a word).
        mode: ``"single"``, ``"compare"`` or ``"breakpoint"``.
        kind: Which of the guide's load tests it is.
        profile: The profile as scaled.
        shape: The profile in words; of a search what it tried instead.
        scale: How it was scaled, in words; empty when it was not.
        unit: ``"users"`` or ``"requests/s"``.
        service: The service in words.
        engine: The generator in words.
        created: Local time with offset, ISO 8601.
        perfkit: Version that measured.
        seed: Root of every random choice.
        names: Both sides in words; the second empty for a run of one.
        headings: Both sides as the guide's template names them; the second empty for a run of one.
        margin: Practical significance, as a fraction.
        confidence: Coverage of every interval.
        trials: ``(complete, wanted)``.
        sides: What each side did.
        thresholds: Every threshold, side by side.
        rows: The comparison by metric.
        breakpoints: ``(heading, in words, the numbers)`` of each side.
        health: The generator; None when nothing ran.
        checks: The guide's overall assessment.
        status: Of all of them.
        findings: Sections of the policy that a load run can fill; empty for a run of one.
        died: Where a service died, in words.
        ended: Where a condition ended the load early, in words.
        failures: What kept trials from being measured.
        caveats: Grouped by kind.
        lines: Facts of both sides.
        packages: Packages of both sides, differing ones first.
        host: ``(name, text)`` of the machine.
        seconds: ``(stage, seconds)``: where wall time went, ``"total"`` last.
        how_to_read: Paragraphs.
        folder: The run directory.
        files: ``(name, what it is)`` of what stands in it.
    """

    id: str
    title: str
    verdict: str
    state: str
    mode: str
    kind: Kind
    profile: Profile
    shape: str
    scale: str
    unit: str
    service: str
    engine: str
    created: str
    perfkit: str
    seed: int
    names: tuple[str, str]
    headings: tuple[str, str]
    margin: float
    confidence: float
    trials: tuple[int, int]
    sides: tuple[SideView, ...]
    thresholds: tuple[ThresholdView, ...]
    rows: tuple[LoadRowView, ...]
    breakpoints: tuple[tuple[str, str, Breakpoint], ...]
    health: HealthView | None
    checks: tuple[Check, ...]
    status: Status
    findings: tuple[Finding, ...]
    died: tuple[str, ...]
    ended: tuple[str, ...]
    failures: tuple[LoadFailure, ...]
    caveats: tuple[CaveatGroup, ...]
    lines: tuple[SideLine, ...]
    packages: tuple[PackageLine, ...]
    host: tuple[tuple[str, str], ...]
    seconds: tuple[tuple[str, float], ...]
    how_to_read: tuple[str, ...]
    folder: Path
    files: tuple[tuple[str, str], ...]

    @property
    def recommendation(self) -> Recommendation:
        """What follows from this run alone."""
        return outcome.recommend([self])

    @property
    def compared(self) -> bool:
        """It has two sides."""
        return bool(self.names[1])

    def name(self, key: str) -> str:
        """A side in words, by its key."""
        return self.names[key == Side.CANDIDATE]

    @property
    def confident(self) -> bool:
        """Changes have the run's confidence: they do not come from one search of each side."""
        return self.mode != "breakpoint" or any(row.trials > 1 for row in self.rows)

    @property
    def said_once(self) -> str:
        """A reason that several thresholds share, to be told once; empty where none does."""
        return said_once(self.thresholds)


def said_once(found: Sequence[ThresholdView]) -> str:
    """The reason that most of some thresholds share; empty where each has its own."""
    counts = Counter(one.reason for one in found if one.reason)
    reason, count = next(iter(counts.most_common(1)), ("", 0))
    return reason if count > 1 else ""


def build_load_view(recording: LoadRecording, result: LoadResult, policy: Policy) -> LoadView:
    """Put a judged load run into words and numbers.

    Args:
        recording: What was recorded.
        result: The same, analysed and judged.
        policy: The targets of response time, throughput and memory it is held against.
    """
    run = recording.run
    state = recording.finishes[-1].status if recording.finishes else "unfinished"
    names, headings = words.names_of(run), words.headings_of(run)
    by = dict(zip(Side, range(2), strict=True))
    died, ended = _endings(recording, "service"), _endings(recording, "aborted")
    valid = result.health is None or result.health.validity is not Validity.INVALID
    checks = outcome.checks_of(
        result,
        state=state,
        died=died,
        ended=ended,
        baseline=names[0] if names[1] else "",
        margin=run.margin,
        given=len(run.profile.thresholds),
    )
    status = worst([check.status for check in checks])
    unit = level_unit(run.profile)
    return LoadView(
        id=run.id,
        title=words.title_of(run, names),
        verdict=words.verdict_sentence(run, result, names=names, state=state, ended=ended),
        state=state,
        mode=run.mode,
        kind=kind_of(run),
        profile=run.profile,
        shape=words.shape_of(run),
        scale=_scale(run.profile),
        unit=unit,
        service=_service(recording),
        engine=_engine(run),
        created=run.created,
        perfkit=run.perfkit,
        seed=run.seed,
        names=names,
        headings=headings,
        margin=run.margin,
        confidence=run.confidence,
        trials=(result.trials, run.trials),
        sides=tuple(
            make_side(one, run.profile, name=names[by[one.side]], heading=headings[by[one.side]])
            for one in result.sides
        ),
        thresholds=tuple(make_threshold(one, headings[by[one.side]]) for one in result.thresholds),
        rows=tuple(make_row(row, valid=valid, unit=unit) for row in result.rows),
        breakpoints=tuple(
            (headings[by[one.side]], words.breaks(one, unit), one) for one in result.breakpoints
        ),
        health=make_health(result.health) if result.health is not None else None,
        checks=checks,
        status=status,
        findings=_findings(recording, result, policy),
        died=died,
        ended=ended,
        failures=result.failures,
        caveats=group_caveats(result.caveats),
        lines=_lines(recording),
        packages=packages_of({side: [facts] for side, facts in recording.sides.items()}, ()),
        host=host_facts(run.host),
        seconds=_seconds(result),
        how_to_read=how_to_read(run),
        folder=recording.folder,
        files=FILES,
    )


def _findings(recording: LoadRecording, result: LoadResult, policy: Policy) -> tuple[Finding, ...]:
    evidence = evidence_of(recording, result)
    if evidence is None:
        return ()
    found = []
    for title, section in policy.sections.items():
        if section.measure not in _API:
            continue
        one = load_finding(title, section, [evidence])
        found.append(
            one
            or Finding(
                title=title,
                measure=section.measure,
                goal=section.goal,
                praise=section.praise,
                required=section.required,
                parts=(),
                status=Status.NOT_MEASURED,
                reason=why_not(section.measure, [evidence]),
                source="",
            )
        )
    return tuple(found)


def _endings(recording: LoadRecording, reason: str) -> tuple[str, ...]:
    """Segments that ended for a reason: whose, where there are two, when, and what was said."""
    found = []
    for one in recording.ends.values():
        if one.reason == reason:
            start = recording.starts.get(one.id)
            alone = recording.run.candidate is None
            sides = " and ".join(start.sides) if start and not alone else ""
            detail = f": {one.detail.strip().splitlines()[0]}" if one.detail.strip() else ""
            after = f"after {figures.span(round(one.seconds, 1))} of {one.id}{detail}"
            found.append(f"{sides} {after}".lstrip())
    return tuple(found)


def _lines(recording: LoadRecording) -> tuple[SideLine, ...]:
    run = recording.run
    told = {side: [facts] for side, facts in recording.sides.items()}
    lines = lines_of(run.baseline, run.candidate, told) if run.baseline is not None else ()
    return tuple(line for line in lines if line.name != "pyperf")


def _scale(profile: Profile) -> str:
    said = [
        f"{name} scaled to {scale * 100:g} %"
        for name, scale in (("time", profile.time_scale), ("users", profile.user_scale))
        if scale != 1
    ]
    return ", ".join(said)


def _service(recording: LoadRecording) -> str:
    one = recording.run.service
    names = recording.backing.labels if recording.backing else one.backing
    backing = f" with {' and '.join(names)}" if names else ""
    what = one.kind.value if one.target == one.label else f"{one.kind}: {one.target}"
    return f"{one.label} ({what}){backing}"


def _engine(run: LoadRun) -> str:
    one = run.method
    workers = one.workers + one.remote_workers
    said = f"{one.engine} {one.engine_version} on {one.generator}"
    if workers <= 1:
        return f"{said}, one process"
    return f"{said}, {workers} workers ({one.remote_workers} on other machines)"


def _seconds(result: LoadResult) -> tuple[tuple[str, float], ...]:
    stages = [(stage, spent) for stage, spent in result.seconds.items() if stage != "total"]
    total = result.seconds.get("total", sum(spent for _, spent in stages))
    # What is left are the ends of what outlives a trial; of most runs nothing to speak of.
    shown = [x for x in stages if x[0] != "other" or x[1] >= _WORTH_SECONDS]
    return (*(("clean-up" if name == "other" else name, x) for name, x in shown), ("total", total))
