"""The plan: what one run is to do, complete and checked."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from perfkit.benchmark import Script
from perfkit.recording import Unpaired
from perfkit.settings import GatePolicy, Goal, Method, Metric, OnOpen
from perfkit.variant import Variant

METHOD = Method(
    turn_seconds=0.005,
    pairs=8,
    run_in_seconds=0.001,
    warm_up_pairs=1,
    timeout=60.0,
    pin=True,
    overlap=True,
)
"""How turns are cut unless somebody says otherwise; settled by experiment (``perfkit aa``)."""

GOAL = Goal(confidence=0.95, precision=0.01, margin=0.02, budget=20.0, decided=False)
"""What a comparison is to reach by default; ``--quick`` and ``--rigorous`` change parts of it."""

GATE = GatePolicy(
    margin=0.02,
    margins=(),
    memory_margin=0.02,
    metrics=(Metric.TIME,),
    required=None,
    error_rate=0.01,
    on_inconclusive=OnOpen.PASS,
    on_noise=OnOpen.PASS,
    budget=None,
)
"""What a gate allows by default."""

COMPARISONS = 60
"""Comparisons of ``perfkit aa``: a true false-alarm rate of 5 % then shows as 0 to 7 alarms."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """Everything a session needs to know before it starts.

    Attributes:
        command: ``"compare"``, ``"aa"`` or ``"check"``.
        baseline: The side that is the yardstick.
        candidate: The side that is judged; equal to the baseline but for its name in ``aa``.
        goal: What is wanted of each comparison.
        method: How turns are cut.
        scripts: Scripts that hold the benchmarks.
        patterns: Name patterns; when there are any, only benchmarks whose name fits one count.
        benchmarks: The BENCHMARK arguments as given, for the record.
        control: Also compare the baseline with itself.
        seed: Root of every random choice.
        output: Absolute folder that run folders are made in.
        comparisons: Number of comparisons (``aa``); None for ``compare``.
        inject: Slowdown injected into the candidate, as a fraction; 0.0 for none.
        policy: File with the targets of the report, or None for perfkit's own.
        cwd: Absolute folder that relative paths started from.
        download: Missing interpreters may be installed.
        gate: What the gate allows (``check``), or None.
        unpaired: Scripts that the revisions compared do not share.
        notes: What a person should know at once, a sentence each.
        store: File of the history the run is added to, or None.
        chosen: BENCHMARK arguments of the command line leave other benchmarks out (``check``).
    """

    command: str
    baseline: Variant
    candidate: Variant
    goal: Goal
    method: Method
    scripts: tuple[Script, ...]
    patterns: tuple[str, ...]
    benchmarks: tuple[str, ...]
    control: bool
    seed: int
    output: Path
    comparisons: int | None
    inject: float
    policy: Path | None
    cwd: Path
    download: bool
    gate: GatePolicy | None
    unpaired: tuple[Unpaired, ...]
    notes: tuple[str, ...]
    store: Path | None
    chosen: bool = False
