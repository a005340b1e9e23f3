"""Everything the renderers show, already in words and numbers."""

from __future__ import annotations

import shlex
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from perfkit.analyse.estimate import Estimate
from perfkit.caveat import Caveat
from perfkit.decide.assess import Assessment, assess
from perfkit.decide.judge import CONTROL
from perfkit.decide.verdict import Verdict
from perfkit.report import wording
from perfkit.report.caveats import CaveatGroup, group_caveats
from perfkit.report.environments import PackageLine, SideLine, package_lines, side_lines
from perfkit.report.reading import how_to_read
from perfkit.report.rows import RowView, change, make_row
from perfkit.units import format_bytes

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from perfkit.decide.load.evidence import LoadEvidence
    from perfkit.decide.policy import Policy
    from perfkit.decide.result import Result
    from perfkit.recording import Recording
    from perfkit.report.memory import MemoryLine

INCOMPLETE = "incomplete"
"""Code of the caveat of a run that did not come to its end; it says how to go on."""

FILES = (
    ("report.html", "this report, to be opened in a browser"),
    ("report.yaml", "the measurements against the policy's targets"),
    ("recording.jsonl", "every raw observation; perfkit show renders it again"),
)
PYPERF_FILES = (
    ("baseline.json", "for python -m pyperf compare_to and stats"),
    ("candidate.json", "the same, of the candidate"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """A whole run, ready to be shown.

    Attributes:
        id: The run's name.
        title: Heading.
        verdict: One sentence that says what was found, and what was not.
        state: ``"finished"``, ``"interrupted"`` or ``"unfinished"`` (ended without a word).
        command: ``"compare"`` or ``"aa"``.
        same: Both sides are the same variant.
        noisy: The null control tripped.
        created: Local time with offset, ISO 8601.
        perfkit: Version that measured.
        baseline: The baseline in words: ``"Python 3.12.1"``.
        candidate: The candidate in words.
        headings: The two sides as the guide's template names them: ``"Python 3.12"``.
        margin: Practical significance, as a fraction.
        confidence: Coverage of every interval.
        precision: Wanted half-width, as a fraction.
        seed: Root of every random choice.
        rows: In the order measured.
        counts: Number of rows by verdict word, in the order of `Verdict`.
        geometric_mean: Of the ratios, or None.
        mean: The same in words.
        caveats: Grouped by kind, most important first as recorded.
        assessment: The run held against the policy.
        sides: Facts of both sides, line by line.
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
    command: str
    same: bool
    noisy: bool
    created: str
    perfkit: str
    baseline: str
    candidate: str
    headings: tuple[str, str]
    margin: float
    confidence: float
    precision: float
    seed: int
    rows: tuple[RowView, ...]
    counts: tuple[tuple[str, int], ...]
    geometric_mean: Estimate | None
    mean: str
    caveats: tuple[CaveatGroup, ...]
    assessment: Assessment
    sides: tuple[SideLine, ...]
    packages: tuple[PackageLine, ...]
    host: tuple[tuple[str, str], ...]
    seconds: tuple[tuple[str, float], ...]
    how_to_read: tuple[str, ...]
    folder: Path
    files: tuple[tuple[str, str], ...]

    @property
    def memory(self) -> tuple[MemoryLine, ...]:
        """Every line of every row's memory, those that changed first."""
        lines = [line for row in self.rows for line in row.memory]
        return tuple(sorted(lines, key=lambda line: not line.changed))

    @property
    def failures(self) -> tuple[RowView, ...]:
        """The rows that failed."""
        return tuple(row for row in self.rows if row.failure is not None)


def build_view(
    recording: Recording, result: Result, policy: Policy, *, load: Sequence[LoadEvidence] = ()
) -> View:
    """Put a judged run into words and numbers.

    Args:
        recording: What was recorded.
        result: The same, analysed and judged.
        policy: The targets it is held against.
        load: Load runs of the same two variants that are to count as well.
    """
    run = recording.run
    state = recording.finishes[-1].status if recording.finishes else "unfinished"
    names = wording.side_names(run.baseline, run.candidate)
    same = wording.same_variant(run)
    rows = tuple(make_row(row, recording, noisy=result.noisy) for row in result.rows)
    return View(
        id=run.id,
        title=f"{names[0]} compared with itself" if same else f"{names[1]} against {names[0]}",
        verdict=wording.verdict_sentence(run, result, names=names, state=state),
        state=state,
        command=run.command,
        same=same,
        noisy=result.noisy,
        created=run.created,
        perfkit=run.perfkit,
        baseline=names[0],
        candidate=names[1],
        headings=wording.short_names(run.baseline, run.candidate),
        margin=run.goal.margin,
        confidence=run.goal.confidence,
        precision=run.goal.precision,
        seed=run.seed,
        rows=rows,
        counts=_counts(rows, noisy=result.noisy),
        geometric_mean=result.geometric_mean,
        mean=_mean(result),
        caveats=group_caveats([*_of_the_recording(recording, state), *result.caveats]),
        assessment=assess(
            result, policy, goal=run.goal, complete=state == "finished", same=same, load=load
        ),
        sides=side_lines(recording),
        packages=package_lines(recording),
        host=host_facts(run.host),
        seconds=_seconds(result),
        how_to_read=how_to_read(run, same=same),
        folder=recording.folder,
        files=_files(recording),
    )


def _files(recording: Recording) -> tuple[tuple[str, str], ...]:
    """What a reader finds beside the recording; pyperf has no empty suites."""
    measured = any(block.series != CONTROL for block in recording.blocks)
    return FILES + PYPERF_FILES if measured else FILES


def host_facts(facts: Mapping[str, str | int | float | None]) -> tuple[tuple[str, str], ...]:
    """Facts of the machine in words."""
    found = []
    for name, fact in facts.items():
        words = name.replace("_", " ")
        if words.endswith(" bytes") and isinstance(fact, int | float):
            found.append((words.removesuffix(" bytes"), format_bytes(fact)))
        elif fact is not None:
            found.append((words, str(fact)))
    return tuple(found)


def _mean(result: Result) -> str:
    mean = result.geometric_mean
    if mean is None:
        return "no geometric mean: fewer than two benchmarks were measured"
    measured = sum(row.comparison is not None for row in result.rows)
    return f"{change(mean)} (geometric mean of {measured} benchmarks)"


def _counts(rows: Sequence[RowView], *, noisy: bool) -> tuple[tuple[str, int], ...]:
    words = [wording.look(verdict, noisy=noisy).word for verdict in Verdict]
    found = [(word, sum(row.word == word for row in rows)) for word in dict.fromkeys(words)]
    return tuple((word, count) for word, count in found if count)


def _of_the_recording(recording: Recording, state: str) -> list[Caveat]:
    found = []
    if state != "finished":
        folder = shlex.quote(wording.printable(str(recording.folder)))
        remedy = f'go on with "perfkit {recording.run.command} --resume {folder}"'
        if recording.run.redacted:
            remedy = "measure again: a run whose credentials were removed cannot be resumed"
        text = {"interrupted": "the run was interrupted"}.get(state, "the run did not end in order")
        found.append(Caveat(code=INCOMPLETE, text=text, remedy=remedy, benchmark=None))
    return found


def _seconds(result: Result) -> tuple[tuple[str, float], ...]:
    stages = [(stage, spent) for stage, spent in result.seconds.items() if stage != "total"]
    total = result.seconds.get("total", sum(spent for _, spent in stages))
    return (*stages, ("total", total))
