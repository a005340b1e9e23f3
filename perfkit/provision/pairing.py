"""Choose package versions for both sides together, the same wherever both can have them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from perfkit.errors import ProvisionError
from perfkit.provision.installer import Lock, pinned_versions, requirement_name
from perfkit.provision.tools import unreachable
from perfkit.variant import Variant

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from perfkit.provision.installer import Installer
    from perfkit.variant import Side

_ROUNDS = 4
PYPERF = "pyperf>=2.9"
"""What every environment holds, since it is what measures."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What one side must have installed.

    Attributes:
        variant: The side.
        requirements: PEP 508, local projects already being wheels; in name order.
        own: Those of them that the side asks for, local projects left out.
        asked: ``(canonical name, as written)`` of each: a local project is written the same on both
            sides even if its wheels are not the same.
    """

    variant: Variant
    requirements: tuple[str, ...]
    own: tuple[str, ...]
    asked: frozenset[tuple[str, str]]


@dataclass(frozen=True, slots=True, kw_only=True)
class LockedPair:
    """Versions chosen for both sides.

    Attributes:
        baseline: The baseline's lock.
        candidate: The candidate's lock.
        wheels_only: Nothing in it needs building.
    """

    baseline: Lock
    candidate: Lock
    wheels_only: bool


def requirements_of(
    *, script: Sequence[str], pins: Sequence[str], variant: Sequence[str]
) -> tuple[str, ...]:
    """Everything a side asks for, in order of text.

    A pin replaces what the script says about the same package; what the user asks for on this side
    replaces the pin.

    Raises:
        ProvisionError: One of them is no PEP 508 requirement.
    """
    own = {requirement_name(text) for text in variant}
    kept_pins = [pin for pin in pins if requirement_name(pin) not in own]
    pinned = {requirement_name(pin) for pin in kept_pins}
    kept = [text for text in script if requirement_name(text) not in pinned]
    return tuple(sorted({text.strip() for text in (*kept, *kept_pins, *variant, PYPERF)}))


def asked_differently(first: Wanted, second: Wanted) -> frozenset[str]:
    """Packages about which the two sides were asked different things."""
    return frozenset(name for name, _ in first.asked ^ second.asked)


def resolve_pair(
    baseline: Wanted, candidate: Wanted, *, installer: Installer, work: Path
) -> LockedPair:
    """Resolve both sides to the same versions wherever both can have them.

    Wheels alone are tried first: a version that one side would have to build from source is no
    version that both can have.

    Raises:
        ProvisionError: A side cannot be resolved; with the tool's words and the side.
    """
    try:
        return _resolve(baseline, candidate, installer=installer, work=work, wheels_only=True)
    except ProvisionError as error:
        if unreachable(error.output):
            raise
        return _resolve(baseline, candidate, installer=installer, work=work, wheels_only=False)


def _resolve(
    baseline: Wanted, candidate: Wanted, *, installer: Installer, work: Path, wheels_only: bool
) -> LockedPair:
    intended = asked_differently(baseline, candidate)

    def resolve(wanted: Wanted, other: Lock) -> Lock:
        try:
            return installer.resolve(
                wanted.variant.interpreter,
                wanted.requirements,
                prefer={n: v for n, v in pinned_versions(other).items() if n not in intended},
                wheels_only=wheels_only,
                work=work,
            )
        except ProvisionError as error:
            raise blamed(error, wanted.variant.side) from error

    first = resolve(baseline, ())
    second = resolve(candidate, first)
    for _ in range(_ROUNDS):
        if _agree(first, second, intended):
            break
        # The candidate could not follow: can the baseline? And the candidate again, until stable.
        before = (first, second)
        first = resolve(baseline, second)
        second = resolve(candidate, first)
        if (first, second) == before:
            break
    return LockedPair(baseline=first, candidate=second, wheels_only=wheels_only)


def _agree(first: Lock, second: Lock, intended: frozenset[str]) -> bool:
    ours = pinned_versions(first)
    theirs = pinned_versions(second)
    return all(ours[n] == theirs[n] for n in ours.keys() & theirs.keys() if n not in intended)


def blamed(error: ProvisionError, side: Side) -> ProvisionError:
    """The same error, saying whose it is."""
    return ProvisionError(
        error.what,
        got=error.got,
        allowed=error.allowed,
        remedy=error.remedy,
        output=error.output,
        side=side,
    )
