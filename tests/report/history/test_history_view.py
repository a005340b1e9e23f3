from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from perfkit.report.history.plots import HEIGHT, WIDTH, plot
from perfkit.report.history.words import confidence_text, sparkline

if TYPE_CHECKING:
    from collections.abc import Callable

    from perfkit.report.history.view import HistoryView, SeriesLine


def line_of(view: HistoryView, name: str) -> SeriesLine:
    return next(line for one in view.settings for line in one.lines if line.name == name)


def test_a_change_says_where_it_began_how_large_and_how_sure(typical: HistoryView) -> None:
    (change,) = line_of(typical, "stepped").changes
    assert change.run.id == "run-040"
    assert change.before.id == "run-039"
    assert change.between == 0
    assert change.text.startswith("+10.")
    assert change.change.ratio.low < 1.1 < change.change.ratio.high
    assert change.confidence == "> 99.9999 %"
    assert change.tone == "slower"
    assert line_of(typical, "calm").changes == ()


def test_a_change_across_a_gap_says_so(typical: HistoryView) -> None:
    line = line_of(typical, "gappy")
    (change,) = line.changes
    assert (change.before.id, change.run.id, change.between) == ("run-019", "run-030", 10)
    assert (line.count, line.gaps, line.since) == (45, 10, 5)
    assert "·" in line.trend


def test_what_was_not_there_yet_is_no_gap(typical: HistoryView) -> None:
    line = line_of(typical, "new")
    assert (line.count, line.gaps, line.since) == (10, 0, 0)


def test_the_sentence_and_the_order(typical: HistoryView) -> None:
    assert typical.sentence.startswith(
        "2 change points in 2 benchmarks, of 4 benchmarks over 60 runs; the latest: stepped +10."
    )
    assert "(run run-040)" in typical.sentence
    names = [line.name for line in typical.settings[0].by_news]
    assert names == ["stepped", "gappy", "calm", "new"]


def test_one_benchmark_run_by_run(single: HistoryView) -> None:
    (setting,) = single.settings
    assert [line.run.id for line in setting.details[:2]] == ["run-059", "run-058"]
    assert setting.details[0].text == "–"
    (begun,) = [line for line in setting.details if line.change]
    assert begun.run.id == "run-030"
    assert "ms [" in begun.text


def test_ratios(view: Callable[..., HistoryView], case: Callable[..., Any]) -> None:
    made = view(
        case(name="stepped", levels=[1.1e-3] * 9), asked={"ratio": True, "benchmark": "stepped"}
    )
    (setting,) = made.settings
    assert "against Python 3.12.1" in setting.title
    assert setting.details[0].text.startswith("+")
    assert "candidate / baseline" in made.title


@pytest.mark.parametrize(
    ("p_value", "text"),
    [(0.002, "99.8 %"), (0.0005, "99.95 %"), (1e-4, "99.99 %"), (0.0, "> 99.9999 %")],
)
def test_confidence_is_never_rounded_up(p_value: float, text: str) -> None:
    assert confidence_text(p_value) == text


def test_trends() -> None:
    nan = float("nan")
    assert sparkline(np.array([1.0, 2.0, nan, 3.0]), columns=24) == "▁▅·█"
    assert sparkline(np.array([1.0, 1.001, 1.0]), columns=24) == "▄▅▄"  # no mountain of nothing
    assert sparkline(np.array([nan, nan]), columns=24) == "··"
    assert len(sparkline(np.arange(1.0, 1000.0), columns=24)) == 24


def numbers(path: str) -> list[float]:
    for letter in "MVHvz":
        path = path.replace(letter, " ")
    return [float(number) for number in path.split()]


@pytest.mark.parametrize("columns", [10, 600])
def test_plots_leave_gaps_empty_and_stay_inside(typical: HistoryView, columns: int) -> None:
    for name in ("stepped", "gappy", "new", "calm"):
        made = plot(line_of(typical, name), columns=columns)
        assert all(0 <= number <= WIDTH for number in numbers(made.marks + made.levels))
        places = [float(mark.split()[0]) for mark in made.marks.split("M")[1:]]
        areas = [numbers(area)[:3] for area in made.gaps.split("M")[1:]]
        for place, (left, _, right) in itertools.product(places, areas):
            assert not left < place < right
    gappy = plot(line_of(typical, "gappy"), columns=60)
    (between, after) = (numbers(area) for area in gappy.gaps.split("M")[1:])
    assert (between[0], between[2]) == (20 / 60 * WIDTH, 30 / 60 * WIDTH)
    assert (after[0], after[2]) == (55 / 60 * WIDTH, WIDTH)
    assert gappy.marks.count("M") == 45
    assert plot(line_of(typical, "new"), columns=60).gaps == ""
    assert HEIGHT > 0


def test_an_outlier_does_not_flatten_a_plot(
    view: Callable[..., HistoryView], case: Callable[..., Any]
) -> None:
    levels = [1e-3] * 60
    levels[30] = 1.0
    made = plot(view(case(name="a", levels=levels)).settings[0].lines[0], columns=600)
    assert made.high < 2e-3
    assert (made.above, made.below) == (True, False)
