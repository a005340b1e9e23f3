"""Is B slower than A, and may we ship it? Evidence for Python upgrades."""

__version__ = "0.1.0"
