"""What is not known of the program when a run was gone on with."""

from __future__ import annotations

from typing import TYPE_CHECKING

from perfkit.caveat import Caveat

if TYPE_CHECKING:
    from collections.abc import Iterator

    from perfkit.recording.load import LoadRecording


def program_caveats(recording: LoadRecording) -> Iterator[Caveat]:
    """Says what was not compared before trials were added."""
    unchecked = dict.fromkeys(name for one in recording.resumed for name in one.unchecked)
    if unchecked:
        yield Caveat(
            code="program-unchecked",
            text="the run was gone on with, and whether all trials are of one program is not "
            f"known of {' and '.join(unchecked)}",
            remedy="be sure that nothing was changed in between, or measure again in one go",
            benchmark=None,
        )
