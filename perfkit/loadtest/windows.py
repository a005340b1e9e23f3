"""Who has the load when two services take turns: short windows, balanced and shuffled. Pure.

What the machine does to one window it does to its neighbour; the order within a pair of windows is
drawn, half of the pairs each way, so that neither side always comes first.
"""

from __future__ import annotations

import random

from perfkit.recording.load import Window


def take_turns(seconds: float, window: float, *, seed: int) -> tuple[Window, ...]:
    """Windows that cover a load from its origin to its end.

    Args:
        seconds: Length of the load.
        window: Wanted length of a window; shortened so that a whole number of pairs fits.
        seed: Of the order.

    Returns:
        An even number of windows of equal length, at least two; each pair has both targets.
    """
    pairs = max(1, round(seconds / (2 * window)))
    width = seconds / (2 * pairs)
    first = [index % 2 for index in range(pairs)]
    random.Random(seed).shuffle(first)  # noqa: S311 - no secret
    targets = [target for one in first for target in (one, 1 - one)]
    return tuple(
        Window(begin=index * width, end=(index + 1) * width, target=target)
        for index, target in enumerate(targets)
    )
