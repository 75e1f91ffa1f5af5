"""Does nothing, at once: what the system costs by itself, for benchmarks."""
