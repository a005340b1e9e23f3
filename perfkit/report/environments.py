"""The two sides, line by line, with what differs between them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from perfkit.variant import Side

if TYPE_CHECKING:
    from perfkit.recording import Recording, SideFacts
    from perfkit.variant import Variant


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
    one, other = recording.run.baseline, recording.run.candidate
    return tuple(
        SideLine(name=name, baseline=left or "–", candidate=right or "–")
        for (name, left), (_, right) in zip(
            _facts(one, recording), _facts(other, recording), strict=True
        )
    )


def package_lines(recording: Recording) -> tuple[PackageLine, ...]:
    """Installed packages in name order, those that differ first."""
    left, right = (_packages(recording, side) for side in Side)
    intended = {name for one in recording.measured.values() for name in one.intended}
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


def _facts(variant: Variant, recording: Recording) -> list[tuple[str, str]]:
    python = variant.interpreter
    versions = sorted({facts.pyperf for facts in _side_facts(recording, variant.side)})
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
        ("pyperf", ", ".join(versions)),
        ("Configured with", python.config_args),
    ]


def _side_facts(recording: Recording, side: Side) -> list[SideFacts]:
    return [
        one.baseline if side is Side.BASELINE else one.candidate
        for one in recording.measured.values()
    ]


def _packages(recording: Recording, side: Side) -> dict[str, tuple[str, ...]]:
    found: dict[str, set[str]] = {}
    for facts in _side_facts(recording, side):
        for name, version in facts.packages:
            found.setdefault(name, set()).add(version)
    return {name: tuple(sorted(versions)) for name, versions in found.items()}
