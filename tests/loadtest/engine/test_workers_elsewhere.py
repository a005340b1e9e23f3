"""Workers that perfkit does not start itself: invited, refused, lost, reconnected, lied to."""

from __future__ import annotations

import contextlib
import os
import re
import socket
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgpack
import psutil
import pytest
import zmq

from perfkit.errors import PerfkitError
from perfkit.loadtest.generator import EngineError, Generator
from perfkit.profile.value import Model
from perfkit.session.load.worker import serve

if TYPE_CHECKING:
    from collections.abc import Iterator

    from perfkit.session.load.worker import Served
    from tests.loadtest.engine.conftest import Tools

ROOT = Path(__file__).parents[3]
PERFKIT = (sys.executable, "-m", "perfkit")


TOKEN = "known-to-both"  # noqa: S105 - of these tests only
"""Of masters that these tests start without a session."""


class Elsewhere:
    """Runs `serve` in a thread as soon as the master says where it is."""

    def __init__(self, **options: Any) -> None:
        self.told: list[str] = []
        self._options = {"allow_hosts": (), "wait_seconds": 20.0, "token": TOKEN, **options}
        self._pool = ThreadPoolExecutor()
        self._works: list[Any] = []

    def __call__(self, text: str) -> None:
        self.told.append(text)
        if found := re.search(r"perfkit load worker --master (\S+)", text):
            self.serve(found[1])

    def serve(self, master: str) -> None:
        work = self._pool.submit(serve, master, tell=self.told.append, **self._options)
        self._works.append(work)

    def served(self, seconds: float = 20.0) -> Served:
        found: Served = self._works[-1].result(seconds)
        return found


def test_one_here_and_one_elsewhere(tools: Tools) -> None:
    server = tools.server("fixed", 0.02)
    elsewhere = Elsewhere()
    run = tools.run(
        tools.profile((1.5, 100), users=20, model=Model.OPEN),
        server.url,
        tell=elsewhere,
        remote_workers=1,
        token=TOKEN,
    )
    served = elsewhere.served()
    assert run.end.reason == "finished"
    assert len(run.events) == len(server.stop()) == 150
    assert (served.sent, served.complete, served.loads) == (75, True, 1)
    here, there = run.end.workers
    assert (here.host, there.host) == ("", socket.gethostname())
    assert (there.clock_offset, there.clock_error) == (0.0, 0.0)  # it is the same clock
    assert all(one.complete for one in run.end.workers)
    assert elsewhere.told[0].startswith(
        "waiting for a worker, 10 s at most; only this machine reaches 127.0.0.1, "
        "so name --bind ADDRESS for others, or run here: "
    )
    assert f"worker 2 ({socket.gethostname()}) is here" in elsewhere.told


@pytest.mark.slow
def test_it_comes_back_for_the_next_load_of_a_run(tools: Tools) -> None:
    server = tools.server("fixed", 0.02)
    profile = tools.profile((0.5, 100), users=20, model=Model.OPEN)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    elsewhere = Elsewhere()
    elsewhere.serve(f"127.0.0.1:{port}")
    common = {"port": port, "workers": 0, "remote_workers": 1, "token": TOKEN}
    for more in (True, False):
        run = tools.run(profile, server.url, more=more, **common)
        assert (run.end.reason, run.end.workers[0].complete) == ("finished", True)
    served = elsewhere.served()
    assert (served.sent, served.complete, served.loads) == (100, True, 2)


def test_too_few_come(tools: Tools) -> None:
    server = tools.server()
    spec = tools.spec(
        tools.profile((1, 4), users=4),
        server.url,
        remote_workers=2,
        remote_seconds=1.0,
        token=TOKEN,
    )
    told: list[str] = []
    began = time.monotonic()
    with Generator(spec, told.append) as running, pytest.raises(EngineError) as caught:
        running.ready()
    assert re.fullmatch(
        r"0 of 2 workers have come within 1 s; only this machine reaches 127\.0\.0\.1, "
        r"so name --bind ADDRESS for others, or run here: "
        r"perfkit load worker --master 127\.0\.0\.1:\d+",
        str(caught.value),
    )
    assert TOKEN not in str(caught.value)  # which is recorded
    assert re.fullmatch(
        r"waiting for 2 workers, 1 s at most; only this machine reaches 127\.0\.0\.1, "
        r"so name --bind ADDRESS for others, or run here: "
        rf"PERFKIT_WORKER_TOKEN={TOKEN} perfkit load worker --master 127\.0\.0\.1:\d+",
        told[0],
    )
    assert time.monotonic() - began < 20


def test_who_has_the_wrong_token_is_turned_away_and_the_place_stays_free(tools: Tools) -> None:
    server = tools.server("fixed", 0.02)
    stranger = Elsewhere(token=TOKEN[::-1])
    friend = Elsewhere()

    def tell(text: str) -> None:
        stranger(text)
        if "turned away" in text:
            friend(stranger.told[0])

    run = tools.run(
        tools.profile((1, 20), users=4, model=Model.OPEN),
        server.url,
        tell=tell,
        workers=0,
        remote_workers=1,
        token=TOKEN,
    )
    with pytest.raises(PerfkitError, match=r"the master says: the token is wrong; give the one"):
        stranger.served()
    assert friend.served().complete
    assert (run.end.reason, len(run.events)) == ("finished", 20)
    here = socket.gethostname()
    assert f"a worker on {here} has the wrong token and was turned away; still waiting" in (
        stranger.told
    )


def test_without_a_token_nobody_is_awaited(tools: Tools) -> None:
    server = tools.server()
    spec = tools.spec(tools.profile((1, 4), users=4), server.url, workers=0, remote_workers=1)
    with (
        Generator(spec) as running,
        pytest.raises(EngineError, match="without a token anybody could join"),
    ):
        running.ready()


@pytest.mark.parametrize(
    ("target", "why"),
    [
        # never sent anything: an address for documentation (RFC 5737)
        ("http://192.0.2.1:8000", "the service is not on this machine"),
        ("http://127.0.0.1:1", "http://127.0.0.1:1 cannot be reached from here"),
    ],
)
def test_what_its_owner_does_not_allow_is_refused_at_both_ends(
    tools: Tools, target: str, why: str
) -> None:
    elsewhere = Elsewhere()
    spec = tools.spec(
        tools.profile((1, 4), users=4), target, workers=0, remote_workers=1, token=TOKEN
    )
    with Generator(spec, elsewhere) as running, pytest.raises(EngineError) as caught:
        running.ready()
    assert str(caught.value).startswith(f"worker 1 ({socket.gethostname()}): {why}")
    with pytest.raises(PerfkitError, match=re.escape(why)):
        elsewhere.served()


def test_a_locust_file_that_is_another_one_here_is_not_run(tools: Tools, tmp_path: Path) -> None:
    server = tools.server()
    path = tmp_path / "locustfile.py"
    path.write_text("from locust import FastHttpUser, task\nclass U(FastHttpUser):\n    pass\n")
    profile = tools.profile((1, 4), users=4, locustfile=path, requests_of=())

    class Changing(Elsewhere):
        def serve(self, master: str) -> None:
            path.write_text("print('something else')")
            super().serve(master)

    elsewhere = Changing()
    spec = tools.spec(profile, server.url, workers=0, remote_workers=1, token=TOKEN)
    with Generator(spec, elsewhere) as running, pytest.raises(EngineError) as caught:
        running.ready()
    assert "no code is run that came from elsewhere: put the same Locust file at" in str(
        caught.value
    )


@pytest.mark.parametrize("master", ["nowhere", "127.0.0.1", "127.0.0.1:0", "u@h:1", "h:1/x", ""])
def test_addresses_that_are_none(master: str) -> None:
    with pytest.raises(PerfkitError, match="not the address of a master"):
        serve(master, allow_hosts=(), wait_seconds=1.0, token=TOKEN)


def test_no_master_answers() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
        with pytest.raises(PerfkitError, match=rf"no master has answered at .*:{port} within 1 s"):
            serve(f"127.0.0.1:{port}", allow_hosts=(), wait_seconds=1.0, token=TOKEN)


@pytest.mark.slow
def test_a_master_that_is_gone(tools: Tools) -> None:
    server = tools.server("fixed", 0.02)
    elsewhere = Elsewhere()
    spec = tools.spec(
        tools.profile((60, 4), users=4), server.url, workers=0, remote_workers=1, token=TOKEN
    )
    with Generator(spec, elsewhere) as running:
        running.ready()
        time.sleep(1)
        running._running.kill()
        served = elsewhere.served(30)
    assert not served.complete
    assert served.sent > 100
    assert "the master has been silent for 10 s" in elsewhere.told


class Proxy:
    """Stands between master and worker, and can break the connection."""

    def __init__(self, port: int) -> None:
        self._to = port
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        self._open: list[socket.socket] = []
        self.carried = 0
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                near, _ = self._listener.accept()
                far = socket.create_connection(("127.0.0.1", self._to))
                self._open += [near, far]
                for pair in ((near, far), (far, near)):
                    threading.Thread(target=self._carry, args=pair, daemon=True).start()

    def _carry(self, source: socket.socket, sink: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while data := source.recv(1 << 16):
                self.carried += len(data)
                sink.sendall(data)
        self.cut()

    def cut(self) -> None:
        for one in self._open:
            with contextlib.suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        self._listener.close()
        for one in self._open:
            one.close()


@pytest.mark.slow
def test_a_connection_that_breaks_loses_nothing(tools: Tools) -> None:
    server = tools.server("fixed", 0.005)
    proxies: list[Proxy] = []

    class Through(Elsewhere):
        def serve(self, master: str) -> None:
            proxies.append(Proxy(int(master.rpartition(":")[2])))
            super().serve(f"127.0.0.1:{proxies[0].port}")

    elsewhere = Through()
    run = tools.run(
        tools.profile((4, 300), users=20, model=Model.OPEN),
        server.url,
        tell=elsewhere,
        each=lambda _, second: proxies[0].cut() if second.second < 4 else None,
        workers=0,
        remote_workers=1,
        token=TOKEN,
    )
    assert elsewhere.served().complete
    proxies[0].close()
    assert run.end.reason == "finished"
    assert run.end.workers[0].complete
    assert len(run.events) == 1200


@pytest.mark.slow
def test_strangers_disturb_nothing(tools: Tools) -> None:
    """Whatever comes to the master's port that no worker of perfkit sends."""
    server = tools.server("fixed", 0.01)
    elsewhere = Elsewhere()
    ports: list[int] = []

    def tell(text: str) -> None:
        if found := re.search(r"--master 127.0.0.1:(\d+)", text):
            ports.append(int(found[1]))
            disturb(ports[0])
        elsewhere(text)

    run = tools.run(
        tools.profile((2, 100), users=20, model=Model.OPEN),
        server.url,
        tell=tell,
        each=lambda *_: disturb(ports[0]),
        workers=1,
        remote_workers=1,
        token=TOKEN,
    )
    assert run.end.reason == "finished"
    assert all(one.complete for one in run.end.workers)
    assert len(run.events) == 200
    assert elsewhere.served().complete


def disturb(port: int) -> None:
    with socket.create_connection(("127.0.0.1", port)) as plain:
        plain.sendall(os.urandom(4096))
    context = zmq.Context()
    stranger = context.socket(zmq.DEALER)
    stranger.setsockopt(zmq.IDENTITY, b"stranger")
    stranger.setsockopt(zmq.LINGER, 1000)
    stranger.connect(f"tcp://127.0.0.1:{port}")

    def send(*message: object) -> None:
        stranger.send(msgpack.dumps(message))

    stranger.send(b"")
    stranger.send(os.urandom(500))
    stranger.send_multipart([b"a", b"b"])
    send("too few")
    send("client_ready", 7, "stranger")
    send("client_ready", "2.47.0", "somebody else")
    send("client_ready", "2.47.0", "stranger")
    send("quit", None, "stranger")
    for kind in ("stats", "exception", "logs", "spawning", "locustfile", "heartbeat", "perfkit"):
        send(kind, {}, "stranger")
        send(kind, None, "stranger")
    hello = {"say": "hello", "protocol": 1, "perfkit": "0", "token": "", "host": "h"}
    for content in (
        [1],
        {"say": 1},
        {"say": "hello"},
        {"say": "hello", "token": "x" * 10_000},
        hello,
        {"say": "chunk", "number": 0, "rows": 1 << 40, "data": b"", "names": []},
        {"say": "done", "chunks": -1},
        {"say": "stop"},
    ):
        send("perfkit", content, "stranger")
    send("perfkit", {"say": "hello", "data": b"x" * (17 << 20)}, "stranger")
    stranger.close()
    context.term()


@pytest.mark.slow
def test_by_the_command_line(tools: Tools, tmp_path: Path) -> None:
    """What perfkit says is to be run is what can be run."""
    server = tools.server("fixed", 0.01)
    (tmp_path / "p.yaml").write_text(PROFILE)
    environ = {**os.environ, "PYTHONPATH": str(ROOT), "NO_COLOR": "1"}
    here = subprocess.Popen(
        [*PERFKIT, "load", "p.yaml", "--url", server.url, "--expect-workers", "1"],
        cwd=tmp_path,
        env=environ,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert here.stderr is not None
    heard = ""
    try:
        for line in here.stderr:
            heard += line
            if "perfkit load worker" in heard and re.search(r"--master 127\.0\.0\.1:\d+\s", heard):
                break
        command = re.search(
            r"PERFKIT_WORKER_TOKEN=(\S+)\s+perfkit (load worker --master \S+)", heard
        )
        assert command is not None, heard
        there = subprocess.run(
            [*PERFKIT, *command[2].split()],
            cwd=tmp_path,
            env={**environ, "PERFKIT_WORKER_TOKEN": command[1]},
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        out, err = here.communicate(timeout=60)
    finally:
        here.kill()  # its guardian ends the rest
    assert there.returncode == 0, there.stderr
    assert there.stdout == "200 requests sent, all handed over: True\n"
    assert f"worker 1 of a load on {server.url}" in there.stderr
    assert here.returncode in {0, 3}, err
    assert "200" in out
    assert f"worker 1 ({socket.gethostname()}) is here" in heard + err
    kept = [path for path in (tmp_path / "reports").rglob("*") if path.is_file()]
    assert len(kept) > 3
    assert [path for path in kept if command[1].encode() in path.read_bytes()] == []


PROFILE = """
model: open
start: 100
stages: [{name: hold, duration: 2s, rate: 100}]
users: 20
scenario: {timeout: 5s, requests: [{name: r, get: /}]}
"""


@pytest.fixture(autouse=True)
def nothing_stays() -> Iterator[None]:
    yield
    assert [one for one in psutil.Process().children(recursive=True) if is_engine(one)] == []


def is_engine(process: psutil.Process) -> bool:
    with contextlib.suppress(psutil.Error):  # it has ended
        return any("loadtest/engine" in word for word in process.cmdline())
    return False
