"""The plan of a load run: what is to be done, complete and checked."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from perfkit.profile.value import Profile
from perfkit.recording.load import LoadMethod, SearchMethod
from perfkit.service import Service
from perfkit.variant import Variant

WINDOW = 0.25
"""Seconds of a turn while two services take turns.

3.12.1 against itself at 200 requests/s on a busy two-core machine, eight trials of ten seconds: the
RMS error of a trial's p50 ratio was 7.1 % with turns of 0.25 s, 13.4 % with 0.5 s and 10.8 % with
1 s (of the mean's 22, 39 and 41 %).
"""

FEWEST_TURNS = 8
"""Turns of a trial, both sides together."""

CUT = 0.1
"""Share of a turn that is left out at its beginning."""

MARGIN = 0.05
"""Practical significance of a load comparison; response times vary more than benchmarks do."""

WORKER_SECONDS = 300.0
"""How long workers from other machines are waited for, unless somebody says."""

CONFIDENCE = 0.95


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadPlan:
    """Everything a load session needs to know before it starts.

    Attributes:
        mode: ``"single"``, ``"compare"`` or ``"breakpoint"``.
        profile: The profile, scaled.
        service: The service.
        method: How load is generated.
        search: How a breaking point is searched for, or None.
        baseline: The yardstick, or the only side; None for a URL.
        candidate: What is judged, or None.
        trials: Trials of a comparison, or searches of each of two sides; 1 otherwise.
        seed: Root of every random choice.
        output: Absolute folder that run folders are made in.
        margin: Practical significance, as a fraction.
        confidence: Coverage of every interval.
        policy: File with the targets of the report, or None for perfkit's own.
        gate: A candidate that is worse beyond the margin makes the run fail.
        allow_hosts: Hosts beside this machine that may be sent load to.
        bind: Address the master listens on.
        port: Its port; 0 for a free one.
        worker_seconds: How long workers from other machines are waited for.
        token: What they must know, if the user said; None for one that is made for the run.
        cwd: Absolute folder that relative paths started from.
        download: Missing interpreters may be installed.
        notes: What a person should know at once, a sentence each.
    """

    mode: str
    profile: Profile
    service: Service
    method: LoadMethod
    search: SearchMethod | None
    baseline: Variant | None
    candidate: Variant | None
    trials: int
    seed: int
    output: Path
    margin: float
    confidence: float
    policy: Path | None
    gate: bool
    allow_hosts: tuple[str, ...]
    bind: str
    port: int
    worker_seconds: float
    token: str | None = field(repr=False)
    cwd: Path
    download: bool
    notes: tuple[str, ...] = ()
