"""What may stand in a profile, for people: ``perfkit load profiles --reference``.

Tests hold the keys told here against those that the parser takes. Defaults and limits are the
parser's own.
"""

from __future__ import annotations

import textwrap
from pathlib import Path
from typing import TYPE_CHECKING

from perfkit.profile.limits import BREAKS
from perfkit.profile.parse import parse_profile
from perfkit.profile.scenario import METHODS
from perfkit.profile.threshold import Metric
from perfkit.profile.value import BUILT_IN, MOST_CHECKS, ROLES

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

EXAMPLE = """\
description: customers log in, look at orders and place some
model: open
start: 50                       # from the first moment on
stages:
  - {name: normal, role: before, duration: 2m, rate: 50}
  - {name: jump, duration: 0s, rate: 200}
  - {name: sale, role: stress, duration: 1m, rate: 200}
  - {name: fall, duration: 0s, rate: 50}
  - {name: after, role: recovery, duration: 3m, rate: 50}
users: 400
arrivals: poisson
scenario:
  timeout: 5s
  setup:                        # once a user, before the load begins; never counted
    - name: log in
      post: /login
      json: {name: "load-${user}", password: secret}
      checks: {status: 200}
      capture: {token: access_token, order: orders.0.id}
  variables:
    city: [Ulm, Bonn, Trier]
  requests:
    - name: list
      get: /orders?city=${city}&page=${count}
      weight: 5
      headers: {Authorization: "Bearer ${token}"}
      checks: {status: 200, time: 200ms, body: '"orders"'}
    - name: read
      get: /orders/${order}
      headers: {Authorization: "Bearer ${token}"}
      checks: {status: [200, 304]}
    - name: place
      post: /orders
      headers: {Authorization: "Bearer ${token}"}
      json: {reference: "${random}", city: "${city}", items: [{id: 7, quantity: 2}]}
      checks: {status: 201}
      capture: {order: id}
thresholds: ["p(95)@normal<150ms", "rate(errors)<1%", "rate(checks)>99%", "rss<280MB"]
abort: ["rate(errors)>50% for 10s"]
break: ["p(95)>=300ms", "rate(errors)>=5%"]
recovery: {tolerance: 20%, for: 20s}
"""
"""A profile that shows most of it."""

_LEAST = """\
model: closed
start: 1
stages: {duration: 1s, users: 1}
scenario: {requests: {get: /}}
"""
"""What a profile must say; the rest is as it is unless said."""

_WIDTH = 98


def tables() -> dict[str, Mapping[str, str]]:
    """What each key means, by the table it stands in."""
    closed = parse_profile(_LEAST, Path("least.yaml"))
    tolerance, stay = closed.recovery
    return {
        "a profile": {
            "name": "for people; the file's name unless said",
            "description": "one line for people",
            "model": "closed: a number of users, each of whom waits for the answer, thinks, and "
            "goes on. open: arrivals at a rate, whatever the service does. Required",
            "start": "level (users, or requests/s) at time 0; 0 unless said",
            "stages": "one or several, in order; see below. Required",
            "requests": "end after so many requests, even within a stage",
            "users": "model open: how many send; by default as many as requests arrive in a second",
            "arrivals": f"model open: uniform or poisson; {closed.arrivals} unless said",
            "think": "model closed: pause after an answer, 1s or [0.5s, 1.5s] drawn evenly; none "
            "unless said",
            "scenario": "what the users do; see below. Required",
            "thresholds": "what must hold; see below",
            "abort": "what ends the run once it has been true for so long: "
            '"rate(errors)>50% for 10s"',
            "break": "what is true of a broken service, for 'perfkit load breakpoint'; unless said "
            f"{' and '.join(BREAKS)}",
            "sliced": "false: a comparison loads one service after the other, not in turns. By "
            "default false with stages of stress or recovery, else true",
            "trials": f"trials of a comparison; {closed.trials} unless said",
            "recovery": "{tolerance: …, for: …}: recovered once p95 (relative) and error rate "
            "(absolute) stay so near to the level before the stress for so long; unless said "
            f"{tolerance:.0%} and {stay:g} s",
            "graceful-stop": "how long requests in flight at the end may take; the scenario's "
            "timeout unless said",
        },
        "a stage": {
            "name": "thresholds name it: p(95)@NAME<150ms",
            "duration": "300ms, 30s, 5m, 2h; 0s for a jump. Required",
            "users": "model closed: level at its end. Required",
            "rate": "model open: level at its end, 200 (a second) or 12000/min. Required",
            "role": f"{', '.join(ROLES)}. A ramp is left out of the figures of the whole load, of "
            "thresholds without @ and of comparisons; all others count. Recovery is measured after "
            "stress, against before. Unless said a stage whose level stays is a hold, and one "
            "whose level moves a ramp",
        },
        "a scenario": {
            "requests": "one or several, drawn by weight",
            "setup": "requests that each user sends once, in order, before the load begins; never "
            "counted",
            "variables": "{NAME: value or [values]}: each request draws one",
            "timeout": "after which a request without an answer has failed; "
            f"{closed.scenario.timeout:g} s unless said",
            "locustfile": "your own Locust file as it is, instead of requests, setup and "
            "variables; the path starts at the profile's folder",
        },
        "a request": {
            **dict.fromkeys(METHODS, "path from the service's root, with query"),
            "name": "in every table; method and path unless said",
            "weight": "how often, relative to the others; 1 unless said",
            "headers": "{NAME: text}",
            "body": "text that is sent",
            "json": "table or list that is sent as JSON, with its Content-Type",
            "checks": f"{{status: 200, time: 100ms, body: text}}, or a list of up to {MOST_CHECKS} "
            "with names; without one of status, a status below 400 is right",
            "capture": "{NAME: path.0.id}: a value taken from a JSON answer and kept by the user; "
            "setup captures it first",
        },
        "a check": {
            "name": "for people; in a list",
            "status": "200, or [200, 304]; otherwise the request has failed",
            "body": "text that the body holds; otherwise the request has failed",
            "time": "longest service time; a slower answer is counted, and has not failed",
        },
    }


def reference() -> str:
    """The whole reference, in lines of at most 100 characters."""
    parts = ["A profile is a YAML file. With all that may stand in it:"]
    parts += ["\n".join([name, *_rows(keys)]) for name, keys in tables().items()]
    built_in = ", ".join(f"${{{name}}}" for name in BUILT_IN)
    metrics = ", ".join("p(95)" if one is Metric.PERCENTILE else str(one) for one in Metric)
    paragraphs = {
        "how the level moves": "In a straight line from where it was to the stage's own, as k6's "
        "stages do: 'role: hold, duration: 10s, users: 4' alone climbs from 0 to 4 for ten "
        "seconds. For a level that stays, say 'start: 4', or put a stage '{duration: 0s, "
        "users: 4}' before it. perfkit says so where a profile may have meant the one and says "
        "the other.",
        "variables": f"${{NAME}} in paths, headers, body and json stands for a variable, or for a "
        f"captured value. {built_in} exist always: number of the user, of the user's request, and "
        "a random number, all seeded.",
        "thresholds": f"METRIC[@STAGE] OPERATOR LIMIT, such as p(99.9)@hold<=1.5s, with one of "
        f"{metrics}; limits such as 150ms, 1%, 1150/s, 280MB, 80% (of one CPU). Those of abort "
        "end in 'for 10s'.",
    }
    for name, text in paragraphs.items():
        lines = textwrap.wrap(text, _WIDTH - 2)
        parts.append("\n".join([name, *(f"  {line}" for line in lines)]))
    parts.append(f"an example\n{textwrap.indent(EXAMPLE, '  ')}".rstrip())
    return "\n\n".join(parts)


def _rows(keys: Mapping[str, str]) -> Iterator[str]:
    """Keys of the same meaning share a line."""
    shared: dict[str, list[str]] = {}
    for key, meaning in keys.items():
        shared.setdefault(meaning, []).append(key)
    for meaning, names in shared.items():
        head = f"  {', '.join(names):<14} "
        lines = textwrap.wrap(meaning, _WIDTH - 17, break_on_hyphens=False)
        if len(head) > 17:  # noqa: PLR2004 - the column where meanings begin
            yield head.rstrip()
            head = " " * 17
        yield f"{head}{lines[0]}"
        yield from (" " * 17 + line for line in lines[1:])
