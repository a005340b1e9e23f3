"""What every YAML report is made of: the template's layout, ticks and arrows."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import yaml

from perfkit.decide.policy import Status
from perfkit.report.wording import printable
from perfkit.units import format_share_interval

if TYPE_CHECKING:
    from collections.abc import Sequence

    from perfkit.analyse.estimate import Estimate
    from perfkit.report.caveats import CaveatGroup
    from perfkit.report.environments import PackageLine, SideLine

NOT_MEASURED = "not measured"


class _Dumper(yaml.SafeDumper):
    """Indents lists below their key, as the template does, and never writes aliases."""

    def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:  # noqa: ARG002, FBT001, FBT002 - yaml's signature
        super().increase_indent(flow, False)  # noqa: FBT003 - yaml's signature

    def ignore_aliases(self, data: object) -> bool:  # noqa: ARG002 - yaml's signature
        return True


def dumped(data: dict[str, Any]) -> str:
    """One block of a YAML document, without the line feed at its end."""
    text: str = yaml.dump(data, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=10**6)
    return text.rstrip("\n")


def heading(title: str) -> str:
    """The document's title, underlined, as comments."""
    return f"# {printable(title)}\n# {'=' * len(title)}"


def arrow(gain: Estimate, *, more_is_better: bool = False) -> str:
    """``"↓14.0 % [13.2, 14.8]"``: what went down by an improvement; ``↑`` when it went up.

    Args:
        gain: The improvement: 1 − ratio, or ratio − 1 where more is better.
        more_is_better: An improvement is a rise.
    """
    better, worse = ("↑", "↓") if more_is_better else ("↓", "↑")
    if gain.value < 0:
        return worse + format_share_interval(-gain.value, -gain.high, -gain.low)
    return better + format_share_interval(gain.value, gain.low, gain.high)


def ticked(status: Status) -> str:
    """The status, with a tick when, and only when, it is met."""
    return f"✅ {status}" if status is Status.MET else str(status)


def caveat_line(group: CaveatGroup) -> str:
    """Those of one kind in one line; where they differ in their numbers, the first one's."""
    if not group.benchmarks:
        return group.sentences
    if group.alike:
        return f"{', '.join(group.benchmarks)}: {group.sentences}"
    first, *others = group.benchmarks
    likewise = f" Likewise {', '.join(others)}." if others else ""
    return f"{first}: {group.sentences}{likewise}"


def environments(sides: Sequence[SideLine], packages: Sequence[PackageLine]) -> dict[str, Any]:
    """Facts of both sides, and the packages in which they differ."""
    return {
        **{line.name: {"Baseline": line.baseline, "Candidate": line.candidate} for line in sides},
        "Packages That Differ": {
            line.name: {"Baseline": line.baseline, "Candidate": line.candidate}
            for line in packages
            if line.differs
        }
        or "none",
    }
