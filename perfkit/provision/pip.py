"""venv and pip: the slow way that needs nothing but the interpreter itself."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from packaging.utils import canonicalize_name
from packaging.version import Version

from perfkit.errors import ProvisionError
from perfkit.provision.cache import key_of, obtain
from perfkit.provision.identity import identity
from perfkit.provision.installer import Lock, as_lock, environment_python, pinned_versions
from perfkit.provision.tools import build_environ, run_tool

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from perfkit.variant import Interpreter

_OLDEST_PIP = Version("22.3")  # the first with both ``--report`` and ``--python``
_ONLY_WHEELS = ("--only-binary", ":all:")


@dataclass(frozen=True, slots=True, kw_only=True)
class PipInstaller:
    """Resolves and installs with pip, which stands in an environment of its own.

    Attributes:
        cache: Where that environment is kept, one for each interpreter.
    """

    cache: Path

    @property
    def name(self) -> str:
        """The tool's name."""
        return "pip"

    def resolve(
        self,
        interpreter: Interpreter,
        requirements: Sequence[str],
        *,
        prefer: Mapping[str, str],
        wheels_only: bool,
        work: Path,
    ) -> Lock:
        """See `Installer.resolve`.

        pip knows constraints but no preferences: when it cannot keep all of them, those it does
        not follow by itself are tried one by one.
        """

        def attempt(constraints: Mapping[str, str]) -> Lock:
            return self._resolve(interpreter, requirements, constraints, wheels_only, work)

        if not prefer:
            return attempt({})
        try:
            return attempt(prefer)
        except ProvisionError:
            best = attempt({})
        free = pinned_versions(best)
        kept = {name: version for name, version in prefer.items() if free.get(name) == version}
        for name, version in prefer.items():
            if name in free and name not in kept:
                try:
                    best = attempt(kept | {name: version})
                except ProvisionError:
                    continue
                kept[name] = version
        return best

    def _resolve(
        self,
        interpreter: Interpreter,
        requirements: Sequence[str],
        constraints: Mapping[str, str],
        wheels_only: bool,  # noqa: FBT001 - private, called in one place
        work: Path,
    ) -> Lock:
        wanted = work / "requirements.in"
        wanted.write_text("\n".join(requirements) + "\n", encoding="utf-8")
        limits = work / "constraints.txt"
        lines = [f"{name}=={version}" for name, version in constraints.items()]
        limits.write_text("\n".join(lines) + "\n", encoding="utf-8")
        report = work / "report.json"
        command = [*self._pip(interpreter), "install", "--quiet", "--dry-run", "--ignore-installed"]
        command += ["--report", str(report), "--requirement", str(wanted)]
        command += ["--constraint", str(limits), *(_ONLY_WHEELS if wheels_only else ())]
        run_tool(command, what="pip found no set of versions", cwd=work)
        plan = json.loads(report.read_text(encoding="utf-8"))
        return as_lock(_line(item) for item in plan["install"])

    def build_wheel(self, interpreter: Interpreter, source: Path, into: Path) -> None:
        """See `Installer.build_wheel`."""
        command = [*self._pip(interpreter), "wheel", "--quiet", "--no-deps"]
        command += ["--wheel-dir", str(into), str(source)]
        environ = build_environ(into)
        run_tool(command, what=f"pip could not build {source}", cwd=into, environ=environ)

    def install(
        self, interpreter: Interpreter, lock: Lock, folder: Path, *, wheels_only: bool
    ) -> None:
        """See `Installer.install`."""
        work = folder.parent
        lines = work / "requirements.lock"
        lines.write_text("\n".join(lock) + "\n", encoding="utf-8")
        make = [interpreter.executable, "-I", "-m", "venv", "--without-pip", str(folder)]
        run_tool(make, what=f"venv failed for {interpreter.label}", cwd=work)
        command = [*self._pip(interpreter), "--python", str(environment_python(folder))]
        command += ["install", "--quiet", "--no-deps", "--compile", "--requirement", str(lines)]
        command += _ONLY_WHEELS if wheels_only else ()
        run_tool(command, what="pip could not install the packages", cwd=work)

    def _pip(self, interpreter: Interpreter) -> list[str]:
        """Pip for an interpreter, recent enough, outside every measured environment."""

        def build(folder: Path) -> dict[str, Any]:
            venv = folder / "venv"
            make = [interpreter.executable, "-I", "-m", "venv", str(venv)]
            run_tool(make, what=f"venv failed for {interpreter.label}", cwd=folder)
            python = str(environment_python(venv))
            ask = [python, "-c", "import pip; print(pip.__version__)"]
            if Version(run_tool(ask, what="no pip", cwd=folder).strip()) < _OLDEST_PIP:
                upgrade = [python, "-m", "pip", "install", "--quiet", "--upgrade", "pip"]
                run_tool(upgrade, what="pip is too old and cannot upgrade itself", cwd=folder)
            return {}

        entry = obtain(
            self.cache,
            "toolboxes",
            key_of("pip", identity(interpreter)),
            label=f"pip for {interpreter.label}",
            build=build,
            usable=lambda folder, _: environment_python(folder / "venv").exists(),
        )
        return [str(environment_python(entry.folder / "venv")), "-m", "pip"]


def _line(item: Mapping[str, Any]) -> str:
    """One package of pip's installation report as a requirement.

    Source: PyPA specification "Installation report", format version 1.
    """
    name = canonicalize_name(item["metadata"]["name"])
    if not item.get("is_direct"):
        return f"{name}=={item['metadata']['version']}"
    where = item["download_info"]
    url = where["url"]
    if "vcs_info" in where:
        url = f"{where['vcs_info']['vcs']}+{url}@{where['vcs_info']['commit_id']}"
    if where.get("subdirectory"):
        url = f"{url}#subdirectory={where['subdirectory']}"
    return f"{name} @ {url}"
