# /// script
# requires-python = ">=3.9"
# dependencies = ["pyperf"]
# ///
"""Starting the interpreter to do nothing: what every command-line call and worker pays."""

import sys

import pyperf

if __name__ == "__main__":
    runner = pyperf.Runner()
    runner.bench_command("python_startup", [sys.executable, "-c", "pass"])
