"""Locust's own master and worker, but for what would disturb a measurement or end it from outside.

Users, their numbers and their rows are perfkit's affair (`_perfkit_master`, `_perfkit_worker`):
nothing of Locust's statistics, counts of users or rebalancing is sent or heeded.
"""

from __future__ import annotations

import logging
import socket
from time import monotonic
from typing import TYPE_CHECKING, Any

import gevent
import locust
from _perfkit_crew import NotReadyError
from _perfkit_messages import LARGEST, MESSAGE
from locust.dispatch import UsersDispatcher
from locust.rpc import Message, zmqrpc
from locust.runners import MasterRunner, WorkerNode, WorkerRunner
from zmq.constants import SocketOption, SocketType
from zmq.error import ZMQError

if TYPE_CHECKING:
    from collections.abc import Callable

    from locust.env import Environment

_MOST_PEERS = 4000
_ASK_SECONDS = 1.0
_LINGER_MILLISECONDS = 500
_LOG = logging.getLogger(__name__)


class _Server(zmqrpc.Server):  # type: ignore[misc] # Locust's types are not read
    """The master's socket; a message has a largest size, and a worker may come back."""

    def __init__(self, host: str, port: int) -> None:
        zmqrpc.BaseSocket.__init__(self, SocketType.ROUTER, ":" not in host)
        self.socket.setsockopt(SocketOption.MAXMSGSIZE, LARGEST)
        self.socket.setsockopt(SocketOption.ROUTER_HANDOVER, 1)
        address = f"tcp://[{host}]" if ":" in host else f"tcp://{host}"
        try:
            if port:
                self.socket.bind(f"{address}:{port}")
                self.port = port
            else:
                self.port = self.socket.bind_to_random_port(address)
        except ZMQError as error:
            where = f"{host}:{port}" if port else host
            raise NotReadyError(
                f"workers cannot be awaited at {where}: {error.strerror}; "
                "choose another address (--bind) or port (--port)"
            ) from error


class Master(MasterRunner):  # type: ignore[misc]
    """Listens to workers.

    Args:
        environment: Locust's.
        host: Address to listen at.
        port: Its port, or 0 for a free one.
        hear: Is given each worker's identity and what it says.
    """

    def __init__(
        self, environment: Environment, host: str, port: int, hear: Callable[[str, Any], None]
    ) -> None:
        zmqrpc.Server = _Server
        self._hear = hear
        super().__init__(environment, host, port)
        environment.runner = self
        self.register_message(MESSAGE, self._on_message)

    @property
    def version(self) -> str:
        """Locust's."""
        return str(locust.__version__)

    @property
    def port(self) -> int:
        """Where it listens."""
        found: int = self.server.port
        return found

    def tell(self, client: str, say: str, **content: Any) -> None:  # noqa: ANN401 - any msgpack
        """Say something to a worker; should it be gone, silence tells."""
        try:
            self.server.send_to_client(Message(MESSAGE, {"say": say, **content}, client))
        except Exception as error:  # noqa: BLE001 - whatever Locust's retries come to
            _LOG.warning("nothing can be said to a worker: %r", error)

    def client_listener(self) -> None:
        """Take messages for ever, whatever they are."""
        while True:
            try:
                client, message = self.server.recv_from_client()
                if message.node_id == client and isinstance(message.type, str):
                    self.handle_message(client, message)
            except Exception as error:  # noqa: BLE001 - anything can be sent to an open port
                _LOG.warning("a message nobody understands: %r", error)
                gevent.sleep(0.01)

    def handle_message(self, client_id: str, msg: Message) -> None:
        """Heed what perfkit's own workers say, and nothing else."""
        known = client_id in self.clients
        match msg.type:
            case "client_ready" if known or len(self.clients) < _MOST_PEERS:
                heed = isinstance(msg.data, str) and msg.data != ""
            case "heartbeat":
                state, cpu = msg.data["state"], msg.data["current_cpu_usage"]
                heed = known and isinstance(state, str) and isinstance(cpu, (int, float))
            case _:
                heed = known and msg.type == MESSAGE
        if heed:
            super().handle_message(client_id, msg)

    def _on_message(self, *, msg: Message, **_: Any) -> None:  # noqa: ANN401
        self._hear(msg.node_id, msg.data)


class Worker(WorkerRunner):  # type: ignore[misc]
    """Speaks with a master.

    Args:
        environment: Locust's.
        host: The master's.
        port: Its port.
        hear: Is given what it says.
        patience: Seconds until it must have answered.
    """

    def __init__(
        self,
        environment: Environment,
        host: str,
        port: int,
        hear: Callable[[Any], None],
        patience: float,
    ) -> None:
        self._hear = hear
        self._deadline = monotonic() + patience
        self._patience = patience
        super().__init__(environment, f"[{host}]" if ":" in host else host, port)
        environment.runner = self
        self.register_message(MESSAGE, self._on_message)
        for listener in tuple(environment.events.user_error._handlers):  # noqa: SLF001
            if listener.__module__ == WorkerRunner.__module__:  # it tells the master each of them
                environment.events.user_error.remove_listener(listener)

    def tell(self, say: str, **content: Any) -> None:  # noqa: ANN401 - any msgpack
        """Say something to the master; should it be gone, silence tells."""
        try:
            self.client.send(Message(MESSAGE, {"say": say, **content}, self.client_id))
        except Exception as error:  # noqa: BLE001 - whatever Locust's retries come to
            _LOG.warning("nothing can be said to the master: %r", error)

    def connect_to_master(self) -> None:
        """Wait until the master knows us.

        Raises:
            NotReadyError: It does not answer in time.
        """
        try:
            socket.getaddrinfo(self.master_host.strip("[]"), None)
        except (OSError, UnicodeError) as error:
            raise NotReadyError(f"the master's host is not known: {error}") from error
        while monotonic() < self._deadline:
            self.introduce()
            if self.connection_event.wait(timeout=_ASK_SECONDS):
                self.connected = True
                return
        raise NotReadyError(
            f"no master has answered at {self.master_host}:{self.master_port} "
            f"within {self._patience:g} s"
        )

    def introduce(self) -> None:
        """Tell the master that here is a worker; again, should another one have taken its place."""
        self.client.send(Message("client_ready", self.version, self.client_id))

    @property
    def version(self) -> str:
        """Locust's."""
        return str(locust.__version__)

    def start(self, user_count: int, spawn_rate: float, **_: Any) -> None:  # noqa: ANN401
        """Make users, as a local run does."""
        self.spawning_greenlet = self.greenlet.spawn(self._make, user_count, spawn_rate)

    def _make(self, count: int, rate: float) -> None:
        environment = self.environment
        environment._filter_tasks_by_tags()  # noqa: SLF001
        environment.events.test_start.fire(environment=environment)
        for kind in self.user_classes:
            kind.host = environment.host
        me = WorkerNode(id=self.client_id)
        dispatcher = UsersDispatcher(worker_nodes=[me], user_classes=self.user_classes)
        dispatcher.new_dispatch(count, rate)
        made: dict[str, int] = {}
        for dispatched in dispatcher:
            wanted = dispatched[me.id]
            self.spawn_users({name: wanted[name] - made.get(name, 0) for name in wanted})
            made = dict(wanted)
        environment.events.spawning_complete.fire(user_count=count)

    def quit(self) -> None:
        """End the users; the line to the master stays."""
        self.stop()

    def hang_up(self) -> None:
        """End the line, after what was said has left."""
        self.greenlet.kill(block=False)
        context = self.client.socket.context
        self.client.close(linger=_LINGER_MILLISECONDS)
        context.term()

    def handle_message(self, msg: Message) -> None:
        """Heed what perfkit's own master says, and nothing else."""
        try:
            if msg.type in {"ack", "heartbeat", MESSAGE}:
                super().handle_message(msg)
        except Exception as error:  # noqa: BLE001 - anything can be sent
            _LOG.warning("a message nobody understands: %r", error)

    def _on_message(self, *, msg: Message, **_: Any) -> None:  # noqa: ANN401
        self._hear(msg.data)

    def stats_reporter(self) -> None:
        """Report nothing."""

    def logs_reporter(self) -> None:
        """Report nothing."""

    def heartbeat_timeout_checker(self) -> None:
        """Leave that to whoever made this."""
