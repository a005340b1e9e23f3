"""The random choices of a block, all drawn from one seed: order, hash seed, layout."""

from __future__ import annotations

import random
from dataclasses import dataclass

_MAX_HASH_SEED = 2**32 - 1
_LAYOUT_BYTES = 4096


@dataclass(frozen=True, slots=True, kw_only=True)
class Draw:
    """What chance decides for one block.

    Attributes:
        hash_seed: PYTHONHASHSEED of both processes.
        layout: Bytes by which both environments are padded.
        order_seed: Seed of the order of turns.
    """

    hash_seed: int
    layout: int
    order_seed: int


def draw(seed: int, benchmark: str, series: str, index: int) -> Draw:
    """The choices for one block; the same arguments give the same choices, also after a resume."""
    rng = random.Random(f"{seed}/{benchmark}/{series}/{index}")  # noqa: S311 - a design, no secret
    return Draw(
        hash_seed=rng.randint(1, _MAX_HASH_SEED),
        layout=rng.randrange(0, _LAYOUT_BYTES, 16),
        order_seed=rng.getrandbits(64),
    )


def balanced_order(pairs: int, seed: int) -> str:
    """Which side goes first in each pair of turns: balanced and shuffled.

    Args:
        pairs: Number of pairs.
        seed: Decides the shuffle, and which side gets the odd pair.

    Returns:
        One letter a pair, ``"B"`` or ``"C"``; each first equally often, give or take one.
    """
    rng = random.Random(seed)  # noqa: S311 - a design, no secret
    letters = ["B", "C"] * (pairs // 2)
    if pairs % 2:
        letters.append(rng.choice("BC"))
    rng.shuffle(letters)
    return "".join(letters)
