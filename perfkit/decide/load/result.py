"""A judged load run."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from perfkit.analyse.estimate import Estimate
from perfkit.analyse.load.value import Breakpoint, Health, HealthProblem, LoadComparison, SideLoad
from perfkit.caveat import Caveat
from perfkit.decide.verdict import Verdict
from perfkit.profile.threshold import Threshold
from perfkit.recording.load import LoadFailure
from perfkit.variant import Side


class Holds(StrEnum):
    """What a figure's interval says to a limit. No data is never a pass."""

    PASS = "PASS"  # noqa: S105 - no password
    FAIL = "FAIL"
    INCONCLUSIVE = "INCONCLUSIVE"
    NO_DATA = "NO DATA"


@dataclass(frozen=True, slots=True, kw_only=True)
class ThresholdVerdict:
    """A threshold held against one side.

    Attributes:
        threshold: The limit.
        side: Whose figure.
        holds: The verdict.
        value: The figure with its interval and n; None when there is no data.
        together: Over all requests together, where ``value`` is a typical trial's; None elsewhere.
        reason: Why there is none, or why it is inconclusive; what else to know; may be empty.
    """

    threshold: Threshold
    side: Side
    holds: Holds
    value: Estimate | None
    together: Estimate | None
    reason: str


class Validity(StrEnum):
    """Whether the generator can be believed; LATE: as far as `perfkit.decide.load.trust` says."""

    VALID = "VALID"
    LATE = "LATE"
    INVALID = "INVALID"


@dataclass(frozen=True, slots=True, kw_only=True)
class HealthVerdict:
    """The generator judged by itself.

    Attributes:
        validity: The verdict.
        problems: ``(what, why with numbers and limit, what to do)``; empty when valid.
        health: The figures.
    """

    validity: Validity
    problems: tuple[tuple[HealthProblem, str, str], ...]
    health: Health


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadRow:
    """One metric of a comparison with its verdict.

    Attributes:
        comparison: The numbers.
        verdict: `Verdict.SLOWER` means worse, `Verdict.FASTER` better, whatever the metric.
    """

    comparison: LoadComparison
    verdict: Verdict


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadResult:
    """A judged load run.

    Attributes:
        sides: What each side did, baseline first; of a run of one only the baseline.
        health: The generator.
        thresholds: Every threshold, side by side.
        rows: Comparison by metric; empty for a run of one.
        breakpoints: Of a search, or of a stress profile's stages; empty otherwise.
        failures: What kept trials from being measured.
        trials: Complete trials; of a search, how often all sides were searched.
        caveats: What to know before trusting it.
        seconds: Wall seconds by stage, ``"total"`` last.
    """

    sides: tuple[SideLoad, ...]
    health: HealthVerdict | None
    thresholds: tuple[ThresholdVerdict, ...]
    rows: tuple[LoadRow, ...]
    breakpoints: tuple[Breakpoint, ...]
    failures: tuple[LoadFailure, ...]
    trials: int
    caveats: tuple[Caveat, ...]
    seconds: dict[str, float]
