"""Which engine generates a load."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol, Self

from perfkit.loadtest.generator import Generator

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from types import TracebackType

    from perfkit.loadtest.generator import EngineEnd, Origin, Second
    from perfkit.loadtest.spec import EngineSpec

LOCUST, K6 = "locust", "k6"
ENGINES = (LOCUST, K6)


class Engine(Protocol):
    """What `perfkit.loadtest.generator.Generator` is, and every other engine."""

    def __enter__(self) -> Self: ...

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None: ...

    def ready(self) -> Origin:
        """Wait until all users are ready, and let the load begin."""

    def seconds(self) -> Iterator[Second]:
        """What happens, about once a second, until the load ends."""

    def stop(self, reason: str, detail: str = "") -> None:
        """Ask for an early end."""

    def finish(self) -> EngineEnd:
        """Wait for the end."""


def make_generator(spec: EngineSpec, tell: Callable[[str], None] = lambda _: None) -> Engine:
    """The engine that the spec names, not started yet.

    Args:
        spec: What to generate.
        tell: Is given what the user should know at once.

    Raises:
        ValueError: There is no such engine.
    """
    if spec.engine == K6:
        from perfkit.loadtest.k6.generator import K6Generator

        return K6Generator(spec)
    if spec.engine != LOCUST:
        raise ValueError(f"no engine {spec.engine!r}")
    return Generator(spec, tell)
