"""Whether two files mean the same to a benchmark; comments, blank lines, formatting do not count.

Docstrings count, for a benchmark may use them; so does a PEP 723 header, a comment that says what
is installed. A script that reads its own text is the one that this is wrong about.
"""

from __future__ import annotations

import ast
import filecmp
import warnings
from typing import TYPE_CHECKING

from perfkit.suite.metadata import header_blocks

if TYPE_CHECKING:
    from pathlib import Path

_METHODS = frozenset(
    {"bench_func", "bench_async_func", "bench_time_func", "bench_command", "timeit"}
)
_BIG_FILE = 1 << 20  # bytes, above which a source is compared as it is


def same_meaning(first: Path, second: Path) -> bool:
    """Whether two files are the same, or two Python sources the same program.

    Both are read by the Python that runs perfkit. What it cannot parse is compared as it is, and
    what cannot be read is never the same.
    """
    files = (first, second)
    try:
        if filecmp.cmp(first, second, shallow=False):
            return True
        if any(x.suffix != ".py" or x.stat().st_size > _BIG_FILE for x in files):
            return False
        programs = [_program(x.read_bytes()) for x in files]
    except OSError:
        return False
    return programs[0] is not None and programs[0] == programs[1]


def names_written(script: Path) -> tuple[tuple[str, ...], bool]:
    """Names of a script's benchmarks as far as they are written in it, and whether these are all.

    Nothing is run: a name that is made up at run time, or in a helper, is not seen.
    """
    names = [_name_of(call) for call in calls_in(script) or ()]
    known = tuple(dict.fromkeys(name for name in names if name is not None))
    return known, bool(names) and None not in names


def calls_in(path: Path) -> list[ast.Call] | None:
    """The calls of a source that make benchmarks; None when it cannot be read or parsed."""
    try:
        tree = _tree(path.read_bytes())
    except OSError:
        return None
    if tree is None:
        return None
    return [
        node
        for node in ast.walk(tree)
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr in _METHODS
    ]


def _name_of(call: ast.Call) -> str | None:
    given = [*call.args[:1], *(word.value for word in call.keywords if word.arg == "name")]
    match given:
        case [ast.Constant(value=str(name)), *_]:
            return name
    return None


def _program(source: bytes) -> tuple[list[str], str] | None:
    """What a source says, header and code; None when it cannot be parsed."""
    tree = _tree(source)
    try:
        return None if tree is None else (header_blocks(source), ast.dump(tree))
    except RecursionError:
        return None


def _tree(source: bytes) -> ast.Module | None:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # a SyntaxWarning is the script's affair
            return ast.parse(source)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None
