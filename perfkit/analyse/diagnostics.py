"""What to know before trusting a comparison, and what to do about it."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from perfkit.analyse.effects import BlockEffects
    from perfkit.analyse.estimate import Comparison
    from perfkit.block import Block
    from perfkit.caveat import Caveat
    from perfkit.settings import Goal


def diagnose(
    blocks: Sequence[Block],  # noqa: ARG001
    summary: BlockEffects,  # noqa: ARG001
    comparison: Comparison,  # noqa: ARG001
    goal: Goal,  # noqa: ARG001
) -> tuple[Caveat, ...]:
    """Caveats of one comparison (to come)."""
    return ()
