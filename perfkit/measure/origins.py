"""Whether both processes of a block run the project that was installed for them.

A script that changes ``sys.path`` may import the working tree's modules on both sides: it would be
compared with itself, and every slowdown would pass. What a process has really loaded is asked once
a series, after the timed turns of its first block, so that imports inside the benchmark are known
as well and no timed moment is spent on it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from perfkit.measure.failure import TargetError
from perfkit.measure.pair import SIDES

if TYPE_CHECKING:
    from perfkit.measure.pair import Pair, Series

_NAMED = 3  # modules


def check_origins(series: Series, pair: Pair) -> None:
    """Insist that the modules of ``Launch.installed`` come from each side's environment.

    What other processes load, such as those of a ``bench_command``, is not known.

    Raises:
        TargetError: They do not, or a process is gone.
    """
    asked = [side for side in SIDES if series.launches[side].installed]
    loaded = {side: pair.children[side].foreign_modules() for side in asked}
    hidden = {
        side: {x: file for x, file in loaded[side].items() if x in series.launches[side].installed}
        for side in asked
    }
    wrong = [side for side in asked if hidden[side]]
    if wrong:
        files = [f"{name!r} from {file}" for name, file in sorted(hidden[wrong[0]].items())]
        more = f" and {len(files) - _NAMED} more" if len(files) > _NAMED else ""
        where = "on both sides" if len(wrong) == len(SIDES) else "on this side"
        raise TargetError(
            f"it imports {', '.join(files[:_NAMED])}{more} {where}, and not as the revision has it "
            "installed; have the script leave sys.path alone",
            side=wrong[0] if len(wrong) == 1 else None,
            stage="run",
            detail="",
        )
