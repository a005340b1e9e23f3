"""Caveats of one kind, said once."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from perfkit.caveat import Caveat
from perfkit.report import wording

if TYPE_CHECKING:
    from collections.abc import Iterable


@dataclass(frozen=True, slots=True, kw_only=True)
class CaveatGroup:
    """Caveats of one kind.

    Attributes:
        code: Their common code.
        text: What is the matter; of the first one, where they differ in their numbers.
        remedy: What to do; of the first one, where they differ.
        benchmarks: Whom it concerns; empty when the whole run.
        alike: Text and remedy are the same for all.
        all: Every member.
    """

    code: str
    text: str
    remedy: str
    benchmarks: tuple[str, ...]
    alike: bool
    all: tuple[Caveat, ...]

    @property
    def sentences(self) -> str:
        """What is the matter and what to do, as sentences."""
        return wording.sentences(self.text, self.remedy)


def group_caveats(caveats: Iterable[Caveat]) -> tuple[CaveatGroup, ...]:
    """Put caveats of the same kind together, in the order of their first appearance."""
    groups: dict[str, list[Caveat]] = {}
    for caveat in dict.fromkeys(caveats):
        groups.setdefault(caveat.code, []).append(caveat)
    return tuple(
        CaveatGroup(
            code=code,
            text=members[0].text,
            remedy=members[0].remedy,
            benchmarks=tuple(one.benchmark for one in members if one.benchmark is not None),
            alike=len({(one.text, one.remedy) for one in members}) == 1,
            all=tuple(members),
        )
        for code, members in groups.items()
    )
