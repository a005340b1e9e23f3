"""Whose fault it is when there is no set of versions: an option's, or the benchmark's."""

from __future__ import annotations

from typing import TYPE_CHECKING

from perfkit.errors import ProvisionError, RequirementError
from perfkit.provision.local import as_local
from perfkit.provision.pairing import PYPERF
from perfkit.provision.tools import gist, unreachable

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from perfkit.provision.installer import Installer
    from perfkit.provision.pairing import Wanted
    from perfkit.variant import Side, Variant


def options_of(variants: Sequence[Variant], side: Side | None) -> dict[str, str]:
    """The option that asked for each requirement of a side, or of both for None.

    Local projects are left out: what they need is theirs, as what a benchmark needs is its own.
    """
    asked = [set(variant.requirements) for variant in variants]
    return {
        text: "--with" if all(text in one for one in asked) else f"--{variant.side}-with"
        for variant in variants
        if side in (None, variant.side)
        for text in variant.requirements
        if as_local(text) is None
    }


def at_fault(
    error: ProvisionError, pair: tuple[Wanted, Wanted], installer: Installer, work: Path
) -> ProvisionError:
    """The same failure, saying why and what is to blame.

    What the side asks for is resolved once more, each requirement alone and then all of them: a
    resolver's words are for people, and say little of who asked.

    Args:
        error: No set of versions was found; ``side`` says for whom.
        pair: Both sides.
        installer: What found none.
        work: Folder for its files.

    Returns:
        A `RequirementError` when what the side asks for cannot be had in any case.
    """
    wanted = next((one for one in pair if one.variant.side is error.side), None)
    if wanted is None or unreachable(error.output):
        return error

    def alone(*requirements: str) -> ProvisionError | None:
        try:
            installer.resolve(
                wanted.variant.interpreter,
                (*requirements, PYPERF),
                prefer={},
                wheels_only=False,
                work=work,
            )
        except ProvisionError as failure:
            return None if unreachable(failure.output) else failure
        return None

    options = options_of([one.variant for one in pair], error.side)
    for asked in [*((text,) for text in wanted.own), *([wanted.own] if wanted.own[1:] else [])]:
        if failure := alone(*asked):
            names = ", ".join(dict.fromkeys(options[text] for text in asked))
            where = f"{wanted.variant.side} {wanted.variant.interpreter.label}"
            return RequirementError(
                f"{names}: {failure.what} ({where}): {gist(failure.output)}",
                got=", ".join(asked),
                remedy="correct it",
                output=failure.output,
                side=error.side,
            )
    return ProvisionError(
        f"{error.what}: {gist(error.output)}",
        got=error.got,
        allowed=error.allowed,
        remedy=error.remedy,
        output=error.output,
        side=error.side,
    )
