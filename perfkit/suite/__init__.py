"""From BENCHMARK arguments to scripts: what there is, what it needs, a digest of its sources.

Nothing is run or imported here. ``search`` turns arguments into scripts, ``reading`` reads one
script or one folder of pyperformance, ``metadata`` checks what their headers and files say.
``pairing`` finds the scripts that two revisions share.
"""

from perfkit.suite.meaning import names_written
from perfkit.suite.pairing import Apart, Pairing, pair_scripts, select_local
from perfkit.suite.search import Selection, default_suite, description, read_one, select

__all__ = [
    "Apart",
    "Pairing",
    "Selection",
    "default_suite",
    "description",
    "names_written",
    "pair_scripts",
    "read_one",
    "select",
    "select_local",
]
