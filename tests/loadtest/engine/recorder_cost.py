"""What recording every request costs: throughput of perfkit's engine against bare FastHttpUser.

Usage: ``python tests/loadtest/engine/recorder_cost.py [ROUNDS [SECONDS [USERS]]]``

Both send GET to the same null server, from the same CPU, with the same number of users who do not
think; they take turns, and the order within a pair is drawn. A rate of completed requests each
time; of the pairs' ratios the geometric mean with a 95 % interval (t distribution), and the same of
CPU seconds a request, which the server's speed does not touch.
"""

# ruff: noqa: T201 - a command that is read by people
from __future__ import annotations

import json
import math
import random
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[3]))

from conftest import Tools
from scipy import stats

from perfkit.loadtest.generator import Generator
from perfkit.loadtest.null_server import start_null
from perfkit.machine import cpus

BARE = """
import json, sys, time
from locust import FastHttpUser, constant, task
from locust.env import Environment
import gevent

host, users, seconds = sys.argv[1], int(sys.argv[2]), float(sys.argv[3])

class Bare(FastHttpUser):
    wait_time = constant(0)
    @task
    def get(self):
        self.client.get("/")

environment = Environment(user_classes=[Bare], host=host)
runner = environment.create_local_runner()
runner.start(users, spawn_rate=users)
runner.spawning_greenlet.join()
gevent.sleep(0.5)
def now(): return time.monotonic(), time.process_time(), environment.stats.total.num_requests
wall, cpu, count = now()
gevent.get_hub().loop.update_now()
gevent.sleep(seconds)
wall2, cpu2, count2 = now()
print(json.dumps([(count2 - count) / (wall2 - wall), (cpu2 - cpu) / (count2 - count)]))
"""


def bare(url: str, users: int, seconds: float) -> tuple[float, float]:
    with cpus.held_to(CPU):
        done = subprocess.run(
            [sys.executable, "-c", BARE, url, str(users), str(seconds)],
            capture_output=True,
            check=True,
        )
    rate, cpu = json.loads(done.stdout)
    return rate, cpu


def ours(url: str, users: int, seconds: float) -> tuple[float, float]:
    """The first second is left out, as the bare one's first half is; the rest are whole."""
    with tempfile.TemporaryDirectory() as folder:
        tools = Tools(Path(folder))
        profile = tools.profile((seconds + 1, users), users=users)
        with Generator(tools.spec(profile, url, cpus=CPU)) as generator:
            generator.ready()
            told = [one for one in generator.seconds() if 1.5 < one.second <= seconds + 1]
            generator.finish()
    count = sum(one.answered for one in told)
    return count / len(told), sum(one.cpu for one in told) / count


def say(name: str, ratios: list[float]) -> float:
    logs = [math.log(one) for one in ratios]
    mean = statistics.fmean(logs)
    half = stats.t.ppf(0.975, len(logs) - 1) * statistics.stdev(logs) / math.sqrt(len(logs))
    low, middle, high = (math.exp(mean + sign * half) for sign in (-1, 0, 1))
    print(f"{name}: {middle:.3f} of bare, 95 % interval {low:.3f} … {high:.3f}, n = {len(logs)}")
    return middle


def main() -> None:
    words = [float(word) for word in sys.argv[1:]]
    rounds, seconds, users = (words + [10, 3, 10][len(words) :])[:3]
    rates, costs = [], []
    with_server = start_null("recorder-cost", SERVICE)
    try:
        for index in range(int(rounds)):
            order = [bare, ours]
            random.Random(index).shuffle(order)
            found = {one: one(with_server.url, int(users), int(seconds)) for one in order}
            rates.append(found[ours][0] / found[bare][0])
            costs.append(found[ours][1] / found[bare][1])
            texts = [f"{found[one][0]:.0f}/s {found[one][1] * 1e6:.0f} us" for one in (bare, ours)]
            print(f"pair {index}: bare {texts[0]}, perfkit {texts[1]}", flush=True)
    finally:
        with_server.stop()
    say("throughput", rates)
    say("CPU a request", costs)


PLACED = cpus.place(pin=True)
SERVICE = frozenset() if PLACED.measuring is None else frozenset({PLACED.measuring})
CPU = PLACED.starting

if __name__ == "__main__":
    main()
