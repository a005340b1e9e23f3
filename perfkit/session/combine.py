"""`perfkit show RUN_DIR RUN_DIR …`: a comparison and load runs of the same variants, one report."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from perfkit.errors import PerfkitError
from perfkit.report.load.combine import Combined, as_combined_html, as_combined_yaml, combine
from perfkit.session.load.outcome import LoadOutcome
from perfkit.session.outcome import Outcome, policy_of, write_whole
from perfkit.session.show import load

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

YAML_FILE = "combined-report.yaml"
HTML_FILE = "combined-report.html"


@dataclass(frozen=True, slots=True, kw_only=True)
class CombinedOutcome:
    """Several runs told as one.

    Attributes:
        compared: The comparison of benchmarks.
        loads: The load runs, in the order given.
        combined: Their views, held against one policy.
    """

    compared: Outcome
    loads: tuple[LoadOutcome, ...]
    combined: Combined

    @property
    def folder(self) -> Path:
        """Where the combined reports are: the comparison's run folder."""
        return self.compared.folder


def show_together(folders: Sequence[Path]) -> CombinedOutcome:
    """Read runs of the same two variants and write one report of all.

    Raises:
        RecordingError: A folder holds no run, or the report cannot be written.
        PerfkitError: The runs are not of the same variants, or not one comparison and load runs.
    """
    shown = [load(folder) for folder in folders]
    compared = [one for one in shown if isinstance(one, Outcome)]
    loads = tuple(one for one in shown if isinstance(one, LoadOutcome))
    if len(compared) != 1 or not loads or len(loads) + 1 != len(shown):
        raise PerfkitError(
            "these runs cannot make one report",
            got=", ".join(str(folder) for folder in folders),
            allowed="one run of 'perfkit compare' and one or more of 'perfkit load'",
            remedy="show each of the others by itself",
        )
    (one,) = compared
    found = combine(
        (one.recording, one.result),
        [(load.recording, load.result) for load in loads],
        policy_of(one.recording),
    )
    write_whole(one.folder / YAML_FILE, as_combined_yaml(found.view, found.loads))
    write_whole(one.folder / HTML_FILE, as_combined_html(found.view, found.loads))
    return CombinedOutcome(compared=one, loads=loads, combined=found)
