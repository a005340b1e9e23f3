"""How often would a load comparison have called a difference where there was none?

Usage: ``python replay_trials.py RUN_DIR…`` of runs that compared a service with itself:
``perfkit load constant-rate --baseline 3.12 --candidate 3.12 --trials 20``. The recorded effects of
each metric's trials are replayed with random signs through the interval that a comparison has.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np

import perfkit as pk
from perfkit.analyse.load.trials import replay_signs

REPEATS = 20_000


def main(folders: list[str]) -> None:
    outcomes = [pk.load(Path(folder)) for folder in folders]
    confidence = outcomes[0].recording.run.confidence
    trials = min(outcome.result.trials for outcome in outcomes)
    sys.stdout.write(f"{len(outcomes)} runs, {trials} trials a replayed comparison\n")
    for row in outcomes[0].result.rows:
        metric = row.comparison.metric
        series = [np.array(outcome[metric].row.comparison.effects) for outcome in outcomes]
        called = sum(str(outcome[metric].verdict) in {"slower", "faster"} for outcome in outcomes)
        error = np.sqrt(np.mean(np.concatenate(series) ** 2))
        share = replay_signs(
            series,
            trials=trials,
            confidence=confidence,
            repeats=REPEATS,
            rng=np.random.default_rng(1),
        )
        sys.stdout.write(
            f"{metric:18} RMS of a trial {error * 100:6.2f} %, called {called}/{len(outcomes)}, "
            f"replayed {share.value * 100:.2f} % [{share.low * 100:.2f}, {share.high * 100:.2f}]\n"
        )


if __name__ == "__main__":
    main(sys.argv[1:])
