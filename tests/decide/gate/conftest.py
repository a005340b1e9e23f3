"""Recordings of gates, made of blocks whose effects are known."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from made_runs import blocks, measured, recorded, run

from perfkit.decide.gate.rules import CONFIRM, CONFIRM_CONTROL
from perfkit.plan import GATE, GOAL
from perfkit.recording import Confirming, Finish, Recording, Unpaired
from perfkit.settings import Metric

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from perfkit.block import Block, Failure


class Made:
    """Builds recordings: a benchmark is given by the ratio of its blocks in each series."""

    policy = GATE
    blocks = staticmethod(blocks)
    measured = staticmethod(measured)

    def fresh(self, name: str, ratio: float, *, null: float = 1.0, **about: Any) -> list[Block]:
        """Fresh blocks of a suspect, and its null control."""
        about = {"count": 20, **about}
        return [
            *self.blocks(name, ratio, series=CONFIRM, **about),
            *self.blocks(name, null, series=CONFIRM_CONTROL, **{**about, "memory": 1.0}),
        ]

    def recording(
        self,
        made: Sequence[Block],
        *,
        names: Sequence[str] = (),
        failures: Sequence[Failure] = (),
        unpaired: Sequence[Unpaired] = (),
        planned: Mapping[str, int] | None = None,
        command: str = "check",
        finished: bool = True,
    ) -> Recording:
        known = dict.fromkeys([*(block.benchmark for block in made), *names])
        fresh = {block.benchmark: 20 for block in made if block.series == CONFIRM}
        begun = run(
            command,
            goal=replace(GOAL, decided=True),
            control=False,
            gate=GATE if command == "check" else None,
        )
        return recorded(
            begun,
            made,
            names=known,
            failures=failures,
            reason="decided",
            unpaired=tuple(unpaired),
            confirming=Confirming(
                blocks=tuple((planned or fresh).items()),
                suspected=tuple((name, Metric.TIME) for name in planned or fresh),
            ),
            finishes=(Finish(status="finished" if finished else "interrupted", seconds={}),),
        )


@pytest.fixture
def made() -> Made:
    return Made()
