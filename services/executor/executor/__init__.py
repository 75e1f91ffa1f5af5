"""The executor: launches executions, runs their nodes, and advances each run to its end."""
