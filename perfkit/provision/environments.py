"""Make the two environments of a benchmark script, alike but for what is compared."""

from __future__ import annotations

import os
import secrets
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from packaging.specifiers import InvalidSpecifier, SpecifierSet

from perfkit.errors import PerfkitError, ProvisionError, RequirementError
from perfkit.provision.blame import at_fault, options_of
from perfkit.provision.cache import Entry, key_of, obtain
from perfkit.provision.differences import PackageDifference, installed, package_differences
from perfkit.provision.identity import identity
from perfkit.provision.installer import Installer, Lock, environment_python, requirement_name
from perfkit.provision.local import as_local, as_wheel
from perfkit.provision.pairing import (
    Wanted,
    asked_differently,
    blamed,
    requirements_of,
    resolve_pair,
)
from perfkit.provision.pip import PipInstaller
from perfkit.provision.tools import resolution_settings, run_tool, tool_environ, unreachable
from perfkit.provision.uv import UvInstaller, find_uv
from perfkit.variant import Environment, Variant

if TYPE_CHECKING:
    from pathlib import Path

    from perfkit.benchmark import Script

__all__ = ["PackageDifference", "ProvisionedPair", "default_installer", "provision_pair"]

_INSTALLERS = ("uv", "pip")


@dataclass(frozen=True, slots=True, kw_only=True)
class ProvisionedPair:
    """Both environments of one benchmark script.

    Attributes:
        baseline: The baseline's environment.
        candidate: The candidate's; the same one when the variants do not differ in it.
        differences: Packages that differ, in name order.
    """

    baseline: Environment
    candidate: Environment
    differences: tuple[PackageDifference, ...]


def default_installer(cache: Path) -> Installer:
    """uv, or pip where uv is not usable; ``$PERFKIT_INSTALLER`` (``uv`` or ``pip``) decides.

    Raises:
        PerfkitError: The variable says something else, or uv is asked for and not usable.
    """
    chosen = os.environ.get("PERFKIT_INSTALLER", "").strip().lower()
    if chosen and chosen not in _INSTALLERS:
        raise PerfkitError(
            "PERFKIT_INSTALLER names no installer",
            got=chosen,
            allowed=" or ".join(_INSTALLERS),
            remedy="unset it to let perfkit choose",
        )
    program = None if chosen == "pip" else find_uv()
    if program is not None:
        return UvInstaller(program=program)
    if chosen == "uv":
        raise PerfkitError(
            "uv is not usable here",
            got=chosen,
            remedy="run 'python -m pip install uv', or unset PERFKIT_INSTALLER",
        )
    return PipInstaller(cache=cache)


def provision_pair(
    *,
    baseline: Variant,
    candidate: Variant,
    script: Script,
    cache: Path,
    installer: Installer | None = None,
    failures: dict[str, ProvisionError] | None = None,
) -> ProvisionedPair:
    """The environments in which both sides run a script.

    Each holds the script's requirements, the side's own, pyperf, what these need, and nothing else.
    Everything is kept in the cache; versions once chosen stay chosen until they are cleaned away.

    Args:
        baseline: One side.
        candidate: The other side.
        script: What is going to be run.
        cache: The cache folder.
        installer: uv or pip; None for `default_installer`.
        failures: What failed in this run, filled here: the same is not tried again for the next
            script. None to try again each time.

    Raises:
        ProvisionError: A side cannot have what the script needs; ``side`` says which. A
            `RequirementError` when no script could be run with what the side asks for.
    """
    installer = default_installer(cache) if installer is None else installer
    failures = {} if failures is None else failures
    for variant in (baseline, candidate):
        _check_python(script, variant)
    try:
        wanted = [
            _wanted(variant, script, installer=installer, cache=cache, failures=failures)
            for variant in (baseline, candidate)
        ]
        return _pair(wanted[0], wanted[1], installer=installer, cache=cache, failures=failures)
    except RequirementError:
        raise
    except ProvisionError as error:
        raise _explained(error, (baseline, candidate)) from error


def _wanted(
    variant: Variant,
    script: Script,
    *,
    installer: Installer,
    cache: Path,
    failures: dict[str, ProvisionError],
) -> Wanted:
    key = key_of("wanted", variant.requirements, identity(variant.interpreter), installer.name)
    try:
        if key in failures:
            raise failures[key]
        written: dict[str, str] = {}
        for text in variant.requirements:
            project = as_local(text)
            if project is None:
                written[text] = text
                continue
            try:
                wheel = as_wheel(
                    project, interpreter=variant.interpreter, installer=installer, cache=cache
                )
            except ProvisionError as error:
                failures[key] = error
                raise
            written[wheel] = text
        requirements = requirements_of(
            script=script.requirements, pins=script.pins, variant=tuple(written)
        )
    except ProvisionError as error:
        raise blamed(error, variant.side) from error
    asked = frozenset((requirement_name(text), written.get(text, text)) for text in requirements)
    own = tuple(text for text in variant.requirements if text in written)
    return Wanted(variant=variant, requirements=requirements, own=own, asked=asked)


def _pair(
    baseline: Wanted,
    candidate: Wanted,
    *,
    installer: Installer,
    cache: Path,
    failures: dict[str, ProvisionError],
) -> ProvisionedPair:
    settings = resolution_settings(tool_environ())
    sides = [[identity(w.variant.interpreter), w.requirements] for w in (baseline, candidate)]
    key = key_of("pair", sides, installer.name, settings)
    if key in failures:
        raise failures[key]

    def resolve(folder: Path) -> dict[str, Any]:
        try:
            pair = resolve_pair(baseline, candidate, installer=installer, work=folder)
        except ProvisionError as error:
            raise at_fault(error, (baseline, candidate), installer, folder) from error
        return {
            "baseline": pair.baseline,
            "candidate": pair.candidate,
            "wheels_only": pair.wheels_only,
        }

    labels = " and ".join(w.variant.interpreter.label for w in (baseline, candidate))
    label = f"{labels}: {', '.join(baseline.requirements)}"
    try:
        entry = obtain(
            cache, "resolutions", key, label=label, build=resolve, usable=lambda *_: True
        )
        first, second = (
            _environment(
                wanted,
                tuple(entry.facts[wanted.variant.side]),
                wheels_only=entry.facts["wheels_only"],
                installer=installer,
                cache=cache,
            )
            for wanted in (baseline, candidate)
        )
        pair = ProvisionedPair(
            baseline=_describe(first, installer),
            candidate=_describe(second, installer),
            differences=package_differences(
                first.facts, second.facts, asked=asked_differently(baseline, candidate)
            ),
        )
        _check_pyperf(pair)
    except ProvisionError as error:
        failures[key] = error
        raise
    return pair


def _environment(
    wanted: Wanted, lock: Lock, *, wheels_only: bool, installer: Installer, cache: Path
) -> Entry:
    interpreter = wanted.variant.interpreter

    def build(folder: Path) -> dict[str, Any]:
        # A name of its own: a tool left over from a run that was killed may still be writing.
        venv = folder / secrets.token_hex(4)
        installer.install(interpreter, lock, venv, wheels_only=wheels_only)
        run_tool(
            [str(environment_python(venv)), "-I", "-c", "import pyperf"],
            what="pyperf cannot be imported in the new environment",
            cwd=folder,
        )
        return {"venv": venv.name, **installed(venv)}

    names = ", ".join(line.partition(" @ ")[0] for line in lock)
    try:
        return obtain(
            cache,
            "environments",
            key_of("environment", identity(interpreter), lock, installer.name),
            label=f"{interpreter.label}: {names}",
            build=build,
            usable=lambda folder, facts: environment_python(folder / facts["venv"]).exists(),
        )
    except ProvisionError as error:
        raise blamed(error, wanted.variant.side) from error


def _describe(entry: Entry, installer: Installer) -> Environment:
    return Environment(
        python=environment_python(entry.folder / entry.facts["venv"]),
        packages=tuple((name, version) for name, version in entry.facts["packages"]),
        built_with=installer.name,
        reused=entry.reused,
    )


def _check_python(script: Script, variant: Variant) -> None:
    if script.requires_python is None:
        return
    try:
        allowed = SpecifierSet(script.requires_python)
    except InvalidSpecifier as error:
        raise ProvisionError(
            "requires-python cannot be read",
            got=script.requires_python,
            allowed="a PEP 440 specifier such as '>=3.9'",
            remedy=f"correct it in {script.path.name}",
        ) from error
    if not allowed.contains(variant.interpreter.version, prereleases=True):
        raise ProvisionError(
            f"the script does not run on the {variant.side}'s Python",
            got=variant.interpreter.label,
            allowed=f"Python {script.requires_python}",
            remedy=f"leave the benchmark out, or choose another --{variant.side}",
            side=variant.side,
        )


def _check_pyperf(pair: ProvisionedPair) -> None:
    for difference in pair.differences:
        if difference.name == "pyperf":
            raise ProvisionError(
                "pyperf would differ between the sides, and it is what measures",
                got=f"{difference.baseline} and {difference.candidate}",
                allowed="one version on both sides",
                remedy="ask for the same version on both sides: --with 'pyperf==…'",
            )


def _explained(error: ProvisionError, variants: tuple[Variant, Variant]) -> ProvisionError:
    where = ", ".join(
        f"{variant.side} {variant.interpreter.label}"
        for variant in variants
        if error.side in (None, variant.side)
    )
    options = [*options_of(variants, error.side).values()]
    asked = " or ".join(dict.fromkeys(options)) + ", or " if options else ""
    remedy = f"change the benchmark's dependencies{' or ' if options else ', or '}{asked}"
    remedy += "leave the benchmark out"
    if unreachable(error.output):
        remedy = (
            "check the network; uv reads no pip.conf: name your index in UV_DEFAULT_INDEX, or set "
            "PERFKIT_INSTALLER=pip"
        )
    return ProvisionError(
        f"{error.what} ({where})",
        got=error.got,
        allowed=error.allowed,
        remedy=error.remedy or remedy,
        output=error.output,
        side=error.side,
    )
