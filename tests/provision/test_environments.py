"""Real interpreters, real uv and pip, small packages."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import textwrap
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from perfkit.errors import PerfkitError, ProvisionError, RequirementError
from perfkit.provision import environments
from perfkit.provision.environments import default_installer, provision_pair
from perfkit.provision.pip import PipInstaller
from perfkit.provision.uv import UvInstaller
from perfkit.variant import Environment, Side

if TYPE_CHECKING:
    from conftest import MakeScript, MakeVariant

    from perfkit.benchmark import Script
    from perfkit.provision.environments import ProvisionedPair
    from perfkit.variant import Variant

BASELINE, CANDIDATE = Side.BASELINE, Side.CANDIDATE
PYPERF = {"pyperf", "psutil"}  # what pyperf needs


@pytest.fixture(autouse=True)
def _forget(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("PERFKIT_INSTALLER", raising=False)


@pytest.fixture(params=["uv", pytest.param("pip", marks=pytest.mark.slow)])
def tool(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """The test runs once with each installer."""
    monkeypatch.setenv("PERFKIT_INSTALLER", request.param)
    return str(request.param)


def names(environment: Environment) -> set[str]:
    return {name for name, _ in environment.packages}


def run(environment: Environment, code: str) -> str:
    done = subprocess.run(
        [str(environment.python), "-I", "-c", code], capture_output=True, text=True, check=True
    )
    return done.stdout.strip()


def test_both_sides_hold_what_was_asked_and_nothing_else(
    variant: MakeVariant, script: MakeScript, cache: Path
) -> None:
    pair = provision_pair(
        baseline=variant(BASELINE), candidate=variant(CANDIDATE), script=script("six"), cache=cache
    )
    assert pair.differences == ()
    assert pair.baseline.packages == pair.candidate.packages
    for environment, version in ((pair.baseline, "(3, 12)"), (pair.candidate, "(3, 13)")):
        assert environment.built_with == "uv"
        assert names(environment) == {"six"} | PYPERF
        assert run(environment, "import sys; print(sys.version_info[:2])") == version
        found = run(
            environment,
            "import importlib.util as u\n"
            "print([n for n in ('perfkit', 'numpy', 'pip', 'uv', 'attrs') if u.find_spec(n)])",
        )
        assert found == "[]"
        assert run(environment, "import six, pyperf; print(six.__cached__ != '')") == "True"
        compiled = run(environment, "import os, six; print(os.path.exists(six.__cached__))")
        assert compiled == "True"
    # Paths of equal length: they are part of what the measured processes carry around.
    assert len(str(pair.baseline.python)) == len(str(pair.candidate.python))


def test_the_second_time_starts_no_process(
    variant: MakeVariant, script: MakeScript, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def provision() -> ProvisionedPair:
        return provision_pair(
            baseline=variant(BASELINE),
            candidate=variant(CANDIDATE),
            script=script("six"),
            cache=cache,
        )

    first = provision()

    def forbidden(*_: object, **__: object) -> None:
        raise AssertionError("a process was started")

    monkeypatch.setattr(subprocess.Popen, "__init__", forbidden)
    second = provision()
    assert second.baseline.reused
    assert second.candidate.reused
    assert second.baseline.python == first.baseline.python
    assert second.candidate.packages == first.candidate.packages


def test_equal_variants_share_an_environment(
    variant: MakeVariant, script: MakeScript, cache: Path
) -> None:
    baseline = variant(BASELINE)
    candidate = type(baseline)(
        side=CANDIDATE,
        interpreter=baseline.interpreter,
        requirements=(),
        environ=(("PYTHON_JIT", "1"),),
        flags=(),
    )
    pair = provision_pair(baseline=baseline, candidate=candidate, script=script("six"), cache=cache)
    assert pair.baseline.python == pair.candidate.python
    assert pair.differences == ()


def test_a_difference_asked_for_is_listed_as_intended(
    variant: MakeVariant,
    script: MakeScript,
    cache: Path,
    tool: str,
    project: Path,
) -> None:
    pair = provision_pair(
        baseline=variant(BASELINE, str(project)),
        candidate=variant(CANDIDATE, "six==1.16.0", str(project)),
        script=script("six", "iniconfig"),
        cache=cache,
    )
    assert {pair.baseline.built_with, pair.candidate.built_with} == {tool}
    assert names(pair.baseline) == names(pair.candidate) == {"six", "iniconfig", "demo"} | PYPERF
    (difference,) = pair.differences
    assert (difference.name, difference.candidate) == ("six", "1.16.0")
    assert difference.baseline not in {None, "1.16.0"}
    assert difference.intended
    assert run(pair.candidate, "import six, demo; print(six.__version__, demo.VALUE)") == "1.16.0 1"


def test_a_package_on_one_side_only_is_a_difference(
    variant: MakeVariant, script: MakeScript, cache: Path
) -> None:
    pair = provision_pair(
        baseline=variant(BASELINE),
        candidate=variant(CANDIDATE, "iniconfig"),
        script=script("six"),
        cache=cache,
    )
    (difference,) = pair.differences
    assert (difference.name, difference.baseline, difference.intended) == ("iniconfig", None, True)


def test_what_only_one_python_can_have_is_not_intended(
    variant: MakeVariant,
    script: MakeScript,
    cache: Path,
) -> None:
    only_old = ("six==1.16.0; python_version < '3.13'", "six==1.17.0; python_version >= '3.13'")
    pair = provision_pair(
        baseline=variant(BASELINE), candidate=variant(CANDIDATE), script=script(*only_old),
        cache=cache,
    )  # fmt: skip
    (difference,) = pair.differences
    assert asdict(difference) == {
        "name": "six",
        "baseline": "1.16.0",
        "candidate": "1.17.0",
        "intended": False,
    }


def test_pins_win_on_both_sides(variant: MakeVariant, script: MakeScript, cache: Path) -> None:
    pair = provision_pair(
        baseline=variant(BASELINE),
        candidate=variant(CANDIDATE),
        script=script("iniconfig>=2.0.1", pins=("iniconfig==2.0.0",)),
        cache=cache,
    )
    assert ("iniconfig", "2.0.0") in pair.baseline.packages
    assert pair.baseline.packages == pair.candidate.packages


@pytest.mark.usefixtures("tool")
def test_the_tools_own_words_reach_the_user(
    variant: MakeVariant,
    script: MakeScript,
    cache: Path,
) -> None:
    with pytest.raises(RequirementError) as caught:
        provision_pair(
            baseline=variant(BASELINE, "packaging"),
            candidate=variant(CANDIDATE, "packaging", "six==0.0.99"),
            script=script(),
            cache=cache,
        )
    assert caught.value.side is CANDIDATE
    assert "six==0.0.99" in caught.value.output
    assert "is ignored" not in caught.value.output
    assert "(candidate 3.13" in str(caught.value)
    assert str(caught.value).startswith("--candidate-with: ")
    assert caught.value.got == "six==0.0.99"
    assert caught.value.what.endswith(
        (  # uv's and pip's last words
            "no matching distribution found for six==0.0.99",
            "you require six==0.0.99, we can conclude that your requirements are unsatisfiable",
        )
    )
    assert "bm_demo" not in str(caught.value)  # whoever tells of it names the script


@pytest.mark.parametrize(
    ("asked", "needed", "blamed"),
    [
        (["six==1.16.0", "six==1.15.0"], [], "six==1.16.0, six==1.15.0"),
        (["pyperf==1.0"], [], "pyperf==1.0"),  # what perfkit itself needs is no excuse
        (["packaging"], ["six==0.0.97"], None),
        ([], ["six==0.0.97"], None),
        (["packaging==24.0"], ["packaging<24"], None),
    ],
)
def test_an_option_is_blamed_for_what_it_asks_in_vain_and_a_benchmark_for_the_rest(
    variant: MakeVariant,
    script: MakeScript,
    cache: Path,
    *,
    asked: list[str],
    needed: list[str],
    blamed: str | None,
) -> None:
    with pytest.raises(ProvisionError) as caught:
        provision_pair(
            baseline=variant(BASELINE, *asked),
            candidate=variant(CANDIDATE, *asked),
            script=script(*needed),
            cache=cache,
        )
    assert isinstance(caught.value, RequirementError) is (blamed is not None)
    assert "because " in str(caught.value)
    if blamed is not None:
        assert str(caught.value).startswith("--with: ")
        assert caught.value.got == blamed
    else:
        assert "change the benchmark's dependencies" in str(caught.value)
        assert ("--with" in str(caught.value)) is bool(asked)


@pytest.mark.parametrize("requirement", ["six==0.0.98", "/no/such/project"])
def test_a_failure_is_not_tried_again_in_a_run(
    variant: MakeVariant,
    script: MakeScript,
    cache: Path,
    monkeypatch: pytest.MonkeyPatch,
    requirement: str,
) -> None:
    def provision(failures: dict[str, ProvisionError] | None) -> None:
        provision_pair(
            baseline=variant(BASELINE),
            candidate=variant(CANDIDATE, requirement),
            script=script(),
            cache=cache,
            failures=failures,
        )

    failures: dict[str, ProvisionError] = {}
    with pytest.raises(ProvisionError) as first:
        provision(failures)
    monkeypatch.setattr(environments, "resolve_pair", None)
    monkeypatch.setattr(environments, "as_wheel", None)
    with pytest.raises(ProvisionError) as second:
        provision(failures)
    assert str(second.value) == str(first.value)
    with pytest.raises(TypeError):  # without the memory it is tried
        provision(None)


def test_no_network_is_told_apart(
    variant: MakeVariant, script: MakeScript, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("UV_DEFAULT_INDEX", "http://127.0.0.1:9/simple")  # nobody listens there
    monkeypatch.setenv("UV_HTTP_RETRIES", "0")
    with pytest.raises(ProvisionError) as caught:
        provision_pair(
            baseline=variant(BASELINE),
            candidate=variant(CANDIDATE),
            script=script("six"),
            cache=cache,
        )
    assert caught.value.output
    assert "PERFKIT_INSTALLER=pip" in str(caught.value)


def test_a_python_the_script_does_not_support_is_named(
    variant: MakeVariant, script: MakeScript, cache: Path
) -> None:
    with pytest.raises(ProvisionError, match="baseline's Python") as caught:
        provision_pair(
            baseline=variant(BASELINE),
            candidate=variant(CANDIDATE),
            script=script("six", requires_python=">=3.13"),
            cache=cache,
        )
    assert caught.value.side is BASELINE
    assert caught.value.allowed == "Python >=3.13"
    with pytest.raises(ProvisionError, match="cannot be read"):
        provision_pair(
            baseline=variant(BASELINE),
            candidate=variant(CANDIDATE),
            script=script("six", requires_python="3.x or so"),
            cache=cache,
        )


BACKEND = """
import zipfile

def build_wheel(wheel_directory, config_settings=None, metadata_directory=None):
    with zipfile.ZipFile(f"{wheel_directory}/demo-1.0-py3-none-any.whl", "w") as wheel:
        wheel.write("demo.py")
        wheel.writestr("demo-1.0.dist-info/METADATA",
                       "Metadata-Version: 2.1\\nName: demo\\nVersion: 1.0\\nRequires-Dist: six\\n")
        wheel.writestr("demo-1.0.dist-info/WHEEL",
                       "Wheel-Version: 1.0\\nGenerator: x\\nRoot-Is-Purelib: true\\nTag: py3-none-any\\n")
        wheel.writestr("demo-1.0.dist-info/RECORD", "demo.py,,\\n")
    return "demo-1.0-py3-none-any.whl"
"""  # noqa: E501


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A package with a build backend of its own, so that building needs no network."""
    folder = tmp_path / "project"
    folder.mkdir()
    (folder / "pyproject.toml").write_text(
        "[build-system]\nrequires = []\nbuild-backend = 'backend'\nbackend-path = ['.']\n"
        "[project]\nname = 'demo'\nversion = '1.0'\n",
        encoding="utf-8",
    )
    (folder / "backend.py").write_text(BACKEND, encoding="utf-8")
    (folder / "demo.py").write_text("VALUE = 1\n", encoding="utf-8")
    return folder


def test_a_local_project_is_installed_as_it_is_now(
    variant: MakeVariant,
    script: MakeScript,
    cache: Path,
    project: Path,
) -> None:

    def provision() -> ProvisionedPair:
        return provision_pair(
            baseline=variant(BASELINE, str(project)),
            candidate=variant(CANDIDATE, str(project)),
            script=script(),
            cache=cache,
        )

    first = provision()
    assert first.differences == ()
    assert names(first.baseline) == {"demo", "six"} | PYPERF
    where = run(first.baseline, "import demo; print(demo.VALUE, demo.__file__)")
    assert where.startswith("1 ")
    assert str(project) not in where
    (project / "notes.txt").write_text("in no wheel", encoding="utf-8")
    assert provision().baseline.python == first.baseline.python
    (project / "demo.py").write_text("VALUE = 2\n", encoding="utf-8")
    second = provision()
    assert second.baseline.python != first.baseline.python
    for environment in (second.baseline, second.candidate):
        assert run(environment, "import demo; print(demo.VALUE)") == "2"


def test_two_states_of_a_project_can_be_compared(
    variant: MakeVariant, script: MakeScript, cache: Path, project: Path
) -> None:
    old = project.rename(project.with_name("old"))
    new = project.with_name("new")
    new.mkdir()
    for file in old.iterdir():
        (new / file.name).write_bytes(file.read_bytes())
    (new / "demo.py").write_text("VALUE = 2\n", encoding="utf-8")
    pair = provision_pair(
        baseline=variant(BASELINE, str(old)),
        candidate=variant(CANDIDATE, str(new)),
        script=script(),
        cache=cache,
    )
    assert run(pair.baseline, "import demo; print(demo.VALUE)") == "1"
    assert run(pair.candidate, "import demo; print(demo.VALUE)") == "2"


@pytest.mark.usefixtures("tool")
def test_a_build_that_fails_says_why(
    variant: MakeVariant,
    script: MakeScript,
    cache: Path,
    project: Path,
) -> None:
    broken = BACKEND.replace("    return", "    raise RuntimeError('the compiler is missing')  #")
    (project / "backend.py").write_text(broken, encoding="utf-8")
    with pytest.raises(ProvisionError, match="could not build") as caught:
        provision_pair(
            baseline=variant(BASELINE),
            candidate=variant(CANDIDATE, str(project)),
            script=script("six"),
            cache=cache,
        )
    assert caught.value.side is CANDIDATE
    assert "the compiler is missing" in caught.value.output
    assert len(caught.value.output.splitlines()) <= 25


CHILD = """
import json, os, signal, sys
from pathlib import Path
from perfkit.benchmark import Script
from perfkit.provision import environments
from perfkit.variant import Interpreter, Side, Variant

cache, interpreters, die = Path(sys.argv[1]), json.loads(sys.argv[2]), sys.argv[3] == "die"
if die:
    environments.installed = lambda venv: os.kill(os.getpid(), signal.SIGKILL)
variants = [
    Variant(side=side, interpreter=Interpreter(**facts), requirements=(), environ=(), flags=())
    for side, facts in zip(Side, interpreters)
]
script = Script(path=cache / "bm_demo.py", label="bm_demo", arguments=(), requirements=("six",),
                pins=(), requires_python=None, digest="0")
pair = environments.provision_pair(
    baseline=variants[0], candidate=variants[1], script=script, cache=cache)
print(json.dumps([str(pair.baseline.python), str(pair.candidate.python)]))
"""


def child(cache: Path, baseline: Variant, candidate: Variant, mode: str) -> subprocess.Popen[str]:
    facts = json.dumps([asdict(baseline.interpreter), asdict(candidate.interpreter)])
    return subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(CHILD), str(cache), facts, mode],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def test_two_runs_at_once_share_what_they_build(
    variant: MakeVariant, script: MakeScript, tmp_path: Path
) -> None:
    sides = (variant(BASELINE), variant(CANDIDATE))
    children = [child(tmp_path / "cache", *sides, "live") for _ in range(2)]
    answers = []
    for process in children:
        out, words = process.communicate(timeout=120)
        assert process.returncode == 0, words
        answers.append(json.loads(out))
    assert answers[0] == answers[1]
    pair = _provision(sides, script("six"), tmp_path / "cache")
    assert pair.baseline.reused
    assert [str(pair.baseline.python), str(pair.candidate.python)] == answers[0]
    assert run(pair.candidate, "import six, pyperf; print('works')") == "works"


def test_what_a_killed_run_left_is_built_again(
    variant: MakeVariant, script: MakeScript, tmp_path: Path
) -> None:
    sides = (variant(BASELINE), variant(CANDIDATE))
    killed = child(tmp_path / "cache", *sides, "die")
    killed.communicate(timeout=120)
    assert killed.returncode == -9
    (half,) = (tmp_path / "cache" / "environments").iterdir()
    assert not (half / "entry.json").exists()
    left = [folder for folder in half.iterdir() if folder.is_dir()]
    assert left
    pair = _provision(sides, script("six"), tmp_path / "cache")
    assert not pair.baseline.reused
    assert not any(folder.exists() for folder in left)
    assert run(pair.baseline, "import six, pyperf; print('works')") == "works"


def test_an_environment_whose_python_is_gone_is_built_again(
    variant: MakeVariant, script: MakeScript, tmp_path: Path
) -> None:
    sides = (variant(BASELINE), variant(CANDIDATE))
    first = _provision(sides, script("six"), tmp_path)
    first.baseline.python.unlink()
    second = _provision(sides, script("six"), tmp_path)
    assert not second.baseline.reused
    assert second.candidate.reused
    assert run(second.baseline, "import pyperf; print('works')") == "works"


def _provision(sides: tuple[Variant, Variant], script: Script, cache: Path) -> ProvisionedPair:
    return provision_pair(baseline=sides[0], candidate=sides[1], script=script, cache=cache)


def test_the_installer_can_be_chosen(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    assert isinstance(default_installer(tmp_path), UvInstaller)
    monkeypatch.setenv("PERFKIT_INSTALLER", "pip")
    assert isinstance(default_installer(tmp_path), PipInstaller)
    monkeypatch.setenv("PERFKIT_INSTALLER", "conda")
    with pytest.raises(PerfkitError, match="names no installer"):
        default_installer(tmp_path)
    monkeypatch.setattr(environments, "find_uv", lambda: None)
    monkeypatch.setenv("PERFKIT_INSTALLER", "uv")
    with pytest.raises(PerfkitError, match="not usable"):
        default_installer(tmp_path)
    monkeypatch.delenv("PERFKIT_INSTALLER")
    assert isinstance(default_installer(tmp_path), PipInstaller)


def test_inherited_python_variables_do_no_harm(
    variant: MakeVariant, script: MakeScript, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PYTHONDONTWRITEBYTECODE", "1")
    monkeypatch.setenv("PYTHONHOME", "/no/such/home")
    monkeypatch.setenv("VIRTUAL_ENV", sys.prefix)
    pair = _provision((variant(BASELINE), variant(CANDIDATE)), script(), tmp_path)
    compiled = list(Path(pair.baseline.python).parents[1].rglob("pyperf/__pycache__/*.pyc"))
    assert compiled
    assert os.path.lexists(pair.candidate.python)
