"""What is kept of a run."""

from __future__ import annotations

from dataclasses import dataclass

from perfkit.settings import Metric


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredRow:
    """One benchmark under one metric, in one run.

    Attributes:
        benchmark: ``Benchmark.id``, or the script's label where its tasks are not known.
        metric: What was compared.
        baseline: Seconds of one iteration, or bytes; None when there are no numbers.
        candidate: The same of the candidate.
        candidate_low: Lower end of the candidate's interval; None when it has none.
        candidate_high: Upper end.
        ratio: Candidate / baseline, confirmed where it was measured again.
        low: Lower end of the ratio's interval; None when it has none.
        high: Upper end.
        n: Number of blocks the ratio rests on; 0 without numbers.
        verdict: What was said of it, in the command's own words.
    """

    benchmark: str
    metric: Metric
    baseline: float | None
    candidate: float | None
    candidate_low: float | None
    candidate_high: float | None
    ratio: float | None
    low: float | None
    high: float | None
    n: int
    verdict: str


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredRun:
    """A run of ``compare`` or ``check``.

    Attributes:
        id: The run's name; with ``created`` it tells runs apart.
        created: Local time with offset, ISO 8601.
        command: ``"compare"`` or ``"check"``.
        state: ``"finished"``, ``"interrupted"`` or ``"unfinished"``.
        outcome: What was said of the whole; empty for ``compare``.
        perfkit: Version that measured.
        baseline: The baseline for people, revision included.
        candidate: The candidate for people.
        baseline_setting: What it ran with, without the revision: runs of one setting are compared.
        candidate_setting: The same of the candidate.
        baseline_packages: Digest of what was installed, names and versions.
        candidate_packages: The same of the candidate.
        machine: Kind of the machine: its CPU; no name of a host.
        cpus: Number of CPUs that could be used, or None.
        commit: The candidate's commit where it is a revision, else that of the folder the run was
            started in, or None.
        branch: Branch of that folder; None where the candidate is a revision, or nobody knows it.
        rows: Everything judged.
    """

    id: str
    created: str
    command: str
    state: str
    outcome: str
    perfkit: str
    baseline: str
    candidate: str
    baseline_setting: str
    candidate_setting: str
    baseline_packages: str
    candidate_packages: str
    machine: str
    cpus: int | None
    commit: str | None
    branch: str | None
    rows: tuple[StoredRow, ...]
