"""The command line, and the only place that knows all four services."""
