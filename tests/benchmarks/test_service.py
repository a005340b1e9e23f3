"""The reference service as it is run: under 3.12 and 3.13, on SQLite and on real servers."""

from __future__ import annotations

import ast
import contextlib
import http.client
import json
import os
import re
import subprocess
import textwrap
import time
import uuid
import zipfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import uv

from perfkit.loadtest.backing import Backing, start_backing
from perfkit.loadtest.target import free_port
from perfkit.machine.environ import inherited_environment
from perfkit.provision.environments import ProvisionedPair, provision_pair
from perfkit.provision.interpreters import find_interpreter, parse_spec
from perfkit.suite import default_suite, select
from perfkit.suite.reading import read_script
from perfkit.variant import Side, Variant

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).resolve().parents[2]
FOLDER = ROOT / "benchmarks" / "service"
VERSIONS = {Side.BASELINE: "3.12", Side.CANDIDATE: "3.13"}
ITEM = {"name": "A lamp", "price_cents": 1999, "quantity": 3, "tags": ["light", "home"]}


class Service:
    """A service that runs, and a client of it."""

    def __init__(self, port: int, process: subprocess.Popen[bytes]) -> None:
        self.port = port
        self.process = process

    def ask(
        self,
        method: str,
        path: str,
        sent: object = None,
        *,
        token: str | None = None,
        raw: bytes | None = None,
    ) -> tuple[int, Any]:
        body = raw if sent is None else json.dumps(sent).encode()
        headers = {"Content-Type": "application/json"} if body is not None else {}
        if token is not None:
            headers["Authorization"] = f"Bearer {token}"
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        with contextlib.closing(connection):
            connection.request(method, path, body, headers)
            answer = connection.getresponse()
            content = answer.read()
        assert content == b"" or answer.headers["Content-Type"] == "application/json"
        return answer.status, json.loads(content) if content else None

    def get(self, path: str) -> Any:
        status, answer = self.ask("GET", path)
        assert status == 200, answer
        return answer

    def create(self, **changes: object) -> Any:
        status, answer = self.ask("POST", "/api/v1/items", {**ITEM, **changes})
        assert status == 201, answer
        return answer


def start(python: Path, environ: dict[str, str], log: Path, app: Path) -> Service:
    port = free_port()
    kept = inherited_environment(os.environ, python)
    kept = {name: kept[name] for name in kept if name not in {"DATABASE_URL", "REDIS_URL"}}
    options = ("--app-dir", app, "--port", port, "--log-level", "warning", "--no-access-log")
    command = [python, "-W", "error", "-m", "uvicorn", "app:app", *options]
    with log.open("wb") as stream:
        process = subprocess.Popen(
            [str(word) for word in command],
            env={**kept, **environ, "PYTHONDONTWRITEBYTECODE": "1"},
            stdin=subprocess.DEVNULL,
            stdout=stream,
            stderr=subprocess.STDOUT,
            cwd=log.parent,
        )
    return Service(port, process)


@contextlib.contextmanager
def served(
    python: Path, folder: Path, environ: dict[str, str] | None = None, app: Path = FOLDER
) -> Iterator[Service]:
    """A service, ended in order; what it prints is an error."""
    log = folder / f"{uuid.uuid4().hex}.log"
    service = start(python, environ or {}, log, app)
    try:
        deadline = time.monotonic() + 60
        while True:
            assert service.process.poll() is None, log.read_text()
            assert time.monotonic() < deadline, log.read_text()
            with contextlib.suppress(OSError):
                assert service.get("/health") == {"status": "ok"}
                break
            time.sleep(0.02)
        yield service
        service.process.terminate()
        service.process.wait(20)
    finally:
        service.process.kill()
        service.process.wait(20)
    assert log.read_text() == ""


def refusal(python: Path, folder: Path, environ: dict[str, str]) -> str:
    """What a service says that does not start."""
    log = folder / "refusal.log"
    service = start(python, environ, log, FOLDER)
    try:
        assert service.process.wait(30) != 0
    finally:
        service.process.kill()
        service.process.wait(20)
    return log.read_text().strip().splitlines()[-1]


@pytest.fixture(scope="module")
def pair(cache: Path) -> ProvisionedPair:
    """Both environments, as perfkit makes them."""
    problems: list[Any] = []
    (found,) = read_script(FOLDER / "app.py", problems)
    assert problems == []
    variants = {
        side: Variant(
            side=side,
            interpreter=find_interpreter(parse_spec(version), download=False, cache=cache),
            requirements=(),
            environ=(),
            flags=(),
        )
        for side, version in VERSIONS.items()
    }
    return provision_pair(
        baseline=variants[Side.BASELINE],
        candidate=variants[Side.CANDIDATE],
        script=found.script,
        cache=cache,
    )


@pytest.fixture(scope="module")
def pythons(pair: ProvisionedPair) -> dict[Side, Path]:
    return {Side.BASELINE: pair.baseline.python, Side.CANDIDATE: pair.candidate.python}


@pytest.fixture(scope="module")
def backing(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Backing]:
    with start_backing(
        ("postgres", "valkey"),
        sides=tuple(Side),
        mark=uuid.uuid4().hex,
        folder=tmp_path_factory.mktemp("backing"),
        cpus=frozenset(),
        given={},
    ) as one:
        yield one


@pytest.fixture(
    scope="module",
    params=[(side, place) for side in Side for place in ("sqlite", "servers")],
    ids=lambda given: f"{VERSIONS[given[0]]}-{given[1]}",
)
def running(
    request: pytest.FixtureRequest,
    pythons: dict[Side, Path],
    backing: Backing,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Service]:
    side, place = request.param
    environ = dict(backing.environ[side]) if place == "servers" else {}
    temporary = tmp_path_factory.mktemp("temporary")
    with served(pythons[side], temporary, {**environ, "TMPDIR": str(temporary)}) as service:
        yield service
    assert {path.suffix for path in temporary.iterdir()} == {".log"}


@pytest.fixture
def python(pythons: dict[Side, Path]) -> Path:
    """One of the two, where one will do."""
    return pythons[Side.CANDIDATE]


def test_both_versions_have_the_same_packages(pair: ProvisionedPair) -> None:
    assert pair.differences == ()
    versions = dict(pair.candidate.packages)
    wanted = {"fastapi", "uvicorn", "httptools", "uvloop", "sqlalchemy", "asyncpg", "redis"}
    assert wanted <= {name.lower() for name in versions}


def test_it_says_what_it_is(running: Service, request: pytest.FixtureRequest) -> None:
    assert running.get("/") == {"service": "perfkit reference service"}
    said = running.get("/api/v1/version")
    side, _ = request.node.callspec.params["running"]
    assert said["python"].startswith(f"{VERSIONS[side]}.")
    assert said["implementation"] == "CPython"
    assert re.fullmatch(r"\d+\.\d+\.\d+", said["service"])


def test_data_is_always_the_same(running: Service) -> None:
    answer = running.get("/api/v1/data")
    assert answer["count"] == len(answer["records"]) == 100
    assert answer == running.get("/api/v1/data?count=100")
    assert running.get("/api/v1/data?count=1")["records"] == [
        {
            "id": 1,
            "customer": "Customer 1",
            "email": "customer1@example.org",
            "status": "paid",
            "created": "2024-03-02T10:00:01Z",
            "total": "1.01",
            "weight": 0.25,
            "tags": ["tag-1", "order"],
            "address": {"street": "Road 1", "city": "Bern", "country": "CH"},
            "note": None,
        }
    ]
    for count in ("0", "1001", "many", "1e2"):
        status, answer = running.ask("GET", f"/api/v1/data?count={count}")
        assert status == 422
        assert answer["detail"][0]["where"] == ["query", "count"]


def test_heavy_work_is_bounded_and_the_same_everywhere(running: Service) -> None:
    checksum = "00c8cbd3bf850fd09ae6128d82ad364bcbd9182b8d2b94f95d142814ffaa095b"
    assert running.get("/api/v1/cpu") == {"rounds": 10, "checksum": checksum}
    assert running.get("/api/v1/cpu?rounds=1")["checksum"] != checksum
    for rounds in ("0", "1001", "-1", "1" * 5000):
        assert running.ask("GET", f"/api/v1/cpu?rounds={rounds}")[0] == 422


def test_items_live_from_creation_to_deletion(running: Service) -> None:
    made = running.create(description="It shines – «brightly» 💡")
    path = f"/api/v1/items/{made['id']}"
    assert made["id"] > 100
    assert {name: made[name] for name in ITEM} == ITEM
    assert running.get(path) == made
    changed = {**ITEM, "name": "A lamp, used", "price_cents": 5, "tags": []}
    status, answer = running.ask("PUT", path, changed)
    assert status == 200
    assert answer == {**made, **changed, "description": None} == running.get(path)
    assert running.ask("DELETE", path) == (204, None)
    for method, sent in (("GET", None), ("PUT", ITEM), ("DELETE", None)):
        status, answer = running.ask(method, path, sent)
        assert (status, answer) == (404, {"detail": f"no item {made['id']}"})


def test_items_are_listed_in_pages(running: Service) -> None:
    first = running.get("/api/v1/items")
    assert [item["id"] for item in first["items"]] == list(range(1, 21))
    assert first["next"] == 20
    second = running.get("/api/v1/items?limit=100&after=20")
    assert [item["id"] for item in second["items"]][:80] == list(range(21, 101))
    last = running.create()["id"]
    end = running.get(f"/api/v1/items?limit=1&after={last - 1}")
    assert ([item["id"] for item in end["items"]], end["next"]) == ([last], None)
    for query in ("limit=0", "limit=101", "after=-1", "after=9999999999", "limit=x"):
        assert running.ask("GET", f"/api/v1/items?{query}")[0] == 422


@pytest.mark.parametrize(
    "sent",
    [
        {},
        {"name": "", "price_cents": 1},
        {"name": "x" * 81, "price_cents": 1},
        {"name": "x", "price_cents": -1},
        {"name": "x", "price_cents": 2**31},
        {"name": "x", "price_cents": 1.5},
        {"name": "x", "price_cents": float("nan")},
        {"name": "x", "price_cents": 1, "quantity": None},
        {"name": "x", "price_cents": 1, "tags": ["t"] * 21},
        {"name": "x", "price_cents": 1, "tags": "t"},
        {"name": "x", "price_cents": 1, "colour": "red"},
        {"name": "a\0b", "price_cents": 1},
        {"name": "half \ud800", "price_cents": 1},
        [],
        "x",
    ],
)
def test_items_that_make_no_sense_are_refused(running: Service, sent: object) -> None:
    status, answer = running.ask("POST", "/api/v1/items", sent)
    assert status == 422
    assert all(one["where"][0] == "body" and one["what"] for one in answer["detail"])
    assert running.ask("PUT", "/api/v1/items/1", sent)[0] == 422


def test_requests_that_make_no_sense_are_refused(running: Service) -> None:
    for raw in (b"", b"{", b'{"name": "\xff"}', b"[" * 100_000, b"1" * 10_000):
        status, _ = running.ask("POST", "/api/v1/items", raw=raw)
        assert status in {400, 422}, raw[:20]
    for number in ("0", "-1", "x", "1.5", str(2**31), "9" * 5000):
        assert running.ask("GET", f"/api/v1/items/{number}")[0] == 422
    assert running.ask("GET", "/api/v1/nothing")[0] == 404
    assert running.ask("PATCH", "/api/v1/items/1", ITEM)[0] == 405
    assert running.get("/health") == {"status": "ok"}


def test_accounts_and_tokens(running: Service) -> None:
    name = f"anna.{uuid.uuid4().hex[:8]}"
    anna = {"name": name, "password": "correct horse"}
    status, known = running.ask("POST", "/api/v1/auth/register", anna)
    assert (status, known["name"]) == (201, name)
    assert running.ask("POST", "/api/v1/auth/register", anna)[0] == 409
    status, login = running.ask("POST", "/api/v1/auth/login", anna)
    assert (status, login["expires_in"]) == (200, 3600)
    token = login["token"]
    assert running.ask("GET", "/api/v1/me", token=token) == (200, known)
    for wrong in (anna | {"password": "wrong horse"}, anna | {"name": "nobody-here"}):
        status, answer = running.ask("POST", "/api/v1/auth/login", wrong)
        assert (status, answer) == (401, {"detail": "wrong name or password"})
    payload, signature = token.split(".")
    forged = ("", "x", ".", "a.b.c", f"{payload}.{payload}", f"x{token}", payload, "é" * 9)
    assert running.ask("GET", "/api/v1/me")[0] == 401
    for one in (*forged, f"{signature}.{payload}"):
        assert running.ask("GET", "/api/v1/me", token=one)[0] == 401


@pytest.mark.parametrize(
    "sent",
    [
        {"name": "an", "password": "long enough"},
        {"name": "anna smith", "password": "long enough"},
        {"name": "anna", "password": "short"},
        {"name": "anna", "password": "x" * 129},
        {"name": "anna", "password": "half a \ud800 character"},
        {"name": "anna"},
        {"name": "anna", "password": "long enough", "admin": True},
    ],
)
def test_accounts_that_make_no_sense_are_refused(running: Service, sent: object) -> None:
    assert running.ask("POST", "/api/v1/auth/register", sent)[0] == 422
    assert running.ask("POST", "/api/v1/auth/login", sent)[0] == 422


def test_a_cached_answer_is_a_hit_the_second_time(running: Service) -> None:
    key = uuid.uuid4().hex
    first = running.get(f"/api/v1/cached/{key}")
    assert first["cache"] == "miss"
    assert first["items"] == 10
    assert running.get(f"/api/v1/cached/{key}") == {**first, "cache": "hit"}
    for wrong in ("a.b", "x" * 65, "%C3%A9", "a%00"):
        assert running.ask("GET", f"/api/v1/cached/{wrong}")[0] == 422


def test_many_clients_at_once(running: Service) -> None:
    def work(number: int) -> int:
        made = running.create(name=f"Item of {number}")
        answer = running.get(f"/api/v1/items/{made['id']}")
        assert answer["name"] == f"Item of {number}"
        account = {"name": f"client-{uuid.uuid4().hex}", "password": "long enough"}
        assert running.ask("POST", "/api/v1/auth/register", account)[0] == 201
        assert running.ask("PUT", "/api/v1/items/1", ITEM)[0] == 200
        return int(made["id"])

    with ThreadPoolExecutor(16) as pool:
        made = list(pool.map(work, range(48)))
    assert len(set(made)) == 48


def test_two_services_share_one_server_and_no_data(
    pythons: dict[Side, Path], backing: Backing, tmp_path: Path
) -> None:
    shared = dict(backing.environ[Side.BASELINE])
    with contextlib.ExitStack() as stack:
        first, second = (
            stack.enter_context(
                served(pythons[side], tmp_path, {**shared, "PERFKIT_SERVICE_PREFIX": f"{side}_"})
            )
            for side in Side
        )
        made = first.create(name="Only here")
        assert second.ask("GET", f"/api/v1/items/{made['id']}")[0] == 404
        account = {"name": "same-name", "password": "long enough"}
        for service in (first, second):
            assert service.ask("POST", "/api/v1/auth/register", account)[0] == 201
            assert service.get("/api/v1/cached/shared")["cache"] == "miss"
            assert service.get("/api/v1/cached/shared")["cache"] == "hit"


def test_a_fresh_service_begins_as_new_and_another_goes_on(
    python: Path, backing: Backing, tmp_path: Path
) -> None:
    fresh = {**backing.environ[Side.BASELINE], "PERFKIT_SERVICE_PREFIX": "again_"}
    kept = {**fresh, "PERFKIT_SERVICE_FRESH": "0", "PERFKIT_SERVICE_SECRET": "the same"}
    with served(python, tmp_path, fresh) as service:
        assert service.create()["id"] == 101
        service.get("/api/v1/cached/key")
    with served(python, tmp_path, kept) as one, served(python, tmp_path, kept) as two:
        assert one.create()["id"] == 102
        assert two.create()["id"] == 103  # two processes of one service
        assert one.get("/api/v1/cached/key")["cache"] == "hit"
        anna = {"name": "anna", "password": "long enough"}
        one.ask("POST", "/api/v1/auth/register", anna)
        token = two.ask("POST", "/api/v1/auth/login", anna)[1]["token"]
        assert one.ask("GET", "/api/v1/me", token=token)[0] == 200
    with served(python, tmp_path, fresh) as service:
        assert service.create()["id"] == 101
        assert service.get("/api/v1/cached/key")["cache"] == "miss"
        assert service.ask("GET", "/api/v1/me", token=token)[0] == 401


def test_a_given_folder_keeps_the_data_and_tokens_expire(python: Path, tmp_path: Path) -> None:
    data = tmp_path / "not" / "there" / "yet"
    environ = {"PERFKIT_SERVICE_DATA": str(data), "PERFKIT_SERVICE_TOKEN_SECONDS": "1"}
    anna = {"name": "anna", "password": "long enough"}
    with served(python, tmp_path, environ) as service:
        assert service.ask("POST", "/api/v1/auth/register", anna)[0] == 201
        token = service.ask("POST", "/api/v1/auth/login", anna)[1]["token"]
        deadline = time.monotonic() + 10
        while service.ask("GET", "/api/v1/me", token=token)[0] != 401:
            assert time.monotonic() < deadline
            time.sleep(0.1)
    assert [path.name for path in data.iterdir()] == ["service.sqlite"]
    with served(python, tmp_path, environ) as service:
        assert service.ask("POST", "/api/v1/auth/login", anna)[0] == 200


@pytest.mark.parametrize("side", Side)
def test_backing_services_that_die_are_an_answer_of_their_own(
    side: Side, pythons: dict[Side, Path], tmp_path: Path
) -> None:
    options = {"cpus": frozenset(), "given": {}, "folder": tmp_path / "backing"}
    names = ("postgres", "valkey")
    with (
        start_backing(names, sides=(side,), mark=uuid.uuid4().hex, **options) as own,
        served(pythons[side], tmp_path, dict(own.environ[side])) as service,
    ):
        service.get("/api/v1/items/1")
        service.get("/api/v1/cached/key")
        for server in own.servers:
            server.stop()
        for path in ("/api/v1/items/1", "/api/v1/items/1", "/api/v1/cached/key"):
            status, answer = service.ask("GET", path)
            assert status == 503, path
            assert answer["detail"].startswith("a backing service failed: ")
        assert service.get("/health") == {"status": "ok"}


def test_settings_that_make_no_sense_are_refused(python: Path, tmp_path: Path) -> None:
    wrong = (
        ("PERFKIT_SERVICE_PREFIX", "x; DROP", "a small letter"),
        ("PERFKIT_SERVICE_POOL", "0", "a whole number above 0"),
        ("PERFKIT_SERVICE_TOKEN_SECONDS", "1e3", "a whole number above 0"),
        ("PERFKIT_SERVICE_SLOWDOWN", "/api/v1/data", "a path and a percentage"),
        ("PERFKIT_SERVICE_SLOWDOWN", "/api/v1/data=0%", "a path and a percentage"),
    )
    code = f"import sys\nsys.path.insert(0, {str(FOLDER)!r})\nimport config\n"
    for name, value, _ in wrong:
        code += f"try: config.read({{{name!r}: {value!r}}})\n"
        code += "except ValueError as error: print(error)\n"
    done = subprocess.run([python, "-B", "-c", code], capture_output=True, text=True, check=True)
    for line, (name, value, said) in zip(done.stdout.splitlines(), wrong, strict=True):
        assert line.startswith(f"{name}={value!r}: {said}")
    last = refusal(python, tmp_path, {"PERFKIT_SERVICE_SLOWDOWN": "/api/v1/nothing=1%"})
    assert last.startswith("ValueError: PERFKIT_SERVICE_SLOWDOWN: /api/v1/nothing is none of /, ")
    assert "/api/v1/data" in last


def test_a_cache_server_that_is_not_there_is_found_at_the_start(
    python: Path, tmp_path: Path
) -> None:
    refusal(python, tmp_path, {"REDIS_URL": f"redis://127.0.0.1:{free_port()}/0"})
    assert "ConnectionError" in (tmp_path / "refusal.log").read_text()


@pytest.mark.parametrize("side", Side)
def test_a_slowdown_costs_its_share_of_the_requests_own_cpu_time(
    side: Side, pythons: dict[Side, Path]
) -> None:
    """Two requests at once, each of which burns some CPU time, waits, and burns some more."""
    code = f"""
    import asyncio, sys, time
    sys.path.insert(0, {str(FOLDER)!r})
    from slowdown import SlowdownMiddleware, _burn

    OWN = 20_000_000

    async def app(scope, receive, send):
        _burn(OWN)
        await asyncio.sleep(0.01)
        _burn(OWN)
        await send({{"type": "http.response.start"}})

    async def request(path):
        async def send(message):
            pass
        await SlowdownMiddleware(app, path="/slow", share=0.25)({{"type": "http", "path": path}},
                                                                None, send)

    async def both(path):
        before = time.thread_time_ns()
        await asyncio.gather(request(path), request(path))
        return time.thread_time_ns() - before

    print(asyncio.run(both("/other")) / OWN, asyncio.run(both("/slow")) / OWN)
    """
    done = subprocess.run(
        [pythons[side], "-c", textwrap.dedent(code)], capture_output=True, text=True, check=True
    )
    plain, slow = map(float, done.stdout.split())
    assert plain == pytest.approx(4, abs=0.2)
    assert slow == pytest.approx(5, abs=0.25)


@pytest.mark.parametrize("side", Side)
def test_a_slowdown_passes_on_what_the_endpoint_gets_and_gives(
    side: Side, pythons: dict[Side, Path], tmp_path: Path
) -> None:
    environ = {"PERFKIT_SERVICE_SLOWDOWN": "/api/v1/items=50%"}
    with served(pythons[side], tmp_path, environ) as service:
        assert service.create()["id"] == 101
        assert service.ask("POST", "/api/v1/items", {})[0] == 422
        assert len(service.get("/api/v1/items?limit=5")["items"]) == 5


def test_it_is_not_taken_for_benchmarks() -> None:
    found = select([], cwd=ROOT)
    assert found.problems == ()
    assert all(script.path.name.startswith("bm_") for script in found.scripts)
    assert default_suite() / "service" == FOLDER


@pytest.mark.parametrize("path", sorted(FOLDER.glob("*.py")), ids=lambda path: path.name)
def test_it_keeps_to_the_grammar_of_python_3_9(path: Path) -> None:
    tree = ast.parse(path.read_text(), feature_version=(3, 9))
    assert ast.get_docstring(tree)


def test_it_runs_from_the_wheel(python: Path, tmp_path: Path) -> None:
    build = (uv.find_uv_bin(), "build", "-q", "--wheel", "--out-dir", tmp_path, ROOT)
    subprocess.run(build, check=True, capture_output=True)
    (wheel,) = tmp_path.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(tmp_path)
    app = tmp_path / "perfkit" / "_benchmarks" / "service"
    names = {path.name for path in FOLDER.glob("*.py")}
    assert names == {path.name for path in app.iterdir() if path.suffix == ".py"}
    with served(python, tmp_path, app=app) as service:
        assert service.get("/")["service"] == "perfkit reference service"
