"""The axis of a forest plot: whatever its range, its labels can be read."""

from __future__ import annotations

import re
from itertools import pairwise

import pytest

from perfkit.analyse.estimate import Estimate
from perfkit.report.drawing import NARROW, WIDE
from perfkit.report.forest import Forest, ForestRow, draw_forest

LETTER = 6.6  # widest character of a label, in SVG units; the space is half of it
TICK = re.compile(r'middle[^>]* x="([\d.]+)" y="([\d.]+)"[^>]*>([+−]?[\d.,]+ %|0)<')
RANGES = {
    "a few per cent": [(0.99, 0.97, 1.02)],
    "a fifth": [(0.9, 0.84, 0.95), (1.1, 1.05, 1.2)],
    "half": [(0.5, 0.4, 0.7)],
    "doubled": [(1.5, 1.2, 2.2), (1.0, 0.9, 1.1)],
    "a tenth": [(0.98, 0.96, 1.0), (0.45, 0.34, 0.6), (0.088, 0.08, 0.11)],
    "a hundredth": [(0.01, 0.005, 0.02), (1.0, 0.99, 1.01)],
    "tenfold either way": [(0.09, 0.08, 0.11), (12.0, 9.0, 15.0)],
    "a hundredfold": [(1.0, 0.98, 1.02), (55.0, 20.0, 120.0)],
}


def plot(ratios: list[tuple[float, float, float]]) -> Forest:
    rows = tuple(
        ForestRow(
            label=f"metric {number}",
            words="",
            ratio=Estimate(value=value, low=low, high=high, confidence=0.95, n=10),
            tone="open",
            marker="D",
        )
        for number, (value, low, high) in enumerate(ratios)
    )
    return Forest(
        rows=rows, mean=None, margin=0.02, axis=("less", "", "", "more"), title="", summary=""
    )


@pytest.mark.parametrize("narrow", [False, True])
@pytest.mark.parametrize("name", RANGES)
def test_labels_of_ticks_are_apart_and_whole(name: str, *, narrow: bool) -> None:
    svg = draw_forest(plot(RANGES[name]), narrow=narrow, prefix="p")
    ticks = sorted((float(x), text) for x, _, text in TICK.findall(svg))
    assert len(ticks) >= 3
    assert "0" in {text for _, text in ticks}
    spans = [(x - len(text) * LETTER / 2, x + len(text) * LETTER / 2, text) for x, text in ticks]
    for (_, end, text), (begin, _, other) in pairwise(spans):
        assert end < begin, (text, other)
    assert spans[0][0] >= 0
    assert spans[-1][1] <= (NARROW if narrow else WIDE)
