"""What a judged load run comes to."""

from __future__ import annotations

import math
from types import SimpleNamespace
from typing import Any

import pytest

from perfkit.analyse.estimate import Estimate
from perfkit.analyse.load.value import LoadMetric
from perfkit.cli.exit_codes import of_load
from perfkit.decide.load.result import Holds, Validity
from perfkit.decide.load.standing import Standing, load_standing
from perfkit.decide.verdict import Verdict


def standing(
    *holds: Holds,
    rows: tuple[Any, ...] = (),
    gate: bool = False,
    ends: tuple[str, ...] = ("finished",),
    **changes: Any,
) -> Standing:
    result: dict[str, Any] = {
        "thresholds": tuple(SimpleNamespace(holds=one) for one in holds),
        "rows": rows,
        "health": SimpleNamespace(validity=Validity.VALID),
        "breakpoints": (),
        "sides": (object(),),
        "failures": (),
        "caveats": (),
        **changes,
    }
    recording = SimpleNamespace(
        run=SimpleNamespace(gate=gate, margin=0.05),
        ends={str(number): SimpleNamespace(reason=one) for number, one in enumerate(ends)},
    )
    return load_standing(recording, SimpleNamespace(**result))  # type: ignore[arg-type]


def code(found: Standing) -> int:
    return of_load(
        interrupted=False, failed=found.failed, broken=found.broken, open_=found.undecided
    )


def row(
    low: float,
    high: float,
    *,
    verdict: Verdict = Verdict.SLOWER,
    metric: LoadMetric = LoadMetric.P95,
    difference: bool = False,
) -> Any:
    value = (low + high) / 2 if difference else math.sqrt(low * high)
    ratio = Estimate(value=value, low=low, high=high, confidence=0.95, n=8)
    comparison = SimpleNamespace(metric=metric, difference=difference, ratio=ratio)
    return SimpleNamespace(comparison=comparison, verdict=verdict)


@pytest.mark.parametrize(
    ("holds", "expected"),
    [
        ((), 0),
        ((Holds.PASS, Holds.PASS), 0),
        ((Holds.PASS, Holds.FAIL), 1),
        ((Holds.FAIL, Holds.INCONCLUSIVE), 1),
        ((Holds.PASS, Holds.INCONCLUSIVE), 3),
        ((Holds.PASS, Holds.NO_DATA), 3),
    ],
)
def test_thresholds(holds: tuple[Holds, ...], expected: int) -> None:
    assert code(standing(*holds)) == expected


def test_an_abort_breaks_it() -> None:
    assert code(standing(Holds.PASS, ends=("finished", "aborted"))) == 1


def test_a_failure_is_more_than_a_broken_threshold() -> None:
    assert code(standing(Holds.FAIL, failures=(object(),))) == 4


def test_a_generator_that_is_not_to_be_believed() -> None:
    assert code(standing(health=SimpleNamespace(validity=Validity.INVALID))) == 3


def test_nothing_was_measured() -> None:
    assert code(standing(sides=())) == 3


def test_a_search() -> None:
    def point(*, valid: bool) -> Any:
        return SimpleNamespace(valid=valid)

    assert code(standing(sides=(), breakpoints=(point(valid=True),))) == 0
    assert code(standing(sides=(), breakpoints=(point(valid=True), point(valid=False)))) == 3


SLOWER = row(1.06, 1.2)


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        ((SLOWER,), 1),
        ((row(1.04, 1.2),), 0),  # worse, but perhaps within the margin
        ((row(0.8, 0.9, verdict=Verdict.FASTER),), 0),
        ((row(0.8, 0.9, metric=LoadMetric.MAX_THROUGHPUT),), 1),
        ((row(0.94, 0.96, metric=LoadMetric.MAX_THROUGHPUT),), 0),
        ((row(0.001, 0.002, difference=True, metric=LoadMetric.ERROR_RATE),), 1),
        ((row(0.9, 1.2, verdict=Verdict.INCONCLUSIVE),), 3),
        ((SLOWER, row(0.9, 1.2, verdict=Verdict.INCONCLUSIVE)), 1),
    ],
)
def test_the_gate(rows: tuple[Any, ...], expected: int) -> None:
    assert code(standing(rows=rows, gate=True)) == expected
    assert code(standing(rows=rows)) == 0
