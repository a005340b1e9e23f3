"""How often is a threshold on a percentile of several trials judged wrongly, and how often at all?

``python tests/decide/load/simulate_thresholds.py [REPEATS]`` prints the table of
`perfkit.decide.load.threshold`: services whose every trial is drawn from a known distribution are
judged by what judges recorded ones. The truth of a typical trial is the pseudo-median of the
percentiles of 4000 trials of that length; that of all requests together is their percentile.
"""

from __future__ import annotations

import math
import sys
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
from scipy import signal

from perfkit.analyse.estimate import Estimate
from perfkit.analyse.load.longrun import Blocks
from perfkit.analyse.load.percentiles import percentiles, place
from perfkit.analyse.load.typical import typical_percentiles
from perfkit.analyse.load.value import SideLoad, Summary
from perfkit.analyse.location import locate
from perfkit.decide.load.result import Holds
from perfkit.decide.load.threshold import judge_threshold
from perfkit.profile.threshold import parse_threshold
from perfkit.variant import Side

if TYPE_CHECKING:
    from collections.abc import Callable

Rng = np.random.Generator
RATE, SECONDS = 50, 20
REQUESTS = RATE * SECONDS
QUANTILES = (0.95, 0.99)
CONFIDENCE = 0.95
AWAY = 1.5


def independent(rng: Rng, trials: int) -> np.ndarray:
    return 0.5 * rng.normal(size=(trials, REQUESTS))


def drifting(rng: Rng, trials: int) -> np.ndarray:
    """Half of the variance is shared by neighbours, over a second."""
    keep = math.exp(-1 / RATE)
    noise = rng.normal(size=(trials, REQUESTS)) * math.sqrt(1 - keep**2)
    noise[:, 0] = rng.normal(size=trials)
    shared = signal.lfilter([1], [1, -keep], noise)
    return 0.5 * math.sqrt(0.5) * (shared + rng.normal(size=shared.shape))


def differing(inner: Callable[[Rng, int], np.ndarray], spread: float) -> Callable[..., np.ndarray]:
    """Trials are faster or slower as a whole."""

    def draw(rng: Rng, trials: int) -> np.ndarray:
        return np.exp(inner(rng, trials) + spread * rng.normal(size=(trials, 1)))

    return draw


def stalling(rng: Rng, trials: int) -> np.ndarray:
    """A tenth of one trial in six takes ten times as long."""
    bad = (rng.random((trials, 1)) < 1 / 6) & (np.arange(REQUESTS) < REQUESTS / 10)
    return np.exp(independent(rng, trials)) * np.where(bad, 10.0, 1.0)


CASES: dict[str, Callable[[Rng, int], np.ndarray]] = {
    "trials alike": differing(independent, 0.0),
    "trials ± 10 %": differing(independent, 0.1),
    "trials ± 30 %": differing(independent, 0.3),
    "trials ± 50 %": differing(independent, 0.5),
    "1 s, alike": differing(drifting, 0.0),
    "1 s, ± 10 %": differing(drifting, 0.1),
    "1 s, ± 30 %": differing(drifting, 0.3),
    "one in 6 stalls": stalling,
}


def summary_of(times: np.ndarray, *, by_trial: bool) -> Summary:
    """What the analysis makes of trials: (trials, requests)."""
    trials = len(times)
    block = np.repeat(np.arange(trials, dtype=np.int32), REQUESTS)
    blocks = Blocks(lengths=np.full(trials, float(SECONDS)), bounds=(), independent=True)
    placed = place(times.ravel(), block, blocks)
    none = np.zeros(trials, dtype=np.int64)
    together = percentiles(placed, QUANTILES, CONFIDENCE)
    found = typical_percentiles(placed, none, QUANTILES, CONFIDENCE) if by_trial else ()
    return replace(
        EMPTY,
        with_failures=tuple(zip(QUANTILES, together, strict=True)),
        trials=trials,
        by_trial=found,
        slowest=float(times.max()),
        blocks=trials,
    )


def _empty() -> Summary:
    """A summary that says nothing."""
    nothing = Estimate(value=1.0, low=1.0, high=1.0, confidence=CONFIDENCE, n=1)
    known = {"throughput": nothing, "goodput": nothing, "sent": 1, "errors": ()}
    return Summary(**(dict.fromkeys(Summary.__dataclass_fields__) | known))  # type: ignore[arg-type]


EMPTY = _empty()


def truths(case: str) -> dict[float, tuple[float, float]]:
    """By quantile: of a typical trial, of all requests together."""
    times = CASES[case](np.random.default_rng(99), 4000)
    ordered = np.sort(times, axis=1)
    found = {}
    for q in QUANTILES:
        place_ = q * (REQUESTS + 1 / 3) + 1 / 3
        low, high = ordered[:, int(place_) - 1], ordered[:, int(place_)]
        each = np.log(low + (place_ - int(place_)) * (high - low))
        found[q] = (math.exp(float(locate(each, CONFIDENCE).value)), float(np.quantile(times, q)))
    return found


def judged(summary: Summary, quantile: float, limit: float) -> Holds:
    side = SideLoad(
        side=Side.BASELINE, overall=summary, phases=(), requests=(), timeline=None,  # type: ignore[arg-type]
        curve=None, recovery=None,  # type: ignore[arg-type]
    )  # fmt: skip
    threshold = parse_threshold(f"p({quantile * 100:g})<{limit:.12f}s")
    return judge_threshold(threshold, side, None).holds  # type: ignore[arg-type]


def shares(case: str, trials: int, repeats: int) -> dict[float, list[float]]:
    """Per cent of runs, by quantile, in the order of `COLUMNS`."""
    rng = np.random.default_rng(3)
    true = truths(case)
    counts = {q: np.zeros(len(COLUMNS)) for q in QUANTILES}
    for _ in range(repeats):
        times = CASES[case](rng, trials)
        new, old = (summary_of(times, by_trial=both) for both in (True, False))
        for q in QUANTILES:
            one, every = true[q]
            above, below = max(true[q]) * AWAY, min(true[q]) / AWAY
            together = dict(old.with_failures)[q]
            typical = {found.quantile: found.typical for found in new.by_trial}[q]
            counts[q] += [
                typical.low <= one <= typical.high,
                math.isinf(together.high),
                judged(new, q, one) is Holds.PASS,
                judged(new, q, every) is Holds.PASS,
                judged(old, q, every) is Holds.PASS,
                judged(new, q, every) is Holds.FAIL,
                judged(new, q, above) is Holds.PASS,
                judged(old, q, above) is Holds.PASS,
                judged(new, q, below) is Holds.FAIL,
                judged(old, q, below) is Holds.FAIL,
            ]
    return {q: (found / repeats * 100).tolist() for q, found in counts.items()}


COLUMNS = ("a", "b", "c", "d", "(d)", "e", "f", "(f)", "g", "(g)")


def main(repeats: int) -> None:
    sys.stdout.write(f"| | trials | | {' | '.join(COLUMNS)} |\n")
    for case in CASES:
        for trials in (6, 12, 20):
            for quantile, found in shares(case, trials, repeats).items():
                cells = " | ".join(f"{one:.1f}" for one in found)
                sys.stdout.write(f"| {case} | {trials} | p{quantile * 100:g} | {cells} |\n")
                sys.stdout.flush()


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 1000)
