"""Runs SQL that people wrote in walled, short-lived workers: one job each, nothing in the service itself."""
