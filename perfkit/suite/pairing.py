"""Which benchmark scripts two revisions share: the same program at one place, helpers included.

The candidate's are the ones that are run. A script whose source differs would still measure both
sides alike, but no earlier figure of it means the same, and a change of the benchmark would look
like none of the project: it is not compared. Comments, blank lines and formatting are no difference
(`perfkit.suite.meaning`).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from perfkit.benchmark import Script
from perfkit.errors import NothingFoundError, PerfkitError
from perfkit.suite.meaning import names_written, same_meaning
from perfkit.suite.reading import Found, sources
from perfkit.suite.search import Search, find, from_default_suite, labelled

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

_SHOWN = 3  # files that a reason names
_NAMED = 10  # benchmarks that it does
_NOTHING = Search(found=(), patterns=(), problems=())


@dataclass(frozen=True, slots=True, kw_only=True)
class Pairing:
    """The scripts of both revisions.

    Attributes:
        scripts: Scripts that can be compared, as the candidate has them.
        patterns: Name patterns, as in `Selection`.
        new: ``(label, reason)`` of those that only the candidate has.
        changed: ``(label, reason)`` of those whose source differs.
        missing: ``(label, reason)`` of those that only the baseline has.
        problems: Everything that was wrong on the candidate's side.
        places: ``(label, path in its tree)`` of the scripts, those that cannot be compared as well.
    """

    scripts: tuple[Script, ...]
    patterns: tuple[str, ...]
    new: tuple[tuple[str, str], ...]
    changed: tuple[tuple[str, str], ...]
    missing: tuple[tuple[str, str], ...]
    problems: tuple[PerfkitError, ...]
    places: tuple[tuple[str, str], ...]


def pair_scripts(arguments: Sequence[str], *, cwd: Path, tree: Path, baseline: Path) -> Pairing:
    """Find the scripts that BENCHMARK arguments mean in both trees, and match them by place.

    What is outside the candidate's tree, perfkit's own suite for one, has no counterpart: it can
    always be compared.

    Args:
        arguments: As for `select`.
        cwd: Folder inside ``tree`` that relative paths start from.
        tree: Top folder of the candidate's files.
        baseline: Top folder of the baseline's files; nothing outside it is read for this side.
    """
    tree, baseline = tree.resolve(), baseline.resolve()
    ours, theirs = _both(arguments, cwd, tree, baseline)
    nothing = not (ours.found or theirs.found or ours.problems or theirs.problems)
    if nothing and not any(_exists(cwd / one) for one in arguments):
        ours = from_default_suite(ours.patterns)
    problems = ours.problems
    if theirs.found:  # then they are missing, which is another thing than having asked for nothing
        problems = tuple(x for x in problems if not isinstance(x, NothingFoundError))
    matched = _match(ours, theirs, tree, baseline)
    return replace(matched, problems=problems)


def _both(arguments: Sequence[str], cwd: Path, tree: Path, baseline: Path) -> tuple[Search, Search]:
    """What the arguments mean on the candidate's side and on the baseline's."""
    kept: list[str] = []  # all but paths that only the baseline has
    there: list[str] = []
    paths = False
    any_here = False
    for argument in dict.fromkeys(arguments):
        here = bool(argument) and _exists(cwd / argument)
        place = _place(cwd / argument, tree) if argument else None
        known = place is not None and _exists(baseline / place)
        if place is not None and known:
            there.append(str(baseline / place))
        if here or not known:
            kept.append(argument)
        paths |= here or known
        any_here |= here
    ours = find(kept, cwd=cwd)
    if paths and not any_here:
        ours = replace(ours, found=())  # of the local folder, which nobody asked for
    if there:
        return ours, find(there, cwd=baseline, within=baseline)
    place = _place(cwd, tree)
    if paths or place is None or ours.problems:
        return ours, _NOTHING
    return ours, find((), cwd=baseline / place, within=baseline)


def _match(ours: Search, theirs: Search, tree: Path, baseline: Path) -> Pairing:
    others = {_place(one.origin, baseline): one for one in theirs.found}
    scripts: list[Script] = []
    new: list[tuple[str, str]] = []
    changed: list[tuple[str, str]] = []
    places: set[Path | None] = set()
    known: list[tuple[str, str]] = []
    for one, script in zip(ours.found, labelled(ours.found), strict=True):
        place = _place(one.origin, tree)
        other = others.get(place)
        places.add(place)
        known += [(script.label, place.as_posix())] if place is not None else []
        if place is None or (other is not None and not (how := _differing(one, other))):
            scripts.append(script)
        elif other is not None:
            lost = _unguarded(script, other.script)
            changed.append((script.label, f"its source differs: {how}; {lost}"))
        elif _exists(baseline / place):
            reason = f"the baseline's {place.as_posix()} cannot be read as a benchmark"
            changed.append((script.label, reason))
        else:
            new.append((script.label, f"the baseline has no {place.as_posix()}"))
    taken = {script.label for script in labelled(ours.found)}
    gone = [(place, one) for place, one in others.items() if place and place not in places]
    labels = [script.label for script in labelled([one for _, one in gone])]
    missing = [
        (
            label if label not in taken else place.as_posix(),
            f"the candidate has no {place.as_posix()}",
        )
        for (place, _), label in zip(gone, labels, strict=True)
    ]
    return Pairing(
        scripts=tuple(scripts),
        patterns=ours.patterns,
        new=tuple(new),
        changed=tuple(changed),
        missing=tuple(missing),
        problems=(),
        places=(
            *known,
            *((label, one.as_posix()) for (label, _), (one, _) in zip(missing, gone, strict=True)),
        ),
    )


def _differing(ours: Found, theirs: Found) -> str:
    """The files by which two scripts differ, in words; empty when they mean the same."""
    if ours.script.digest == theirs.script.digest:
        return ""
    here, there = sources(ours), sources(theirs)
    names: list[str] = []
    for name in sorted(here | there):
        if name not in there:
            names.append(f"{name} (new)")
        elif name not in here:
            names.append(f"{name} (gone)")
        elif not same_meaning(here[name], there[name]):
            names.append(name)
    if not names and _needs(ours.script) != _needs(theirs.script):
        return "the files it inherits from"
    more = ", …" if len(names) > _SHOWN else ""
    return ", ".join(names[:_SHOWN]) + more


def _unguarded(ours: Script, theirs: Script) -> str:
    """Which benchmarks are not compared since their script differs, in words."""
    here, all_here = names_written(ours.path)
    there, all_there = names_written(theirs.path)
    both = [name for name in here if name in there]
    words = "all its benchmarks are unguarded"
    if both and all_here and all_there:
        words = f"unguarded: {_listed(both)}"
    elif (here or there) and not (all_here and all_there):
        words += f", {_listed(dict.fromkeys((*here, *there)))} among them"
    if all_here and all_there:
        gone, added = ([x for x in one if x not in both] for one in (there, here))
        words += f"; gone: {_listed(gone)}" if gone else ""
        words += f"; new: {_listed(added)}" if added else ""
    return words


def _listed(names: Iterable[str]) -> str:
    shown = [*names]
    return ", ".join(shown[:_NAMED]) + (", …" if len(shown) > _NAMED else "")


def _needs(script: Script) -> tuple[object, ...]:
    return script.arguments, script.requirements, script.pins, script.requires_python


def _place(path: Path, top: Path) -> Path | None:
    """Where a path really is inside a folder; None when it is elsewhere."""
    try:
        return path.resolve().relative_to(top)
    except (OSError, RuntimeError, ValueError):  # too long, in a circle, a NUL, elsewhere
        return None


def _exists(path: Path) -> bool:
    try:
        return path.exists()
    except (OSError, ValueError):
        return False
