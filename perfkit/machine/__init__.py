"""The machine that measures: its CPUs, its facts, and the processes a run leaves on it."""
