"""What a script or a notebook sees of load runs: small real ones, through ``import perfkit``."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import pytest
import yaml

import perfkit as pk
from perfkit.cli import main
from perfkit.cli.exit_codes import ExitCode, worst_of
from perfkit.decide.load.result import Holds, Validity
from perfkit.recording.events import ANSWERED
from perfkit.report.load.raw import EVENT_COLUMNS, SAMPLE_COLUMNS
from perfkit.session.combine import show_together
from perfkit.session.progress import LoadSecond

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.slow
NULL = Path(pk.__file__).parent / "loadtest" / "_null_server.py"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory, cache: Path) -> Iterator[Path]:
    folder = tmp_path_factory.mktemp("load-api")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PERFKIT_CACHE", str(cache))
        patch.chdir(folder)
        yield folder


@pytest.fixture(scope="module")
def single(folder: Path) -> pk.LoadOutcome:
    """The reference service under every kind of request, for three seconds."""
    seen = []
    outcome = pk.load_test(
        "smoke", python="3.13", time_scale=0.3, seed=1, output=folder / "runs", listener=seen.append
    )
    assert outcome.result.failures == ()
    assert [event for event in seen if isinstance(event, LoadSecond)]
    return outcome


@pytest.fixture(scope="module")
def both(folder: Path) -> pk.LoadOutcome:
    """A server that does nothing, which needs no packages, under 3.12 and 3.13."""
    outcome = pk.load_test(
        "constant-rate",
        baseline="3.12",
        candidate="3.13",
        command=shlex.join(["{python}", "-I", str(NULL), "--port", "{port}"]),
        trials=2,
        time_scale=0.06,
        user_scale=0.25,
        seed=1,
        output=folder / "runs",
    )
    assert outcome.result.failures == ()
    return outcome


@pytest.fixture(scope="module")
def compared(folder: Path) -> pk.Outcome:
    (folder / "bm_sleep.py").write_text(
        "import time\nimport pyperf\npyperf.Runner().bench_func('sleep', time.sleep, 0.001)\n"
    )
    return pk.compare(
        baseline="3.12",
        candidate="3.13",
        benchmarks=[folder / "bm_sleep.py"],
        precision="30%",
        time=0.1,
        seed=1,
        output=folder / "runs",
    )


def test_one_side(single: pk.LoadOutcome, folder: Path) -> None:
    assert single.folder.parent == folder / "runs"
    assert single.segments == ("t00",)
    assert not single.interrupted
    frame = single.to_frame()
    assert list(frame["side"].unique()) == ["baseline"]
    assert frame["phase"].isna().sum() == 1
    assert single.comparison_frame().empty
    with pytest.raises(KeyError, match="this run has one side"):
        single["p95 response"]


def test_a_run_is_read_again(single: pk.LoadOutcome) -> None:
    before = {path: path.stat().st_mtime_ns for path in single.folder.rglob("*")}
    again = pk.load(single.folder)
    assert isinstance(again, pk.LoadOutcome)
    pd.testing.assert_frame_equal(again.to_frame(), single.to_frame())
    assert again.result.thresholds == single.result.thresholds
    assert {path: path.stat().st_mtime_ns for path in single.folder.rglob("*")} == before


def test_every_request_as_a_frame(single: pk.LoadOutcome) -> None:
    frame = single.events_frame("t00")
    assert tuple(frame.columns) == EVENT_COLUMNS
    events = single.events("t00")
    load = events.where(events.phase >= 0)
    assert 0 < len(frame) == len(load) < len(events)  # users log in before the load begins
    assert frame["due"].is_monotonic_increasing
    assert (frame["outcome"] == "answered").sum() == (load.outcome == ANSWERED).sum()
    waited = frame["response"] - frame["service"]
    np.testing.assert_allclose(waited, frame["lateness"], atol=1e-9)
    assert {"health", "data", "log in"} - {*frame["request"].unique()} == {"log in"}
    assert set(frame["phase"].unique()) == {"ramp-up", "hold", "ramp-down"}
    assert frame.loc[frame["outcome"] == "answered", "error"].isna().all()


@pytest.mark.parametrize("name", ["single", "both"])
def test_the_figures_rest_on_the_requests_that_count(
    name: str, request: pytest.FixtureRequest
) -> None:
    outcome: pk.LoadOutcome = request.getfixturevalue(name)
    frame = pd.concat([outcome.events_frame(segment) for segment in outcome.segments])
    for side in outcome.result.sides:
        own = frame[frame["counted"] & (frame["side"] == side.side)]
        assert len(own) == side.overall.sent
        right = own[own["outcome"] == "answered"]
        assert side.overall.response is not None
        assert side.overall.service is not None
        assert right["response"].mean() == pytest.approx(side.overall.response.mean.value)
        assert right["service"].max() == pytest.approx(side.overall.service.maximum)


def test_memory_and_cpu(single: pk.LoadOutcome, both: pk.LoadOutcome) -> None:
    samples = single.samples("t00", "baseline")
    assert len(samples) > 4
    frame = single.samples_frame("t00")
    assert tuple(frame.columns) == SAMPLE_COLUMNS
    assert len(frame) == len(samples)
    assert frame["at"].iloc[-1] > 2  # the clock of the events
    assert (frame["rss"] > 20e6).all()
    spent = frame["cpu_seconds"].iloc[-1] - frame["cpu_seconds"].iloc[0]
    times = np.diff(frame["at"])
    assert (frame["cpu"].iloc[1:] * times).sum() == pytest.approx(spent)
    assert set(both.samples_frame("t01")["side"]) == {"baseline", "candidate"}
    with pytest.raises(KeyError, match="no samples of 'candidate' in 't00'; there are: baseline"):
        single.samples("t00", "candidate")


def test_names_that_are_not_there(single: pk.LoadOutcome) -> None:
    for look in (single.events, single.events_frame, single.samples, single.samples_frame):
        with pytest.raises(KeyError, match="no segment 't01'; there are: t00"):
            look("t01")


def test_another_threshold(single: pk.LoadOutcome, both: pk.LoadOutcome) -> None:
    found = single.hold("p(97)<100s", "min<1ms", "med@hold>50s", "rss>1MB")
    assert [one.threshold.text for one in found][:2] == ["p(97)<100s", "min<1ms"]
    assert all(one.value is not None for one in found)
    assert single.result.health is not None
    invalid = single.result.health.validity is Validity.INVALID  # a busy machine
    below = Holds.INCONCLUSIVE if invalid else Holds.FAIL
    assert [one.holds for one in found][2:] == [below, Holds.PASS]
    assert [one.side for one in both.hold("avg<1s")] == ["baseline", "candidate"]
    assert single.hold() == ()
    with pytest.raises(pk.PerfkitError, match="not a threshold"):
        single.hold("fast")
    with pytest.raises(pk.PerfkitError, match=r"there is no stage 'peak'.*ramp-up, hold"):
        single.hold("p(95)@peak<1s")


def test_a_metric_by_its_name(both: pk.LoadOutcome) -> None:
    one = both["p50 response"]
    assert isinstance(one.ratio, pk.Estimate)
    assert one.ratio.n == 2
    assert one.verdict == pk.Verdict.INCONCLUSIVE  # two trials cannot decide anything
    frame = both.comparison_frame().set_index("metric")
    assert frame.loc["p50 response", "ratio"] == one.ratio.value
    assert both["memory (RSS)"].row.comparison.trials_needed != 0
    with pytest.raises(KeyError, match="no comparison of 'speed'; there are: p50 response, "):
        both["speed"]


def test_in_a_notebook(single: pk.LoadOutcome, both: pk.LoadOutcome) -> None:
    html = single._repr_html_()
    assert html.count("<table>") == 2
    assert "p(95)&lt;1s" in html
    assert "all without ramps" in html
    html = both._repr_html_()
    assert "p50 response" in html
    assert both.view.title in html


def test_with_a_comparison_one_report(
    compared: pk.Outcome, both: pk.LoadOutcome, capsys: pytest.CaptureFixture[str]
) -> None:
    together = show_together([compared.folder, both.folder])
    assert together.folder == compared.folder
    files = [compared.folder / f"combined-report.{kind}" for kind in ("yaml", "html")]
    document = yaml.safe_load(files[0].read_text())
    assert document["API Response Times"]["Measured By"].endswith(both.recording.run.id)
    for path in files:
        path.unlink()

    folders = [str(compared.folder), str(both.folder)]
    codes = [ExitCode(main(["show", one])) for one in folders]
    capsys.readouterr()
    assert main(["show", *folders]) == worst_of(codes)
    told = capsys.readouterr().out
    assert "sleep" in told
    assert str(files[1]) in told
    assert all(path.stat().st_size > 1000 for path in files)
    assert "constant-rate" in files[1].read_text()


def test_what_makes_no_report_together(
    compared: pk.Outcome,
    single: pk.LoadOutcome,
    both: pk.LoadOutcome,
    capsys: pytest.CaptureFixture[str],
) -> None:
    for folders in ([both.folder, both.folder], [compared.folder, compared.folder]):
        with pytest.raises(pk.PerfkitError, match="cannot make one report"):
            show_together(folders)
    assert main(["show", str(compared.folder), str(single.folder)]) == ExitCode.INVALID
    assert "perfkit: error: " in capsys.readouterr().err
