"""uv: the fast way to resolve and install."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import uv

from perfkit.provision.installer import Lock, as_lock, environment_python
from perfkit.provision.tools import build_environ, run_tool

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from perfkit.variant import Interpreter

_ONLY_WHEELS = ("--only-binary", ":all:")


def find_uv() -> str | None:
    """Path of the uv that came with perfkit; None where there is none for this system."""
    try:
        return str(uv.find_uv_bin())
    except OSError:
        return None


@dataclass(frozen=True, slots=True, kw_only=True)
class UvInstaller:
    """Resolves and installs with uv.

    Attributes:
        program: Path of uv.
    """

    program: str

    @property
    def name(self) -> str:
        """The tool's name."""
        return "uv"

    def resolve(
        self,
        interpreter: Interpreter,
        requirements: Sequence[str],
        *,
        prefer: Mapping[str, str],
        wheels_only: bool,
        work: Path,
    ) -> Lock:
        """See `Installer.resolve`. uv prefers the versions of an output file that exists."""
        wanted = work / "requirements.in"
        wanted.write_text("\n".join(requirements) + "\n", encoding="utf-8")
        lock = work / "requirements.lock"
        lines = [f"{name}=={version}" for name, version in prefer.items()]
        lock.write_text("\n".join(lines) + "\n", encoding="utf-8")
        command = [self.program, "pip", "compile", str(wanted), "--output-file", str(lock)]
        command += ["--python", interpreter.executable, "--no-header", "--no-annotate", "--quiet"]
        command += _ONLY_WHEELS if wheels_only else ()
        run_tool(command, what="uv found no set of versions", cwd=work)
        return as_lock(lock.read_text(encoding="utf-8").splitlines())

    def build_wheel(self, interpreter: Interpreter, source: Path, into: Path) -> None:
        """See `Installer.build_wheel`."""
        command = [self.program, "build", "--wheel", "--python", interpreter.executable]
        command += ["--out-dir", str(into), str(source)]
        environ = build_environ(into)
        run_tool(command, what=f"uv could not build {source}", cwd=into, environ=environ)

    def install(
        self, interpreter: Interpreter, lock: Lock, folder: Path, *, wheels_only: bool
    ) -> None:
        """See `Installer.install`."""
        work = folder.parent
        lines = work / "requirements.lock"
        lines.write_text("\n".join(lock) + "\n", encoding="utf-8")
        make = [self.program, "venv", "--no-project", "--quiet"]
        make += ["--python", interpreter.executable, str(folder)]
        run_tool(make, what=f"uv could not make an environment for {interpreter.label}", cwd=work)
        command = [self.program, "pip", "install", "--python", str(environment_python(folder))]
        command += ["--no-deps", "--compile-bytecode", "--requirement", str(lines)]
        command += _ONLY_WHEELS if wheels_only else ()
        run_tool(command, what="uv could not install the packages", cwd=work)
