"""Make a recorded load run the committed example: without paths of the machine it ran on.

    python -m perfkit load constant-rate --baseline 3.12 --trials 12 --time-scale 0.2
    python tests/report/load/shorten_paths.py reports/RUN reports/example-load

The checkout becomes ``.``, the home folder ``~``, logs and the service's data are left behind, and
the reports are written anew. Events and samples hold no paths; that is checked at the end.
"""

from __future__ import annotations

import argparse
import os
import re
import shutil
from pathlib import Path

from perfkit.recording import FILE_NAME
from perfkit.recording.load import EVENTS, SAMPLES
from perfkit.session.show import show

ROOT = Path(__file__).resolve().parents[3]
MOST_BYTES = 1_500_000


def shortened(text: str) -> str:
    """The text with the checkout as ``.`` and the home folder as ``~``."""
    for folder, short in ((ROOT, "."), (Path.home(), "~")):
        text = re.sub(rf"{re.escape(str(folder))}(?![\w.-])", short, text)
    return text


def shorten(run: Path, target: Path) -> list[str]:
    """Write the example.

    Returns:
        What is wrong with it: paths that are left, or too many bytes.
    """
    text = (run / FILE_NAME).read_text(encoding="utf-8")
    shutil.rmtree(target, ignore_errors=True)
    for name in (EVENTS, SAMPLES):
        shutil.copytree(run / name, target / name)
    (target / FILE_NAME).write_text(shortened(text), encoding="utf-8")
    show(target)
    return problems(target)


def problems(folder: Path) -> list[str]:
    """Paths of this machine that are in a run, and whether it is too large."""
    files = [path for path in folder.rglob("*") if path.is_file()]
    wanted = [os.fsencode(str(one) + "/") for one in (ROOT, Path.home())]
    found = [
        f"{path}: {word.decode()}" for path in files for word in wanted if word in path.read_bytes()
    ]
    size = sum(path.stat().st_size for path in files)
    return [*found, *([f"{size:,} bytes are too many"] if size > MOST_BYTES else [])]


def main() -> None:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("run", type=Path, help="a recorded load run")
    parser.add_argument("target", type=Path, help="where to, such as reports/example-load")
    given = parser.parse_args()
    if given.run.resolve() == given.target.resolve():
        parser.error("run and target are the same folder")
    if found := shorten(given.run, given.target):
        parser.exit(1, "\n".join(found) + "\n")


if __name__ == "__main__":
    main()
