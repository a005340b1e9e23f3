"""What an engine is told: one JSON document, sent to its standard input."""

from __future__ import annotations

import dataclasses
import json
from dataclasses import dataclass
from pathlib import Path

from perfkit.profile.value import Profile
from perfkit.recording.load import Window


@dataclass(frozen=True, slots=True, kw_only=True)
class EngineSpec:
    """One start of an engine.

    Attributes:
        engine: ``"locust"`` or ``"k6"``.
        profile: What is sent, scaled already.
        targets: Base URLs of one service, or of two that take turns.
        windows: Turns of the two; empty when there is one.
        seed: Of all random choices.
        events: Absolute files of raw events, one a worker; none may exist yet.
        workers: Generator processes on this machine; 1 for no master.
        remote_workers: Workers awaited from other machines.
        bind: Address that workers connect to.
        port: Its port, or None for a free one.
        cpus: CPUs of the generator; empty for no pinning.
        mark: Mark that its processes carry under `perfkit.machine.environ.MARKER`.
    """

    engine: str
    profile: Profile
    targets: tuple[str, ...]
    windows: tuple[Window, ...]
    seed: int
    events: tuple[Path, ...]
    workers: int
    remote_workers: int
    bind: str
    port: int | None
    cpus: frozenset[int]
    mark: str


def spec_to_json(spec: EngineSpec) -> str:
    """The spec on one line."""

    def plain(value: object) -> object:
        return sorted(value) if isinstance(value, frozenset) else str(value)

    return json.dumps(dataclasses.asdict(spec), default=plain, allow_nan=False)


def spec_from_json(text: str) -> EngineSpec:
    """The spec that `spec_to_json` wrote.

    Raises:
        ValueError: It is none.
    """
    from pydantic import TypeAdapter

    return TypeAdapter(EngineSpec).validate_json(text)
