"""Runs SQL that people wrote in walled, short-lived child processes: one job a child, nothing in the service itself."""
