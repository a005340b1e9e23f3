"""Blocks with known contents."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from perfkit.block import Block, SideTurns
from perfkit.settings import Goal

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

ORDER = "BCCBBCBC"


def build_block(
    baseline: Sequence[float], candidate: Sequence[float], order: str = ORDER, **facts: Any
) -> Block:
    memory = facts.pop("peak_rss", (None, None))
    traced = facts.pop("peak_traced", (None, None))
    reasons = facts.pop("untraced", ("", ""))
    values = {
        "benchmark": "json_dumps",
        "series": "compare",
        "index": 0,
        "loops": 1,
        "hash_seed": 1,
        "started": 0.0,
        "startup_seconds": 0.1,
        "wait_seconds": 0.1,
        "run_in_seconds": 0.1,
        "timed_seconds": 0.1,
        "steal": 0.0,
        "load": 1.0,
        "injected": 0.0,
        **facts,
    }
    sides = [
        SideTurns(
            wall=tuple(wall),
            cpu=tuple(wall),
            queued=(0.0,) * len(wall),
            peak_rss=peak,
            peak_traced=call,
            untraced=reason,
        )
        for wall, peak, call, reason in zip(
            (baseline, candidate), memory, traced, reasons, strict=True
        )
    ]
    return Block(baseline=sides[0], candidate=sides[1], order=order, **values)


@pytest.fixture(scope="session")
def block_of() -> Callable[..., Block]:
    """One block from its turns' seconds; every other fact can be given by name."""
    return build_block


@pytest.fixture(scope="session")
def blocks_of() -> Callable[..., list[Block]]:
    """Blocks with the given log ratios, ordinary noise in turns, and optional log-time changes.

    ``baseline`` and ``candidate`` are added to the sides' log times, shape (n, 8) or less;
    ``second`` is what running second adds to a turn's log time.
    """

    def build(
        effects: Sequence[float],
        *,
        rng: np.random.Generator,
        noise: float = 0.01,
        baseline: Any = 0.0,
        candidate: Any = 0.0,
        second: float = 0.0,
        **facts: Any,
    ) -> list[Block]:
        shape = (len(effects), len(ORDER))
        orders = ["".join(rng.permutation(list(ORDER))) for _ in effects]
        last = np.array([[letter == "B" for letter in order] for order in orders])
        ones = np.zeros(shape)
        base = -5 + rng.normal(0, noise, shape) + second * ~last + baseline + ones
        other = -5 + rng.normal(0, noise, shape) + second * last + candidate + ones
        other += np.asarray(effects)[:, None]
        return [
            build_block(a, b, order, index=index, **facts)
            for index, (a, b, order) in enumerate(
                zip(np.exp(base).tolist(), np.exp(other).tolist(), orders, strict=True)
            )
        ]

    return build


@pytest.fixture(scope="session")
def goal_of() -> Callable[..., Goal]:
    """The default goal, with changes by name."""

    def build(**changes: Any) -> Goal:
        values: dict[str, Any] = {
            "confidence": 0.95,
            "precision": 0.01,
            "margin": 0.02,
            "budget": 12.0,
            "decided": False,
        }
        return Goal(**(values | changes))

    return build
