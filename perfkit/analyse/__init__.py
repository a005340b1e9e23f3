"""Samples to estimates with intervals: pure functions, no files, no clocks."""
