"""How long one million turns take to analyse: ``python tests/analyse/million_turns.py``.

Both as one benchmark of 62 500 blocks of 16 turns, and as 100 benchmarks of 625 such blocks.
"""

from __future__ import annotations

import time

import numpy as np
from conftest import ORDER, build_block

from perfkit.analyse.comparison import compare_blocks
from perfkit.analyse.family import geometric_mean
from perfkit.settings import Goal

BLOCKS = 62_500
GOAL = Goal(confidence=0.95, precision=0.01, margin=0.02, budget=12.0, decided=False)

rng = np.random.default_rng(0)
baseline = np.exp(rng.normal(-5, 0.02, (BLOCKS, len(ORDER))))
candidate = baseline * np.exp(rng.normal(0, 0.02, (BLOCKS, len(ORDER))))
blocks = [
    build_block(one, other, index=index, peak_rss=(30_000_000 + index, 31_000_000 + index))
    for index, (one, other) in enumerate(zip(baseline.tolist(), candidate.tolist(), strict=True))
]
for count in (1, 100):
    size = BLOCKS // count
    started, used = time.perf_counter(), time.process_time()
    comparisons = [
        compare_blocks(blocks[start : start + size], GOAL, inner_loops=1, stopped="budget")
        for start in range(0, BLOCKS, size)
    ]
    geometric_mean(comparisons, 0.95)
    seconds, used = time.perf_counter() - started, time.process_time() - used
    text = f"{count} x {size} blocks of 16 turns: {seconds:.2f} s, of which CPU {used:.2f} s"
    print(text)  # noqa: T201 - a figure to read
