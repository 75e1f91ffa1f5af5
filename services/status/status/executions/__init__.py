"""Executions, as people follow them."""
