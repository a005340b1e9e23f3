"""The command line: argv to exit code; the only place that prints and exits."""

from perfkit.cli.app import entry_point, main

__all__ = ["entry_point", "main"]
