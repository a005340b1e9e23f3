"""How soon a step in a history is told, and how often one that is not there is.

    python tests/analyse/simulate_changes.py [HISTORIES]

Histories of 100 runs with noise of 2 %, 3 % of the runs off by 20 to 30 %; a step of 5 % before the
last so many runs.
"""

from __future__ import annotations

import sys

import numpy as np

from perfkit.analyse.changes import find_changes

RUNS, NOISE, STEP, NEAR = 100, 0.02, 0.05, 3


def history(rng: np.random.Generator, since: int) -> np.ndarray:
    logs = rng.normal(0, NOISE, RUNS)
    off = rng.random(RUNS) < 0.03
    logs[off] += rng.uniform(0.2, 0.3, off.sum())
    logs[RUNS - since :] += np.log1p(STEP) * (since > 0)
    return np.exp(logs)


def main() -> None:
    count = int((sys.argv[1:] or ["500"])[0])
    rng = np.random.default_rng(20261124)
    alarms = sum(bool(find_changes(history(rng, 0))) for _ in range(count))
    lines = [f"without a step: told in {alarms} of {count}"]
    for since in (8, 10, 15, 20):
        found = [find_changes(history(rng, since)) for _ in range(count)]
        hits = sum(any(abs(x.index - RUNS + since) <= NEAR for x in one) for one in found)
        lines.append(f"{since:2} runs after a step of 5 %: told in {hits / count:.0%}")
    print("\n".join(lines))  # noqa: T201 - figures to read


if __name__ == "__main__":
    main()
