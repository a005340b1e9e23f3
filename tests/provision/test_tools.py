from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import pytest

from perfkit.errors import ProvisionError
from perfkit.provision.tools import resolution_settings, run_tool, shorten, tool_environ

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture(autouse=True)
def _no_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("UV_DEFAULT_INDEX", "UV_INDEX_URL", "UV_INDEX", "UV_EXTRA_INDEX_URL"):
        monkeypatch.delenv(name, raising=False)
    for name in ("UV_FIND_LINKS", "PIP_INDEX_URL", "PIP_EXTRA_INDEX_URL", "PIP_FIND_LINKS"):
        monkeypatch.delenv(name, raising=False)


def test_python_variables_and_redirections_are_gone(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("PYTHONPATH", "PYTHONDONTWRITEBYTECODE", "PIP_TARGET", "UV_PYTHON", "VIRTUAL_ENV"):
        monkeypatch.setenv(name, "x")
    monkeypatch.setenv("PERFKIT_TEST", "kept")
    environ = tool_environ()
    assert not [name for name in environ if name.startswith("PYTHON")]
    assert not environ.keys() & {"PIP_TARGET", "UV_PYTHON", "VIRTUAL_ENV"}
    assert environ["PERFKIT_TEST"] == "kept"
    assert environ["UV_PYTHON_DOWNLOADS"] == "never"


def test_pips_settings_are_handed_to_uv(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PIP_INDEX_URL", "https://index.example/simple")
    monkeypatch.setenv("PIP_EXTRA_INDEX_URL", "https://a.example https://b.example")
    monkeypatch.setenv("PIP_FIND_LINKS", f"{tmp_path} /no/such/folder https://c.example/wheels")
    environ = tool_environ()
    assert environ["UV_DEFAULT_INDEX"] == "https://index.example/simple"
    assert environ["UV_INDEX"] == "https://a.example https://b.example"
    assert environ["UV_INDEX_STRATEGY"] == "unsafe-best-match"
    assert environ["UV_FIND_LINKS"] == f"{tmp_path},https://c.example/wheels"


def test_uvs_own_settings_win(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PIP_INDEX_URL", "https://pip.example")
    monkeypatch.setenv("PIP_EXTRA_INDEX_URL", "https://pip.example")
    monkeypatch.setenv("PIP_FIND_LINKS", "https://pip.example")
    monkeypatch.setenv("UV_INDEX_URL", "https://uv.example")
    monkeypatch.setenv("UV_EXTRA_INDEX_URL", "https://uv.example")
    monkeypatch.setenv("UV_FIND_LINKS", "https://uv.example")
    environ = tool_environ()
    assert not environ.keys() & {"UV_DEFAULT_INDEX", "UV_INDEX"}
    assert environ["UV_FIND_LINKS"] == "https://uv.example"


def test_unusable_settings_are_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PIP_INDEX_URL", " ")
    monkeypatch.setenv("PIP_FIND_LINKS", "/no/such/folder")
    assert not tool_environ().keys() & {"UV_DEFAULT_INDEX", "UV_FIND_LINKS"}


def test_what_decides_about_versions_is_known() -> None:
    environ = {
        "UV_INDEX": "a",
        "PIP_PRE": "1",
        "UV_EXCLUDE_NEWER": "2024",
        "UV_CACHE_DIR": "b",
        "PIP_CERT": "c",
        "HOME": "d",
    }
    assert resolution_settings(environ).keys() == {"UV_INDEX", "PIP_PRE", "UV_EXCLUDE_NEWER"}


def test_output_is_shortened_to_what_matters() -> None:
    noise = "WARNING: Location 'https://x' is ignored: it is bad\nLooking in indexes: https://x\n\n"
    assert shorten(f"{noise}ERROR: No matching distribution\n") == "ERROR: No matching distribution"
    lines = [f"line {number}" for number in range(200)]
    short = shorten("\n".join(lines)).splitlines()
    assert short[0] == "line 0"
    assert short[-1] == "line 199"
    assert len(short) == 25
    assert "… 176 lines …" in short


def test_a_tool_that_fails_is_quoted(tmp_path: Path) -> None:
    command = [sys.executable, "-c", "import sys; sys.exit('it broke')"]
    with pytest.raises(ProvisionError) as caught:
        run_tool(command, what="the tool failed", cwd=tmp_path)
    assert caught.value.output == "it broke"
    assert caught.value.what == "the tool failed"


def test_a_tool_that_hangs_is_ended(tmp_path: Path) -> None:
    command = [sys.executable, "-c", "import time; time.sleep(60)"]
    with pytest.raises(ProvisionError, match="no end within"):
        run_tool(command, what="the tool hung", cwd=tmp_path, timeout=0.2)


def test_a_tool_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(ProvisionError, match="no-such-tool cannot be run"):
        run_tool(["/no-such-tool"], what="the tool failed", cwd=tmp_path)
