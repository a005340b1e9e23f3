from __future__ import annotations

from typing import Any

from perfkit.report.load.frame import COLUMNS, ROW_COLUMNS, comparison_frame, to_frame


def test_a_row_a_side_and_phase(any_load: Any) -> None:
    frame = to_frame(any_load.result)
    assert tuple(frame.columns) == COLUMNS
    assert len(frame) == sum(1 + len(side.phases) for side in any_load.result.sides)


def test_its_numbers(compared: Any) -> None:
    frame = to_frame(compared.result)
    whole = frame[frame["phase"].isna()].set_index("side")
    assert whole.loc["candidate", "response_p95"] == 0.036 * 3.1
    assert (frame["response_p95_low"] < frame["response_p95"]).all()
    assert (frame["service_p95"] < frame["response_p95"]).all()


def test_what_does_not_exist_is_missing(silent: Any) -> None:
    frame = to_frame(silent.result)
    assert frame["response_p95"].isna().all()
    assert frame["rss_peak"].isna().all()
    assert (frame["failed"] == 12_003).all()


def test_a_row_a_metric(any_load: Any, compared: Any) -> None:
    frame = comparison_frame(any_load.result)
    assert tuple(frame.columns) == ROW_COLUMNS
    assert len(frame) == len(any_load.result.rows)
    frame = comparison_frame(compared.result).set_index("metric")
    assert frame.loc["p95 response", "verdict"] == "better"
    assert frame.loc["error rate", "difference"]
