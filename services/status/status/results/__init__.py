"""The rows of a node."""
