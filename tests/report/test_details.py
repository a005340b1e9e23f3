from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from perfkit.report.details import (
    BOTTOM,
    LEFT,
    RIGHT,
    TOP,
    block_effects,
    distribution,
    nice_ticks,
)


@given(st.floats(-1e3, 1e3), st.floats(1e-2, 1e6), st.integers(2, 8))
def test_ticks_lie_between_the_ends_and_are_not_many(low: float, span: float, about: int) -> None:
    ticks = nice_ticks(low, low + span, about)
    assert all(low - span * 1e-3 <= tick <= low + span * 1.001 for tick in ticks)
    assert len(ticks) <= 2 * about + 2


def test_every_block_is_a_point_in_order_within_the_frame(any_run: Any) -> None:
    for row in any_run.view.rows:
        chart = block_effects(row, margin=0.02)
        assert (chart is None) == (row.comparison is None)
        if chart is None:
            continue
        assert len(chart.points) == len(row.comparison.effects)
        assert [x for x, _ in chart.points] == sorted(x for x, _ in chart.points)
        assert all(LEFT < x < RIGHT and TOP <= y <= BOTTOM for x, y in chart.points)
        assert chart.band[0] < chart.zero < chart.band[1]


def test_all_turns_of_both_sides_are_counted(typical: Any) -> None:
    row = typical.view.rows[0]
    chart = distribution(row)
    assert chart is not None
    assert chart.turns == 2 * sum(len(block.order) for block in row.series)
    assert 0 <= chart.beyond <= 0.02 * chart.turns + 2
    assert chart.baseline != chart.candidate


def test_nothing_measured_has_no_chart(all_failed: Any) -> None:
    assert distribution(all_failed.view.rows[0]) is None
