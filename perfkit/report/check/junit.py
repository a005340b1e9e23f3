"""``junit.xml``: one test case a row, for the CI servers that read JUnit's format."""

from __future__ import annotations

from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

from perfkit.decide.gate.result import GateVerdict
from perfkit.report.check import words
from perfkit.report.wording import printable

if TYPE_CHECKING:
    from collections.abc import Sequence

    from perfkit.report.check.view import CheckRow, CheckView

_DETAIL = 10_000  # characters of what a failed benchmark said


def as_junit(view: CheckView) -> str:
    """The gate as JUnit's XML, in the subset that Ant, Jenkins and Surefire agree upon.

    A suite a metric. Red rows are failures; what else makes the build fail (a required benchmark
    that failed, a row the policy lets nobody leave undecided) is an error; rows without a verdict
    that the policy lets pass are skipped. So the file is as green or red as the build, save that
    "nothing measured" is a failing build with nothing but skipped cases.

    Args:
        view: The gate. Actual values stand in each case's text; control characters, which XML
            cannot hold, become U+FFFD.
    """
    root = ET.Element("testsuites", {"name": "perfkit check"})
    suites = [_suite(view, group) for group in _by_metric(view.rows)]
    root.attrib.update(_sums(suites))
    root.extend(suites)
    ET.indent(root)
    text = ET.tostring(root, encoding="unicode")
    return f'<?xml version="1.0" encoding="utf-8"?>\n{text}\n'


def _by_metric(rows: Sequence[CheckRow]) -> list[list[CheckRow]]:
    metrics = dict.fromkeys(row.row.metric for row in rows)
    return [[row for row in rows if row.row.metric is metric] for metric in metrics]


def _suite(view: CheckView, rows: Sequence[CheckRow]) -> ET.Element:
    metric = words.METRICS[rows[0].row.metric]
    suite = ET.Element("testsuite", {"name": f"perfkit {metric}"})
    properties = ET.SubElement(suite, "properties")
    facts = [("baseline", view.baseline), ("candidate", view.candidate), *view.policy]
    for name, value in [*facts, ("run", view.compared.id), ("verdict", view.verdict)]:
        ET.SubElement(properties, "property", {"name": printable(name), "value": printable(value)})
    cases = [_case(row, f"perfkit.{metric.replace(' ', '-')}") for row in rows]
    suite.extend(cases)
    kinds = {
        name: str(sum(case.find(tag) is not None for case in cases))
        for name, tag in (("failures", "failure"), ("errors", "error"), ("skipped", "skipped"))
    }
    seconds = sum(float(case.get("time", "0")) for case in cases)
    suite.attrib.update(tests=str(len(cases)), **kinds, time=f"{seconds:.3f}")
    suite.set("timestamp", view.compared.created[:19])
    return suite


def _sums(suites: Sequence[ET.Element]) -> dict[str, str]:
    counts = {
        name: str(sum(int(suite.get(name, "0")) for suite in suites))
        for name in ("tests", "failures", "errors")
    }
    return {**counts, "time": f"{sum(float(suite.get('time', '0')) for suite in suites):.3f}"}


def _case(row: CheckRow, classname: str) -> ET.Element:
    again = row.row.confirmation.seconds if row.row.confirmation is not None else 0.0
    seconds = f"{row.row.seconds + again:.3f}"
    attributes = {"name": words.shown(row.row.id), "classname": classname, "time": seconds}
    case = ET.Element("testcase", attributes)
    tag = _tag(row)
    said = "\n".join(f"{name}: {fact}" for name, fact in row.facts)
    if tag:
        message = "; ".join(part for part in (row.word, row.evidence, row.reason) if part)
        mark = ET.SubElement(case, tag, {"message": message, "type": row.word})
        mark.text = "\n".join(filter(None, [said, words.cut(row.detail, _DETAIL)]))
    else:
        ET.SubElement(case, "system-out").text = said
    return case


def _tag(row: CheckRow) -> str:
    if row.row.verdict.red:
        return "failure"
    if row.fails:
        return "error"
    return "" if row.row.verdict is GateVerdict.WITHIN else "skipped"
