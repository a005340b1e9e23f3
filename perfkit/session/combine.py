"""`perfkit show RUN_DIR RUN_DIR …`: a comparison and load runs of the same variants, one report."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from perfkit.errors import PerfkitError, WritingError
from perfkit.report.load.combine import Combined, as_combined_html, as_combined_yaml, combine
from perfkit.session.load.outcome import LoadOutcome
from perfkit.session.outcome import Outcome, policy_of, unwritten, write_whole
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
        unwritten: Why its reports could not be written, or None.
    """

    compared: Outcome
    loads: tuple[LoadOutcome, ...]
    combined: Combined
    unwritten: WritingError | None = None

    @property
    def folder(self) -> Path:
        """Where the combined reports are: the comparison's run folder."""
        return self.compared.folder


def show_together(folders: Sequence[Path]) -> CombinedOutcome:
    """Read runs of the same two variants and write one report of all.

    Raises:
        RecordingError: A folder holds no run that can be read.
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
    return CombinedOutcome(
        compared=one,
        loads=loads,
        combined=found,
        unwritten=unwritten(partial(_write, one.folder, found)),
    )


def _write(folder: Path, found: Combined) -> None:
    write_whole(folder / YAML_FILE, as_combined_yaml(found.view, found.loads))
    write_whole(folder / HTML_FILE, as_combined_html(found.view, found.loads))
