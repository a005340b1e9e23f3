from __future__ import annotations

from typing import Any

import pandas as pd

from perfkit.report.frame import COLUMNS, NUMBERS, to_frame
from perfkit.report.notebook import html_table


def test_a_row_a_benchmark_with_the_same_columns(any_run: Any) -> None:
    frame = to_frame(any_run.result)
    assert tuple(frame.columns) == COLUMNS
    assert list(frame["benchmark"]) == [row.id for row in any_run.result.rows]
    assert all(frame[name].dtype == "float64" for name in NUMBERS)
    assert frame["blocks"].dtype == "int64"


def test_failed_ones_are_there_without_numbers(typical: Any) -> None:
    frame = to_frame(typical.result).set_index("benchmark")
    assert frame.loc["sqlalchemy_orm", "verdict"] == "failed"
    assert pd.isna(frame.loc["sqlalchemy_orm", "ratio"])
    assert "greenlet" in frame.loc["sqlalchemy_orm", "failure"]
    assert frame.loc["json_dumps", "low"] > 1
    assert pd.isna(frame.loc["json_dumps", "failure"])


def test_a_noisy_machine_accuses_nobody(noisy: Any) -> None:
    assert not set(to_frame(noisy.result)["verdict"]) & {"slower", "faster"}


def test_the_notebook_shows_text_not_markup(hostile: Any, typical: Any) -> None:
    assert "<script" not in html_table(hostile.view)
    assert "&lt;script&gt;" in html_table(hostile.view)
    table = html_table(typical.view)
    assert table.count("<tr>") == 1 + len(typical.view.rows)
    assert "▲ slower" in table
