"""The lists in ``tests/conftest.py`` name files and tests that exist."""

from __future__ import annotations

import ast
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pytest

HERE = Path(__file__).parent


def test_what_runs_alone_or_together_exists(pytestconfig: pytest.Config) -> None:
    (lists,) = (one for one in pytestconfig.pluginmanager.get_plugins() if hasattr(one, "ALONE"))
    for place, names in lists.ALONE.items():
        tree = ast.parse((HERE / place).read_text(encoding="utf-8"))
        assert set(names) <= {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}
    assert all((HERE / place).is_file() for place in lists.TOGETHER)
    assert all((HERE / place).is_dir() for place in lists.APART)
