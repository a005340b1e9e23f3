"""How a process under test is started: command and environment, equal in size on both sides."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from perfkit.benchmark import Script
from perfkit.machine.environ import MARKER, inherited_environment

if TYPE_CHECKING:
    from collections.abc import Mapping

    from perfkit.variant import Environment, Variant

TARGET = Path(__file__).parent / "target" / "__main__.py"
_PADDING = "PERFKIT_PADDING"
_POINTER_BYTES = 8  # each string has one in argv or envp


@dataclass(frozen=True, slots=True, kw_only=True)
class Launch:
    """One side's way to run a script.

    Attributes:
        python: Interpreter of the side's environment.
        flags: Interpreter options.
        environ: Variables set on this side only.
        script: The script.
        cwd: Working directory.
        installed: Modules, by dotted name, that must be the environment's own (`check_origins`).
    """

    python: Path
    flags: tuple[str, ...]
    environ: tuple[tuple[str, str], ...]
    script: Script
    cwd: Path
    installed: frozenset[str] = frozenset()

    @classmethod
    def of(
        cls,
        variant: Variant,
        environment: Environment,
        script: Script,
        cwd: Path,
        *,
        installed: frozenset[str] = frozenset(),
    ) -> Launch:
        """The launch of a script in a variant's environment."""
        return cls(
            python=environment.python,
            flags=variant.flags,
            environ=variant.environ,
            script=script,
            cwd=cwd,
            installed=installed,
        )

    def command(self, task: str) -> list[str]:
        """The command that parks at a task (its number, or ``"list"``)."""
        script = self.script
        return [
            str(self.python),
            *self.flags,
            str(TARGET),
            task,
            str(script.path),
            *script.arguments,
        ]

    def environment(
        self, inherited: Mapping[str, str], *, hash_seed: int, run: str
    ) -> dict[str, str]:
        """The inherited variables without Python's own, this side's, and the block's hash seed."""
        return {
            **inherited_environment(inherited, self.python),
            **dict(self.environ),
            "PYTHONHASHSEED": str(hash_seed),
            MARKER: run,
        }


def padded(
    starts: tuple[tuple[list[str], dict[str, str]], ...], extra: int
) -> tuple[dict[str, str], ...]:
    """Pad environments so that every process starts with a stack of the same size.

    What the kernel copies onto a new process's stack (arguments and environment) shifts all that
    follows; a difference between the sides would be a bias (Mytkowicz et al., "Producing wrong
    data without doing anything obviously wrong!", ASPLOS 2009). ``extra`` differs from block to
    block, so that no single layout decides.

    Args:
        starts: Command line and environment of each process.
        extra: Bytes added to the largest.

    Returns:
        The environments, each with a variable that makes up the difference.
    """
    sizes = [_stack_bytes(command, environ) for command, environ in starts]
    wanted = max(sizes) + extra
    return tuple(
        {**environ, _PADDING: "x" * (wanted - size)}
        for (_, environ), size in zip(starts, sizes, strict=True)
    )


def _stack_bytes(command: list[str], environ: Mapping[str, str]) -> int:
    strings = [*command, command[0], *(f"{name}={value}" for name, value in environ.items())]
    return sum(len(os.fsencode(text)) + 1 + _POINTER_BYTES for text in strings)
