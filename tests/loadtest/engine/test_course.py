"""Users follow the profile's schedule, in either model, alone or with a second service."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from perfkit.profile.schedule import arrivals, stage_bounds
from perfkit.profile.value import Arrivals, Model
from perfkit.recording.events import read_events
from perfkit.recording.load import Window

if TYPE_CHECKING:
    from tests.loadtest.engine.conftest import Tools


def test_closed_users_work_while_the_level_is_above_their_number(tools: Tools) -> None:
    server = tools.server("echo")
    profile = tools.profile(
        (0.5, 2),
        (1.0, 6),
        (0.5, 6),
        (0.0, 1),
        (0.5, 1),
        users=6,
        think=(0.02, 0.04),
        requests_of=(tools.request("/?user=${user}&count=${count}"),),
    )
    run = tools.run(profile, server.url)
    events = run.events
    assert run.end.reason == "finished"
    assert abs(run.end.seconds - 2.5) < 0.05
    told = [line[2] for line in server.stop() if line[0] == "echo"]
    users = {int(path.partition("user=")[2].partition("&")[0]) for path in told}
    assert users == set(range(6))
    counts = [int(path.rpartition("=")[2]) for path in told if "user=0&" in path]
    assert counts == list(range(1, len(counts) + 1))
    # think time: each user sends every 30 ms or so, the answer being quick
    rates = np.histogram(events.due, [0, 0.5, 1.5, 2.0, 2.5])[0] / [0.5, 1.0, 0.5, 0.5]
    expected = np.array([2, 4, 6, 1]) / 0.033
    assert (rates > 0.4 * expected).all()
    assert (rates < 1.4 * expected).all()
    ends = [end for _, end in stage_bounds(profile)]
    assert np.searchsorted(ends, events.due, "right").tolist() == events.phase.tolist()


def test_think_time_is_from_the_answer_on_and_seeded(tools: Tools) -> None:
    server = tools.server("fixed", 0.05)
    profile = tools.profile((1, 1), think=(0.1, 0.2))
    first, again, other = (tools.run(profile, server.url, seed=seed).events for seed in (1, 1, 2))
    pauses = [events.due[1:] - events.end[:-1] for events in (first, again, other)]
    assert all((pause > 0.0999).all() and (pause < 0.2001).all() for pause in pauses)
    assert first.due[0] == 0
    together = min(map(len, pauses))
    assert together >= 3
    assert np.allclose(pauses[0][:together], pauses[1][:together], atol=2e-6)
    assert not np.allclose(pauses[0][:together], pauses[2][:together], atol=1e-3)


def test_the_wanted_number_of_requests_is_sent_and_answered(tools: Tools) -> None:
    server = tools.server("fixed", 0.02)
    run = tools.run(tools.profile((30, 7), users=7, requests=100), server.url)
    assert run.end.reason == "requests"
    assert run.end.workers[0].answered == len(run.events) == len(server.stop()) == 100
    assert abs(run.end.seconds - run.events.end.max()) < 1e-5
    assert run.end.seconds < 5


def test_poisson_arrivals_are_those_of_the_schedule(tools: Tools) -> None:
    server = tools.server()
    profile = tools.profile((1.5, 100), users=30, model=Model.OPEN, arrivals=Arrivals.POISSON)
    run = tools.run(profile, server.url, seed=5)
    planned = np.concatenate(list(arrivals(profile, 5)))
    assert np.allclose(np.sort(run.events.due), planned, atol=2e-6)


def test_arrivals_nobody_is_free_to_send_are_counted(tools: Tools) -> None:
    server = tools.server("fixed", 0.1)
    run = tools.run(tools.profile((2, 50), users=2, model=Model.OPEN), server.url)
    (worker,) = run.end.workers
    assert 25 <= worker.sent <= 40  # two users, ten a second each at most
    assert worker.sent + worker.unsent == 100
    assert [one.unsent for one in run.seconds][1] == worker.unsent
    # they waited for an answer: that the queue grew is no fault of the generator
    late = run.events.start - run.events.due
    assert late.max() > 1.0
    assert np.median(run.events.slip) < 0.01


def test_two_services_take_turns(tools: Tools) -> None:
    one, two = tools.server("echo"), tools.server("echo")
    windows = tuple(
        Window(begin=begin * 0.5, end=begin * 0.5 + 0.5, target=target)
        for begin, target in enumerate((0, 1, 1, 0))
    )
    setup = (tools.request("/login", name="login", weight=0, capture=(("t", "user.tokens.0"),)),)
    private = tools.request(
        "/private?token=${t}", name="private", headers=(("Authorization", "Bearer ${t}"),)
    )
    changes = {"users": 3, "think": (0.02, 0.03), "setup": setup, "requests_of": (private,)}
    for model, level in ((Model.CLOSED, 3), (Model.OPEN, 60)):
        profile = tools.profile((2, level), model=model, **changes)
        events = tools.run(profile, one.url, two.url, windows=windows).events
        load = events.where(events.phase >= 0)
        assert (load.outcome == 0).all()  # each service knows the tokens it gave
        owners = np.array([window.target for window in windows])
        assert (load.target == owners[np.minimum((load.due / 0.5).astype(int), 3)]).all()
        assert set(load.target.tolist()) == {0, 1}
        if model is Model.OPEN:
            assert len(load) == 120
    for server, other in ((one, two), (two, one)):
        lines = [" ".join(line) for line in server.stop() if line[0] == "echo"]
        assert sum("/login" in line for line in lines) == 6
        ports = {line.partition("port=")[2].partition('"')[0] for line in lines if "port=" in line}
        assert ports == {str(server._process.pid)}  # cookies of its own, not the other's
        assert str(other._process.pid) not in ports


def test_setup_comes_before_the_load_and_is_not_counted(tools: Tools) -> None:
    server = tools.server("echo")
    setup = (tools.request("/login", name="login", weight=0),)
    run = tools.run(tools.profile((0.5, 4), users=4, setup=setup, think=(0.1, 0.1)), server.url)
    login = run.events.where(run.events.request == run.events.requests.index("login"))
    assert len(login) == 4
    assert (login.phase == -1).all()
    assert (login.end < 0).all()
    assert run.end.workers[0].sent == len(run.events) - 4


def test_what_is_in_flight_at_the_end_is_answered_or_cut_off(tools: Tools) -> None:
    slow = tools.server("fixed", 0.8)
    profile = tools.profile((0.5, 3), users=3, graceful_stop=1.0)
    run = tools.run(profile, slow.url)
    assert (run.end.workers[0].answered, run.end.workers[0].cut_off) == (3, 0)
    run = tools.run(tools.profile((0.5, 3), users=3, graceful_stop=0.1), slow.url)
    assert (run.end.workers[0].answered, run.end.workers[0].cut_off) == (0, 3)
    assert (run.events.outcome == 2).all()
    assert np.allclose(run.events.end, 0.6, atol=0.1)
    assert run.events.requests == ("get /",)


def test_an_early_end_is_in_order(tools: Tools) -> None:
    server = tools.server("fixed", 0.01)
    run = tools.run(
        tools.profile((60, 2), users=2),
        server.url,
        each=lambda generator, second: generator.stop("aborted", f"at {second.second:g}"),
    )
    assert (run.end.reason, run.end.detail) == ("aborted", "at 1")
    assert 1 <= run.end.seconds < 3
    assert run.end.workers[0].complete
    assert run.end.workers[0].cut_off == 0


def test_seconds_tell_exactly_what_the_events_hold(tools: Tools) -> None:
    server = tools.server("latency", 3)
    profile = tools.profile((2.5, 50), users=50, model=Model.OPEN)
    spec_runs = tools.run(profile, server.url)
    events = spec_runs.events
    assert [one.second for one in spec_runs.seconds[:2]] == [1.0, 2.0]
    begin = 0.0
    for told in spec_runs.seconds:
        ended = events.where((events.end >= begin) & (events.end < told.second))
        times = ended.end - ended.due
        assert told.answered == len(ended)
        if len(ended):
            for quantile, value in ((0.5, told.p50), (0.95, told.p95), (0.99, told.p99)):
                assert value == float(
                    np.round(np.quantile(times, quantile, method="inverted_cdf"), 6)
                )
            assert abs(told.mean - times.mean()) < 1e-6
        else:
            assert np.isnan(told.p95)
        begin = told.second
    assert sum(one.answered for one in spec_runs.seconds) == len(events) == 125
    assert sum(one.sent for one in spec_runs.seconds) == 125
    assert read_events(()).requests == ()
