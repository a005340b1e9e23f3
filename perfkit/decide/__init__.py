"""Estimates to verdicts and recommendations: pure functions."""
