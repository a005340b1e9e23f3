"""What the users do, as people write it: requests, checks, variables, captures."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, TypeAlias
from urllib.parse import quote

from perfkit.grammar import InvalidError
from perfkit.profile.checks import read_checks
from perfkit.profile.reading import number, seconds, text
from perfkit.profile.template import NAME, malformed, variables_in
from perfkit.profile.value import BUILT_IN, Request, Scenario

if TYPE_CHECKING:
    from pathlib import Path

    from perfkit.profile.reading import Table, Value

METHODS = ("get", "post", "put", "patch", "delete", "head", "options")
KEYS = ("timeout", "setup", "variables", "requests", "locustfile")
REQUEST_KEYS = (*METHODS, "name", "weight", "headers", "body", "json", "checks", "capture")
TIMEOUT = 10.0

_HOUR = 3600.0
_MOST_WEIGHT = 1e6
_MOST_REQUESTS = 1000
_MOST_VALUES = 100_000
_MOST_BODY = 1 << 18
_PATH = re.compile(r"/(?!/)[!\"$-~]*", re.ASCII)
_HEADER = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]{1,100}", re.ASCII)
_OWN_HEADERS = ("content-length", "transfer-encoding", "connection")
_STEPS = re.compile(r"[\w-]+(\.[\w-]+)*")

Variables: TypeAlias = Mapping[str, tuple[str, ...]]


def read_scenario(value: Value, *, think: tuple[float, float], folder: Path) -> Scenario:
    """The scenario of a profile.

    Args:
        value: The table as written.
        think: Pause after an answer, in seconds.
        folder: Folder that the path of a Locust file starts from.
    """
    table = value.table(KEYS)
    variables = _variables(table)
    setup = _requests(table.get("setup"), variables, in_setup=True)
    requests = _requests(table.get("requests"), variables, in_setup=False)
    locustfile = _locustfile(table, folder)
    has_requests = table.get("requests") is not None
    if locustfile is not None and any(table.get(key) for key in ("requests", "setup", "variables")):
        what = "excludes requests, setup and variables: its users do what it says"
        table.at("locustfile").wrong(what, remedy="leave one or the other out")
    if not requests and not has_requests and table.get("locustfile") is None:
        table.here().wrong("says nothing to send", allowed="requests: […] or locustfile: PATH")
    elif has_requests and table.content["requests"] == []:
        table.at("requests").wrong("is empty", allowed="at least one request")
    _check_names((*setup, *requests), table)
    _check_references(setup, requests, variables, table)
    return Scenario(
        requests=requests,
        setup=setup,
        variables=tuple(variables.items()),
        think=think,
        locustfile=locustfile,
        timeout=table.read("timeout", seconds(0.001, _HOUR), TIMEOUT),
    )


def _locustfile(table: Table, folder: Path) -> Path | None:
    def existing(value: object) -> Path:
        path = (folder / text(value, most=4000)).absolute()
        if not path.is_file():
            remedy = "check the path; it starts at the profile's folder"
            raise InvalidError("does not exist", got=str(path), remedy=remedy)
        return path

    return table.read("locustfile", existing, None)


def _variables(table: Table) -> dict[str, tuple[str, ...]]:
    found: dict[str, tuple[str, ...]] = {}
    value = table.get("variables")
    if value is None:
        return found
    content = value.any_table()
    for name in content.keys():  # noqa: SIM118 - no mapping
        values = content.at(name)
        replace(values, raw=name).read(_variable_name, "")
        texts = tuple(one.read(_variable_value, "") for one in values.items(most=_MOST_VALUES))
        if values.raw == [] or values.raw is None:
            values.wrong("has no value", allowed="a value or a list of values")
        found[name] = texts
    return found


def _variable_name(value: object) -> str:
    name = str(value)
    if not NAME.fullmatch(name):
        raise InvalidError("is no name of a variable", allowed="letters, digits and _")
    if name in BUILT_IN:
        what = "is a variable that exists always"
        raise InvalidError(what, remedy="give yours another name")
    return name


def _variable_value(value: object) -> str:
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    if not isinstance(value, str):
        remedy = f'write "{value}", in quotes' if isinstance(value, bool | float) else None
        raise InvalidError("is no text", got=value, remedy=remedy)
    return value


def _requests(value: Value | None, variables: Variables, *, in_setup: bool) -> tuple[Request, ...]:
    if value is None:
        return ()
    items = value.items(most=_MOST_REQUESTS)
    return tuple(_request(one, variables, in_setup=in_setup) for one in items)


def _request(value: Value, variables: Variables, *, in_setup: bool) -> Request:
    table = value.table(REQUEST_KEYS)
    method, path = _target(table, variables)
    headers = _headers(table)
    body = table.read("body", _body, None)
    if "json" in table.content:
        if "body" in table.content:
            table.here().wrong("has a body twice", remedy="leave out body or json")
        body = _json(table, variables)
        if all(name.lower() != "content-type" for name, _ in headers):
            headers = (("Content-Type", "application/json"), *headers)
    if in_setup and table.get("weight") is not None:
        table.at("weight").wrong("does not belong to setup, which is sent once, in order")
    unnamed = f"{'setup ' if in_setup else ''}{method} {path or value.place}"
    return Request(
        name=table.read("name", text, unnamed),
        weight=0.0 if in_setup else table.read("weight", _weight, 1.0),
        method=method,
        path=path or "/",
        headers=headers,
        body=body,
        checks=read_checks(table.get("checks")),
        capture=_capture(table),
    )


def _weight(value: object) -> float:
    found = number(0, _MOST_WEIGHT)(value)
    if found == 0:
        raise InvalidError("is 0, so that it is never sent", remedy="leave the request out")
    return found


def _target(table: Table, variables: Variables) -> tuple[str, str | None]:
    said = [method for method in METHODS if method in table.content]
    if len(said) != 1:
        what = f"has {len(said)} methods ({', '.join(said)})" if said else "has no method and path"
        table.here().wrong(what, allowed='one of them, such as "get: /api/v1/data"')
        return "GET", None
    where = table.at(said[0])
    path = where.read(read_path, None)
    for name in variables_in(path or ""):
        unsafe = [one for one in variables.get(name, ()) if one != quote(one, safe="/?&=%:,+~")]
        if unsafe:
            where.wrong(
                f"holds ${{{name}}}, not every value of which can stand in a URL",
                got=unsafe[0],
                remedy=f'write "{quote(unsafe[0])}"',
            )
    return said[0].upper(), path


def read_path(value: object) -> str:
    """The path of a request.

    Raises:
        InvalidError: It is none.
    """
    path = text(value, most=4000)
    _check_template(path)
    if not _PATH.fullmatch(path):
        is_url = "://" in path
        remedy = "the command line says which service" if is_url else "encode spaces as %20, say"
        allowed = 'a path such as "/api/v1/data?page=2", from the service\'s root'
        raise InvalidError("is no path", got=value, allowed=allowed, remedy=remedy)
    return path


def _check_template(content: str) -> None:
    if (wrong := malformed(content)) is not None:
        allowed = "${name}, of letters, digits and _"
        raise InvalidError("holds what is no variable", got=wrong, allowed=allowed)


def _body(value: object) -> str:
    if not isinstance(value, str):
        structured = isinstance(value, dict | list)
        remedy = "write json: instead of body:" if structured else "put it in quotes"
        raise InvalidError("is no text", got=value, remedy=remedy)
    if len(value) > _MOST_BODY:
        raise InvalidError("is too long", allowed=f"at most {_MOST_BODY:,} characters")
    _check_template(value)
    return value


def _json(table: Table, variables: Variables) -> str | None:
    where = table.at("json")
    content = json.dumps(where.raw, ensure_ascii=False, separators=(",", ":"))
    where.read(lambda _: _body(content), None)
    for name in variables_in(content):
        for one in variables.get(name, ()):
            if json.dumps(one, ensure_ascii=False) != f'"{one}"':
                what = f"holds ${{{name}}}, not every value of which can stand in a JSON string"
                where.wrong(what, got=one, remedy="escape it as JSON does")
                break
    return content


def _headers(table: Table) -> tuple[tuple[str, str], ...]:
    value = table.get("headers")
    if value is None:
        return ()
    content = value.any_table()
    found: list[tuple[str, str]] = []
    for name in content.keys():  # noqa: SIM118 - no mapping
        where = content.at(name)
        if not _HEADER.fullmatch(name):
            where.wrong("is no name of a header")
        elif name.lower() in _OWN_HEADERS:
            where.wrong("is a header that the engine sets itself", remedy="leave it out")
        elif any(name.lower() == other.lower() for other, _ in found):
            where.wrong("is there twice; case does not count in names of headers")
        found.append((name, where.read(_header_value, "")))
    return tuple(found)


def _header_value(value: object) -> str:
    content = text(_variable_value(value), most=8000)
    _check_template(content)
    if not content.isascii():
        raise InvalidError("is no ASCII text, which headers are", got=value)
    return content


def _capture(table: Table) -> tuple[tuple[str, str], ...]:
    value = table.get("capture")
    if value is None:
        return ()
    content = value.any_table()
    for name in content.keys():  # noqa: SIM118 - no mapping
        replace(content.at(name), raw=name).read(_variable_name, "")
    return tuple((name, content.at(name).read(_steps, "")) for name in content.keys())  # noqa: SIM118


def _steps(value: object) -> str:
    path = _variable_value(value)
    if not _STEPS.fullmatch(path):
        allowed = 'keys and indices with dots: "id", "items.0.id"'
        raise InvalidError("is no path into a JSON answer", got=value, allowed=allowed)
    return path


def _check_names(requests: tuple[Request, ...], table: Table) -> None:
    names = [request.name for request in requests]
    for name in sorted({name for name in names if names.count(name) > 1}):
        what = f"has several requests called {name!r}"
        table.here().wrong(what, remedy="give each a name: of its own")


def _check_references(
    setup: tuple[Request, ...], requests: tuple[Request, ...], variables: Variables, table: Table
) -> None:
    """Every variable has a value before it is needed, whatever the dice say."""
    known = {*BUILT_IN, *variables}
    for request in setup:
        _check_known(request, known, table, later=_captured(setup) - known)
        known |= {name for name, _ in request.capture}
    prepared = _captured(setup)
    for request in requests:
        _check_known(request, known, table, later=_captured(requests) - known)
        for name, _ in request.capture:
            if name not in prepared | {*variables}:
                table.here().wrong(
                    f"captures {name!r} in {request.name!r}, but not in setup: a request that "
                    "needs it may be drawn before",
                    remedy="let a request in setup capture it first",
                )
    for name in sorted((prepared | _captured(requests)) & {*variables}):
        table.here().wrong(f"has {name!r} among the variables and captures it", remedy="rename one")


def _check_known(request: Request, known: set[str], table: Table, *, later: set[str]) -> None:
    texts = (request.path, request.body or "", *(content for _, content in request.headers))
    for name in dict.fromkeys(name for one in texts for name in variables_in(one)):
        if name in known:
            continue
        why = "is captured only later" if name in later else "has no value"
        allowed = ", ".join(f"${{{one}}}" for one in sorted(known))
        table.here().wrong(f"uses ${{{name}}} in {request.name!r}, which {why}", allowed=allowed)


def _captured(requests: tuple[Request, ...]) -> set[str]:
    return {name for request in requests for name, _ in request.capture}
