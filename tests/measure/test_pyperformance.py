"""Folders of the PyPI package pyperformance, as they are."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pyperformance
import pytest

from perfkit.suite import select

if TYPE_CHECKING:
    from conftest import Lab

DATA = Path(pyperformance.__file__).parent / "data-files" / "benchmarks"
FOLDERS = {
    "bm_json_dumps": ["json_dumps"],
    "bm_json_loads": ["json_loads"],
    "bm_nbody": ["nbody"],
    "bm_regex_compile": ["regex_compile"],
    "bm_async_tree": ["async_tree_none"],
    "bm_python_startup": ["python_startup"],
    "bm_pickle": ["pickle"],
    "bm_logging": ["logging_format", "logging_silent", "logging_simple"],
    "bm_mako": ["mako"],
}


@pytest.mark.slow
@pytest.mark.end_to_end
@pytest.mark.parametrize("folder", FOLDERS)
def test_a_block_of_each_task(lab: Lab, folder: str) -> None:
    selection = select([str(DATA / folder)], cwd=lab.folder)
    assert selection.problems == ()
    script = selection.scripts[0]
    needs = {*script.requirements, *script.pins} - {"pyperf"}
    python = lab.python("3.13", "2.10", *sorted(need for need in needs if "pyperf" not in need))
    with lab.bench(turn_seconds=0.005, pairs=2, timeout=60.0) as bench:
        facts = bench.tasks(lab.launch(script, python=python))
        assert sorted(fact.name for fact in facts) == FOLDERS[folder]
        for task, fact in enumerate(facts):
            series = lab.series(script, name=fact.name, task=task, python=python)
            (block,) = lab.run(bench, series)
            assert len(block.baseline.wall) == len(block.candidate.wall) == len(block.order)
            assert min(block.baseline.net + block.candidate.net) > 0


@pytest.mark.slow
@pytest.mark.end_to_end
def test_variants_run_with_their_options(lab: Lab) -> None:
    selection = select([str(DATA / "bm_pickle")], cwd=lab.folder)
    python = lab.python("3.13")
    names = set()
    with lab.bench() as bench:
        for script in selection.scripts:
            names |= {fact.name for fact in bench.tasks(lab.launch(script, python=python))}
    assert {"pickle", "pickle_dict", "pickle_list", "unpickle", "pickle_pure_python"} <= names
