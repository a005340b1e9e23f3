"""Services that fail in every way: said clearly, and nothing of them is left."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import threading
import time
from typing import TYPE_CHECKING, Any

import psutil
import pytest

from perfkit.loadtest import service as service_module
from perfkit.loadtest.log import LIMIT
from perfkit.service import ServiceKind

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from conftest import Stand

DAEMON = """
if os.fork() == 0:
    os.setsid()
    if os.fork() == 0:
        null = os.open(os.devnull, os.O_RDWR)
        for stream in 0, 1, 2:
            os.dup2(null, stream)
        serve()
    os._exit(0)
"""
DEAF = "signal.signal(signal.SIGTERM, signal.SIG_IGN)\n"


@pytest.mark.parametrize(
    ("body", "reason", "detail"),
    [
        ("sys.exit(0)", "exited with code 0", ""),
        ("sys.exit('no database\\nat all')", "exited with code 1: at all", "no database\nat all"),
        ("print('hm', flush=True); os.abort()", "killed by SIGABRT: hm", "hm"),
        ("time.sleep(0.3)\n1/0", "exited with code 1: ZeroDivisionError: division by zero", None),
    ],
)
def test_one_that_ends_at_once(stand: Stand, body: str, reason: str, detail: str | None) -> None:
    error = stand.failure(stand.server(body))
    assert str(error) == reason
    if detail is not None:
        assert error.detail == detail
        assert stand.log.read_text().strip() == detail


LISTEN = "import socket\ns = socket.create_server(('127.0.0.1', port))\n"
HANGING = LISTEN + "time.sleep(600)"
NOT_HTTP = f"""{LISTEN}
while True:
    c, _ = s.accept()
    c.sendall(b"220 mail.example ESMTP\\r\\n")
    c.close()
"""
TRICKLING = f"""{LISTEN}
while True:
    c, _ = s.accept()
    try:
        c.sendall(b"HTTP/1.1 200 OK\\r\\nX-Slow: ")
        while True:
            c.sendall(b"x")
            time.sleep(0.05)
    except OSError:
        pass
"""


@pytest.mark.parametrize(
    ("body", "health", "words"),
    [
        ("time.sleep(600)", "/", "connections were refused"),
        (DEAF + "time.sleep(600)", "/", "connections were refused"),
        (
            "serve()",
            "/bad",
            "/bad answered 500; name another path with --health, or wait longer with --ready 60",
        ),
        (HANGING, "/", "/ was not answered"),
        (NOT_HTTP, "/", "/ was not answered with HTTP"),
        (TRICKLING, "/", "/ was not answered"),
    ],
    ids=["silent", "deaf", "500", "hanging", "not HTTP", "trickling"],
)
def test_one_that_is_never_ready(stand: Stand, body: str, health: str, words: str) -> None:
    began = time.monotonic()
    error = stand.failure(stand.server(body, health=health, ready_seconds=1.0))
    assert str(error) == f"was not ready within 1 s: {words}"
    assert time.monotonic() - began < 8


def test_one_that_cannot_be_started(stand: Stand) -> None:
    error = stand.failure(stand.launch(ServiceKind.COMMAND, "no-such-server {port}"))
    assert "cannot be started" in str(error)
    assert "no-such-server" in str(error)


def test_an_app_that_does_not_exist(stand: Stand) -> None:
    error = stand.failure(stand.launch(ServiceKind.APP, "no_such_shop:app"))
    assert str(error).startswith("exited with code ")
    assert 'Could not import module "no_such_shop"' in error.detail
    assert "; it is looked for in the current folder and in what --with installs" in str(error)


@pytest.mark.parametrize(
    ("kind", "reason", "words"),
    [
        (ServiceKind.APP, "ModuleNotFoundError: No module named 'starlette'", "with --with"),
        (ServiceKind.COMMAND, "/venv/bin/python: No module named gunicorn", "with --with"),
        (ServiceKind.REFERENCE, "ModuleNotFoundError: No module named 'starlette'", None),
        (ServiceKind.APP, "OSError: [Errno 98] Address already in use", None),
    ],
)
def test_what_to_do_about_a_missing_module(kind: ServiceKind, reason: str, words: str) -> None:
    found = service_module.missing_module(f"exited with code 1: {reason}", kind)
    assert found is None if words is None else words in (found or "")


def test_a_daemon(stand: Stand, get: Callable, until: Callable) -> None:
    with stand.running(stand.server(DAEMON)) as service:
        assert get(service.url)[0] == 200
        assert psutil.Process(service.pid).ppid() != os.getpid()
        assert service.alive()
        assert not service.stop().killed
        assert not service.alive()
    with stand.running(stand.server(DAEMON)) as service:
        psutil.Process(service.pid).kill()
        assert until(lambda: not service.alive())
        assert service.death() == "its daemon has ended"


def test_a_daemon_that_is_never_ready(stand: Stand) -> None:
    body = DAEMON.replace("serve()", "time.sleep(600)")
    error = stand.failure(stand.server(body, ready_seconds=1.0))
    assert str(error) == "was not ready within 1 s: connections were refused"


def test_a_daemon_that_is_deaf(stand: Stand) -> None:
    with stand.running(stand.server(DEAF + DAEMON, stop_seconds=0.5)) as service:
        assert service.stop().killed


CHILDREN = """
children = [
    subprocess.Popen(["sleep", "600"]),
    subprocess.Popen(["sleep", "600"], start_new_session=True),
    subprocess.Popen(["sleep", "600"], start_new_session=True, env={}),
]
serve()
"""


def test_children_of_all_kinds(stand: Stand) -> None:
    with stand.running(stand.server(CHILDREN, stop_seconds=2.0)) as service:
        children = psutil.Process(service.pid).children(recursive=True)
        assert len(children) == 3
        service.stop()
    assert not any(map(lives, children))


def lives(process: psutil.Process) -> bool:
    with contextlib.suppress(psutil.NoSuchProcess):  # a zombie may be reaped while it is asked
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    return False


def test_one_that_ignores_sigterm(stand: Stand) -> None:
    with stand.running(stand.server(DEAF + "serve()", stop_seconds=0.5)) as service:
        ending = service.stop()
    assert ending.killed
    assert ending.code == -signal.SIGKILL
    assert 0.5 <= ending.seconds < 10


def test_one_that_is_stopped(stand: Stand) -> None:
    with stand.running(stand.server("serve()", stop_seconds=0.5)) as service:
        os.kill(service.pid, signal.SIGSTOP)
        assert service.alive()
        assert service.stop().killed


def test_one_that_is_killed_from_outside(stand: Stand, until: Callable) -> None:
    body = "print('serving at last', flush=True)\nserve()"
    with stand.running(stand.server(body)) as service:
        os.kill(service.pid, signal.SIGKILL)
        assert until(lambda: not service.alive())
        assert service.death() == "killed by SIGKILL (perhaps the system was out of memory)"
        assert service.last_words() == "serving at last"
        ending = service.stop()
    assert ending.code == -signal.SIGKILL
    assert not ending.killed


def test_one_that_prints_megabytes(stand: Stand) -> None:
    body = (
        "sys.stdout.write('first\\n')\n"
        "for n in range(200_000): sys.stdout.write(f'{n:099d}\\n')\n"
        "sys.stdout.flush()\nserve()"
    )
    with stand.running(stand.server(body)) as service:
        assert service.last_words().endswith(f"{199_999:099d}")
    assert stand.log.stat().st_size <= LIMIT
    lines = stand.log.read_text().splitlines()
    assert lines[0].startswith("[")
    numbers = [int(line) for line in lines[2:]]  # the first may be cut
    assert numbers == list(range(numbers[0], 200_000))
    assert len(numbers) >= 10_000


def test_a_log_that_cannot_be_written(stand: Stand, get: Callable) -> None:
    (stand.folder / "file").touch()
    with stand.running(stand.server("serve()"), log=stand.folder / "file" / "log") as service:
        assert get(service.url)[0] == 200
    with stand.running(stand.server("print('x' * 10**6)\nserve()"), log=None) as service:
        assert get(service.url)[0] == 200


@pytest.fixture
def taken() -> Any:
    """A port somebody listens at, without a word."""
    with socket.create_server(("127.0.0.1", 0)) as other:
        yield other.getsockname()[1]


@pytest.mark.parametrize("kind", ["app", "script"])
def test_a_port_that_is_taken_meanwhile(
    stand: Stand, get: Callable, monkeypatch: pytest.MonkeyPatch, taken: int, kind: str
) -> None:
    launch = stand.app() if kind == "app" else stand.server("serve()")
    ports = iter([taken, service_module.free_port()])
    monkeypatch.setattr(service_module, "free_port", lambda: next(ports))
    with stand.running(launch) as service:
        assert get(service.url)[0] == 200
        assert not service.url.endswith(f":{taken}")


SLOW = "time.sleep(1.2)\nserve()"
PATIENT = "try: serve()\nexcept OSError as error: print(error, flush=True)\ntime.sleep(60)"
DUMB = "time.sleep(60)"


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ("serve()", "exited with code 1: OSError: [Errno 98] Address already in use"),
        (SLOW, "exited with code 1: OSError: [Errno 98] Address already in use"),
        pytest.param(PATIENT, "another server answers at its port", marks=pytest.mark.slow),
        pytest.param(DUMB, "another server answers at its port", marks=pytest.mark.slow),
    ],
    ids=["quick", "slow", "patient", "dumb"],
)
def test_another_server_that_answers_at_the_port(
    stand: Stand, monkeypatch: pytest.MonkeyPatch, body: str, words: str
) -> None:
    monkeypatch.setattr(service_module, "ATTEMPTS", 1)
    with stand.running(stand.server("serve()")) as other:
        port = int(other.url.rpartition(":")[2])
        monkeypatch.setattr(service_module, "free_port", lambda: port)
        with pytest.raises(service_module.ServiceError) as caught:
            stand.start(stand.server(body, ready_seconds=3.0))
        assert str(caught.value) == words
        assert other.alive()


THROUGH_ANOTHER = """
code = '''
import http.server as h, sys
h.HTTPServer(("127.0.0.1", int(sys.argv[1])), h.SimpleHTTPRequestHandler).serve_forever()
'''
if os.fork() == 0:
    os.setsid()
    if os.fork() == 0:
        null = os.open(os.devnull, os.O_RDWR)
        for stream in 0, 1, 2:
            os.dup2(null, stream)
        os.execve(sys.executable, [sys.executable, "-c", code, str(port)], {})
    os._exit(0)
time.sleep(60)
"""


def test_one_that_listens_through_a_process_that_is_not_its_child(
    stand: Stand, get: Callable
) -> None:
    with stand.running(stand.server(THROUGH_ANOTHER, stop_seconds=1.0)) as service:
        port = int(service.url.rpartition(":")[2])
        listening = [c for c in psutil.net_connections("tcp4") if c.laddr.port == port and c.pid]
        try:
            assert get(service.url)[0] == 200
            assert listening[0].pid not in {one.pid for one in stand.strays()}
        finally:
            os.kill(listening[0].pid, signal.SIGKILL)  # nobody but the test knows of it
        assert service.alive()
        assert service.pid != listening[0].pid


def test_a_port_of_the_users_own_that_is_taken(stand: Stand, taken: int) -> None:
    command = f"{{python}} -m http.server --bind 127.0.0.1 {taken} -d {{port}}"
    error = stand.failure(stand.launch(ServiceKind.COMMAND, command))
    assert str(error) == "exited with code 1: OSError: [Errno 98] Address already in use"


def interrupt_after(seconds: float) -> threading.Timer:
    timer = threading.Timer(seconds, os.kill, [os.getpid(), signal.SIGINT])
    timer.start()
    return timer


def test_an_interrupted_start(stand: Stand) -> None:
    launch = stand.server(CHILDREN.replace("serve()", "time.sleep(600)"))
    timer = interrupt_after(1.0)
    with pytest.raises(KeyboardInterrupt):
        stand.start(launch)
    timer.join()
    assert stand.strays() == []


def test_an_interrupted_end(stand: Stand) -> None:
    service = stand.start(stand.server(DEAF + CHILDREN, stop_seconds=30.0))
    began = time.monotonic()
    timer = interrupt_after(0.7)
    with pytest.raises(KeyboardInterrupt):
        service.stop()
    timer.join()
    assert time.monotonic() - began < 10
    assert stand.strays() == []
    assert not service.alive()
    service.stop()


def open_files() -> int:
    return len(os.listdir("/proc/self/fd"))  # noqa: PTH208 - short


def test_nothing_accumulates_in_perfkits_own_process(stand: Stand) -> None:
    good, bad = stand.server("serve()"), stand.launch(ServiceKind.APP, "none:app")
    stand.failure(bad)
    before = (open_files(), threading.active_count())
    for _ in range(3):
        with stand.running(good):
            pass
        stand.failure(bad)
    assert (open_files(), threading.active_count()) == before


def test_end_of_the_log_only(tmp_path: Path) -> None:
    from perfkit.loadtest.log import Log

    log = Log(tmp_path / "log")
    log.write(b"x" * (LIMIT - 1))
    log.write(b"y")
    assert (tmp_path / "log").stat().st_size == LIMIT
    log.write(b"z")
    assert (tmp_path / "log").read_bytes().endswith(b"xyz")
    log.close()
    log.write(b"late")
    log.close()
