"""What the figures of a load run mean: thresholds, validity, verdicts. Pure."""
