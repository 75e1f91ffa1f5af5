"""For those who work on QueryFlow: tests, benchmarks, generated documents."""
