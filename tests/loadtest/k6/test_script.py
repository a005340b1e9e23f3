"""A profile as a k6 script."""

from __future__ import annotations

import json
import shutil
import subprocess
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from perfkit.loadtest.k6 import script
from perfkit.loadtest.k6.script import k6_script, names_of

GOLDEN = Path(__file__).parent / "golden"
CLOSED = """
model: closed
start: 2
stages:
  - {name: jump, duration: 0s, users: 5}
  - {name: hold, duration: 90s, users: 5}
  - {name: down, duration: 1.5s, users: 0}
requests: 500
think: [1s, 3s]
graceful-stop: 7s
scenario:
  timeout: 2.5s
  variables: {page: ["1", "2"]}
  setup:
    - {name: log in, post: /login, json: {name: "u${user}"}, capture: {token: tokens.0}}
  requests:
    - name: list
      weight: 3
      get: "/items?page=${page}&n=${count}"
      headers: {Authorization: "Bearer ${token}", Accept-Encoding: gzip}
      checks: [{name: a, status: [200, 304]}, {name: b, status: [200, 404], body: "items"}]
    - {name: home, get: /, checks: {time: 100ms}}
"""
OPEN = """
model: open
start: 0.5
stages: [{name: up, duration: 10s, rate: 33.333}, {name: hold, duration: 1m, rate: 33.333}]
users: 20
scenario: {timeout: 10s, requests: [{name: a, get: /}]}
"""


def content_of(text: str) -> dict[str, Any]:
    begin = text.index("const P = ") + len("const P = ")
    found: dict[str, Any] = json.JSONDecoder().raw_decode(text[begin:])[0]
    return found


@pytest.mark.parametrize(("name", "profile"), [("closed", CLOSED), ("open", OPEN)])
def test_golden(tools: Any, name: str, profile: str) -> None:
    text = k6_script(tools.spec(profile, "http://127.0.0.1:8000/"))
    golden = (GOLDEN / f"{name}.json").read_text()
    assert json.dumps(content_of(text), indent=1, ensure_ascii=False) + "\n" == golden
    template = Path(script.__file__).with_name("script.js").read_text()
    head, tail = template.split("const P = {};")
    assert text.startswith(head)
    assert text.endswith(tail)


def test_levels_are_whole_users(tools: Any) -> None:
    profile = tools.profile(CLOSED)
    changed = replace(
        profile, start=0.4, stages=(replace(profile.stages[1], target=2.2), *profile.stages[2:])
    )
    load = content_of(k6_script(tools.spec(changed, "http://h")))["options"]["scenarios"]["load"]
    assert load["startVUs"] == 1
    assert [stage["target"] for stage in load["stages"]] == [3, 0]


def test_texts_cannot_break_out(tools: Any) -> None:
    nasty = 'a\u2028b"\\u0041 const P = {}; `${page}` ${user}x'
    profile = tools.profile(CLOSED)
    request = replace(profile.scenario.requests[0], body=nasty)
    changed = replace(profile, scenario=replace(profile.scenario, requests=(request,)))
    text = k6_script(tools.spec(changed, "http://h"))
    assert text.isascii() or "\u2028" not in text
    (found,) = content_of(text)["requests"]
    assert found["body"] == ['a\u2028b"\\u0041 const P = {}; `', "page", "` ", "user", "x"]


def test_names_are_numbered_once(tools: Any) -> None:
    assert names_of(tools.profile(CLOSED)) == ("list", "home", "log in")


@pytest.mark.usefixtures("k6")
@pytest.mark.parametrize("profile", [CLOSED, OPEN])
def test_k6_accepts_it(tools: Any, tmp_path: Path, profile: str) -> None:
    path = tmp_path / "script.js"
    path.write_text(k6_script(tools.spec(profile, "http://127.0.0.1:9")))
    k6 = shutil.which("k6")
    assert k6
    found = subprocess.run(
        [k6, "inspect", "--execution-requirements", str(path)],
        capture_output=True,
        text=True,
        timeout=30,
        check=True,
    )
    told = json.loads(found.stdout)
    assert told["maxVUs"] == (5 if profile is CLOSED else 20)
