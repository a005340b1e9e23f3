"""What the engine relies upon in Locust, geventhttpclient and gevent beyond their documentation."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

LOOK = """
import inspect, json, re
import locust, gevent
from geventhttpclient.client import HTTPClient, HTTPClientPool
from geventhttpclient.connectionpool import ConnectionPool
from geventhttpclient.useragent import UserAgent
from locust import FastHttpUser, HttpUser, TaskSet, User
from locust.clients import HttpSession
from locust.contrib import fasthttp
from locust.env import Environment
from locust.runners import LocalRunner, Runner
from locust.stats import RequestStats
from locust.util.load_locustfile import load_locustfile

def source(thing):
    return inspect.getsource(thing)

pool = HTTPClientPool(concurrency=1, network_timeout=None, connection_timeout=None)
client = pool.get_client("http://127.0.0.1:9")
environment = Environment(user_classes=[FastHttpUser], host="http://127.0.0.1:9")
FastHttpUser.host = environment.host
user = FastHttpUser(environment)
user_client = user.client.client
print(json.dumps({
    "task sets wait through TaskSet.wait": "self.wait()" in source(TaskSet.run),
    "users wait through their task set": "self._taskset_instance.wait()" in source(User.wait),
    "wait_time is asked of the task set": "self.wait_time()" in source(TaskSet.wait),
    "GreenletExit ends a user in order": "GreenletExit" in source(User.run)
        and "GreenletExit" in source(TaskSet.run),
    "on_start comes before the tasks": source(User.run).index("self.on_start()")
        < source(User.run).index("_taskset_instance.run()"),
    "verbs of HttpSession go through request": all(
        "self.request(" in source(getattr(HttpSession, name))
        for name in ("get", "post", "put", "patch", "delete", "head", "options")),
    "verbs of FastHttpSession go through request": all(
        "self.request(" in source(getattr(fasthttp.FastHttpSession, name))
        for name in ("get", "post", "put", "patch", "delete", "head", "options")),
    "both hand context on": all("context" in inspect.signature(one.request).parameters
        for one in (HttpSession, fasthttp.FastHttpSession)),
    "both know request_name": "request_name" in source(HttpSession.__init__)
        and "request_name" in source(fasthttp.FastHttpSession.__init__),
    "request arguments": set(inspect.signature(fasthttp.FastHttpSession.request).parameters)
        >= {"method", "url", "name", "data", "catch_response", "stream", "headers",
            "allow_redirects", "context"},
    "a timeout is one of the failures": gevent.Timeout in fasthttp.FAILURE_EXCEPTIONS,
    "answers can be read in pieces": list(inspect.signature(
        fasthttp.ResponseContextManager.read).parameters) == ["self", "n"],
    "status codes are judged by valid_response_codes":
        "self.valid_response_codes" in source(type(user_client)._verify_status),
    "redirects are those of redirect_response_codes":
        "resp.status_code in self.redirect_response_codes" in source(UserAgent.urlopen),
    "the agent's pool can be closed and used again": hasattr(user_client.clientpool, "close")
        and hasattr(user_client.clientpool, "clients"),
    "repetitions are as many as the pool's size": "attempts_left = self._connection_pool.size + 1"
        in source(HTTPClient.request),
    "size is used for nothing else": source(ConnectionPool).count("self.size") == 1,
    "sockets are made by _create_tcp_socket": "self._create_tcp_socket(*sock_info[:3])"
        in source(ConnectionPool._create_socket),
    "the pool is _connection_pool": isinstance(client._connection_pool, ConnectionPool),
    "no limit of time is None": client._connection_pool.network_timeout is None
        and client._connection_pool.connection_timeout is None,
    "statistics are the environment's":
        "return self.environment.stats" in source(Runner.stats.fget)
        and {"log_request", "log_error", "clear_all"} <= set(dir(RequestStats)),
    "no other use of the statistics": set(re.findall(r"self\\.stats\\.(\\w+)",
        source(Runner) + source(LocalRunner)))
        == {"log_request", "log_error", "reset_all", "clear_all", "errors"},
    "local runs spawn in spawning_greenlet":
        "self.spawning_greenlet = " in source(LocalRunner.start),
    "Locust files are loaded alike":
        list(inspect.signature(load_locustfile).parameters) == ["path"],
    "gevent's loop is libev's": type(gevent.get_hub().loop).__module__ == "gevent.libev.corecext",
    "the loop runs callbacks": callable(gevent.get_hub().loop.run_callback),
}))
"""


@pytest.fixture(scope="module")
def looked() -> dict[str, bool]:
    done = subprocess.run([sys.executable, "-c", LOOK], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    found: dict[str, bool] = json.loads(done.stdout)
    return found


def test_everything_is_as_the_engine_needs_it(looked: dict[str, bool]) -> None:
    assert [what for what, holds in looked.items() if not holds] == []


def test_locust_is_one_of_those_tried() -> None:
    """A later one may be as good; look at `LOOK` then, and at what the engine says of Locust."""
    from importlib.metadata import version

    major, minor = (int(word) for word in version("locust").split(".")[:2])
    assert (2, 43) <= (major, minor) < (3, 0)
