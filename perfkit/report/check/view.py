"""Everything the outputs of a gate show, already in words and numbers."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from perfkit.caveat import Caveat
from perfkit.decide.gate.result import GateOutcome, GateResult, GateRow, GateVerdict
from perfkit.decide.verdict import Verdict
from perfkit.report import wording
from perfkit.report.caveats import CaveatGroup, group_caveats
from perfkit.report.check import words
from perfkit.report.check.reading import how_the_gate_decides, policy_facts
from perfkit.report.view import View, build_view
from perfkit.settings import Metric
from perfkit.units import (
    format_bytes,
    format_bytes_interval,
    format_seconds,
    format_seconds_interval,
)

if TYPE_CHECKING:
    from perfkit.analyse.estimate import Estimate
    from perfkit.decide.policy import Policy
    from perfkit.decide.result import MemoryRow, Result, Row
    from perfkit.recording import Recording

    _Judged = TypeVar("_Judged", Row, MemoryRow)

_LONGEST_WARNING = 1000  # characters
_QUIET = {GateVerdict.WITHIN, GateVerdict.UNMEASURABLE}
FILES = (
    ("report.html", "this report, to be opened in a browser"),
    ("report.yaml", "the gate and its measurements, as text"),
    ("junit.xml", "one test case a row, for a CI server"),
    ("summary.md", "for a job summary ($GITHUB_STEP_SUMMARY)"),
    ("comment.md", "for a comment on a pull request"),
    ("recording.jsonl", "every raw observation; perfkit check --recording judges it again"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckRow:
    """One benchmark under one metric, ready to be shown.

    Attributes:
        row: The judged row.
        label: Its name, with the metric unless that is time; one line, huge names cut.
        word: The verdict in words.
        shape: A character that tells verdicts apart without colour.
        tone: CSS class and key of the terminal's colours.
        fails: By itself it makes the build fail.
        open: Neither "within margin" nor "cannot be measured": a reader must look at it.
        baseline: Value of the baseline, such as ``"1.23 ms"`` or ``"26.2 MiB"``, or ``"–"``.
        candidate: The same of the candidate.
        facts: ``(name, text)``: everything known of it, with intervals.
        change: ``"+5.1 % [+4.2, +6.0]"``: confirmed where it was measured again; or ``"–"``.
        allowed: Its margin, such as ``"2 %"``.
        catches: The smallest true change the gate would have caught in it, or ``"–"``.
        evidence: What its fresh blocks say, by itself; empty when it has none.
        proof: The same beside ``change`` and ``allowed``, without repeating them.
        detail: Tail of what a failed benchmark said, several lines; may be empty.
        script: Where the benchmark's script lies, or None when unknown.
        place: Position (from 1) of its benchmark in the report of the first pass, or None.
    """

    row: GateRow
    label: str
    word: str
    shape: str
    tone: str
    fails: bool
    open: bool
    baseline: str
    candidate: str
    facts: tuple[tuple[str, str], ...]
    change: str
    allowed: str
    catches: str
    evidence: str
    proof: str
    detail: str
    script: Path | None
    place: int | None

    @property
    def reason(self) -> str:
        """Why it is no plain answer, in one line; may be empty."""
        return words.cut(wording.printable(self.row.reason), 500)


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckView:
    """A judged gate, ready to be shown.

    Attributes:
        result: The judged gate.
        compared: The first pass as ``perfkit compare`` would show it; it accuses nobody where the
            null control tripped.
        title: ``"working tree against main (1a2b3c4)"``.
        verdict: A few sentences.
        outcome: The outcome's look.
        fails: The build fails.
        baseline: The baseline in words.
        candidate: The candidate in words.
        rows: As judged.
        counts: ``(look, number of rows)`` of each verdict that occurs.
        warnings: What must not be overlooked.
        several: More than one metric is judged.
        policy: ``(name, text)`` of what is allowed.
        how: Paragraphs on how the gate decides.
        files: ``(name, what it is)`` of what stands in the run folder.
    """

    result: GateResult
    compared: View
    title: str
    verdict: str
    outcome: wording.Look
    fails: bool
    baseline: str
    candidate: str
    rows: tuple[CheckRow, ...]
    counts: tuple[tuple[wording.Look, int], ...]
    warnings: tuple[CaveatGroup, ...]
    several: bool
    policy: tuple[tuple[str, str], ...]
    how: tuple[str, ...]
    files: tuple[tuple[str, str], ...]

    @property
    def attention(self) -> tuple[CheckRow, ...]:
        """Rows a reader must look at: those that fail the build first."""
        return tuple(sorted((row for row in self.rows if row.open), key=lambda row: not row.fails))


def build_check_view(recording: Recording, result: GateResult, policy: Policy) -> CheckView:
    """Put a judged gate into words and numbers.

    Args:
        recording: What was recorded.
        result: The same, judged.
        policy: Targets of a comparison (not the gate's own policy), as `build_view` takes them.
    """
    names = words.gate_names(recording.run)
    title = f"{names[1]} against {names[0]}"
    compared = _first_pass(recording, result, policy, names=names, title=title)
    places = {row.id: index for index, row in enumerate(compared.rows, 1)}
    rows = tuple(_row(row, recording, places.get(row.id)) for row in result.rows)
    found = [(look, sum(row.word == look.word for row in rows)) for look in words.LOOKS.values()]
    return CheckView(
        result=result,
        compared=compared,
        title=title,
        verdict=words.sentence(result, state=compared.state),
        outcome=words.OUTCOMES[result.outcome],
        fails=result.fails,
        baseline=names[0],
        candidate=names[1],
        rows=rows,
        counts=tuple((look, number) for look, number in found if number),
        warnings=group_caveats(map(_cut, result.warnings)),
        several=len({row.metric for row in result.rows}) > 1,
        policy=policy_facts(result.policy),
        how=how_the_gate_decides(result.policy),
        files=FILES,
    )


def _first_pass(
    recording: Recording, result: GateResult, policy: Policy, *, names: tuple[str, str], title: str
) -> View:
    compared = _hushed(result)
    view = build_view(recording, compared, policy)
    return dataclasses.replace(
        view,
        title=title,
        baseline=names[0],
        candidate=names[1],
        headings=names,
        verdict=wording.verdict_sentence(recording.run, compared, names=names, state=view.state),
        files=FILES,
    )


def _hushed(result: GateResult) -> Result:
    """The first pass; without accusations where the null control found a difference."""
    compared = result.compared
    if not result.tripped or compared.tripped:
        return compared
    rows = tuple(
        dataclasses.replace(_quiet(row), memory=tuple(map(_quiet, row.memory)))
        for row in compared.rows
    )
    noisy = Caveat(
        code="too-noisy",
        text="the baseline measured against itself differed, so no difference is claimed",
        remedy="measure again on a quieter machine or at a quieter hour",
        benchmark=None,
    )
    return dataclasses.replace(
        compared, rows=rows, tripped=result.tripped, caveats=(noisy, *compared.caveats)
    )


def _quiet(row: _Judged) -> _Judged:
    """The same row without a claim of a difference."""
    claims = {Verdict.SLOWER, Verdict.FASTER, Verdict.LARGER, Verdict.SMALLER}
    return dataclasses.replace(row, verdict=Verdict.INCONCLUSIVE) if row.verdict in claims else row


def _cut(warning: Caveat) -> Caveat:
    """Warnings may name hundreds of benchmarks; the rows name all of them."""
    text = words.cut(wording.printable(warning.text), _LONGEST_WARNING)
    return dataclasses.replace(warning, text=text)


def _row(row: GateRow, recording: Recording, place: int | None) -> CheckRow:
    look = words.LOOKS[row.verdict]
    measured = recording.measured.get(row.id)
    failure = recording.failures.get(row.id)
    in_time = row.metric is Metric.TIME
    return CheckRow(
        row=row,
        label=words.label(row),
        word=look.word,
        shape=look.shape,
        tone=look.tone,
        fails=row.fails,
        open=row.verdict not in _QUIET,
        baseline=_brief(row.baseline, in_time=in_time),
        candidate=_brief(row.candidate, in_time=in_time),
        facts=_facts(row),
        change=words.change(row.ratio),
        allowed=words.allowed(row.margin) if row.ratio is not None else "–",
        catches=words.catches(row.detectable),
        evidence=words.evidence(row),
        proof=words.proof(row),
        detail=words.cut(_tail(failure.detail), 4000) if failure else "",
        script=measured.benchmark.script.path if measured else _apart(row.id, recording),
        place=place,
    )


def _apart(label: str, recording: Recording) -> Path | None:
    """Where a script lies that the revisions do not share."""
    paths = (one.path for one in recording.unpaired if one.label == label)
    return next((Path(path) for path in paths if path), None)


def _facts(row: GateRow) -> tuple[tuple[str, str], ...]:
    if row.ratio is None:
        return (("Change", "cannot be measured" if row.verdict in _QUIET else "not measured"),)
    facts = [("Baseline", _exact(row.baseline, row.metric))]
    facts += [("Candidate", _exact(row.candidate, row.metric))]
    seconds = f"{row.blocks} blocks, {row.seconds:.1f} s"
    facts += [("First pass", f"{words.change(row.screening)} in {seconds}")]
    if said := words.evidence(row):
        facts.append(("Measured again", said))
    elif row.suspected:
        facts.append(("Measured again", "suspected, but not measured again"))
    facts += [("Allowed", words.allowed(row.margin))]
    facts += [("Would have caught", f"{words.catches(row.detectable)} (with a chance of 80 %)")]
    return tuple(facts)


def _brief(found: Estimate | None, *, in_time: bool) -> str:
    if found is None:
        return "–"
    return format_seconds(found.value) if in_time else format_bytes(found.value)


def _exact(found: Estimate | None, metric: Metric) -> str:
    if found is None:
        return "–"
    render = format_seconds_interval if metric is Metric.TIME else format_bytes_interval
    return render(found.value, found.low, found.high)


def _tail(detail: str) -> str:
    return "\n".join(wording.printable(line) for line in detail.splitlines())


def icon(view: CheckView) -> str:
    """One sign for the whole build, for places that show no colours of ours."""
    if view.fails:
        return "❌"
    return "✅" if view.result.outcome is GateOutcome.PASSED else "⚠️"
