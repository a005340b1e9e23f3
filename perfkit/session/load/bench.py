"""Where a load run happens: environments, CPUs, backing services, a guardian."""

from __future__ import annotations

import os
import secrets
from contextlib import ExitStack
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Self

from perfkit.loadtest.backing import Backing, start_backing
from perfkit.loadtest.service import ServiceLaunch
from perfkit.loadtest.target import free_port
from perfkit.loadtest.worker_token import new_token
from perfkit.machine import cpus
from perfkit.machine.guardian import Guardian
from perfkit.provision.cache import cache_root
from perfkit.provision.environments import ProvisionedPair, provision_pair
from perfkit.recording.compare import SideFacts
from perfkit.recording.load import BackingReady
from perfkit.service import ServiceKind
from perfkit.session.progress import Stage
from perfkit.variant import Environment, Side, Variant

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path
    from types import TracebackType

    from perfkit.plan.load_value import LoadPlan
    from perfkit.session.progress import Listener


@dataclass(frozen=True, slots=True, kw_only=True)
class Placed:
    """CPUs of a load run; empty sets where nothing is pinned.

    Attributes:
        service: Of the services.
        generator: Of the generator, the backing services and perfkit itself.
    """

    service: frozenset[int]
    generator: frozenset[int]


def placed(*, pin: bool) -> Placed:
    """The service on one CPU, everything else on the others, where there are others."""
    placement = cpus.place(pin=pin)
    measuring = frozenset() if placement.measuring is None else frozenset({placement.measuring})
    return Placed(service=measuring, generator=placement.starting)


_OTHERS = ("DATABASE_URL", "REDIS_URL")
"""What perfkit inherits of these is meant for other programs, unless --services asks for it."""


class LoadBench:
    """Everything that outlives a segment. Use as a context manager: nothing stays behind."""

    def __init__(self, plan: LoadPlan, *, run: str, folder: Path, listener: Listener) -> None:
        """Prepare for a run of that id."""
        self.plan = plan
        self.folder = folder
        self.listener = listener
        self.mark = f"{run}.{secrets.token_hex(4)}"
        self.placed = placed(pin=plan.method.pin)
        # Workers from elsewhere come back to it for every load of the run.
        self.port = plan.port or (free_port() if plan.method.remote_workers else None)
        # One for all loads of the run, for the same reason.
        self.token = plan.token or (new_token() if plan.method.remote_workers else "")
        self._resources = ExitStack()
        self._launches: dict[Side, ServiceLaunch] = {}
        self.facts: dict[Side, SideFacts] = {}
        self._backing: Backing | None = None

    def __enter__(self) -> Self:
        self._resources.enter_context(Guardian(self.mark))
        if self.placed.service != self.placed.generator:
            # perfkit itself keeps off the service's CPU too: sampling must not be what is seen.
            before = cpus.available()
            cpus.move(os.getpid(), self.placed.generator)
            self._resources.callback(cpus.move, os.getpid(), before)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._resources.close()

    @property
    def sides(self) -> tuple[Side, ...]:
        """The sides of the run, baseline first."""
        return (Side.BASELINE,) if self.plan.candidate is None else tuple(Side)

    def prepare(self) -> None:
        """Make the environments and start the backing services.

        Raises:
            ProvisionError: An environment cannot be had.
            BackingError: A backing service cannot be had.
        """
        plan = self.plan
        pair = self._provision()
        backing = self._start_backing()
        for side in self.sides:
            variant = plan.baseline if side is Side.BASELINE else plan.candidate
            environment = None if pair is None else _of(pair, side)
            self._launches[side] = ServiceLaunch.of(
                side=side,
                variant=variant,
                environment=environment,
                service=plan.service,
                cwd=plan.cwd,
                extra=backing[side],
                without=_OTHERS if plan.service.kind is ServiceKind.REFERENCE else (),
            )
            if variant is not None and environment is not None:
                self.facts[side] = _facts(variant, environment)

    def launch(self, side: Side, data: Path) -> ServiceLaunch:
        """How a side's service is started.

        Args:
            side: Which side.
            data: Folder for what the reference service keeps while it runs.
        """
        launch = self._launches[side]
        if self.plan.service.kind is not ServiceKind.REFERENCE:
            return launch
        return replace(launch, environ=(*launch.environ, ("PERFKIT_SERVICE_DATA", str(data))))

    @property
    def backed(self) -> BackingReady | None:
        """What the backing services are, for the record; None without any."""
        if self._backing is None:
            return None
        service = self.plan.service
        started = {server.setting.service for server in self._backing.servers}
        given = tuple(name for name in service.backing if name not in started)
        heeds = service.kind is ServiceKind.REFERENCE  # its tables and keys carry the side's name
        return BackingReady(labels=self._backing.labels, shared=() if heeds else given)

    def backing_problem(self) -> str | None:
        """What has become of the backing services, if anything."""
        problem = None if self._backing is None else self._backing.problem()
        return None if problem is None else f"{problem}\n{problem.detail}".rstrip()

    def _provision(self) -> ProvisionedPair | None:
        plan = self.plan
        if plan.baseline is None or plan.service.script is None:
            return None
        self.listener(Stage(name="provision", item=plan.service.label, done=0, total=1))
        return provision_pair(
            baseline=plan.baseline,
            candidate=plan.candidate or plan.baseline,
            script=plan.service.script,
            cache=cache_root(),
        )

    def _start_backing(self) -> Mapping[Side, Mapping[str, str]]:
        if not self.plan.service.backing:
            return {side: {} for side in self.sides}
        names = ", ".join(self.plan.service.backing)
        self.listener(Stage(name="backing", item=names, done=0, total=1))
        self._backing = self._resources.enter_context(
            start_backing(
                self.plan.service.backing,
                sides=self.sides,
                mark=self.mark,
                folder=self.folder / "backing",
                cpus=self.placed.generator,
                given=os.environ,
                allow_hosts=self.plan.allow_hosts,
            )
        )
        return self._backing.environ


def _of(pair: ProvisionedPair, side: Side) -> Environment:
    return pair.baseline if side is Side.BASELINE else pair.candidate


def _facts(variant: Variant, environment: Environment) -> SideFacts:
    versions = dict(environment.packages)
    return SideFacts(
        python=str(environment.python),
        version=variant.interpreter.build,
        pyperf=versions.get("pyperf", ""),
        packages=environment.packages,
    )
