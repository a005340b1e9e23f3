"""What is installed in the two environments, and where they are not alike."""

from __future__ import annotations

from dataclasses import dataclass
from importlib.metadata import distributions
from typing import TYPE_CHECKING, Any

from packaging.utils import canonicalize_name

from perfkit.errors import ProvisionError
from perfkit.provision.installer import requirement_name

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path


@dataclass(frozen=True, slots=True, kw_only=True)
class PackageDifference:
    """A package that is not the same on both sides.

    Attributes:
        name: Its canonical name.
        baseline: Version on the baseline's side, or None when it is not installed there.
        candidate: Version on the candidate's side, or None when it is not installed there.
        intended: The sides were asked to differ in it, or it is needed by a package in which they
            were; otherwise no version served both Pythons.
    """

    name: str
    baseline: str | None
    candidate: str | None
    intended: bool


def installed(venv: Path) -> dict[str, Any]:
    """What stands in an environment (``packages``), and which package ``needs`` which."""
    folders = [*venv.glob("lib/*/site-packages"), *venv.glob("Lib/site-packages")]
    versions: dict[str, str] = {}
    needs: dict[str, list[str]] = {}
    for distribution in distributions(path=[str(folder) for folder in folders]):
        name = canonicalize_name(distribution.name)
        versions[name] = distribution.version
        needs[name] = sorted({_name(text) for text in distribution.requires or ()} - {""})
    return {"packages": sorted(versions.items()), "needs": needs}


def _name(requirement: str) -> str:
    try:
        return requirement_name(requirement)
    except ProvisionError:  # old metadata
        return ""


def package_differences(
    baseline: Mapping[str, Any], candidate: Mapping[str, Any], *, asked: frozenset[str]
) -> tuple[PackageDifference, ...]:
    """What is not the same in two environments.

    Args:
        baseline: What `installed` said of the baseline's.
        candidate: What it said of the candidate's.
        asked: Packages about which the sides were asked different things.
    """
    first, second = (dict(side["packages"]) for side in (baseline, candidate))
    intended = with_dependencies(asked, baseline["needs"]) | with_dependencies(
        asked, candidate["needs"]
    )
    return tuple(
        PackageDifference(
            name=name,
            baseline=first.get(name),
            candidate=second.get(name),
            intended=name in intended,
        )
        for name in sorted(first.keys() | second.keys())
        if first.get(name) != second.get(name)
    )


def with_dependencies(
    changed: frozenset[str], needs: Mapping[str, Sequence[str]]
) -> frozenset[str]:
    """The packages given and everything they need, directly or not."""
    reached = set(changed)
    waiting = list(changed)
    while waiting:
        for name in needs.get(waiting.pop(), ()):
            if name not in reached:
                reached.add(name)
                waiting.append(name)
    return frozenset(reached)
