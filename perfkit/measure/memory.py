"""Both sides' memory at the end of a block, when its turns are timed and nothing can disturb them.

Peak resident memory comes first, since tracing adds to it. Then each process calls its task once
more under tracemalloc, both at the same time and on any CPU. No process is started for it; what it
costs and that it disturbs nothing shows ``tests/measure/tracing_cost.py``.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from perfkit.measure.child import Traced
from perfkit.measure.pair import SIDES
from perfkit.units import format_seconds
from perfkit.variant import Side

if TYPE_CHECKING:
    from perfkit.measure.pair import Pair, Series

_PATIENCE_SECONDS = 10.0
_PATIENCE_CALLS = 50  # a call that allocates much takes ten times as long when it is traced


@dataclass(frozen=True, slots=True, kw_only=True)
class Memory:
    """What both processes of a block needed.

    Attributes:
        peak_rss: Peak resident bytes by side, or None where the system does not tell.
        traced: What tracing a call said, by side.
        seconds: Wall time the tracing took.
    """

    peak_rss: Mapping[Side, int | None]
    traced: Mapping[Side, Traced]
    seconds: float


class Tracer:
    """Asks processes for their memory; remembers which tasks are not to be traced, and why."""

    def __init__(self, *, timeout: float) -> None:
        """Wait no longer than ``timeout`` seconds for a traced call."""
        self._timeout = timeout
        self._untraced: dict[str, Mapping[Side, Traced]] = {}

    def read(self, series: Series, pair: Pair, *, call_seconds: float) -> Memory:
        """Peak resident memory of both processes, then the traced peak of one call.

        Args:
            series: What is measured.
            pair: Its processes. One that hangs or dies while it is traced is gone afterwards; its
                benchmark is not traced again then, lest every block wait for that.
            call_seconds: What an untraced call takes.

        Raises:
            TargetError: A process is gone before it is traced.
        """
        children = pair.children
        peak_rss = {side: children[side].peak_rss() for side in SIDES}
        began = time.perf_counter()
        name = series.benchmark.id
        if not series.trace:
            traced: Mapping[Side, Traced] = dict.fromkeys(SIDES, Traced(peak=None, reason=""))
        elif name not in self._untraced and call_seconds >= series.trace_below:
            reason = f"too slow: a call takes {format_seconds(call_seconds)}"
            traced = dict.fromkeys(SIDES, Traced(peak=None, reason=reason))
            self._untraced[name] = traced
        elif name in self._untraced:
            traced = self._untraced[name]
        else:
            traced = self._trace(pair, call_seconds)
            if any(children[side].reaped for side in SIDES):
                self._untraced[name] = {
                    side: Traced(peak=None, reason=traced[side].reason) for side in SIDES
                }
        return Memory(peak_rss=peak_rss, traced=traced, seconds=time.perf_counter() - began)

    def _trace(self, pair: Pair, call_seconds: float) -> dict[Side, Traced]:
        patience = min(self._timeout, _PATIENCE_SECONDS + _PATIENCE_CALLS * call_seconds)
        for child in pair.children.values():
            child.pin(None)
            child.begin_trace()
        return {side: pair.children[side].traced(patience) for side in SIDES}
