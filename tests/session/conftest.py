"""Small real runs: 3.12 against 3.13, scripts that sleep, one cache for all."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import pytest

from perfkit.analyse import stopping
from perfkit.plan import make_plan
from perfkit.session import compare, sitting
from perfkit.session.progress import BlockDone, Event, Started

if TYPE_CHECKING:
    from pathlib import Path

    from perfkit.plan import Plan
    from perfkit.recording import Recording
    from perfkit.session.outcome import Outcome


@dataclass
class Told:
    """A listener that remembers, and raises KeyboardInterrupt at the event asked for."""

    interrupt_at: Callable[[Event], bool] = field(default=lambda _event: False)
    events: list[Event] = field(default_factory=list)

    def __call__(self, event: Event) -> None:
        self.events.append(event)
        if self.interrupt_at(event):
            raise KeyboardInterrupt

    def of(self, kind: type[Event]) -> list[Any]:
        return [event for event in self.events if isinstance(event, kind)]


def at_block(benchmark: str, count: int) -> Told:
    return Told(
        lambda event: (
            isinstance(event, BlockDone) and (event.benchmark, event.blocks) == (benchmark, count)
        )
    )


class Place:
    """A folder with scripts, and runs of them."""

    told = Told
    at_block = staticmethod(at_block)

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def script(self, name: str, *lines: str, head: str = "") -> Path:
        """A script; ``r`` is its Runner."""
        path = self.folder / name
        path.write_text(f"import sys, time\nimport pyperf\n{head}\nr = pyperf.Runner()\n")
        with path.open("a") as file:
            file.writelines(f"{line}\n" for line in lines)
        return path

    def sleeping(self, name: str, *benchmarks: str, seconds: float = 0.0005) -> Path:
        lines = (f"r.bench_func({one!r}, time.sleep, {seconds})" for one in benchmarks)
        return self.script(name, *lines)

    def plan(self, *benchmarks: str, command: str = "compare", **options: object) -> Plan:
        sides = {} if command == "aa" else {"baseline": "3.12", "candidate": "3.13"}
        small = {"time": "0.1", "precision": "50%", "margin": "99%", "confidence": "60%"}
        said = {
            **sides,
            **small,
            "seed": 1,
            "download": False,
            "benchmarks": benchmarks or (".",),
            **options,
        }
        plan = make_plan(said, command=command, cwd=self.folder)
        return replace(plan, method=replace(plan.method, turn_seconds=0.001, pairs=2))

    def run(self, *benchmarks: str, listener: Told | None = None, **options: object) -> Outcome:
        return compare.run(self.plan(*benchmarks, **options), listener=listener or Told())

    def prepared(
        self, *benchmarks: str, listener: Told | None = None, **options: object
    ) -> Recording:
        """What a run sets out to measure; it is interrupted before the first block."""
        listener = listener or Told()
        listener.interrupt_at = lambda event: isinstance(event, Started)
        sat = sitting.sit(self.plan(*benchmarks, **options), listener)
        assert sat.interrupted
        assert sat.recording.blocks == ()
        return sat.recording


@pytest.fixture
def place(tmp_path: Path, cache: Path, monkeypatch: pytest.MonkeyPatch) -> Place:
    monkeypatch.setenv("PERFKIT_CACHE", str(cache))
    monkeypatch.setattr(stopping, "MINIMUM_BLOCKS", 4)
    return Place(tmp_path)
