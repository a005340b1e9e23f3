"""The words of a gate: looks of its verdicts, names of its sides, the verdict sentence."""

from __future__ import annotations

import dataclasses
import hashlib
import math
import re
from pathlib import PurePath
from typing import TYPE_CHECKING

from perfkit.decide.gate.result import GateOutcome, GateVerdict
from perfkit.report import wording
from perfkit.report.wording import Look, printable
from perfkit.settings import Metric
from perfkit.units import format_change_interval, format_duration, format_share

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from perfkit.analyse.estimate import Estimate
    from perfkit.decide.gate.result import GateResult, GateRow
    from perfkit.recording import Run
    from perfkit.variant import Variant

    Mark = Callable[[str], str]

METRICS = {
    Metric.TIME: "time",
    Metric.PEAK_MEMORY: "peak memory",
    Metric.TRACED_MEMORY: "traced memory",
}
LOOKS = {
    GateVerdict.SLOWER: Look(word="slower", shape="▲", tone="slower"),
    GateVerdict.LARGER: Look(word="larger", shape="▲", tone="slower"),
    GateVerdict.WITHIN: Look(word="within margin", shape="✓", tone="equivalent"),
    GateVerdict.UNDECIDED: Look(word="undecided", shape="?", tone="open"),
    GateVerdict.TOO_NOISY: Look(word="too noisy", shape="≈", tone="open"),
    GateVerdict.FAILED: Look(word="failed", shape="✕", tone="failed"),
    GateVerdict.MISSING: Look(word="missing", shape="○", tone="failed"),
    GateVerdict.NEW: Look(word="new", shape="+", tone="open"),
    GateVerdict.NOT_COMPARABLE: Look(word="not comparable", shape="≠", tone="open"),
    GateVerdict.NOT_MEASURED: Look(word="not measured", shape="–", tone="open"),
    GateVerdict.UNMEASURABLE: Look(word="cannot be measured", shape="–", tone="equivalent"),
}
OUTCOMES = {
    GateOutcome.FAILED: Look(word="failed or missing benchmarks", shape="✕", tone="failed"),
    GateOutcome.SLOWDOWN: Look(word="slowdown", shape="▲", tone="slower"),
    GateOutcome.NOTHING: Look(word="nothing measured", shape="–", tone="failed"),
    GateOutcome.NOISY: Look(word="machine too noisy", shape="≈", tone="open"),
    GateOutcome.UNDECIDED: Look(word="undecided", shape="?", tone="open"),
    GateOutcome.PASSED: Look(word="passed", shape="✓", tone="faster"),
}
UNJUDGED = (
    GateVerdict.FAILED,
    GateVerdict.MISSING,
    GateVerdict.NEW,
    GateVerdict.NOT_COMPARABLE,
    GateVerdict.NOT_MEASURED,
    GateVerdict.UNMEASURABLE,
)
NAMED = 3
"""Benchmarks named in a sentence before the rest is counted."""
_LONGEST = 160  # characters of a name that are shown
_BEYOND = 10.0  # above, "the smallest change it would have caught" has become meaningless
_REVISION = re.compile(r"git\+file://.*@([0-9a-f]{40})(?:#.*)?")


def shown(name: str) -> str:
    """A name on one line that steers nothing; a huge one is cut, and stays unlike its siblings."""
    if len(name) <= _LONGEST:
        return printable(name)
    digest = hashlib.sha256(name.encode("utf-8", "surrogatepass")).hexdigest()[:8]
    return f"{printable(name[:_LONGEST])}…{digest}"


def cut(text: str, limit: int) -> str:
    """A text of no more than so many characters; what was left out is said."""
    left_out = len(text) - limit
    return text if left_out <= 0 else f"{text[:limit]}… ({left_out} characters more)"


def label(row: GateRow) -> str:
    """A row's name with its metric, unless that is time."""
    name = shown(row.id)
    return name if row.metric is Metric.TIME else f"{name} ({METRICS[row.metric]})"


def change(ratio: Estimate | None) -> str:
    """``"+5.1 % [+4.2, +6.0]"``, or a dash."""
    if ratio is None:
        return "–"
    return format_change_interval(ratio.value, ratio.low, ratio.high)


def allowed(margin: float) -> str:
    """A margin as people write it: ``"2 %"``."""
    return f"{margin * 100:.4g} %"


def catches(detectable: float | None) -> str:
    """The smallest change that would have been caught, or a dash where that means nothing."""
    if detectable is None or not detectable < _BEYOND:
        return "–"
    return format_share(detectable)


def evidence(row: GateRow) -> str:
    """What the fresh blocks say of a suspect, by itself; empty for rows that were none."""
    found = row.confirmation
    if found is None:
        return ""
    if row.verdict is GateVerdict.TOO_NOISY:
        return proof(row)
    allows = f" where {allowed(row.margin)} is allowed" if row.verdict.red else ""
    return f"{change(found.ratio)}{allows}: {proof(row)}"


def proof(row: GateRow) -> str:
    """The same beside the row's change and margin, without repeating them."""
    found = row.confirmation
    if found is None:
        return ""
    of = "" if found.blocks == found.planned else f" of {found.planned}"
    words = f"{found.blocks}{of} fresh blocks, {format_duration(found.seconds)}"
    if row.verdict.red and math.isfinite(found.bound):
        bound = f"{(found.bound - 1) * 100:+.1f} %"
        words += f"; at least {bound} with {found.level * 100:.4g} % confidence"
    if found.control:
        words += f"; the baseline against itself {change(found.control)}"
    return words


def gate_names(run: Run) -> tuple[str, str]:
    """Both sides in words: ``"main (1a2b3c4)"`` and ``"working tree"``, else as elsewhere."""
    sides = (run.baseline, run.candidate)
    one, other = (_plain(side, run.cwd) for side in sides)
    alike = (one.interpreter, one.environ, one.flags) == (
        other.interpreter,
        other.environ,
        other.flags,
    )
    if alike and all(side.revision for side in sides):
        return sides[0].revision or "", sides[1].revision or ""
    own = [set(one.requirements) - set(other.requirements)]
    own += [set(other.requirements) - set(one.requirements)]
    if alike and all(own):
        return ", ".join(sorted(own[0])), ", ".join(sorted(own[1]))
    return wording.side_names(one, other)


def _plain(variant: Variant, cwd: str) -> Variant:
    return dataclasses.replace(
        variant, requirements=tuple(_source(text, cwd) for text in variant.requirements)
    )


def _source(text: str, cwd: str) -> str:
    if revision := _REVISION.fullmatch(text):
        return f"revision {revision[1][:7]}"
    path = PurePath(text)
    return "working tree" if path.is_absolute() and PurePath(cwd).is_relative_to(path) else text


def sentence(result: GateResult, *, state: str, mark: Mark = str) -> str:
    """What the gate says, in a few sentences.

    Args:
        result: The judged gate.
        state: ``"finished"``, ``"interrupted"`` or ``"unfinished"``.
        mark: Makes a name fit for where the sentence stands, such as a code span.
    """
    prefix = {
        "finished": "",
        "interrupted": "Interrupted, so far: ",
    }.get(state, "The run did not end in order; so far: ")
    told = {
        GateOutcome.FAILED: _failed,
        GateOutcome.SLOWDOWN: _slower,
        GateOutcome.NOTHING: _nothing,
        GateOutcome.NOISY: _noisy,
        GateOutcome.UNDECIDED: _undecided,
        GateOutcome.PASSED: _passed,
    }[result.outcome](result, mark)
    said = prefix + (told[0].lower() + told[1:] if prefix else told)
    last = _policy(result) if state == "finished" else "An unfinished check never passes."
    return " ".join(filter(None, [said, _rest(result), last]))


def _failed(result: GateResult, mark: Mark) -> str:
    kinds = (GateVerdict.FAILED, GateVerdict.MISSING)
    rows = [row for row in result.rows if row.verdict in kinds and row.fails]
    parts = []
    for kind in kinds:
        names = [mark(shown(row.id)) for row in _once(rows) if row.verdict is kind]
        verb = "" if kind is GateVerdict.FAILED else "is " if len(names) == 1 else "are "
        parts += [f"{listed(names)} {verb}{kind.value}"] if names else []
    said = "; ".join(parts) or "a benchmark that must not fail did"
    slower = _slower(result, mark) if any(row.verdict.red for row in result.rows) else ""
    return f"The build fails: {said}. {slower}".rstrip()


def _slower(result: GateResult, mark: Mark) -> str:
    red = sorted(
        (row for row in result.rows if row.verdict.red),
        key=lambda row: -(row.ratio.value if row.ratio is not None else 0.0),
    )
    words = " or ".join(dict.fromkeys(row.verdict.value for row in red)) or "slower"
    total = len(_once(judged(result)))
    of = f"{len(_once(red))} of {total} benchmarks" if total > 1 else "The benchmark"
    items = [
        f"{mark(label(row))} {change(row.ratio)} (allowed {allowed(row.margin)})" for row in red
    ]
    verb = "is" if len(_once(red)) == 1 else "are"
    return f"{of} {verb} {words} than allowed, confirmed by fresh blocks: {listed(items)}."


def _nothing(result: GateResult, mark: Mark) -> str:
    if not result.rows or any(row.verdict is not GateVerdict.NEW for row in result.rows):
        return "Nothing was measured, so nothing can be said."
    names = listed([mark(shown(row.id)) for row in _once(result.rows)])
    return (
        f"Nothing was measured: every benchmark is new on this side ({names}), so there is nothing "
        "to compare yet. Merge it; what comes after can be compared."
    )


def _noisy(result: GateResult, mark: Mark) -> str:
    where = listed([mark(shown(name)) for name in result.tripped])
    return (
        "The machine was too noisy to judge: the baseline measured against itself "
        f"differed in {where or 'some benchmark'}. No slowdown is claimed."
    )


def _undecided(result: GateResult, mark: Mark) -> str:
    rows = [row for row in result.rows if row.open]
    total = count(len(_once(judged(result))), "benchmark")
    return (
        f"No {_subject(result)} beyond the margin was shown in {total}, but one cannot be "
        f"excluded in {listed([mark(label(row)) for row in rows])}."
    )


def _passed(result: GateResult, mark: Mark) -> str:  # noqa: ARG001 - one shape for all outcomes
    rows = judged(result)
    said = f"No {_subject(result)} beyond the margin was found in "
    said += count(len(_once(rows)), "benchmark")
    caught = sorted(row.detectable for row in rows if catches(row.detectable) != "–")  # type: ignore[type-var]
    if not caught:
        return f"{said}."
    ends = dict.fromkeys(catches(end) for end in (caught[0], caught[-1]))
    depending = ", depending on the benchmark" if len(ends) > 1 else ""
    return f"{said}; this gate would have caught one of {' to '.join(ends)}{depending}."


def _subject(result: GateResult) -> str:
    metrics = result.policy.metrics
    words = ["slowdown"] if Metric.TIME in metrics or not metrics else []
    if set(metrics) - {Metric.TIME}:
        words.append("growth of memory")
    return " or ".join(words)


def _rest(result: GateResult) -> str:
    """What nobody must overlook, whatever the outcome: rows that were not judged."""
    kinds: list[GateVerdict] = list(UNJUDGED)
    if result.outcome is not GateOutcome.UNDECIDED:
        kinds.append(GateVerdict.UNDECIDED)
    counted = [
        (sum(row.verdict is kind for row in _once_each(result.rows)), kind.value) for kind in kinds
    ]
    words = [f"{number} {word}" for number, word in counted if number]
    return f"Without a verdict: {', '.join(words)}." if words else ""


def _policy(result: GateResult) -> str:
    if result.outcome in {GateOutcome.NOISY, GateOutcome.UNDECIDED}:
        return f"The policy lets this {'fail' if result.fails else 'pass'}."
    return ""


def judged(result: GateResult) -> list[GateRow]:
    """The rows that have numbers."""
    return [row for row in result.rows if row.ratio is not None]


def listed(items: Sequence[str]) -> str:
    """The first few, and how many more."""
    more = len(items) - NAMED
    return ", ".join(items[:NAMED]) + (f" and {more} more" if more > 0 else "")


def count(number: int, noun: str) -> str:
    """``"1 benchmark"``, ``"2 benchmarks"``."""
    return f"{number} {noun}{'' if number == 1 else 's'}"


def _once(rows: Sequence[GateRow]) -> list[GateRow]:
    """One row a benchmark."""
    return list({row.id: row for row in reversed(rows)}.values())[::-1]


def _once_each(rows: Sequence[GateRow]) -> list[GateRow]:
    """One row a benchmark and verdict: a failed one may have a row for each metric.

    But every row that cannot be measured: of a benchmark that may be one metric of several.
    """
    alone = GateVerdict.UNMEASURABLE
    keys = ((row.id, row.verdict, row.verdict is alone and row.metric) for row in rows)
    return list(dict(zip(keys, rows, strict=True)).values())
