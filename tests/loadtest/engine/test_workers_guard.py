"""What master and workers rely upon in Locust's runners beyond their documentation."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Mapping

LOOK = """
import inspect, json
import locust, locust.runners
from locust.dispatch import UsersDispatcher
from locust.env import Environment
from locust.event import EventHook
from locust.rpc import Message, zmqrpc
from locust.runners import MasterRunner, Runner, WorkerNode, WorkerRunner

def source(thing):
    return inspect.getsource(thing)

def named(thing):
    return list(inspect.signature(thing).parameters)

master, worker = source(MasterRunner.__init__), source(WorkerRunner.__init__)
master_hears, worker_hears = map(source, (MasterRunner.handle_message, WorkerRunner.handle_message))
base, dispatcher = zmqrpc.BaseSocket, UsersDispatcher
own = "self.custom_messages.get(msg.type)"
print(json.dumps({
    "the master's socket is made of zmqrpc.Server": locust.runners.rpc is zmqrpc
        and "rpc.Server(master_bind_host, master_bind_port)" in master,
    "sockets are made alike": named(base.__init__) == ["self", "sock_type", "ipv4_only"],
    "a server has a socket and a port": "self.port" in source(zmqrpc.Server.__init__),
    "the listener is spawned as client_listener": "spawn(self.client_listener)" in master,
    "it hands messages to handle_message": "self.handle_message(client_id, msg)"
        in source(MasterRunner.client_listener),
    "an identity comes with each message": "return addr, msg" in source(base.recv_from_client),
    "messages go by send_to_client": "self.server.send_to_client(Message(" in master_hears,
    "a message is type, data and node": named(Message.__init__)
        == ["self", "message_type", "data", "node_id"],
    "strangers become known": "self.clients[client_id] = WorkerNode(" in master_hears,
    "own messages are handed on": own in master_hears and own in worker_hears,
    "and registered": named(Runner.register_message)[:3] == ["self", "msg_type", "listener"],
    "a worker connects by connect_to_master": "self.connect_to_master()" in worker,
    "and knows by connection_event": "self.connection_event.set()" in worker_hears,
    "it reports by these": all(f"self.{name})" in worker for name in
        ("heartbeat", "heartbeat_timeout_checker", "stats_reporter", "logs_reporter")),
    "users' errors go out by a listener": "user_error.add_listener(on_user_error)" in worker,
    "listeners can be taken away": hasattr(EventHook(), "_handlers")
        and hasattr(EventHook, "remove_listener"),
    "users are made by spawn_users": named(Runner.spawn_users)[1] == "user_classes_spawn_count",
    "by a dispatcher": named(dispatcher.__init__)[1:3] == ["worker_nodes", "user_classes"],
    "of so many": named(dispatcher.new_dispatch)[1:3] == ["target_user_count", "spawn_rate"],
    "to a node": named(WorkerNode.__init__)[1] == "id",
    "a start filters tasks by tags": "_filter_tasks_by_tags" in worker_hears
        and hasattr(Environment, "_filter_tasks_by_tags"),
    "the environment knows its runner": "self.runner = " in source(Environment._create_runner),
    "a master's heartbeat reads these": all(f'msg.data["{name}"]' in master_hears
        for name in ("state", "current_cpu_usage")),
}))
"""


@pytest.fixture(scope="module")
def looked() -> Mapping[str, bool]:
    done = subprocess.run([sys.executable, "-c", LOOK], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    found: dict[str, bool] = json.loads(done.stdout)
    return found


def test_everything_is_as_master_and_workers_need_it(looked: Mapping[str, bool]) -> None:
    assert [what for what, holds in looked.items() if not holds] == []
