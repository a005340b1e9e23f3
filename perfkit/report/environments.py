"""The two sides, line by line, with what differs between them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from perfkit.variant import Side

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from perfkit.recording import Recording, SideFacts
    from perfkit.variant import Variant

    Facts = Mapping[Side, Sequence[SideFacts]]


@dataclass(frozen=True, slots=True, kw_only=True)
class SideLine:
    """One fact of both sides.

    Attributes:
        name: What it is.
        baseline: The baseline's; ``"–"`` where there is none.
        candidate: The candidate's.
    """

    name: str
    baseline: str
    candidate: str

    @property
    def differs(self) -> bool:
        """The sides do not agree."""
        return self.baseline != self.candidate


@dataclass(frozen=True, slots=True, kw_only=True)
class PackageLine:
    """One installed package.

    Attributes:
        name: Its name.
        baseline: Version, or versions where benchmarks' environments differ; ``"–"`` for none.
        candidate: The same of the candidate.
        intended: The sides were asked to differ in it.
    """

    name: str
    baseline: str
    candidate: str
    intended: bool

    @property
    def differs(self) -> bool:
        """The sides do not agree."""
        return self.baseline != self.candidate


def side_lines(recording: Recording) -> tuple[SideLine, ...]:
    """What the two sides are, as planned and as the measured processes told."""
    run = recording.run
    return lines_of(run.baseline, run.candidate, _measured(recording))


def package_lines(recording: Recording) -> tuple[PackageLine, ...]:
    """Installed packages in name order, those that differ first."""
    intended = {name for one in recording.measured.values() for name in one.intended}
    return packages_of(_measured(recording), intended)


def lines_of(baseline: Variant, candidate: Variant | None, facts: Facts) -> tuple[SideLine, ...]:
    """Facts of two variants, or of one.

    Args:
        baseline: As planned.
        candidate: As planned, or None.
        facts: What the measured processes told, side by side.
    """
    left = _facts(baseline, facts.get(Side.BASELINE, ()))
    right = (
        _facts(candidate, facts.get(Side.CANDIDATE, ())) if candidate else [("", "")] * len(left)
    )
    return tuple(
        SideLine(name=name, baseline=one or "–", candidate=other or "–")
        for (name, one), (_, other) in zip(left, right, strict=True)
    )


def packages_of(facts: Facts, intended: Collection[str]) -> tuple[PackageLine, ...]:
    """Packages of both sides, those that differ first.

    Args:
        facts: What the measured processes told, side by side.
        intended: Names the sides were asked to differ in.
    """
    left, right = (_packages(facts.get(side, ())) for side in Side)
    lines = [
        PackageLine(
            name=name,
            baseline=", ".join(left.get(name, ())) or "–",
            candidate=", ".join(right.get(name, ())) or "–",
            intended=name in intended,
        )
        for name in sorted({*left, *right})
    ]
    return tuple(sorted(lines, key=lambda line: not line.differs))


def _measured(recording: Recording) -> Facts:
    return {
        Side.BASELINE: [one.baseline for one in recording.measured.values()],
        Side.CANDIDATE: [one.candidate for one in recording.measured.values()],
    }


def _facts(variant: Variant, told: Sequence[SideFacts]) -> list[tuple[str, str]]:
    python = variant.interpreter
    return [
        ("Version", python.label),
        ("Implementation", python.implementation),
        ("Build", python.build),
        ("Executable", python.executable),
        ("Found by", python.found_by),
        ("Platform", python.platform),
        ("Free-threaded", "yes" if python.free_threaded else "no"),
        ("Interpreter options", " ".join(variant.flags)),
        ("Environment variables", ", ".join(f"{key}={value}" for key, value in variant.environ)),
        ("Extra requirements", ", ".join(variant.requirements)),
        ("pyperf", ", ".join(sorted({facts.pyperf for facts in told}))),
        ("Configured with", python.config_args),
    ]


def _packages(told: Sequence[SideFacts]) -> dict[str, tuple[str, ...]]:
    found: dict[str, set[str]] = {}
    for facts in told:
        for name, version in facts.packages:
            found.setdefault(name, set()).add(version)
    return {name: tuple(sorted(versions)) for name, versions in found.items()}
