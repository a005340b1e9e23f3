# /// script
# requires-python = ">=3.9"
# dependencies = ["pyperf", "pydantic>=2"]
# ///
"""Importing pydantic's own modules, its compiled core being loaded: start-up of services.

A whole process, from nothing to ``BaseModel``, takes 100 ms and more, most of it not pydantic's:
too long for short turns. The interpreter's part is ``python_startup``.
"""

import gc
import importlib
import sys
import time

import pyperf


def forget() -> int:
    """Drop pydantic's modules, so that the next import finds and executes their files again."""
    names = [name for name in sys.modules if name.partition(".")[0] == "pydantic"]
    for name in names:
        del sys.modules[name]
    gc.collect()
    return len(names)


def timed(loops: int) -> float:
    """Time imports only."""
    total = 0.0
    for _ in range(loops):
        forget()
        start = time.perf_counter()
        importlib.import_module("pydantic.main")
        total += time.perf_counter() - start
    return total


if __name__ == "__main__":
    runner = pyperf.Runner()
    importlib.import_module("pydantic.main")  # loads and keeps pydantic_core, typing_extensions, …
    runner.bench_time_func("pydantic_import", timed)
