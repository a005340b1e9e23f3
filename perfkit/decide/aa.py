"""What a run of a variant against itself says of the method, on this machine."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from perfkit.analyse.aa import Accuracy, injected_ratio, summarise_aa
from perfkit.analyse.comparison import compare_blocks
from perfkit.analyse.effects import block_effects
from perfkit.analyse.estimate import Comparison
from perfkit.analyse.replay import Replay, replay
from perfkit.block import Failure
from perfkit.decide.judge import seconds_by_stage

if TYPE_CHECKING:
    from perfkit.recording import Recording

REPEATS = 10_000


@dataclass(frozen=True, slots=True, kw_only=True)
class AaResult:
    """The proof a user can run on their own machine.

    Attributes:
        accuracy: Of all complete comparisons; None when there is none.
        by_benchmark: The same of each benchmark.
        replay: The recorded block effects replayed with random signs; None when something was
            injected or nothing was measured.
        injected: Mean true ratio achieved by the injection; 1.0 when nothing was injected.
        alarms: Comparisons whose interval excludes 1.
        failures: What could not be measured.
        seconds: Where the wall time went, by stage.
    """

    accuracy: Accuracy | None
    by_benchmark: dict[str, Accuracy]
    replay: Replay | None
    injected: float
    alarms: tuple[Comparison, ...]
    failures: tuple[Failure, ...]
    seconds: dict[str, float]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Finished:
    comparison: Comparison
    seconds: float
    truth: float
    effects: tuple[float, ...]


def judge_aa(recording: Recording) -> AaResult:
    """Judge an ``aa`` run; series that did not come to their end are left out."""
    finished = [_finished(recording, *key) for key in recording.ends]
    names = dict.fromkeys(one.comparison.benchmark for one in finished)
    grouped = {
        name: [one for one in finished if one.comparison.benchmark == name] for name in names
    }
    return AaResult(
        accuracy=_accuracy(finished, recording) if finished else None,
        by_benchmark={name: _accuracy(ones, recording) for name, ones in grouped.items()},
        replay=_replay(grouped, recording) if finished and not recording.run.inject else None,
        injected=float(np.mean([one.truth for one in finished])) if finished else 1.0,
        alarms=tuple(
            one.comparison
            for one in finished
            if one.comparison.ratio.low > 1 or one.comparison.ratio.high < 1
        ),
        failures=tuple(recording.failures.values()),
        seconds=seconds_by_stage(recording),
    )


def _finished(recording: Recording, name: str, series: str) -> _Finished:
    blocks = recording.series(name, series)
    end = recording.ends[name, series]
    comparison = compare_blocks(
        blocks,
        recording.run.goal,
        inner_loops=recording.measured[name].benchmark.inner_loops,
        stopped=end.reason,
    )
    return _Finished(
        comparison=comparison,
        seconds=end.seconds,
        truth=injected_ratio(blocks),
        effects=tuple(block_effects(blocks)),
    )


def _accuracy(ones: list[_Finished], recording: Recording) -> Accuracy:
    return summarise_aa(
        [one.comparison for one in ones],
        [one.seconds for one in ones],
        recording.run.goal,
        truths=[one.truth for one in ones],
    )


def _replay(grouped: dict[str, list[_Finished]], recording: Recording) -> Replay:
    """Each benchmark's effects are one pool: quiet and noisy benchmarks stay apart."""
    ones = [one for several in grouped.values() for one in several]
    blocks = sum(len(one.effects) for one in ones)
    return replay(
        [[effect for one in several for effect in one.effects] for several in grouped.values()],
        recording.run.goal,
        repeats=REPEATS,
        rng=np.random.default_rng(recording.run.seed),
        seconds_a_block=sum(one.seconds for one in ones) / blocks,
    )
