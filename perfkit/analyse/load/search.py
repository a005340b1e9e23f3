"""Where a service breaks, searched for: a pure function of the probes made so far.

1. The level is doubled until a probe breaks (halved, while the first one does).
2. Between the highest level that held and the lowest that broke, their geometric middle is tried,
   until they are as close as wanted.
3. Both are probed once more. A level whose probes disagree is *undecided*: the interval then
   reaches to levels below and above it that are not, as near to it as is wanted, which are probed
   once more in turn.

**Throughput that no longer rises** is a break too. As soon as some level gives less than `RISE`
times the throughput of one that is at least `APART` times lower and held, the highest throughput of
all probes is the service's, and every level that reaches it but for that factor is broken, as is
every higher one: more load can only wait there. Only levels of users are judged so; a rate that is
not answered breaks thresholds.

The source of the idea is the bisection of deterministic capacity searches (J. Bentley's "numbers in
a sorted list" with a noisy comparison); a noisy verdict is met by repetition, and said.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import Enum, auto
from typing import TYPE_CHECKING

from perfkit.analyse.load.value import Breakpoint, ProbeResult

if TYPE_CHECKING:
    from collections.abc import Sequence

    from perfkit.variant import Side

RISE = 1.05
"""Factor by which throughput must rise from a level to one about twice as high."""

APART = 1.5
"""Factor between two levels from which they can tell whether throughput still rises."""

REPEATS = 2
"""Probes of the last good and the first bad level that must agree."""

TRIES = 3
"""Probes of a level that may come to nothing before the search ends there."""

MOST_PROBES = 40

FLAT = "throughput no longer rises"


class _State(Enum):
    GOOD = auto()
    BAD = auto()
    UNDECIDED = auto()


@dataclass(frozen=True, slots=True, kw_only=True)
class _Flat:
    """Where throughput does not rise any more; inf while it does.

    Attributes:
        level: Lowest level that reaches ``throughput``.
        throughput: What no level gives more than `RISE` times of.
    """

    level: float
    throughput: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Search:
    """How to search.

    Attributes:
        start: First level.
        limit: Highest level that is tried.
        resolution: Relative width of the interval that is enough, such as 0.1.
        users: Levels are whole numbers of users, and throughput must rise with them.
    """

    start: float
    limit: float
    resolution: float
    users: bool

    def next_level(self, probes: Sequence[ProbeResult]) -> float | None:
        """The level to probe next.

        Args:
            probes: Probes of one side so far, in order.

        Returns:
            A level; None when the search is over.
        """
        if not probes:
            return self._round(min(self.start, self.limit))
        if len(probes) >= MOST_PROBES:
            return None
        if (again := _came_to_nothing(probes)) is not None:
            return again if again > 0 else None
        low, high = self._ends(probes)
        if (level := self._untried(low, high, self._states(probes))) is not None:
            return level
        for end in (low, high):
            if 0 < end < math.inf and self._count(probes, end) < REPEATS:
                return end
        return None

    def breakpoint_of(self, side: Side, probes: Sequence[ProbeResult]) -> Breakpoint:
        """What the probes of one side say, finished or not."""
        low, high = self._ends(probes)
        at_high = [one for one in probes if one.level == high]
        good = [one.throughput for one in probes if one.valid and one.good]
        lost = bool(probes) and not _says(probes[-1])
        flat = self._flat_from(probes)
        reasons = [_reason(one, flat) for one in at_high if _says(one)]
        return Breakpoint(
            side=side,
            low=low,
            high=high,
            reason=next((reason for reason in reasons if reason), ""),
            max_throughput=max(good) if good else None,
            valid=not lost,
            probes=tuple(probes),
        )

    def _untried(self, low: float, high: float, states: dict[float, _State]) -> float | None:
        """A level that nobody tried and that narrows the interval; None when it is narrow enough.

        From the highest undecided level within it to its upper end, and from its lower end to the
        lowest; between undecided ones nothing would be learned.
        """
        if math.isinf(high):
            top = max(states, default=self.start)
            return self._round(min(top * 2, self.limit)) if top < self.limit else None
        if low == 0.0:
            lower = self._round(min(states) / 2)
            return lower if self.lowest <= lower < min(states) else None
        within = [level for level in states if low < level < high]
        gaps = ((low, min(within, default=high)), (max(within, default=low), high))
        return next((level for one in gaps if (level := self._between(*one)) is not None), None)

    def _between(self, low: float, high: float) -> float | None:
        """The geometric middle, where two levels are not as close as wanted."""
        middle = self._round(math.sqrt(low * high))
        close = high <= low * (1 + self.resolution) * (1 + 1e-9)
        return None if close or not low < middle < high else middle

    @property
    def lowest(self) -> float:
        """The lowest level that is tried when even the first breaks."""
        return 1.0 if self.users else self.start / 64

    def _round(self, level: float) -> float:
        return max(float(round(level)), 1.0) if self.users else level

    def _count(self, probes: Sequence[ProbeResult], level: float) -> int:
        return sum(one.level == level and _says(one) for one in probes)

    def _ends(self, probes: Sequence[ProbeResult]) -> tuple[float, float]:
        """Highest level that held below all that did not; lowest that broke above all that held."""
        states = self._states(probes)
        not_good = [level for level, state in states.items() if state is not _State.GOOD]
        not_bad = [level for level, state in states.items() if state is not _State.BAD]
        first = min(not_good, default=math.inf)
        last = max(not_bad, default=0.0)
        low = max((x for x, s in states.items() if s is _State.GOOD and x < first), default=0.0)
        high = min((x for x, s in states.items() if s is _State.BAD and x > last), default=math.inf)
        return low, high

    def _states(self, probes: Sequence[ProbeResult]) -> dict[float, _State]:
        """What the probes of each level say together; levels that say nothing are left out."""
        found: dict[float, set[bool]] = {}
        flat = self._flat_from(probes)
        for one in probes:
            if _says(one):
                found.setdefault(one.level, set()).add(not _reason(one, flat))
        return {
            level: _State.UNDECIDED
            if len(said) > 1
            else (_State.GOOD if True in said else _State.BAD)
            for level, said in found.items()
        }

    def _flat_from(self, probes: Sequence[ProbeResult]) -> _Flat:
        return _flat_from(probes) if self.users else _Flat(level=math.inf, throughput=math.inf)


def ends_of_stages(side: Side, stages: Sequence[ProbeResult], *, users: bool) -> Breakpoint | None:
    """The breaking point of a profile that climbs: each stage is a probe, none is repeated.

    Args:
        side: Which side.
        stages: The stages that hold or raise a level, in order.
        users: As in `Search`.

    Returns:
        Between the highest level that held and the lowest above it that broke; None without stages.
    """
    if not stages:
        return None
    top = max(one.level for one in stages)
    return Search(start=top, limit=top, resolution=0.1, users=users).breakpoint_of(side, stages)


def _says(probe: ProbeResult) -> bool:
    """Whether it tells anything of the service."""
    return probe.good is not None and probe.valid


def _reason(probe: ProbeResult, flat: _Flat) -> str:
    """Why a probe broke; empty when it held."""
    if not probe.good:
        return probe.reason or "it broke"
    is_flat = probe.level > flat.level or probe.throughput >= flat.throughput
    return FLAT if is_flat else ""


def _flat_from(probes: Sequence[ProbeResult]) -> _Flat:
    """Where throughput does not rise any more.

    A level above one that reaches the highest throughput is flat even if it answers less itself.
    """
    known = [one for one in probes if _says(one) and one.throughput > 0]
    seen = any(
        high.throughput < RISE * low.throughput
        for low in known
        if low.good
        for high in known
        if high.level >= APART * low.level
    )
    if not seen:
        return _Flat(level=math.inf, throughput=math.inf)
    enough = max(one.throughput for one in known) / RISE
    return _Flat(
        level=min(one.level for one in known if one.throughput >= enough), throughput=enough
    )


def _came_to_nothing(probes: Sequence[ProbeResult]) -> float | None:
    """The level to try again after a probe that said nothing; 0.0 to give up; None to go on."""
    last = probes[-1] if probes else None
    if last is None or _says(last):
        return None
    tries = sum(one.level == last.level and not _says(one) for one in probes)
    return last.level if tries < TRIES else 0.0
