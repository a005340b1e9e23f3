"""One view over an outcome, then one renderer a file."""
