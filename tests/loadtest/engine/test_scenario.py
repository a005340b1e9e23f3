"""What a profile's own scenario sends, and when it holds an answer to be right."""

from __future__ import annotations

import json
import random
import sys
from typing import TYPE_CHECKING

import pytest

from perfkit.loadtest.engine_process import ENGINE
from perfkit.loadtest.generator import EngineError, Generator
from perfkit.profile.value import Scenario

sys.path.insert(0, str(ENGINE))

from _perfkit_scenario import Body, Script, Sending, Values, count, judge

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.loadtest.engine.conftest import Tools


def reader(data: bytes) -> Callable[[int], bytes]:
    """As a client reads: whole pieces until the last."""
    pieces = [data]

    def read(size: int) -> bytes:
        rest = pieces.pop()
        pieces.append(rest[size:])
        return rest[:size]

    return read


def judged(sending: Sending, status: int, body: bytes, seconds: float) -> tuple[int, str | None]:
    read = Body(sending) if sending.reads else None
    assert (count(reader(body)) if read is None else read.read(reader(body))) == len(body)
    found: tuple[int, str | None] = judge(sending, status, read, seconds)
    return found


def test_without_checks_a_status_below_400_is_right(tools: Tools) -> None:
    sending = Sending(tools.request(), 0)
    assert judged(sending, 302, b"", 9.0) == (0, None)
    assert judged(sending, 404, b"", 0.0) == (0, "status 404")
    timed = Sending(tools.request(checks=(tools.check(seconds=1.0),)), 0)
    assert judged(timed, 500, b"", 0.0) == (0, "status 500")


def test_checks(tools: Tools) -> None:
    checks = (
        tools.check("created", status=(201, 404)),
        tools.check("fast", seconds=0.1),
        tools.check("text", body="needle"),
    )
    sending = Sending(tools.request(checks=checks), 0)
    assert judged(sending, 404, b"a needle", 0.05) == (0, None)
    # a slow answer is counted, not failed
    assert judged(sending, 201, b"needle", 0.2) == (0b010, None)
    bits, why = judged(sending, 200, b"hay", 0.2)
    assert (bits, why) == (0b111, "check 'created': status 200")
    assert judged(sending, 201, b"hay", 0.0) == (0b100, "check 'text': text not in the body")


@pytest.mark.parametrize("at", [0, 65530, 65533, 65536, 131066, 131072, 150000])
def test_text_is_found_wherever_pieces_of_the_body_meet(tools: Tools, at: int) -> None:
    sending = Sending(tools.request(checks=(tools.check(body="needle"),)), 0)
    body = b"." * at + b"needle" + b"." * (150000 - at)
    assert judged(sending, 200, body, 0.0) == (0, None)
    assert judged(sending, 200, body.replace(b"dl", b"ld"), 0.0)[0] == 1


def test_values_of_a_json_answer(tools: Tools) -> None:
    capture = (("id", "items.1.id"), ("name", "name"), ("none", "items.0.id"))
    sending = Sending(tools.request(capture=capture), 0)
    document = {"items": [{"id": None}, {"id": 7}], "name": "ünï"}
    body = Body(sending)
    body.read(reader(json.dumps(document).encode()))
    assert body.captured(capture) == {"id": "7", "name": "ünï", "none": "null"}
    for path in ("items.2.id", "name.x", "nothing", "items.x"):
        with pytest.raises(LookupError, match=f"nothing at {path}"):
            body.captured((("x", path),))
    broken = Body(sending)
    broken.read(reader(b"<html>"))
    with pytest.raises(LookupError, match="no JSON"):
        broken.captured(capture)


def test_variables_are_drawn_for_each_request(tools: Tools) -> None:
    request = tools.request(
        "/${color}/${user}/${count}?r=${random}", body="${color}", headers=(("X", "${user}"),)
    )
    scenario = Scenario(
        requests=(request, tools.request("/plain", weight=3.0)),
        setup=(),
        variables=(("color", ("red", "blue")),),
        think=(0, 0),
        locustfile=None,
        timeout=1.0,
    )
    script = Script(scenario, {request.name: 0, "get /plain": 1}.__getitem__)
    values = Values(script, 4, random.Random(1))
    seen = set()
    for nth in range(1, 40):
        path, headers, body = script.requests[0].render(values.of(script.requests[0]))
        color = path.split("/")[1]
        assert path.startswith(f"/{color}/4/{nth}?r=")
        assert body == color.encode()
        assert headers == {"X": "4", "Accept-Encoding": "identity"}
        seen.add(path.rpartition("=")[2])
    assert len(seen) == 39
    drawn = [script.draw(random.Random(index)).name for index in range(2000)]
    assert 1400 < drawn.count("get /plain") < 1600


def test_a_scenario_on_the_wire(tools: Tools) -> None:
    server = tools.server("echo")
    setup = (tools.request("/login", name="login", weight=0, capture=(("t", "user.tokens.0"),)),)
    post = tools.request(
        "/items",
        name="post",
        method="POST",
        body='{"n": ${n}}',
        headers=(("Content-Type", "application/json"),),
        checks=(tools.check(body="POST"), tools.check(status=(200,))),
    )
    private = tools.request("/private", name="private", headers=(("authorization", "Bearer ${t}"),))
    head = tools.request("/head", name="head", method="HEAD")
    profile = tools.profile(
        (20, 2),
        users=2,
        requests=60,
        setup=setup,
        requests_of=(post, private, head),
        variables=(("n", ("1", "2")),),
    )
    run = tools.run(profile, server.url)
    assert run.end.workers[0].answered == 60
    assert set(run.events.requests) == {"login", "post", "private", "head"}
    lines = [" ".join(line) for line in server.stop() if line[0] == "echo"]
    posts = [line for line in lines if line.startswith("echo POST /items")]
    assert all('"content-type": "application/json"' in line for line in posts)
    assert {line[-4:] for line in posts} == {" 1}'", " 2}'"}


def test_a_setup_that_fails_keeps_the_load_from_beginning(tools: Tools) -> None:
    server = tools.server("status", 503)
    setup = (tools.request("/login", name="login", weight=0),)
    spec = tools.spec(tools.profile((5, 3), users=3, setup=setup), server.url)
    with Generator(spec) as generator, pytest.raises(EngineError) as caught:
        generator.ready()
    assert str(caught.value) == "setup request 'login': status 503"
    assert caught.value.stage == "engine"
