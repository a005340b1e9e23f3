"""What a gate's name patterns may mean in a run: what has no numbers included."""

from __future__ import annotations

from typing import TYPE_CHECKING

from perfkit.decide.gate.result import GateVerdict
from perfkit.decide.gate.rules import fits, is_required, names_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from perfkit.block import Failure
    from perfkit.recording import Recording, Run, Unpaired
    from perfkit.settings import GatePolicy

_SHOWN = 3  # scripts that a sentence names
_NOWHERE = "no benchmark that both sides have is meant by it"


def names_in(id_: str) -> tuple[str, ...]:
    """What ``label::name``, a name, or a label may be meant by."""
    label, _, name = id_.partition("::")
    return (id_, label, name) if name else (id_,)


def shown(labels: Sequence[str]) -> str:
    """The first of some scripts, in words."""
    return ", ".join(labels[:_SHOWN]) + (", …" if len(labels) > _SHOWN else "")


def is_chosen(run: Run) -> bool:
    """Whether the command line may leave out what the policy speaks of.

    An older recording does not tell its arguments from the file's.
    """
    return bool(run.benchmarks) if run.chosen is None else run.chosen


def means_some(pattern: str, arguments: Iterable[str]) -> bool:
    """Whether a pattern of the policy speaks of what name patterns among the arguments ask for."""
    return any(fits(one, names_in(pattern)) or fits(pattern, names_in(one)) for one in arguments)


def names_written(run: Run, label: str, names: Iterable[str]) -> tuple[str, ...]:
    """What the benchmarks of a script may be meant by, as far as the arguments ask for them."""
    each = ((name, f"{label}::{name}") for name in names)
    if run.patterns:
        each = (one for one in each if any(fits(pattern, one) for pattern in run.patterns))
    return tuple(x for one in each for x in one)


def names_of_failure(run: Run, failure: Failure) -> tuple[str, ...]:
    """What a benchmark or a script that failed may be meant by."""
    return (
        *names_in(failure.benchmark),
        *names_written(run, failure.benchmark, failure.names),
    )


def names_of_unpaired(run: Run, one: Unpaired) -> tuple[str, ...]:
    """What a script that is not shared may be meant by: its benchmarks' names as well.

    Not those of a new one, which is no open question: a required benchmark in it has its own row.
    """
    has = () if one.how == "new" else one.has
    return (one.label, *names_written(run, one.label, has))


def unknown(recording: Recording, patterns: Iterable[str]) -> list[str]:
    """Patterns, each once, that fit nothing the run knows of, failed or unpaired included."""
    run = recording.run
    names = _known(recording)
    names += [names_of_unpaired(run, one) for one in recording.unpaired]
    return [x for x in dict.fromkeys(patterns) if not any(fits(x, one) for one in names)]


def untold(recording: Recording) -> list[str]:
    """Scripts whose benchmarks' names may not all be known: they failed, or are not shared."""
    return _failed(recording) + [one.label for one in recording.unpaired if not one.told]


def absent(recording: Recording, policy: GatePolicy) -> dict[str, tuple[GateVerdict, str]]:
    """Required benchmarks that have neither numbers nor a row of their own: verdict and reason.

    By a benchmark's name where that is known, and by the policy's pattern where it is not. What
    BENCHMARK arguments left out is not among them.
    """
    run = recording.run
    known = {name for names in _known(recording) for name in names}
    known |= {name for one in recording.unpaired for name in one.has}
    gone = {
        name: None
        for one in recording.unpaired
        for name in one.had
        if name not in known and is_required(policy, names_written(run, one.label, (name,)))
    }
    patterns = [
        pattern
        for pattern in unknown(recording, policy.required or ())
        if not any(fits(pattern, (name,)) for name in gone)
        and (not is_chosen(run) or means_some(pattern, run.patterns or ()))
    ]
    return {one: _why_absent(recording, one) for one in (*gone, *patterns)}


def _why_absent(recording: Recording, pattern: str) -> tuple[GateVerdict, str]:
    """Not comparable only where a script that the baseline lacks, or has otherwise, may hold it."""
    here = [one for one in recording.unpaired if one.how != "missing"]
    for one in here:
        if fits(pattern, names_written(recording.run, one.label, one.has)):
            why = "which is new" if one.how == "new" else "whose source differs"
            return GateVerdict.NOT_COMPARABLE, f"it is in {one.label}, {why}"
    if failed := _failed(recording):
        return GateVerdict.FAILED, f"{_NOWHERE}, and these failed: {shown(failed)}"
    if perhaps := [one.label for one in here if not one.told]:
        words = f"{_NOWHERE}; perhaps one in {shown(perhaps)}, whose names are not known"
        return GateVerdict.NOT_COMPARABLE, words
    for one in recording.unpaired:
        if fits(pattern, names_written(recording.run, one.label, one.had)):
            why = "is missing as a whole" if one.how == "missing" else "has it no more"
            return GateVerdict.MISSING, f"it was in {one.label}, which {why}"
    return GateVerdict.MISSING, _NOWHERE


def _known(recording: Recording) -> list[tuple[str, ...]]:
    """What each benchmark that is measured, or failed, may be meant by."""
    return [
        *(names_of(one.benchmark) for one in recording.measured.values()),
        *(names_of_failure(recording.run, one) for one in recording.failures.values()),
    ]


def _failed(recording: Recording) -> list[str]:
    """Scripts that failed, so that nobody knows all their benchmarks."""
    return [x for x in recording.failures if x not in recording.measured and "::" not in x]
