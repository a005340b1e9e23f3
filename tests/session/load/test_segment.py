"""What is recorded of a segment's end."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

from perfkit.loadtest.generator import EngineEnd
from perfkit.session.load.segment import _Watch


def test_what_the_engine_noted_is_recorded() -> None:
    notes = ("the Locust file's LoadTestShape is left out",)
    told = EngineEnd(reason="finished", detail="", seconds=2.0, workers=(), notes=notes)
    lines: list[Any] = []
    bench: Any = SimpleNamespace(backing_problem=lambda: None)
    profile = SimpleNamespace(aborts=())
    watch = _Watch(
        bench,
        SimpleNamespace(id="t00", profile=profile),  # type: ignore[arg-type]
        SimpleNamespace(append=lines.append),  # type: ignore[arg-type]
        (),
        (),
    )
    ended = watch._end(SimpleNamespace(finish=lambda: told))  # type: ignore[arg-type]
    assert lines == [ended.end]
    assert (ended.end.notes, ended.end.reason) == (notes, "finished")
