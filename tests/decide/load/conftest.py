"""Makes `made_load_runs` and what stands here importable, and the maker a fixture."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

sys.path += [str(Path(__file__).parents[2] / "analyse" / "load"), str(Path(__file__).parent)]

from made_load_runs import HOLD, Maker, make_profile

from perfkit.variant import Side

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from perfkit.profile.value import Stage


@pytest.fixture
def maker(tmp_path: Path) -> Callable[..., Maker]:
    """A run of one side (or of ``sides``) to which segments are added."""

    def make(
        stages: Sequence[Stage] = HOLD,
        sides: tuple[Side, ...] = (Side.BASELINE,),
        run: dict[str, Any] | None = None,
        **profile: Any,
    ) -> Maker:
        folder = tmp_path / "run"
        folder.mkdir()
        return Maker(folder, make_profile(stages, **profile), sides, dict(run or {}))

    return make
