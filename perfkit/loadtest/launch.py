"""How a service is started on one side: command line and environment."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from perfkit.loadtest.target import LOOPBACK, fill_in
from perfkit.machine.environ import MARKER, inherited_environment
from perfkit.service import Service, ServiceKind
from perfkit.variant import Side

if TYPE_CHECKING:
    from collections.abc import Mapping

    from perfkit.variant import Environment, Variant


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceLaunch:
    """One side's way to start a service.

    Attributes:
        side: Whose it is.
        python: Interpreter of the side's environment; None for a service that runs already.
        flags: Interpreter options. A command gets them where it says ``{python}``.
        environ: Variables set on this side only, and the addresses of backing services.
        service: The service.
        cwd: Working directory; an app is imported from it.
        without: Inherited variables that it does not get.
    """

    side: Side
    python: Path | None
    flags: tuple[str, ...]
    environ: tuple[tuple[str, str], ...]
    service: Service
    cwd: Path
    without: tuple[str, ...]

    @classmethod
    def of(
        cls,
        *,
        side: Side,
        variant: Variant | None,
        environment: Environment | None,
        service: Service,
        cwd: Path,
        extra: Mapping[str, str],
        without: tuple[str, ...],
    ) -> ServiceLaunch:
        """The launch of a service in a variant's environment (None: it runs already).

        Args:
            side: Whose it is.
            variant: What it is started under.
            environment: Where that is installed.
            service: The service.
            cwd: Working directory.
            extra: Variables that name its backing services.
            without: Inherited variables that it does not get.
        """
        return cls(
            side=side,
            python=None if environment is None else environment.python,
            flags=() if variant is None else variant.flags,
            environ=(*(() if variant is None else variant.environ), *extra.items()),
            service=service,
            cwd=cwd,
            without=without,
        )

    def command(self, port: int) -> list[str]:
        """The command line that has it listen at a port of the loopback address."""
        service, python = self.service, self._interpreter()
        if service.kind is ServiceKind.COMMAND:
            return fill_in(service.target, python=python, port=port)
        app = self.cwd
        if service.kind is ServiceKind.REFERENCE and service.script is not None:
            app = service.script.path.parent
        # uvicorn waits for requests under way; it is to give up before it is killed
        grace = max(1, int(service.stop_seconds * 0.8))
        options = {
            "--host": LOOPBACK,
            "--port": str(port),
            "--app-dir": str(app),
            "--log-level": "warning",
            "--timeout-graceful-shutdown": str(grace),
        }
        words = [word for option in options.items() for word in option]
        return [*python, "-m", "uvicorn", service.target, *words, "--no-access-log"]

    def environment(
        self, inherited: Mapping[str, str], *, hash_seed: int, mark: str
    ) -> dict[str, str]:
        """The inherited variables without Python's own, this side's, and the pair's hash seed."""
        kept = {name: value for name, value in inherited.items() if name not in self.without}
        return {
            **inherited_environment(kept, Path(self._interpreter()[0])),
            **dict(self.environ),
            "PYTHONHASHSEED": str(hash_seed),
            MARKER: mark,
        }

    def _interpreter(self) -> tuple[str, ...]:
        if self.python is None:
            raise ValueError("a service that runs already is not started")
        return (str(self.python), *self.flags)
