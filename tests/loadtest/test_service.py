"""Services of all kinds: started, answering, ended in order."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psutil
import pytest

from perfkit.loadtest import readiness
from perfkit.loadtest.service import ServiceLaunch
from perfkit.machine import cpus
from perfkit.machine.environ import MARKER
from perfkit.service import ServiceKind
from perfkit.variant import Environment, Interpreter, Side, Variant

if TYPE_CHECKING:
    from collections.abc import Callable

    from conftest import Stand


def test_an_app(stand: Stand, get: Callable, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONPATH", "/nowhere")
    monkeypatch.setenv("SECRET_OF_ANOTHER", "x")
    launch = stand.app(
        environ=(("DATABASE_URL", "sqlite://"), ("MODE", "a b")),
        flags=("-P",),
        without=("SECRET_OF_ANOTHER",),
    )
    with stand.running(launch) as service:
        told = json.loads(get(service.url)[1])
        assert service.alive()
        assert service.death() is None
        assert service.side is Side.BASELINE
        assert told["pid"] == service.pid
        ending = service.stop()
    assert told["cwd"] == str(stand.folder)
    assert told["safe"] is True
    environ = told["environ"]
    assert environ["PYTHONHASHSEED"] == "7"
    assert environ["DATABASE_URL"] == "sqlite://"
    assert environ["MODE"] == "a b"
    assert environ[MARKER].startswith(f"{stand.mark}.")
    assert environ["PATH"].split(os.pathsep)[0] == str(Path(sys.executable).parent)
    assert {"PYTHONPATH", "SECRET_OF_ANOTHER"}.isdisjoint(environ)
    assert not ending.killed
    assert stand.left.read_text() == "left in order"
    assert not service.alive()
    assert service.stop() is ending


def test_an_app_in_the_folder_of_its_script(stand: Stand, get: Callable) -> None:
    launch = stand.app()
    elsewhere = stand.folder / "elsewhere"
    elsewhere.mkdir()
    script = stand.script(stand.folder / "shop.py")
    reference = stand.launch(
        ServiceKind.REFERENCE, launch.service.target, script=script, cwd=elsewhere
    )
    with stand.running(reference) as service:
        assert json.loads(get(service.url)[1])["cwd"] == str(elsewhere)


def test_of_a_variant() -> None:
    interpreter = Interpreter(
        executable="/usr/bin/python3",
        implementation="cpython",
        version="3.13.0",
        free_threaded=False,
        build="",
        config_args="",
        platform="",
        found_by="path",
    )
    variant = Variant(
        side=Side.BASELINE,
        interpreter=interpreter,
        requirements=(),
        environ=(("A", "1"),),
        flags=("-O",),
    )
    environment = Environment(
        python=Path("/env/bin/python"), packages=(), built_with="uv", reused=False
    )
    service: Any = object()
    launch = ServiceLaunch.of(
        side=Side.CANDIDATE,
        variant=variant,
        environment=environment,
        service=service,
        cwd=Path("/w"),
        extra={"REDIS_URL": "redis://"},
        without=("DATABASE_URL",),
    )
    assert launch.side is Side.CANDIDATE
    assert launch.python == Path("/env/bin/python")
    assert launch.flags == ("-O",)
    assert launch.without == ("DATABASE_URL",)
    assert launch.environ == (("A", "1"), ("REDIS_URL", "redis://"))
    none = ServiceLaunch.of(
        side=Side.BASELINE,
        variant=None,
        environment=None,
        service=service,
        cwd=Path("/w"),
        extra={},
        without=(),
    )
    assert (none.python, none.flags, none.environ) == (None, (), ())


WSGI = """
import sys
from wsgiref.simple_server import make_server

def app(environ, start_response):
    start_response("200 OK", [("Content-Length", "2")])
    return [b"hi"]

make_server("127.0.0.1", int(sys.argv[1].partition("=")[2]), app).serve_forever()
"""


@pytest.mark.parametrize(
    "command",
    [
        "{python} -m http.server {port} --bind {host}",
        "python -m http.server {port}",
        "{python} wsgi.py --port={port}",
        "sh -c '{python} wsgi.py --port={port} & wait'",
    ],
)
def test_a_command(stand: Stand, get: Callable, command: str) -> None:
    (stand.folder / "wsgi.py").write_text(WSGI)
    with stand.running(stand.launch(ServiceKind.COMMAND, command)) as service:
        assert get(service.url)[0] == 200
        assert not service.stop().killed


WORKERS = "{python} -m uvicorn shop:app --host {host} --port {port} --workers 2 --log-level warning"


def test_a_server_with_workers(stand: Stand, get: Callable, until: Callable) -> None:
    stand.app()
    launch = stand.launch(ServiceKind.COMMAND, WORKERS)
    with stand.running(launch) as service:
        assert json.loads(get(service.url)[1])["pid"] != service.pid
        root = psutil.Process(service.pid)
        assert until(lambda: len(root.children(recursive=True)) >= 2)
        assert not service.stop().killed
    assert stand.left.exists()


@pytest.mark.skipif(len(cpus.available()) < 2, reason="needs two CPUs")
def test_kept_on_a_cpu(stand: Stand, get: Callable) -> None:
    before = cpus.available()
    cpu = min(before)
    with stand.running(stand.app(), cpus=frozenset({cpu})) as service:
        assert json.loads(get(service.url)[1])["cpus"] == [cpu]
        assert cpus.available() == before


def test_two_at_once(stand: Stand, get: Callable) -> None:
    launch = stand.server("serve()")
    found: list[Any] = []
    threads = [threading.Thread(target=lambda: found.append(stand.start(launch))) for _ in "ab"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    first, second = found
    with second:
        with first:
            assert first.url != second.url
            assert get(first.url)[0] == get(second.url)[0] == 200
        assert not first.alive()
        assert second.alive()
        assert get(second.url)[0] == 200


def test_requests_under_way_do_not_hold_up_the_end(stand: Stand, get: Callable) -> None:
    answers: list[Any] = []

    def ask(url: str) -> None:
        try:
            answers.append(get(url, "/slow", 20.0))
        except OSError as error:
            answers.append(error)

    with stand.running(stand.app(stop_seconds=2.6)) as service:
        asking = threading.Thread(target=ask, args=(service.url,))
        asking.start()
        threading.Event().wait(0.3)
        ending = service.stop()
        asking.join(10)
    assert len(answers) == 1
    assert not ending.killed
    assert stand.left.exists()


def test_a_service_that_runs_already(stand: Stand, get: Callable) -> None:
    with stand.running(stand.server("serve()")) as other:
        url = stand.launch(ServiceKind.URL, f"{other.url}/", pid=other.pid, python=None)
        with stand.start(url) as service:
            assert service.url == other.url
            assert service.pid == other.pid
            assert service.alive()
            assert service.last_words() == ""
            ending = service.stop()
        assert (ending.code, ending.killed) == (None, False)
        assert get(service.url)[0] == 200
        no_pid = stand.start(stand.launch(ServiceKind.URL, other.url, python=None))
        assert no_pid.pid is None
        other.stop()
        assert not service.alive()
        assert service.death() == "it has ended"
        assert no_pid.alive()  # as far as that is known


def test_a_service_that_runs_already_and_does_not_answer(
    stand: Stand, monkeypatch: pytest.MonkeyPatch
) -> None:
    with stand.running(stand.server("serve()")) as other:
        url = other.url
        bad = stand.launch(ServiceKind.URL, url, health="/bad", ready_seconds=0.5, python=None)
        said = str(stand_error(stand, bad))
        assert said.startswith("was not ready within 0.5 s: /bad answered 500; name another path")
        monkeypatch.setattr(readiness, "ask", lambda *_: 404)
        none = stand.launch(ServiceKind.URL, url, health="/none", ready_seconds=0.1, python=None)
        assert str(stand_error(stand, none)) == (
            "was not ready within 0.1 s: /none answered 404; "
            "name a path that answers with --health /orders"
        )
        monkeypatch.undo()
    dead = stand.launch(ServiceKind.URL, url, ready_seconds=0.3, python=None)
    assert str(stand_error(stand, dead)) == "was not ready within 0.3 s: connections were refused"
    done = subprocess.Popen([sys.executable, "-c", ""])
    done.wait()
    gone = stand.launch(ServiceKind.URL, url, ready_seconds=5.0, pid=done.pid, python=None)
    assert str(stand_error(stand, gone)) == f"there is no process {done.pid}"


def stand_error(stand: Stand, launch: ServiceLaunch) -> Exception:
    from perfkit.loadtest.service import ServiceError

    with pytest.raises(ServiceError) as caught:
        stand.start(launch)
    return caught.value
