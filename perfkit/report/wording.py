"""The words: names of the sides, the verdict sentence, how to read a report."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from perfkit.decide.verdict import Verdict
from perfkit.units import format_change_interval

if TYPE_CHECKING:
    from collections.abc import Sequence

    from perfkit.decide.result import Result, Row
    from perfkit.recording import Run
    from perfkit.variant import Variant

NAMED = 3
"""How many benchmarks the verdict sentence names before it counts the rest."""

STOPPED = {
    "precision": "the wanted precision",
    "decided": "a verdict that could not change any more",
    "budget": "the time budget",
    "interrupted": "an interruption",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """How a verdict looks: a word, a shape and a tone; none of them alone carries the meaning.

    Attributes:
        word: In words.
        shape: One character.
        tone: CSS class and key of the terminal's colours.
    """

    word: str
    shape: str
    tone: str


_LOOKS = {
    Verdict.FASTER: Look(word="faster", shape="▼", tone="faster"),
    Verdict.SLOWER: Look(word="slower", shape="▲", tone="slower"),
    Verdict.LARGER: Look(word="larger", shape="▲", tone="slower"),
    Verdict.SMALLER: Look(word="smaller", shape="▼", tone="faster"),
    Verdict.EQUIVALENT: Look(word="equivalent", shape="=", tone="equivalent"),
    Verdict.INCONCLUSIVE: Look(word="inconclusive", shape="?", tone="open"),
    Verdict.FAILED: Look(word="failed", shape="✕", tone="failed"),
    Verdict.NOT_MEASURED: Look(word="not measured", shape="–", tone="open"),
    Verdict.NOT_COMPARABLE: Look(word="not comparable", shape="≠", tone="open"),
}
_TOO_NOISY = Look(word="too noisy", shape="≈", tone="open")
_ACCUSING = {Verdict.FASTER, Verdict.SLOWER}


def printable(text: str) -> str:
    """Text on one line that cannot steer a terminal: control characters become U+FFFD."""
    return "".join(char if char.isprintable() else "\ufffd" for char in text)


def sentences(*parts: str) -> str:
    """Each part as a sentence: a capital first, a full stop last."""
    return " ".join(
        part[:1].upper() + part[1:] + ("" if part.endswith((".", "!", "?")) else ".")
        for part in parts
        if part
    )


def look(verdict: Verdict, *, noisy: bool) -> Look:
    """How a verdict is shown; ``noisy``: the run's null control tripped, hence inconclusive."""
    return _TOO_NOISY if noisy and verdict is Verdict.INCONCLUSIVE else _LOOKS[verdict]


def same_variant(run: Run) -> bool:
    """Both sides are the same: whatever is found is an error of the measurement."""
    one, other = run.baseline, run.candidate
    return (one.interpreter.executable, one.requirements, one.environ, one.flags) == (
        other.interpreter.executable,
        other.requirements,
        other.environ,
        other.flags,
    )


def side_names(baseline: Variant, candidate: Variant) -> tuple[str, str]:
    """Both sides in words, with what tells them apart: ``"Python 3.13.0 with PYTHON_JIT=1"``."""
    names = (_name(baseline, candidate), _name(candidate, baseline))
    if names[0] != names[1] or baseline.interpreter == candidate.interpreter:
        return names
    return (
        f"{names[0]} ({baseline.interpreter.executable})",
        f"{names[1]} ({candidate.interpreter.executable})",
    )


def short_names(baseline: Variant, candidate: Variant) -> tuple[str, str]:
    """Both sides as the guide's template names them, ``"Python 3.12"``, where that is enough."""
    minors = [".".join(one.interpreter.label.split(".")[:2]) for one in (baseline, candidate)]
    plain = all(
        one.interpreter.implementation == "cpython" and not one.interpreter.free_threaded
        for one in (baseline, candidate)
    )
    if plain and minors[0] != minors[1]:
        return f"Python {minors[0]}", f"Python {minors[1]}"
    return side_names(baseline, candidate)


def side_name(variant: Variant) -> str:
    """A variant that is compared with nothing, in words."""
    return _name(variant, None)


def short_name(variant: Variant) -> str:
    """The same as the guide's template names it, where that is enough."""
    python = variant.interpreter
    plain = python.implementation == "cpython" and not python.free_threaded
    if not plain or variant.requirements or variant.environ or variant.flags:
        return side_name(variant)
    return f"Python {'.'.join(python.label.split('.')[:2])}"


def _name(variant: Variant, other: Variant | None) -> str:
    requirements, environ, flags = (
        (other.requirements, other.environ, other.flags) if other else ((), (), ())
    )
    own = variant.requirements if variant.revision is None else variant.requirements[:-1]
    extras = [
        *(text for text in own if text not in requirements),
        *(f"{key}={value}" for key, value in variant.environ if (key, value) not in environ),
        *([" ".join(variant.flags)] if variant.flags and variant.flags != flags else []),
    ]
    name = f"Python {variant.interpreter.label}"
    if variant.revision is not None:
        name = f"{variant.revision} under {name}"
    return f"{name} with {', '.join(extras)}" if extras else name


def verdict_sentence(run: Run, result: Result, *, names: tuple[str, str], state: str) -> str:
    """What was found, in one sentence (two where something is amiss).

    Args:
        run: What was asked for.
        result: What was found.
        names: Both sides in words, the baseline first.
        state: ``"finished"``, ``"interrupted"`` or ``"unfinished"``.
    """
    measured = [row for row in result.rows if row.comparison is not None]
    if not measured:
        return _nothing(result, state)
    prefix = {
        "finished": "",
        "interrupted": "Interrupted, so far: ",
    }.get(state, "The run did not end in order; so far: ")
    if result.noisy:
        text = _noisy(result.tripped, names)
    elif same_variant(run):
        text = _itself(run, measured, names[0])
    elif len(measured) == 1:
        text = _single(measured[0], names, run.goal.margin)
    else:
        text = _several(measured, names, run.goal.margin)
    return prefix + text + _missing(result)


def _nothing(result: Result, state: str) -> str:
    failed = sum(row.verdict is Verdict.FAILED for row in result.rows)
    ended = " before anything was measured" if state == "interrupted" else ""
    if failed:
        return f"Nothing can be said: {_count(failed, 'benchmark')} failed{ended}."
    if state == "interrupted":
        return f"Nothing can be said: the run was interrupted{ended}."
    return "Nothing can be said: nothing was measured."


def _noisy(tripped: Sequence[str], names: tuple[str, str]) -> str:
    return (
        f"The machine was too noisy to tell {names[1]} from {brief(names[1], names[0])}: "
        f"the baseline measured against itself differed in {_listed(tripped)}. "
        "No difference is claimed."
    )


def _itself(run: Run, measured: Sequence[Row], name: str) -> str:
    found = [row for row in measured if row.verdict in _ACCUSING]
    of = f"{len(found)} of {_count(len(measured), 'comparison')}"
    if run.inject:
        return (
            f"{name} against itself, one side slowed by {run.inject * 100:g} % on purpose: "
            f"a difference was found in {of}."
        )
    if not found:
        of = _count(len(measured), "comparison")
        return f"{name} against itself: no difference was found in {of}, and there is none."
    return f"{name} against itself: {of} found a difference where there is none ({_named(found)})."


def _single(row: Row, names: tuple[str, str], margin: float) -> str:
    if row.comparison is None:
        return ""
    other = brief(names[1], names[0])
    change = _change(row)
    if row.verdict in _ACCUSING:
        return f"{names[1]} is {row.verdict} than {other} in {row.id}: {change}."
    if row.verdict is Verdict.EQUIVALENT:
        return (
            f"{names[1]} and {other} are equivalent in {row.id} "
            f"within ±{margin * 100:g} %: {change}."
        )
    return f"{names[1]} against {other} in {row.id} is inconclusive: {change}."


def _several(measured: Sequence[Row], names: tuple[str, str], margin: float) -> str:
    by = {verdict: [r for r in measured if r.verdict is verdict] for verdict in Verdict}
    slower, faster = by[Verdict.SLOWER], by[Verdict.FASTER]
    same, other = by[Verdict.EQUIVALENT], brief(names[1], names[0])
    total = f"{len(measured)} benchmarks"
    rest = [f"{len(same)} equivalent within ±{margin * 100:g} %"] if same else []
    for verdict in (Verdict.INCONCLUSIVE, Verdict.NOT_COMPARABLE):
        rest += [f"{len(by[verdict])} {look(verdict, noisy=False).word}"] if by[verdict] else []
    others = f"; {', '.join(rest)}" if rest else ""
    if slower:
        gains = f"; faster in {len(faster)}" if faster else "; faster in none"
        return (
            f"{names[1]} is slower than {other} in {len(slower)} of {total} "
            f"({_named(slower)}){gains}{others}."
        )
    if faster:
        return (
            f"{names[1]} is faster than {other} in {len(faster)} of {total} "
            f"({_named(faster)}); slower in none{others}."
        )
    if not same:
        return (
            f"Whether {names[1]} is faster or slower than {other} is inconclusive in all {total}."
        )
    return f"No difference between {names[1]} and {other} was found in {total}: {', '.join(rest)}."


def _missing(result: Result) -> str:
    failed = [row.id for row in result.rows if row.verdict is Verdict.FAILED]
    unmeasured = sum(row.verdict is Verdict.NOT_MEASURED for row in result.rows)
    text = f" {len(failed)} failed ({_listed(failed)})." if failed else ""
    return text + (f" {unmeasured} not measured." if unmeasured else "")


def _named(rows: Sequence[Row]) -> str:
    by_size = sorted(
        rows, key=lambda row: -abs(row.comparison.ratio.value - 1) if row.comparison else 0
    )
    return _listed([f"{row.id} {_change(row)}" for row in by_size])


def _listed(items: Sequence[str]) -> str:
    more = len(items) - NAMED
    return ", ".join(items[:NAMED]) + (f" and {more} more" if more > 0 else "")


def _change(row: Row) -> str:
    if row.comparison is None:
        return ""
    ratio = row.comparison.ratio
    return format_change_interval(ratio.value, ratio.low, ratio.high)


def brief(said: str, name: str) -> str:
    """``"3.12.1"`` after ``"Python 3.13.0"`` has been said."""
    return name.removeprefix("Python ") if said.startswith("Python ") else name


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"
