"""A user's own Locust file, unmodified, under the profile's schedule."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from perfkit.loadtest.generator import EngineError, Generator
from perfkit.profile.value import Model
from perfkit.recording.load import Window

if TYPE_CHECKING:
    from pathlib import Path

    from tests.loadtest.engine.conftest import Tools

ALL_KINDS = """
import time
from locust import FastHttpUser, HttpUser, LoadTestShape, TaskSet, User
from locust import between, constant, events, task
import helper_beside_it

print("users may print")

class Shape(LoadTestShape):
    def tick(self):
        return None

class Requests(HttpUser):
    host = "http://example.org"
    wait_time = between(0.05, 0.06)
    def on_start(self):
        self.token = self.client.post("/login", name="login").json()["user"]["tokens"][0]
    @task
    def private(self):
        self.client.get("/private?x=1", name="private",
                        headers={"Authorization": f"Bearer {self.token}"})
        self.client.get("/second", context={"mine": 1})

class Fast(FastHttpUser):
    weight = 2
    wait_time = constant(0.05)
    @task
    class Inner(TaskSet):
        @task
        def denied(self):
            with self.client.get("/private", name="denied", catch_response=True) as answer:
                if answer.status_code == 401:
                    answer.failure(f"denied at {time.time()}")
        @task
        def leave(self):
            self.interrupt()

class Custom(User):
    fixed_count = 1
    wait_time = constant(0.1)
    @task
    def call(self):
        with self.environment.events.request.measure("RPC", "call"):
            time.sleep(0.02)

mine = []

@events.request.add_listener
def listen(name, context, **_):
    mine.append(context)

@events.init.add_listener
def ready(environment, **_):
    assert environment.runner is not None
"""


def write(tools: Tools, text: str) -> Path:
    path = tools.folder / "my_locust.py"
    path.write_text(text)
    (tools.folder / "helper_beside_it.py").touch()
    return path


def test_all_kinds_of_users(tools: Tools) -> None:
    server = tools.server("echo")
    profile = tools.profile((1.5, 7), users=7, locustfile=write(tools, ALL_KINDS))
    run = tools.run(profile, server.url)
    events = run.events
    names = events.requests
    assert set(names) == {"POST login", "GET private", "GET /second", "GET denied", "RPC call"}
    counts = {name: int((events.request == index).sum()) for index, name in enumerate(names)}
    assert counts["POST login"] == 2  # seven users: one Custom, two Requests, four Fast
    assert 10 <= counts["GET private"] <= 60
    assert abs(counts["GET /second"] - counts["GET private"]) <= 2
    assert 5 <= counts["RPC call"] <= 13
    outcome = {
        name: set(events.outcome[events.request == index].tolist())
        for index, name in enumerate(names)
    }
    assert outcome["GET denied"] == {1}
    assert outcome["GET private"] == outcome["RPC call"] == {0}
    assert events.errors == ("denied at ….…",) or events.errors[0].startswith("denied at …")
    assert run.end.notes == ("the Locust file's LoadTestShape is left out: the profile says",)

    login = events.where(events.request == names.index("POST login"))
    assert (login.phase == -1).all()
    calls = events.where(events.request == names.index("RPC call"))
    took = calls.end - calls.start
    assert took.min() >= 0.0199
    assert np.median(took) < 0.04  # one of them may be late on a busy machine
    # the first request of a task is due when the schedule says, the next when it is made
    private = events.where(events.request == names.index("GET private"))
    second = events.where(events.request == names.index("GET /second"))
    assert (private.start > private.due).all()
    assert (second.start == second.due).all()
    assert (private.status == 200).all()


def test_arrivals_instead_of_waiting(tools: Tools) -> None:
    text = """
from locust import FastHttpUser, constant, task

class Slow(FastHttpUser):
    wait_time = constant(60)
    @task
    def get(self):
        self.client.get("/")
"""
    server = tools.server()
    profile = tools.profile((1, 80), users=10, model=Model.OPEN, locustfile=write(tools, text))
    run = tools.run(profile, server.url)
    assert np.allclose(np.sort(run.events.due), (np.arange(80) + 0.5) / 80, atol=2e-6)
    assert run.end.workers[0].unsent == 0


def test_two_services(tools: Tools) -> None:
    one, two = tools.server("echo"), tools.server("echo")
    windows = tuple(
        Window(begin=begin * 0.4, end=begin * 0.4 + 0.4, target=begin % 2) for begin in range(4)
    )
    text = ALL_KINDS.replace("mine.append(context)", "pass")
    profile = tools.profile((1.6, 4), users=4, locustfile=write(tools, text))
    run = tools.run(profile, one.url, two.url, windows=windows)
    private = run.events.where(run.events.request == run.events.requests.index("GET private"))
    assert (private.outcome == 0).all()
    assert (private.target == (private.due / 0.4).astype(int) % 2).all()
    login = run.events.where(run.events.request == run.events.requests.index("POST login"))
    assert sorted(login.target.tolist()) == [0, 1]


def test_hanging_requests_are_cut_off_and_named(tools: Tools) -> None:
    text = """
from locust import FastHttpUser, HttpUser, task

class A(HttpUser):
    @task
    def get(self):
        self.client.get("/a", name="a")

class B(FastHttpUser):
    @task
    def get(self):
        self.client.get("/b")
    def on_stop(self):
        self.client.get("/goodbye")
"""
    server = tools.server("hang")
    profile = tools.profile((0.5, 2), users=2, graceful_stop=0.1, locustfile=write(tools, text))
    run = tools.run(profile, server.url)
    assert run.end.workers[0].cut_off == 2
    assert set(run.events.requests) == {"GET a", "GET /b"}


def test_errors_in_tasks_are_told(tools: Tools) -> None:
    text = """
from locust import HttpUser, constant, task

class A(HttpUser):
    wait_time = constant(0.1)
    @task
    def get(self):
        self.client.get("/a")
        raise KeyError("mine")
"""
    server = tools.server()
    run = tools.run(tools.profile((0.5, 1), locustfile=write(tools, text)), server.url)
    assert len(run.events) == 5
    assert run.end.notes == ("users' own code failed 5 times: KeyError: 'mine'",)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (
            "import nothing_such",
            "the Locust file cannot be imported: ModuleNotFoundError: No module",
        ),
        ("x = (", "the Locust file cannot be imported: SyntaxError"),
        ("import sys; sys.exit('no')", "the Locust file cannot be imported: SystemExit: no"),
        ("x = 1", "the Locust file has no user classes"),
        (
            "from locust import HttpUser as A\nclass B(A):\n  def on_start(self): 1/0",
            "ZeroDivisionError: division by zero",
        ),
    ],
)
def test_files_that_cannot_be_used(tools: Tools, text: str, reason: str) -> None:
    spec = tools.spec(tools.profile((1, 1), locustfile=write(tools, text)), "http://127.0.0.1:9")
    with Generator(spec) as generator, pytest.raises(EngineError) as caught:
        generator.ready()
    assert str(caught.value).startswith(reason)
    if "import" in reason and "Exit" not in reason:
        assert "Traceback" in caught.value.detail
