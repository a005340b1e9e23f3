"""One Performance Benchmarking report of a ``compare`` run and its ``load`` runs."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from perfkit.decide.load.evidence import evidence_of
from perfkit.errors import PerfkitError
from perfkit.recording.load import LoadRecording
from perfkit.report import as_html as compare_html
from perfkit.report import as_json as compare_json
from perfkit.report import as_yaml as compare_yaml
from perfkit.report import text as compare_text
from perfkit.report.load.as_html import load_part
from perfkit.report.load.as_json import as_json
from perfkit.report.load.as_text import as_text
from perfkit.report.load.as_yaml import extra
from perfkit.report.load.template import load_sections
from perfkit.report.load.view import LoadView, build_load_view
from perfkit.report.templates import template
from perfkit.report.view import View, build_view
from perfkit.report.yaml_parts import dumped

if TYPE_CHECKING:
    from collections.abc import Sequence

    from perfkit.decide.load.result import LoadResult
    from perfkit.decide.policy import Policy
    from perfkit.decide.result import Result
    from perfkit.recording import Recording
    from perfkit.variant import Variant

NAMES = ("combined-report.yaml", "combined-report.html")
"""Written into the folder of the ``compare`` run."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Combined:
    """A comparison held against the policy together with load runs.

    Attributes:
        view: The comparison; its assessment counts the load runs.
        loads: The load runs, in the order given.
    """

    view: View
    loads: tuple[LoadView, ...]


def check_same_variants(recordings: Sequence[Recording | LoadRecording]) -> PerfkitError | None:
    """Why recordings cannot make one report; None when they can.

    They can when there is one ``compare`` run and at least one load run, and all compare the same
    two variants. What both sides of a run have in common is no part of that: a service needs
    packages and settings of its own. Nor is where an interpreter lies, if its build is the same.
    """
    compared = [one for one in recordings if not isinstance(one, LoadRecording)]
    loads = [one for one in recordings if isinstance(one, LoadRecording)]
    if any(one.run.command != "compare" for one in compared) or len(compared) != 1 or not loads:
        return PerfkitError(
            "these runs cannot make one report",
            got=", ".join(str(one.folder) for one in recordings),
            allowed="one run of perfkit compare and one or more of perfkit load",
            remedy="show each of the others by itself",
        )
    run = compared[0].run
    for one in loads:
        if one.run.baseline is None or one.run.candidate is None:
            return PerfkitError(
                "the runs are not of the same two variants: the load run has no such side",
                got=str(one.folder),
                remedy="combine runs with the same --baseline and --candidate",
            )
        for mine, other in zip(
            _apart(run.baseline, run.candidate),
            _apart(one.run.baseline, one.run.candidate),
            strict=True,
        ):
            difference = _difference(mine, other)
            if difference:
                return PerfkitError(
                    f"the runs are not of the same two variants: {mine.side}: {difference}",
                    got=str(one.folder),
                    remedy="combine runs with the same --baseline and --candidate, and the same "
                    "options of one side alone",
                )
    return None


def combine(
    compared: tuple[Recording, Result],
    loads: Sequence[tuple[LoadRecording, LoadResult]],
    policy: Policy,
) -> Combined:
    """Hold a comparison and load runs against one policy.

    Args:
        compared: The comparison, judged.
        loads: Load runs of the same variants, judged.
        policy: The comparison's.

    Raises:
        PerfkitError: They are not of the same variants.
    """
    problem = check_same_variants([compared[0], *(recording for recording, _ in loads)])
    if problem is not None:
        raise problem
    found = [evidence_of(recording, result) for recording, result in loads]
    evidence = [one for one in found if one is not None]
    return Combined(
        view=build_view(*compared, policy, load=evidence),
        loads=tuple(build_load_view(recording, result, policy) for recording, result in loads),
    )


def as_combined_yaml(view: View, loads: Sequence[LoadView]) -> str:
    """The guide's section 4.5 with its API rows, then its section 6.4 over all load runs."""
    blocks = [compare_yaml.as_yaml(view).rstrip("\n")]
    blocks.append("# Load testing (the guide's section 6.4)")
    blocks.append(dumped({"Load Testing Results": load_sections(loads)}))
    blocks.append(dumped({"Load Runs": {one.id: extra(one) for one in loads}}))
    return "\n\n".join(blocks) + "\n"


def as_combined_html(view: View, loads: Sequence[LoadView]) -> str:
    """One page with both parts; as self-contained as each of them."""
    parts = [load_part(one, f"load-{place}-") for place, one in enumerate(loads, 1)]
    page = template("load/combined.html.j2")
    title = f"Performance Benchmarking: {view.title}"
    context = compare_html.compare_part(view)
    return page.render(title=title, perfkit=view.perfkit, load_parts=parts, **context)


def as_combined_json(view: View, loads: Sequence[LoadView]) -> str:
    """``{"compare": …, "loads": [ … ]}``, each as ``--json`` has it by itself."""
    document: dict[str, Any] = {
        "compare": json.loads(compare_json.as_json(view)),
        "loads": [json.loads(as_json(one)) for one in loads],
    }
    return json.dumps(document, indent=2, ensure_ascii=False, allow_nan=False) + "\n"


def as_combined_text(
    view: View, loads: Sequence[LoadView], *, width: int, color: bool, brief: bool = False
) -> str:
    """Both for a terminal, one after the other, and what the policy says to them together."""
    parts = [compare_text.as_text(view, width=width, color=color, brief=brief)]
    parts += [as_text(one, width=width, color=color, brief=brief) for one in loads]
    parts.append(f"Altogether: {view.assessment.recommendation.text}")
    return "\n\n".join(parts)


def _apart(baseline: Variant, candidate: Variant) -> tuple[Variant, Variant]:
    """Two sides with nothing but what tells them apart."""
    return _without(baseline, candidate), _without(candidate, baseline)


def _without(mine: Variant, other: Variant) -> Variant:
    return replace(
        mine,
        requirements=tuple(x for x in mine.requirements if x not in other.requirements),
        environ=tuple(x for x in mine.environ if x not in other.environ),
    )


def _difference(mine: Variant, other: Variant) -> str:
    """In what two variants differ; empty when they do not."""
    facts = {
        "version": (mine.interpreter.label, other.interpreter.label),
        "build": (mine.interpreter.build, other.interpreter.build),
        "build options": (mine.interpreter.config_args, other.interpreter.config_args),
        "requirements": (", ".join(mine.requirements), ", ".join(other.requirements)),
        "environment variables": (_environ(mine), _environ(other)),
        "interpreter options": (" ".join(mine.flags), " ".join(other.flags)),
    }
    for name, (one, another) in facts.items():
        if one != another:
            return f"{name} {one or 'none'} against {another or 'none'}"
    return ""


def _environ(variant: Variant) -> str:
    return ", ".join(f"{key}={value}" for key, value in variant.environ)
