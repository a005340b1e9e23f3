"""Order statistics of many groups at once."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray


def group_quantiles(
    values: NDArray[np.float64],
    group: NDArray[np.int16],
    groups: int,
    quantiles: Sequence[float],
) -> NDArray[np.float64]:
    """Quantiles (order statistics) of each group.

    Args:
        values: The values, shape (n,).
        group: Group of each, 0 … ``groups`` - 1; of 16 bits, since those are sorted fastest.
        groups: How many there are.
        quantiles: Above 0 and below 1.

    Returns:
        Shape (quantiles, groups); nan where a group is empty.
    """
    found = np.full((len(quantiles), groups), np.nan)
    if not len(values):
        return found
    arranged = values[np.argsort(group, kind="stable")]
    ends = np.cumsum(np.bincount(group, minlength=groups))
    begin = 0
    for index, end in enumerate(ends.tolist()):
        if end > begin:
            part = arranged[begin:end]
            ranks = [max(int(np.ceil(q * len(part) - 1e-9)), 1) - 1 for q in quantiles]
            part.partition(sorted(set(ranks)))
            found[:, index] = part[ranks]
        begin = end
    return found
