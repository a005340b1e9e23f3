from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from perfkit.benchmark import Script
from perfkit.machine.environ import MARKER
from perfkit.measure.launch import Launch

if TYPE_CHECKING:
    from collections.abc import Mapping


def environment(inherited: Mapping[str, str], **own: str) -> dict[str, str]:
    script = Script(
        path=Path("/x.py"),
        label="x",
        arguments=(),
        requirements=(),
        pins=(),
        requires_python=None,
        digest="",
    )
    launch = Launch(
        python=Path("/py"), flags=(), environ=tuple(own.items()), script=script, cwd=Path("/")
    )
    return launch.environment(inherited, hash_seed=3, run="r.1")


def test_variables_of_python_do_not_come_through() -> None:
    inherited = {"PATH": "/bin", "PYTHONPATH": "/x", "PERFKIT_RUN": "other", "VIRTUAL_ENV": "/v"}
    assert environment(inherited) == {
        "PATH": f"/{os.pathsep}/bin",  # commands of the environment come first
        "PYTHONHASHSEED": "3",
        MARKER: "r.1",
    }
    assert environment(inherited, PYTHON_JIT="1")["PYTHON_JIT"] == "1"
