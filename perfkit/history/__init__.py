"""The store of many runs: one file, appended to, never rewritten."""

from perfkit.history.reading import Series, Setting, Wanted, read_series
from perfkit.history.repair import Repaired, repair
from perfkit.history.store import Store
from perfkit.history.values import StoredRow, StoredRun

__all__ = [
    "Repaired",
    "Series",
    "Setting",
    "Store",
    "StoredRow",
    "StoredRun",
    "Wanted",
    "read_series",
    "repair",
]
