from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
from made_load_runs import Requests, arrivals

from perfkit.analyse.load.run import analyse_load
from perfkit.profile.value import Stage

if TYPE_CHECKING:
    from collections.abc import Callable

    from made_load_runs import Maker

    from perfkit.analyse.load.value import Recovery

STRESS = (
    Stage(name="normal", seconds=20.0, target=200.0, role="before"),
    Stage(name="extreme", seconds=10.0, target=200.0, role="stress"),
    Stage(name="recovery", seconds=30.0, target=200.0, role="recovery"),
)


def recovered(
    maker: Callable[..., Maker],
    slow: Callable[[np.ndarray], np.ndarray],
    failed: Callable[[np.ndarray], np.ndarray] = lambda due: np.zeros(len(due), dtype=bool),
    noise: float = 0.2,
) -> Recovery:
    made = maker(STRESS, start=200.0, recovery=(0.2, 5.0))
    due = arrivals(200, 60)
    rng = np.random.default_rng(0)
    response = rng.lognormal(-4, noise, len(due)) * slow(due)
    made.add(0, Requests(due, response, outcome=failed(due).astype(int)))
    found = analyse_load(made.recording()).sides[0].recovery
    assert found is not None
    return found


@pytest.mark.parametrize("seconds", [4.0, 12.0])
def test_the_moment_is_found(maker: Callable[..., Maker], seconds: float) -> None:
    found = recovered(maker, lambda due: np.where((due > 20) & (due < 30 + seconds), 5.0, 1.0))
    assert found.seconds == pytest.approx(seconds, abs=0.6)
    assert found.observed == pytest.approx(30)
    assert found.tolerance == 0.2
    assert found.error_rate_before == 0.0


def test_a_relapse_counts(maker: Callable[..., Maker]) -> None:
    found = recovered(
        maker, lambda due: np.where((due > 20) & (due < 31) | (due > 34) & (due < 36), 5.0, 1.0)
    )
    assert found.seconds == pytest.approx(6.0, abs=0.6)


def test_never_is_censored(maker: Callable[..., Maker]) -> None:
    found = recovered(maker, lambda due: np.where(due > 20, 2.0, 1.0))
    assert found.seconds is None
    assert found.observed == pytest.approx(30)


def test_errors_are_no_recovery(maker: Callable[..., Maker]) -> None:
    found = recovered(maker, lambda due: np.ones(len(due)), lambda due: (due > 25) & (due < 38))
    assert found.seconds == pytest.approx(8.0, abs=0.6)


def test_a_service_need_not_be_calmer_than_it_was(maker: Callable[..., Maker]) -> None:
    found = recovered(
        maker,
        lambda due: 1 + 2 * ((due - 5) % 6 < 0.3) * (due < 20) + 5 * ((due > 20) & (due < 31)),
    )
    assert found.tolerance > 0.2  # spells before the stress that no window of 5 s can hide
    assert found.seconds is not None


def test_at_once_is_zero(maker: Callable[..., Maker]) -> None:
    assert recovered(maker, lambda due: np.ones(len(due))).seconds == 0.0


def test_without_stress_there_is_none(maker: Callable[..., Maker]) -> None:
    made = maker()
    due = arrivals(100, 30)
    made.add(0, Requests(due, np.full(len(due), 0.01)))
    assert analyse_load(made.recording()).sides[0].recovery is None
