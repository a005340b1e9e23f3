"""Reports of load runs: one view, one renderer a file."""
