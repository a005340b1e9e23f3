"""Lock-step measurement of micro-benchmarks."""
