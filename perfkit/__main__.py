"""``python -m perfkit``."""

from perfkit.cli import entry_point

if __name__ == "__main__":
    entry_point()
