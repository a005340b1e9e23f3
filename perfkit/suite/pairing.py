"""Which benchmark scripts two revisions share: the same program at one place, helpers included.

The candidate's are the ones that are run. A script whose source differs would still measure both
sides alike, but no earlier figure of it means the same, and a change of the benchmark would look
like none of the project: it is not compared. Comments, blank lines and formatting are no difference
(`perfkit.suite.meaning`).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from perfkit.benchmark import Script
from perfkit.errors import NothingFoundError, PerfkitError
from perfkit.suite.meaning import calls_in, names_written, same_meaning
from perfkit.suite.reading import Found, sources
from perfkit.suite.search import Search, Selection, find, labelled

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

_SHOWN = 3  # files that a reason names
_NAMED = 10  # benchmarks that it does
_NOTHING = Search(found=(), patterns=(), problems=())
_PROJECT = ("pyproject.toml", "setup.py")


@dataclass(frozen=True, slots=True, kw_only=True)
class Apart:
    """A script that the two revisions do not share.

    Attributes:
        label: Its label.
        how: ``"new"`` (only the candidate has it), ``"changed"`` (its source differs) or
            ``"missing"`` (only the baseline has it).
        reason: The same in words.
        place: Its path in the tree.
        had: Names of benchmarks that are written in it as the baseline has it.
        has: The same of the candidate.
        told: ``has`` are all its names, as far as can be told without running it.
    """

    label: str
    how: str
    reason: str
    place: Path
    had: tuple[str, ...] = ()
    has: tuple[str, ...] = ()
    told: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Pairing:
    """The scripts of both revisions.

    Attributes:
        scripts: Scripts that can be compared, as the candidate has them.
        patterns: Name patterns, as in `Selection`.
        apart: Scripts that cannot be compared: the missing, then the new, then the changed.
        problems: Everything that was wrong on the candidate's side.
    """

    scripts: tuple[Script, ...]
    patterns: tuple[str, ...]
    apart: tuple[Apart, ...]
    problems: tuple[PerfkitError, ...]


def pair_scripts(arguments: Sequence[str], *, cwd: Path, tree: Path, baseline: Path) -> Pairing:
    """Find the scripts that BENCHMARK arguments mean in both trees, and match them by place.

    Unless an argument is a path, those of ``benchmarks/`` in the folder of the start are meant,
    then those of the project's above it. perfkit's own suite never stands in: it would say of a
    project whose benchmarks are gone that nothing became slower. What is outside the candidate's
    tree has no counterpart: it can always be compared.

    Args:
        arguments: As for `select`.
        cwd: Folder inside ``tree`` that relative paths start from.
        tree: Top folder of the candidate's files.
        baseline: Top folder of the baseline's files; nothing outside it is read for this side.
    """
    tree, baseline = tree.resolve(), baseline.resolve()
    ours, theirs = _both(arguments, cwd, tree, baseline)
    problems = ours.problems
    if theirs.found:  # then they are missing, which is another thing than having asked for nothing
        problems = tuple(x for x in problems if not isinstance(x, NothingFoundError))
    elif not (ours.found or problems or theirs.problems):
        problems = (_nothing_in(_homes(cwd, tree)),)
    return replace(_match(ours, theirs, tree, baseline), problems=problems)


def select_local(arguments: Sequence[str], *, cwd: Path) -> Selection:
    """The scripts that `pair_scripts` finds on the candidate's side, comparable or not.

    Args:
        arguments: As for `select`.
        cwd: Folder that relative paths start from.
    """
    found = find(arguments, cwd=cwd)
    for home in _homes(cwd, None):
        if not found.found and not found.problems:
            found = replace(find((), cwd=home), patterns=found.patterns)
    return Selection(
        scripts=labelled(found.found), patterns=found.patterns, problems=found.problems
    )


def _homes(cwd: Path, tree: Path | None) -> tuple[Path, ...]:
    """Folders whose ``benchmarks/`` may be meant: of the start, and the nearest project's above.

    Args:
        cwd: Folder of the start.
        tree: Folder that is not left, or None for none.
    """
    for folder in (cwd, *cwd.parents):
        if tree is not None and _place(folder, tree) is None:
            break
        if any((folder / name).is_file() for name in _PROJECT):
            return (cwd, folder) if folder != cwd else (cwd,)
    return (cwd,)


def _nothing_in(homes: Sequence[Path]) -> NothingFoundError:
    return NothingFoundError(
        "there are no benchmarks, here or in the baseline",
        got=str(homes[0]),
        allowed="bm_*.py in " + " or ".join(str(one / "benchmarks") for one in homes),
        remedy="write a first one with 'perfkit init', or name scripts or folders",
    )


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
    if paths or ours.problems or _place(cwd, tree) is None:
        return ours, _NOTHING
    for home in _homes(cwd, tree):
        local = find((), cwd=home)
        theirs = find((), cwd=baseline / (_place(home, tree) or ""), within=baseline)
        if local.found or local.problems or theirs.found or theirs.problems:
            return replace(local, patterns=ours.patterns), theirs
    return ours, _NOTHING


def _match(ours: Search, theirs: Search, tree: Path, baseline: Path) -> Pairing:
    others = {_place(one.origin, baseline): one for one in theirs.found}
    scripts: list[Script] = []
    new: list[Apart] = []
    changed: list[Apart] = []
    places: set[Path | None] = set()
    for one, script in zip(ours.found, labelled(ours.found), strict=True):
        place = _place(one.origin, tree)
        other = others.get(place)
        places.add(place)
        if place is None or (other is not None and not (how := _differing(one, other))):
            scripts.append(script)
        elif other is not None:
            changed.append(_changed(one, other, how, label=script.label, place=place))
        else:
            there = _exists(baseline / place)
            has, told = names_written(script.path)
            apart = Apart(
                label=script.label,
                how="changed" if there else "new",
                reason=f"the baseline's {place.as_posix()} cannot be read as a benchmark"
                if there
                else f"the baseline has no {place.as_posix()}",
                place=place,
                has=has,
                told=told,
            )
            (changed if there else new).append(apart)
    taken = {script.label for script in labelled(ours.found)}
    gone = [(place, one) for place, one in others.items() if place and place not in places]
    labels = [script.label for script in labelled([one for _, one in gone])]
    missing = [
        Apart(
            label=label if label not in taken else place.as_posix(),
            how="missing",
            reason=f"the candidate has no {place.as_posix()}",
            place=place,
            had=names_written(one.script.path)[0],
            told=True,
        )
        for (place, one), label in zip(gone, labels, strict=True)
    ]
    return Pairing(
        scripts=tuple(scripts),
        patterns=ours.patterns,
        apart=(*missing, *new, *changed),
        problems=(),
    )


def _changed(ours: Found, theirs: Found, how: str, *, label: str, place: Path) -> Apart:
    has, all_here = names_written(ours.script.path)
    had, all_there = names_written(theirs.script.path)
    # One that wrote all its benchmarks itself, and none any more, may have moved them to a helper.
    helpers = (x for x in sources(ours).values() if x.suffix == ".py" and x != ours.script.path)
    emptied = all_there and calls_in(ours.script.path) == [] and not any(map(calls_in, helpers))
    return Apart(
        label=label,
        how="changed",
        reason=f"its source differs: {how}; {_unguarded(ours.script, theirs.script)}",
        place=place,
        had=had,
        has=has,
        told=all_here or emptied,
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
