"""A judged gate: what every output of ``perfkit check`` is built from."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from perfkit.analyse.estimate import Estimate
from perfkit.caveat import Caveat
from perfkit.decide.result import Result
from perfkit.settings import GatePolicy, Metric


class GateVerdict(StrEnum):
    """The words a row of a gate can end in."""

    SLOWER = "slower"
    LARGER = "larger"
    WITHIN = "within margin"
    UNDECIDED = "undecided"
    TOO_NOISY = "too noisy"
    FAILED = "failed"
    MISSING = "missing"
    NEW = "new"
    NOT_COMPARABLE = "not comparable"
    NOT_MEASURED = "not measured"
    UNMEASURABLE = "cannot be measured"

    @property
    def red(self) -> bool:
        """A slowdown, or growth of memory, that was confirmed."""
        return self in {GateVerdict.SLOWER, GateVerdict.LARGER}


class GateOutcome(StrEnum):
    """What a gate says of the whole build, the most severe first."""

    FAILED = "failed"
    SLOWDOWN = "slowdown"
    NOTHING = "nothing measured"
    NOISY = "too noisy"
    UNDECIDED = "undecided"
    PASSED = "passed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Confirmation:
    """What the fresh blocks of a suspected row say; red rests on it alone.

    Attributes:
        ratio: Candidate / baseline, with the interval at the run's confidence.
        bound: One-sided lower limit of the ratio at the confidence ``level``; the row is red only
            when it lies above 1 + margin.
        level: Confidence of the limit: 1 − error rate / rows in the row's step of Holm.
        p_value: One-sided p-value of "the ratio is at most 1 + margin", adjusted after Holm.
        planned: Number of blocks, fixed before the first of them.
        blocks: Number of blocks measured.
        seconds: Wall seconds they took, start-up included, the null control's with them.
        control: Baseline / baseline over the blocks between them, or None when there are none.
    """

    ratio: Estimate
    bound: float
    level: float
    p_value: float
    planned: int
    blocks: int
    seconds: float
    control: Estimate | None


@dataclass(frozen=True, slots=True, kw_only=True)
class GateRow:
    """One benchmark under one metric.

    Attributes:
        id: ``Benchmark.id``, or the script's label where its tasks are not known.
        metric: What was compared.
        description: What the benchmark stands for; may be empty.
        verdict: What the gate says.
        required: The policy requires it.
        margin: Change that is allowed, as a fraction.
        baseline: Seconds of one iteration, or bytes; None when there are no numbers.
        candidate: The same of the candidate.
        screening: Candidate / baseline in the first pass, or None.
        suspected: The first pass made it a suspect.
        confirmation: What its fresh blocks say, or None when it has none.
        detectable: The smallest true change this gate would have found in it with 80 % power,
            margin included, as a fraction; None when there are no numbers.
        blocks: Blocks of the first pass.
        seconds: Wall seconds of the first pass.
        reason: Why the verdict is no plain answer, in words; may be empty.
        fails: By itself it makes the build fail; `perfkit.decide.gate.outcome.marked` says so.
    """

    id: str
    metric: Metric
    description: str
    verdict: GateVerdict
    required: bool
    margin: float
    baseline: Estimate | None
    candidate: Estimate | None
    screening: Estimate | None
    suspected: bool
    confirmation: Confirmation | None
    detectable: float | None
    blocks: int
    seconds: float
    reason: str
    fails: bool = False

    @property
    def open(self) -> bool:
        """A question the gate was asked and has no answer to."""
        if self.verdict is GateVerdict.NOT_COMPARABLE:
            return self.required
        return self.verdict in {GateVerdict.UNDECIDED, GateVerdict.NOT_MEASURED}

    @property
    def ratio(self) -> Estimate | None:
        """The confirmed ratio, else that of the first pass."""
        return self.confirmation.ratio if self.confirmation is not None else self.screening


@dataclass(frozen=True, slots=True, kw_only=True)
class GateResult:
    """A whole run, judged by a policy.

    Attributes:
        policy: What was allowed.
        rows: Time first, in the order measured; then memory; then benchmarks that have no numbers.
        outcome: What it says of the build.
        fails: The build fails: ``outcome`` is one the policy lets fail.
        tripped: Benchmarks whose null control found a difference.
        warnings: What a reader must not overlook, such as missing benchmarks; loud.
        compared: The first pass judged as ``perfkit compare`` would.
    """

    policy: GatePolicy
    rows: tuple[GateRow, ...]
    outcome: GateOutcome
    fails: bool
    tripped: tuple[str, ...]
    warnings: tuple[Caveat, ...]
    compared: Result
