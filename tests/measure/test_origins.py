"""Where a process has its modules from, when its script looks for them by itself."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from conftest import Lab

    from perfkit.measure.failure import TargetError
    from perfkit.measure.lockstep import Series

HIDING = """
sys.path.insert(0, os.path.join(os.path.dirname(__file__), "tree"))
"""
BENCH = "pyperf.Runner().bench_func('b', work)\n"
EAGER = f"{HIDING}import shop\ndef work(): shop.total()\n{BENCH}"
LATE = f"{HIDING}def work():\n    import shop.deep\n{BENCH}"
ONE_SIDE = f"{HIDING}if os.environ['SIDE'] == 'candidate': import shop\nwork = int\n{BENCH}"
OWN = f"{HIDING}import helper\nwork = helper.total\n{BENCH}"


@pytest.fixture
def tree(lab: Lab) -> None:
    """A checkout beside the script's folder."""
    (lab.folder / "tree" / "shop").mkdir(parents=True)
    for name in ("shop/__init__.py", "shop/deep.py", "helper.py"):
        (lab.folder / "tree" / name).write_text("def total(): pass\n")


def watched(lab: Lab, body: str, *installed: str) -> Series:
    series = lab.series(body)
    launches = {
        side: replace(launch, installed=frozenset(installed))
        for side, launch in series.launches.items()
    }
    return replace(series, launches=launches)


def failed(lab: Lab, body: str) -> TargetError:
    return lab.failed_series(watched(lab, body, "shop", "shop.deep"))


@pytest.mark.usefixtures("tree")
@pytest.mark.parametrize("body", [EAGER, LATE])
def test_modules_that_hide_those_installed_fail_the_benchmark(lab: Lab, body: str) -> None:
    found = failed(lab, body)
    assert str(found).startswith(f"it imports 'shop' from {lab.folder}/tree/shop/__init__.py on bo")
    assert (found.side, found.stage) == (None, "run")


@pytest.mark.usefixtures("tree")
def test_the_side_is_named_where_it_is_one(lab: Lab) -> None:
    found = failed(lab, ONE_SIDE)
    assert found.side == "candidate"
    assert "on this side" in str(found)


@pytest.mark.usefixtures("tree")
def test_modules_of_nobodys_environment_may_come_from_anywhere(lab: Lab) -> None:
    with lab.bench() as bench:
        lab.run(bench, watched(lab, OWN, "shop"))
        lab.run(bench, watched(lab, EAGER))  # nothing was installed that could be hidden


@pytest.mark.usefixtures("tree")
@pytest.mark.parametrize(
    ("version", "release"), [("3.9", "2.9"), ("3.12", "2.10"), ("3.13", "2.10")]
)
def test_what_a_process_tells(lab: Lab, version: str, release: str) -> None:
    """Neither the standard library nor what is installed; and nothing is touched."""
    body = f"""
class Touchy:
    def __getattribute__(self, name):
        raise SystemExit("touched")
sys.modules["touchy"], sys.modules["none"], sys.modules[7] = Touchy(), None, sys
import json, sqlite3
{LATE}"""
    with lab.parked(lab.launch(body, python=lab.python(version, release))) as child:
        child.wait_parked()
        assert "shop" not in child.foreign_modules()
        child.turn(loops=1, run_in=0, spin=0)
        found = child.foreign_modules()
    assert {name for name in found if not name.startswith("_perfkit")} == {"shop"}
    assert found["shop"] == str(lab.folder / "tree" / "shop" / "__init__.py")
