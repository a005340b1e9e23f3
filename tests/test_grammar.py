from __future__ import annotations

from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from perfkit import grammar
from perfkit.grammar import InvalidError


@pytest.mark.parametrize(
    ("written", "value"),
    [
        ("1%", 0.01),
        ("1 %", 0.01),
        (" 0.5% ", 0.005),
        (".5%", 0.005),
        ("95%", 0.95),
        ("0.01", 0.01),
        ("0", 0.0),
        (0.02, 0.02),
    ],
)
def test_share(written: object, value: float) -> None:
    assert grammar.share(written) == pytest.approx(value)


@pytest.mark.parametrize(
    "written", ["1", "95", 1, 2, True, "-1%", "1e-2", "nan", "inf", "1%%", "", "1  %", "٣%", None]
)
def test_not_a_share(written: object) -> None:
    with pytest.raises(InvalidError) as caught:
        grammar.share(written)
    assert "1%" in str(caught.value)  # says how it is written


def test_bare_number_is_told_what_it_would_be() -> None:
    with pytest.raises(InvalidError, match='write "5%"'):
        grammar.share("5")


@pytest.mark.parametrize(
    ("written", "seconds"),
    [("20", 20), ("20s", 20), ("2m", 120), ("1.5 min", 90), ("1h", 3600), ("500ms", 0.5), (3, 3)],
)
def test_duration(written: object, seconds: float) -> None:
    assert grammar.duration(written) == pytest.approx(seconds)


@pytest.mark.parametrize(
    "written", ["", "-1", "1y", "1e3", "s", float("nan"), float("inf"), -1, True, None, []]
)
def test_not_a_duration(written: object) -> None:
    with pytest.raises(InvalidError):
        grammar.duration(written)


def test_environ() -> None:
    assert grammar.environ("A=b=c") == ("A", "b=c")
    assert grammar.environ("A=") == ("A", "")


@pytest.mark.parametrize("written", ["A", "=b", "", "A\0=b", "A=\0", 3])
def test_not_a_variable(written: object) -> None:
    with pytest.raises(InvalidError):
        grammar.environ(written)


def test_hash_seed_is_perfkits_own() -> None:
    with pytest.raises(InvalidError, match="perfkit sets it"):
        grammar.environ("PYTHONHASHSEED=1")
    for name in ("PERFKIT_RUN", "PERFKIT_PADDING", "PERFKIT_ANY"):
        with pytest.raises(InvalidError, match=f"{name} cannot be set: perfkit marks"):
            grammar.environ(f"{name}=1")
    service = "PERFKIT_SERVICE_SLOWDOWN"
    assert grammar.environ(f"{service}=/=10%") == (service, "/=10%")
    assert grammar.environ("MY_PERFKIT_RUN=1") == ("MY_PERFKIT_RUN", "1")


@pytest.mark.parametrize(
    ("written", "words"),
    [
        ("-X gil=0", ("-X", "gil=0")),
        ("-Xgil=0", ("-Xgil=0",)),
        ("-OO", ("-OO",)),
        ("-W 'ignore: a b'", ("-W", "ignore: a b")),
        ("-O -X dev", ("-O", "-X", "dev")),
        ("--jit off", ("--jit", "off")),
    ],
)
def test_flags(written: str, words: tuple[str, ...]) -> None:
    assert grammar.flags(written) == words


@pytest.mark.parametrize("written", ["-E", "-I", "-OE", "-Ic", "-X dev -E"])
def test_flags_that_ignore_the_hash_seed(written: str) -> None:
    with pytest.raises(InvalidError, match="PYTHONHASHSEED"):
        grammar.flags(written)


@pytest.mark.parametrize("written", ["-c pass", "-m json", "-i", "-mjson"])
def test_flags_that_run_something_else(written: str) -> None:
    with pytest.raises(InvalidError, match="changes what runs"):
        grammar.flags(written)


@pytest.mark.parametrize(
    "written", ["", "script.py", "-X", "-X -O", "--version", "-h", "-", "-X 'a", "--", "-O x.py", 1]
)
def test_not_flags(written: object) -> None:
    with pytest.raises(InvalidError):
        grammar.flags(written)


@pytest.fixture
def project(tmp_path: Path) -> Path:
    (tmp_path / "pkg").mkdir()
    (tmp_path / "pkg" / "pyproject.toml").touch()
    (tmp_path / "old").mkdir()
    (tmp_path / "old" / "setup.py").touch()
    (tmp_path / "x-1-py3-none-any.whl").touch()
    (tmp_path / "empty").mkdir()
    return tmp_path


@pytest.mark.parametrize("written", ["pydantic==2.11.*", "a[b]>=1; python_version > '3.9'", "six"])
def test_requirement_stays_as_it_is(written: str, project: Path) -> None:
    assert grammar.requirement(written, cwd=project) == written


def test_named_like_a_folder_is_still_a_requirement(project: Path) -> None:
    assert grammar.requirement("pkg", cwd=project) == "pkg"


@pytest.mark.parametrize(
    ("written", "relative"),
    [
        ("./pkg", "pkg"),
        ("pkg/", "pkg"),
        ("./old", "old"),
        ("pkg/../pkg", "pkg"),
        ("x-1-py3-none-any.whl", "x-1-py3-none-any.whl"),
        ("./pkg[fast,more]", "pkg[fast,more]"),
    ],
)
def test_paths_become_absolute(written: str, relative: str, project: Path) -> None:
    assert grammar.requirement(written, cwd=project) == str(project.resolve() / relative)


def test_dot_is_the_current_folder(project: Path) -> None:
    assert grammar.requirement(".", cwd=project / "pkg") == str(project.resolve() / "pkg")


def test_relative_path_behind_a_name(project: Path) -> None:
    found = grammar.requirement("pkg @ ./pkg", cwd=project)
    assert found == f"pkg @ {(project.resolve() / 'pkg').as_uri()}"


@pytest.mark.parametrize(
    ("written", "reason"),
    [
        ("./nowhere", "does not exist"),
        ("./empty", "neither pyproject.toml nor setup.py"),
        ("foo bar", "is no requirement"),
        ("", "is no requirement"),
        ("git+https://example.org/x", 'write "NAME @ URL"'),
        ("./a\0b", "is no usable path"),
        ("./" + "x" * 5000, "is no usable path"),
        (7, "is no requirement"),
    ],
)
def test_not_a_requirement(written: object, reason: str, project: Path) -> None:
    with pytest.raises(InvalidError, match=reason):
        grammar.requirement(written, cwd=project)


@given(st.text())
def test_nothing_but_invalid_error(text: str) -> None:
    for parse in (grammar.share, grammar.duration, grammar.environ, grammar.flags):
        with suppress(InvalidError):
            parse(text)
    with suppress(InvalidError):
        grammar.requirement(text, cwd=Path("/nowhere"))
